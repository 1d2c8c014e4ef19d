"""Compare people's judgements of how different concepts are with attributes and the whole model."""

from __future__ import annotations

import numpy as np
from scipy.stats import t as student
from tqdm import trange

from framework.analysis.rsa import choose_pairs, count_concepts, kendall_tau
from framework.analysis.stability import interval


def tau_with_people(
    rdms: np.ndarray, judgements: np.ndarray, individual_judgements: np.ndarray
) -> dict[str, np.ndarray]:
    """Kendall's tau of RDMs with people's judgements of dissimilarity, with 95% intervals over the people.

    Parameters
    ----------
    rdms : array [K, P]
    judgements : array [P]
        The mean over people.
    individual_judgements : array [people, P]

    Returns
    -------
    dict of str to array [K]
        `tau` with the mean judgement and its jackknife interval over people, `people_ci_low` and `people_ci_high`
        (Efron & Tibshirani, 1993, An Introduction to the Bootstrap, ch. 11). A bootstrap would be biased downwards: its
        means are noisier than the mean of all people. Then `individual_tau`, the mean of tau with each person's
        judgements, and its t interval, `individual_ci_low` and `individual_ci_high`.
    """
    people = len(individual_judgements)
    tau = kendall_tau(judgements[None], rdms)[0][0]
    left_out, _ = kendall_tau(_means_of_others(individual_judgements), rdms)
    individual, _ = kendall_tau(individual_judgements, rdms)
    jackknife = _jackknife_half_width(left_out)
    spread = student.ppf(0.975, people - 1) * individual.std(axis=0, ddof=1) / np.sqrt(people)
    mean = individual.mean(axis=0)
    return {"tau": tau, "people_ci_low": tau - jackknife, "people_ci_high": tau + jackknife,
            "individual_tau": mean, "individual_ci_low": mean - spread, "individual_ci_high": mean + spread}


def _means_of_others(individual):
    return np.round((individual.sum(axis=0) - individual) / (len(individual) - 1), 9)  # ties stay ties


def bootstrap_people_and_concepts(
        rdms: np.ndarray, individual_judgements: np.ndarray, draws: int = 1000, seed: int = 0,
        progress: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """95% intervals of tau with the mean judgement, drawing both people and concepts with replacement.

    They say how far tau holds for other people and other concepts; intervals over people alone hold for these concepts
    only. Pairs of a concept with itself are dropped. `rdms` are [K, P], judgements [people, P]; the ends [K] are from
    `framework.analysis.stability.interval`. `progress` shows a bar.
    """
    generator = np.random.default_rng(seed)
    people, concepts = len(individual_judgements), count_concepts(rdms.shape[1])
    taus = []
    for _ in trange(draws, desc="draws", disable=not progress):
        drawn = individual_judgements[generator.integers(people, size=people)]
        pairs = choose_pairs(generator.integers(concepts, size=concepts))
        if len(pairs) > 2:
            taus.append(kendall_tau(np.round(drawn.mean(axis=0), 9)[None, pairs], rdms[:, pairs])[0][0])
    return interval(np.array(taus))


def share_of_ceiling(rdms: np.ndarray, individual_judgements: np.ndarray) -> dict[str, np.ndarray]:
    """How much of the lower noise ceiling RDMs [K, P] reach, with 95% intervals over the people, for these concepts.

    Returns
    -------
    dict of str to array [K]
        `share_of_ceiling`: the mean tau of each person's judgements [people, P] with the RDM, over their mean tau with
        everyone else's; `share_ci_low` and `share_ci_high`, its jackknife interval, as in `tau_with_people`. The share
        is NaN where people do not agree, that is, where the ceiling is not above 0; the interval also with two people,
        and where people do not agree without one of them.
    """
    reached = kendall_tau(individual_judgements, rdms)[0]

    def share(chosen):
        most = _tau_with_others(individual_judgements[chosen]).mean() if len(chosen) > 1 else np.nan
        return reached[chosen].mean(axis=0) / most if most > 0 else np.full(len(rdms), np.nan)

    everyone = np.arange(len(individual_judgements))
    found = share(everyone)
    half_width = _jackknife_half_width(np.array([share(np.delete(everyone, person)) for person in everyone]))
    return {"share_of_ceiling": found, "share_ci_low": found - half_width, "share_ci_high": found + half_width}


def _jackknife_half_width(left_out):
    """Of the 95% interval of a number that is `left_out` [people, ...] without one person each."""
    people = len(left_out)
    return student.ppf(0.975, people - 1) * np.sqrt(people - 1) * left_out.std(axis=0)


def _tau_with_others(individual):
    """Tau of each person's judgements with the mean of everyone else's: array [people]."""
    return np.array([kendall_tau(own[None], others[None])[0][0, 0]
                     for own, others in zip(individual, _means_of_others(individual))])


def noise_ceiling(individual_judgements: np.ndarray) -> tuple[float, float]:
    """Lower and upper bounds of the best possible model's mean tau with each person.

    They are those of Nili et al. (2014, doi:10.1371/journal.pcbi.1003553). The lower bound is the mean tau of each
    person's judgements with the mean of everyone else's; the upper, with the mean of everyone's, their own included.
    """
    everyone = np.round(individual_judgements.mean(axis=0), 9)  # equal means may differ by rounding
    upper = kendall_tau(individual_judgements, everyone[None])[0].mean()
    return float(_tau_with_others(individual_judgements).mean()), float(upper)
