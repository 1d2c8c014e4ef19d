"""Step 4's tests: what tau would be if the concepts' labels meant nothing.

Distances share concepts, so they cannot be permuted one by one; whole rows and columns of an RDM can (Mantel, 1967,
Cancer Res. 27, 209-220). Every neuron and attribute sees the same permutations, so the largest tau of any set of them
controls the set's family-wise error (Nichols & Holmes, 2002, doi:10.1002/hbm.1058). Studentising gives all of the set
equal weight (Romano & Wolf, 2005, J. Am. Stat. Assoc. 100, 94-108).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from itertools import permutations as every_order
from math import factorial
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from framework.analysis import rsa, signs
from framework.analysis.compiled import compiled

# Separate, fixed permutations say how much a tau varies by chance, and how many neurons two attributes share by chance.
# With the test's own, a permutation would enter its own standard deviation and its maximum would be too small: in the
# published data (by Spearman's correlation, for speed) a test at 5% then has 7% false positives with 1,000
# permutations, and 11 to 16% with 250.
OWN_PERMUTATIONS = 1000
OWN_SEED = np.random.SeedSequence(0, spawn_key=(1,))


class Permuted(NamedTuple):
    """What permuting does to some neurons; `permutation_p` turns it into p-values, `join` merges parts."""

    tau: np.ndarray  # [N, A], observed; 0 where it is not defined
    # Tau over its standard deviation in the separate permutations: comparable between neurons and attributes.
    studentised: np.ndarray  # [N, A]
    reached: np.ndarray  # [N, A] of int: how many permutations reach tau
    largest: np.ndarray  # [M, A]: the largest tau over these neurons in each permutation
    largest_studentised: np.ndarray  # [M]: the largest over these neurons and all attributes

    @classmethod
    def join(cls, parts: Sequence[Permuted]) -> Permuted:
        """Merge parts whose neurons were permuted separately, with the same seed."""
        tau, studentised, reached, largest, largest_studentised = zip(*parts)
        return cls(np.concatenate(tau), np.concatenate(studentised), np.concatenate(reached),
                   np.max(largest, axis=0), np.max(largest_studentised, axis=0))


class PermutationP(NamedTuple):
    """One-sided p-values, each array [N, A]: (1 + number of permutations as extreme) / (1 + M)."""

    p: np.ndarray  # by the neuron's own tau
    fwe: np.ndarray  # family-wise: by the largest studentised tau of any neuron on any attribute
    fwe_by_attribute: np.ndarray  # family-wise for one attribute alone: by the largest tau of any neuron


def count_orders(concepts: int, permutations: int) -> int:
    """How many orders `label_orders` gives: no more than there are besides the observed one."""
    return min(permutations, factorial(concepts) - 1)


def label_orders(
        concepts: int, permutations: int, seed: int | np.random.SeedSequence, batch: int,
) -> Iterator[np.ndarray]:
    """Orders of the concepts' labels: random, or all but the observed one where n! is no more than `permutations`.

    Yields arrays [m, E], m <= batch; the orders do not depend on `batch`.
    """
    if factorial(concepts) <= permutations:
        orders = islice(every_order(range(concepts)), 1, None)
        while of_all := list(islice(orders, batch)):
            yield np.array(of_all)
        return
    generator = np.random.default_rng(seed)
    for start in range(0, permutations, batch):
        some = min(batch, permutations - start)
        yield generator.permuted(np.tile(np.arange(concepts), (some, 1)), axis=1)


def _compare(work, rdms, attribute_rdms, orders, device=None):
    """Call `work` with slices of neurons, their ties and their excess of concordant pairs [n, A, orders]."""
    permuted = np.stack([rsa.reorder_rdms(attribute_rdms, order) for order in orders], axis=1)
    return signs.compare(lambda part, ties, excess: work(part, ties, np.ascontiguousarray(excess).reshape(
        len(excess), len(attribute_rdms), -1)), rdms, permuted.reshape(-1, rdms.shape[1]), device)


@compiled
def _fold(excess, observed, untied, spread, reached, largest, largest_studentised):
    """Count the permutations that reach what was observed, and keep the largest value of each."""
    neurons, attributes, permutations = excess.shape
    for neuron in range(neurons):
        for attribute in range(attributes):
            found = excess[neuron, attribute]
            count = 0
            for permutation in range(permutations):  # tau's denominator is the same in all: integers decide
                count += found[permutation] >= observed[neuron, attribute]
            reached[neuron, attribute] += count
            for permutation in range(permutations):
                tau = found[permutation] / untied[neuron, attribute]
                largest[attribute, permutation] = max(largest[attribute, permutation], tau)
            for permutation in range(permutations):
                studentised = found[permutation] / spread[neuron, attribute]
                largest_studentised[permutation] = max(largest_studentised[permutation], studentised)


def permute(
        rdms: rsa.NeuronRDMs | np.ndarray, attribute_rdms: np.ndarray, permutations: int, seed: int = 0,
        device: str | None = None, progress: bool = False,
) -> Permuted:
    """Compare neurons with attributes whose labels are permuted; neurons may come in parts (`Permuted.join`).

    Parameters
    ----------
    rdms, attribute_rdms
        As for `framework.analysis.rsa.kendall_tau`.
    permutations : int
        1 or more; if no more orders of the labels exist, each is taken once.
    seed : int
        Of the permutations.
    device : str, optional
        Compare on this torch device by matrix products; if None, on the CPU by popcounts. The results are the same.
    progress : bool
        Show a bar.
    """
    neurons, size = rdms.shape
    attribute_rdms = np.ascontiguousarray(attribute_rdms, dtype=float)
    attribute_ties, _ = signs.find_ties(attribute_rdms)
    attributes, concepts = len(attribute_rdms), rsa.count_concepts(rdms.shape[1])
    observed, reached = np.zeros((2, neurons, attributes), np.int64)
    untied, squares = np.zeros((2, neurons, attributes))
    own, tested = count_orders(concepts, OWN_PERMUTATIONS), count_orders(concepts, permutations)
    batch = 4 * max(1, 8 * signs.CHUNK // size**2 // attributes)
    bar = tqdm(total=neurons * (own + tested), desc="permutations", unit=" comparisons", unit_scale=True,
               disable=not progress)

    def tell(excess):
        with bar.get_lock():  # neurons are compared in threads
            bar.update(len(excess) * excess.shape[2])

    def observe(part, ties, excess):
        observed[part] = excess[..., 0]
        untied[part] = rsa.untied_pairs(ties, attribute_ties, size)

    def add_squares(part, ties, excess):
        squares[part] += np.square(excess, dtype=float).sum(axis=2)
        tell(excess)

    def test(part, ties, excess):
        largest = np.full(excess.shape[1:], -np.inf)
        largest_studentised = np.full(excess.shape[2], -np.inf)
        _fold(excess, observed[part], untied[part], spread[part], reached[part], largest, largest_studentised)
        tell(excess)
        return largest, largest_studentised

    _compare(observe, rdms, attribute_rdms, [np.arange(concepts)], device)
    for orders in label_orders(concepts, OWN_PERMUTATIONS, OWN_SEED, batch):
        _compare(add_squares, rdms, attribute_rdms, orders, device)
    if own < OWN_PERMUTATIONS:  # all orders but the observed one: with it, the test is exact
        squares, own = squares + np.square(observed, dtype=float), own + 1
    # Of tau times its denominator. The mean over all orders is 0: for any two distances one order swaps them.
    spread = np.sqrt(squares / own)
    spread[spread == 0] = untied[untied == 0] = np.inf  # a constant neuron has no tau: it never beats another
    largest, largest_studentised = [], []
    for orders in label_orders(concepts, permutations, seed, batch):
        of_attribute, of_all = zip(*_compare(test, rdms, attribute_rdms, orders, device))
        largest.append(np.max(of_attribute, axis=0).T)
        largest_studentised.append(np.max(of_all, axis=0))
    bar.close()
    return Permuted(observed / untied, observed / spread, reached, np.concatenate(largest),
                    np.concatenate(largest_studentised))


def share_reached(values: np.ndarray, null: np.ndarray) -> np.ndarray:
    """The p of each value under a null distribution [M]: (1 + number of null values that reach it) / (1 + M)."""
    return (1 + len(null) - np.searchsorted(np.sort(null), values)) / (1 + len(null))


def permutation_p(permuted: Permuted) -> PermutationP:
    """The p-values of all neurons that were permuted."""
    by_attribute = [share_reached(tau, null) for tau, null in zip(permuted.tau.T, permuted.largest.T)]
    return PermutationP((1 + permuted.reached) / (1 + len(permuted.largest)),
                        share_reached(permuted.studentised, permuted.largest_studentised),
                        np.stack(by_attribute, axis=1))


def permutation_test(
        rdms: rsa.NeuronRDMs | np.ndarray, attribute_rdms: np.ndarray, permutations: int, seed: int = 0,
) -> PermutationP:
    """Test tau > 0 by permuting the concepts' labels; parameters as for `permute`."""
    return permutation_p(permute(rdms, attribute_rdms, permutations, seed))


class Overlap(NamedTuple):
    """How many top neurons any two attributes share: arrays [pairs, T], pairs as in `itertools.combinations`.

    `mean` and `sd` are of the overlap when the second attribute's labels are permuted.
    """

    overlap: np.ndarray  # of int: neurons in both top sets
    mean: np.ndarray
    sd: np.ndarray
    p: np.ndarray  # one-sided: (1 + number of permutations that share as many) / (1 + M)


@compiled
def _place(tau, thresholds, boundaries):
    """The index of the smallest top set that each neuron is in, or len(thresholds): array of int [N].

    The boundary of a set is its smallest tau; ties at it go to the lower index.
    """
    sets = len(thresholds)
    free = thresholds.copy()
    for neuron in range(len(tau)):
        for number in range(sets):
            free[number] -= tau[neuron] > boundaries[number]
    places = np.full(len(tau), sets, np.int8)
    for neuron in range(len(tau)):
        for number in range(sets - 1, -1, -1):
            if tau[neuron] == boundaries[number]:
                free[number] -= 1
            if tau[neuron] < boundaries[number] or tau[neuron] == boundaries[number] and free[number] < 0:
                break  # nor is it in a smaller set
            places[neuron] = number
    return places


@compiled
def _count_shared(first, second, shared):
    """Count neurons by the smallest set that holds them for both attributes."""
    for neuron in range(len(first)):
        shared[max(first[neuron], second[neuron])] += 1


def overlap_test(
        rdms: rsa.NeuronRDMs | np.ndarray, attribute_rdms: np.ndarray, thresholds: Sequence[int],
        permutations: int = OWN_PERMUTATIONS, seed: int | np.random.SeedSequence = OWN_SEED, progress: bool = False,
) -> Overlap:
    """Test whether two attributes share more of their top neurons than they would if the labels meant nothing.

    Neurons resemble one another, so the overlap of two top sets varies far more than that of two random sets, and a
    hypergeometric test is not valid. `thresholds` [T] are the numbers k of top neurons, ascending; ties go to the lower
    index. `rdms`, `attribute_rdms` and `progress` are as for `permute`.
    """
    neurons, size = rdms.shape
    attributes, concepts = len(attribute_rdms), rsa.count_concepts(rdms.shape[1])
    attribute_rdms = np.ascontiguousarray(attribute_rdms, dtype=float)
    attribute_ties, _ = signs.find_ties(attribute_rdms)
    sizes = np.sort(thresholds)

    def place(orders):
        """The smallest top set of each neuron for each attribute under each order: array [A, orders, N]."""
        tau = np.empty((attributes, len(orders), neurons))

        def keep(part, ties, excess):
            untied = rsa.untied_pairs(ties, attribute_ties, size)
            untied[untied == 0] = np.inf
            taus = excess / untied[:, :, None]
            taus[np.isinf(untied)] = -np.inf  # a neuron without a tau comes last
            tau[:, :, part] = np.moveaxis(taus, 0, -1)

        def place_one(index):
            boundaries = np.partition(tau[index], neurons - sizes)[neurons - sizes]
            return _place(tau[index], sizes, boundaries)

        _compare(keep, rdms, attribute_rdms, orders)
        places = signs.in_threads(place_one, np.ndindex(attributes, len(orders)))
        return np.array(places).reshape(tau.shape)

    def share(places):
        """How many neurons are in the top k of both the observed first and the given second attribute [pairs, T]."""
        shared = np.zeros((len(pairs), len(sizes) + 1), np.int64)
        for (first, second), row in zip(pairs, shared):
            _count_shared(observed[first], places[second], row)
        return shared.cumsum(axis=1)[:, :-1]

    pairs = list(combinations(range(attributes), 2))
    observed = place([np.arange(concepts)])[:, 0]
    overlap = share(observed)
    drawn = count_orders(concepts, permutations)
    null = []
    batch = max(1, 2**24 // neurons // attributes)  # 128 MB of taus
    bar = tqdm(total=drawn, desc="overlap", disable=not progress)
    for orders in label_orders(concepts, permutations, seed, batch):
        null += signs.in_threads(share, np.moveaxis(place(orders), 1, 0))
        bar.update(len(orders))
    bar.close()
    p = (1 + (np.array(null) >= overlap).sum(axis=0)) / (1 + drawn)
    return Overlap(overlap, np.mean(null, axis=0), np.std(null, axis=0), p)


def simulate_null(
        neurons: int = 2000, permutations: int = 500, concepts: int = 27, seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """The p-values [neurons] of `kendall_tau` and of `permutation_test` where there is nothing to find.

    Neurons are unrelated to the attribute; a valid test has p < 0.05 in 5% of them. Concepts share structure, as real
    ones do: the ratings lie in 4 clusters (standard deviation 1 between them, 0.3 within), and so do each neuron's
    activations, in clusters of its own.
    """
    generator = np.random.default_rng(seed)

    def clustered(size):
        centers = generator.normal(size=(4, size))
        member = generator.integers(4, size=(concepts, size))
        return np.take_along_axis(centers, member, axis=0) + 0.3 * generator.normal(size=(concepts, size))

    rdms, target = rsa.NeuronRDMs(clustered(neurons)[None]), rsa.attribute_rdms(clustered(1))
    return rsa.kendall_tau(rdms, target)[1][:, 0], permutation_test(rdms, target, permutations, seed).p[:, 0]
