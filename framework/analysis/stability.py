"""How well step 4's maps of tau generalise: over seeds, and over concepts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from framework.analysis.rsa import NeuronRDMs, count_concepts, kendall_tau, reorder_rdms
from framework.analysis.signs import CHUNK

LEFT_OUT = 3  # concepts
LEAST_CONCEPTS = 8  # two halves of 4, with 6 pairs in each RDM


def top_sets(tau: np.ndarray, k: int) -> np.ndarray:
    """Whether each neuron is among the k of largest tau: array of bool [N, A]; ties go to the lower index."""
    best = np.argsort(np.where(np.isnan(tau), np.inf, -tau), axis=0, kind="stable")[:k]
    chosen = np.zeros(tau.shape, dtype=bool)
    np.put_along_axis(chosen, best, True, axis=0)
    return chosen


def jaccard(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Neurons in both sets over those in either, for sets as bool [N, A]: array [A]."""
    return (first & second).sum(axis=0) / (first | second).sum(axis=0)


def chance_jaccard(neurons: int, k: int) -> float:
    """The `jaccard` of two random sets of k neurons that share k^2 / N of them, as they do on average."""
    shared = k * k / neurons
    return shared / (2 * k - shared)


def correlate_maps(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Pearson's r of two maps of tau [N, A], over neurons defined in both: array [A], NaN for fewer than 3."""
    correlations = []
    for x, y in zip(one.T, other.T):
        defined = np.isfinite(x + y)
        varied = defined.sum() > 2 and np.ptp(x[defined]) > 0 and np.ptp(y[defined]) > 0
        correlations.append(np.corrcoef(x[defined], y[defined])[0, 1] if varied else np.nan)
    return np.array(correlations)


def split_half_reliability(values: np.ndarray, attribute_rdms: np.ndarray, splits: int = 4) -> np.ndarray:
    """Reliability across seeds of each attribute's map of tau over the neurons: array [splits, A].

    It is 2 r / (1 + r), r from `correlate_maps` (Spearman, 1910; Brown, 1910; Br. J. Psychol. 3, 271-322), for random
    halves of the seeds (of 3 seeds, one half has 1 and the other 2). `values` [S, E, N] are activations by seed,
    concept and neuron; S is 2 or more.
    """
    generator = np.random.default_rng(0)
    reliability = []
    for _ in range(splits):
        order = generator.permutation(len(values))
        halves = order[: len(values) // 2], order[len(values) // 2 :]
        r = correlate_maps(*(kendall_tau(NeuronRDMs(values[np.sort(half)]), attribute_rdms)[0] for half in halves))
        reliability.append(2 * r / (1 + r))
    return np.array(reliability)


def _tau_over(values, attribute_rdms, concepts):
    """Tau over some concepts; NaN for an attribute that is constant over them."""
    concepts = np.sort(concepts)
    return kendall_tau(NeuronRDMs(values[:, concepts]), reorder_rdms(attribute_rdms, concepts))[0]


def leave_concepts_out(
        values: np.ndarray, attribute_rdms: np.ndarray, thresholds: Sequence[int], draws: int = 16, seed: int = 0,
) -> np.ndarray:
    """How much of a top set stays when 3 random concepts are left out.

    Parameters
    ----------
    values : array [S, E, N]
        E is `LEAST_CONCEPTS` or more.
    attribute_rdms : array [A, P]
    thresholds : sequence of int [T]
        Numbers k of top neurons.

    Returns
    -------
    array [draws, T, A]
        `jaccard` of the top k without 3 concepts and of the top k over all; NaN where an attribute does not vary.
    """
    generator = np.random.default_rng(seed)
    concepts = values.shape[1]
    everything = _tau_over(values, attribute_rdms, np.arange(concepts))
    full = [top_sets(everything, k) for k in thresholds]
    agreement = np.empty((draws, len(thresholds), len(attribute_rdms)))
    for draw in range(draws):
        tau = _tau_over(values, attribute_rdms, generator.permutation(concepts)[LEFT_OUT:])
        agreement[draw] = [jaccard(top_sets(tau, k), whole) for k, whole in zip(thresholds, full)]
        agreement[draw, :, np.isnan(tau).all(axis=0)] = np.nan
    return agreement


def halve_concepts(
        values: np.ndarray, attribute_rdms: np.ndarray, thresholds: Sequence[int], draws: int = 16,
) -> tuple[np.ndarray, np.ndarray]:
    """How well two disjoint halves of the concepts agree on the neurons; parameters as for `leave_concepts_out`.

    Returns
    -------
    r : array [draws, A]
        Correlation of the two maps of tau.
    agreement : array [draws, T, A]
        `jaccard` of the two top sets; by chance it is `chance_jaccard`.
    """
    generator = np.random.default_rng(0)
    concepts = values.shape[1]
    correlations, agreement = [], []
    for _ in range(draws):
        order = generator.permutation(concepts)
        halves = [_tau_over(values, attribute_rdms, half) for half in (order[: concepts // 2], order[concepts // 2 :])]
        correlations.append(correlate_maps(*halves))
        agreed = np.array([jaccard(*(top_sets(tau, k) for tau in halves)) for k in thresholds])
        agreed[:, np.isnan(correlations[-1])] = np.nan
        agreement.append(agreed)
    return np.array(correlations), np.array(agreement)


def bootstrap_concepts(
        rdms: np.ndarray, attribute_rdms: np.ndarray, draws: int = 1000, seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """95% intervals of tau over concepts drawn with replacement (Nili et al. 2014, doi:10.1371/journal.pcbi.1003553).

    Each neuron's row of `rdms` [n, P] is compared with the same row of `attribute_rdms` [n, P]. Pairs of a concept with
    itself are dropped: their distance of 0 is no observation. The ends [n] are from `interval`.
    """
    generator = np.random.default_rng(seed)
    concepts = count_concepts(rdms.shape[1])
    counts = np.array([np.bincount(generator.integers(concepts, size=concepts), minlength=concepts)
                       for _ in range(draws)])
    # A draw holds a pair of concepts as often as it holds the first times how often it holds the second. So its tau is
    # that of the original distances with weights, and one matrix product gives it for all draws.
    first, second = np.triu_indices(concepts, 1)
    weights = (counts[:, first] * counts[:, second]).T.astype(np.float32)  # [P, draws]; its products are exact
    total = weights.sum(axis=0, dtype=float)
    rows = max(1, CHUNK // rdms.shape[1])

    def excess(x, y):
        """Concordant minus discordant pairs of distances in each draw: array [draws]."""
        twice = np.zeros(draws)
        for start in range(0, len(x), rows):
            part = slice(start, start + rows)
            same = np.sign(x[part, None] - x) * np.sign(y[part, None] - y)
            twice += (weights[part] * (same.astype(np.float32) @ weights)).sum(axis=0, dtype=float)
        return twice / 2

    def untied(x):
        """Pairs of distances that differ in each draw: array [draws]."""
        order = np.argsort(x)
        starts = np.flatnonzero(np.diff(x[order], prepend=-np.inf))
        equal = np.add.reduceat(weights[order], starts, axis=0).astype(float)
        return (total**2 - (equal**2).sum(axis=0)) / 2

    def tau(row):
        x, y = rdms[row], attribute_rdms[row]
        with np.errstate(invalid="ignore"):
            return excess(x, y) / np.sqrt(untied(x) * untied(y))

    return interval(np.array([tau(row) for row in range(len(rdms))]).T)


def interval(taus: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The quantiles 0.025 and 0.975 [n] over the draws [draws, n] in which tau is defined; NaN if it is in none."""
    defined = np.isfinite(taus).any(axis=0)
    low, high = np.nanquantile(np.where(defined, taus, 0), (0.025, 0.975), axis=0)
    return np.where(defined, low, np.nan), np.where(defined, high, np.nan)
