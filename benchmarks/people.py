"""How often the interval of `compare_people.py` holds the tau of all people and all concepts, in simulated studies.

    python benchmarks/people.py

In every study people and a model place concepts in three dimensions, which correlate by .7 or not at all. Each person
gives the dimensions weights of their own, and their judgements have noise: 0.3 or 2 standard deviations of distances.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.spatial.distance import pdist

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from framework.analysis import people  # noqa: E402
from framework.analysis.rsa import kendall_tau  # noqa: E402

STUDIES, DRAWS = 200, 300


def simulate(generator, persons, concepts, correlation, noise):
    """The model's RDM [1, P] and each person's judgements [persons, P]."""
    places, noises = generator.normal(size=(2, concepts, 3))
    judged = []
    for weights in np.exp(0.3 * generator.normal(size=(persons, 3))):
        distances = pdist(places * weights)
        judged.append(distances / distances.std() + noise * generator.normal(size=distances.shape))
    return pdist(correlation * places + np.sqrt(1 - correlation**2) * noises)[None], np.array(judged)


def tau(rdms, judged):
    return kendall_tau(judged.mean(axis=0, keepdims=True), rdms)[0][0, 0]


def main():
    print("people concepts correlation noise: tau of all, mean tau; the interval holds it, lies below, lies above")
    for correlation in (0.0, 0.7):
        generator = np.random.default_rng(0)
        truth = np.mean([tau(*simulate(generator, 100, 300, correlation, 0)) for _ in range(10)]) if correlation else 0
        for persons, concepts in ((6, 12), (61, 27)):
            for noise in (0.3, 2.0):
                taus, low, high = [], [], []
                for _ in range(STUDIES):
                    rdms, judged = simulate(generator, persons, concepts, correlation, noise)
                    ends = people.bootstrap_people_and_concepts(rdms, judged, DRAWS)
                    taus.append(tau(rdms, judged))
                    low.append(ends[0][0])
                    high.append(ends[1][0])
                below, above = np.less(high, truth).mean(), np.greater(low, truth).mean()
                print(f"{persons:6} {concepts:8} {correlation:11} {noise:5}: {truth:.2f}, {np.mean(taus):.2f}; "
                      f"{1 - below - above:.1%}, {below:.1%}, {above:.1%}", flush=True)


if __name__ == "__main__":
    main()
