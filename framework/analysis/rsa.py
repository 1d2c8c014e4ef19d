"""Step 4: how well each neuron's dissimilarities between concepts mirror those of a human attribute.

Arrays in, arrays out. An RDM (representational dissimilarity matrix) of E concepts is kept condensed: its
P = E (E - 1) / 2 distances in the order of `scipy.spatial.distance.squareform`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import pdist, squareform
from scipy.special import ndtr
from scipy.stats import rankdata

from framework.analysis import signs
from framework.analysis.compiled import compiled

SPACES = {
    "affective": ("arousal", "valence"),
    "basic-emotions": ("happy-face", "anger-face", "sad-face", "fear-face", "surprise-face", "disgust-face"),
    "appraisal": ("control", "fairness", "self-relativity", "other-relativity", "expectedness", "novelty"),
}


def attribute_rdms(ratings: np.ndarray) -> np.ndarray:
    """RDMs [A, P] of attributes, the absolute differences of ratings [E, A].

    They are rounded to 9 decimals so that true ties are ties.
    """
    return np.round([pdist(rating[:, None], "cityblock") for rating in np.asarray(ratings, dtype=float).T], 9)


def space_rdms(rdms: np.ndarray, attributes: Sequence[str]) -> np.ndarray:
    """RDMs of the affective, basic-emotions and appraisal spaces: Euclidean distances over a space's attributes.

    An attribute's weight in a space depends on the unit of its distances. The study's ratings are scaled to 0-1, its
    published distances are not (their maxima are 1.7 to 7.9), so the two give somewhat different spaces.

    Parameters
    ----------
    rdms : array [A, P]
        RDMs of single attributes, each an absolute difference.
    attributes : sequence of str [A]
        Names; the 14 of `SPACES` must be among them.

    Returns
    -------
    array [3, P]
        In the order of `SPACES`, rounded to 9 decimals.
    """
    rows = [[list(attributes).index(name) for name in names] for names in SPACES.values()]
    return np.round([np.sqrt(np.square(rdms[row]).sum(axis=0)) for row in rows], 9)


def reorder_rdms(rdms: np.ndarray, concepts: Sequence[int] | np.ndarray) -> np.ndarray:
    """RDMs [..., P] of some of the concepts, or of all in another order: `concepts` says which comes where."""
    concepts = np.asarray(concepts)
    place = squareform(np.arange(rdms.shape[-1]))[np.ix_(concepts, concepts)]
    return np.take(rdms, place[np.triu_indices(len(concepts), 1)], axis=-1)


def count_concepts(pairs: int) -> int:
    """How many concepts an RDM with so many pairs has."""
    return round((1 + np.sqrt(1 + 8 * pairs)) / 2)


def choose_pairs(concepts: Sequence[int] | np.ndarray) -> np.ndarray:
    """Where the pairs of drawn concepts stand in an RDM; as many are drawn, with replacement, as it has.

    Pairs of a concept with itself are left out; a pair drawn twice appears twice.
    """
    first, second = np.triu_indices(len(concepts), 1)
    drawn = np.sort(concepts)
    different = drawn[first] != drawn[second]
    place = squareform(np.arange(len(first)))
    return place[drawn[first[different]], drawn[second[different]]]


@compiled
def _sum_differences(values, rdms):
    # The sum runs over seeds in their order: which of the published distances are tied depends on it.
    row = 0
    for first in range(values.shape[1]):
        for second in range(first + 1, values.shape[1]):
            for seed in range(len(values)):
                for neuron in range(values.shape[2]):
                    rdms[row, neuron] += abs(values[seed, first, neuron] - values[seed, second, neuron])
            row += 1


class NeuronRDMs:
    """The RDM of each neuron: |a_i - a_j| of its activations, averaged over seeds.

    They are computed on demand, so the RDMs of a large model are never all in memory. `values` [S, E, N] are
    activations by seed, concept and neuron; differences are taken in float64. `shape` is (N, P).
    """

    def __init__(self, values: np.ndarray):
        self.values = values
        self.shape = values.shape[2], values.shape[1] * (values.shape[1] - 1) // 2

    def __getitem__(self, neurons: slice) -> np.ndarray:
        """RDMs of a slice of neurons, array [n, P]."""
        values = np.ascontiguousarray(self.values[:, :, neurons], dtype=float)
        rdms = np.zeros((self.shape[1], values.shape[2]))
        _sum_differences(values, rdms)
        return np.ascontiguousarray(rdms.T) / len(values)


def population_rdm(values: np.ndarray, metric: str = "euclidean") -> np.ndarray:
    """The RDM [P] of all neurons together, averaged over seeds, of activations [S, E, N].

    `metric` is a distance between two concepts' patterns [N], named as in `scipy.spatial.distance.pdist`.
    """
    return np.mean([pdist(seed, metric) for seed in values], axis=0)


def untied_pairs(ties: np.ndarray, attribute_ties: np.ndarray, size: int) -> np.ndarray:
    """The denominator of tau-b [n, A]: the geometric mean of the two RDMs' numbers of untied pairs."""
    pairs = size * (size - 1)
    return np.sqrt((pairs - ties[:, None, 0]) * (pairs - attribute_ties[:, 0])) / 2


def _normal_p(excess, ties, attribute_ties, size):
    """One-sided p-values [n, A] of concordant minus discordant pairs, as R's `cor.test(exact = FALSE)` has them."""
    x, y = ties[:, None], attribute_ties
    variance = ((size * (size - 1) * (2 * size + 5) - x[..., 2] - y[..., 2]) / 18
                + x[..., 0] * y[..., 0] / (2 * size * (size - 1))
                + x[..., 1] * y[..., 1] / (9 * size * (size - 1) * (size - 2)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(ndtr(-excess / np.sqrt(variance)), nan=1.0)


def kendall_tau(rdms: np.ndarray | NeuronRDMs, attribute_rdms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kendall's tau-b of each neuron's RDM with each attribute's.

    Parameters
    ----------
    rdms : array [N, P] or NeuronRDMs
        RDMs of neurons; at least 3 concepts.
    attribute_rdms : array [A, P]
        RDMs of attributes over the same concepts.

    Returns
    -------
    tau : array [N, A]
        NaN where either RDM is constant, as in `scipy.stats.kendalltau`.
    p : array [N, A]
        One-sided (tau > 0), by the normal approximation with the variance corrected for ties and no continuity
        correction, as in R's `cor.test` for 50 distances or more. 1 where tau is NaN. It treats the P distances as
        independent, which they are not: see `framework.analysis.permutation`.
    """
    size = rdms.shape[1]
    attribute_rdms = np.ascontiguousarray(attribute_rdms, dtype=float)
    attribute_ties, _ = signs.find_ties(attribute_rdms)
    tau = np.empty((rdms.shape[0], len(attribute_rdms)))
    p = np.empty_like(tau)

    def work(part, ties, excess):
        with np.errstate(invalid="ignore"):
            tau[part] = excess / untied_pairs(ties, attribute_ties, size)
        p[part] = _normal_p(excess, ties, attribute_ties, size)

    signs.compare(work, rdms, attribute_rdms)
    return tau, p


def rank_neurons(tau: np.ndarray) -> np.ndarray:
    """Rank neurons for each attribute by tau [N, A]: 1 = largest, ties averaged, NaN last."""
    return rankdata(np.where(np.isnan(tau), np.inf, -tau), axis=0)


def significant_by_layer(q: np.ndarray, num_layers: int, alpha: float = 0.01) -> np.ndarray:
    """How many neurons of each layer have a q or family-wise p [N, A] below alpha: array [num_layers, A] of int."""
    return (q.reshape(num_layers, -1, q.shape[1]) < alpha).sum(axis=1)
