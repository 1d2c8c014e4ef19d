"""Concordant and discordant pairs of distances, counted as bits: what Kendall's tau is made of.

The signs of the differences between any two of an RDM's P distances (61,425 for 27 concepts) are packed as bits. A
neuron is compared with an attribute by XOR, AND and a count of set bits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numba.extending import intrinsic

from framework.analysis.compiled import compiled

if TYPE_CHECKING:
    from framework.analysis.rsa import NeuronRDMs

# Neurons are processed in chunks of so many comparisons of two distances, however large the model is: 2 MB of bits on
# the CPU, so that a chunk stays in a core's cache, or 64 MB of numbers on a GPU.
CHUNK = 2**24


@intrinsic
def _popcount(typing_context, word):
    """Set bits of an integer: the processor's own instruction, which numba does not offer."""

    def code(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return word(word), code


@compiled
def _sum_ties(ordered):
    sums = np.zeros((len(ordered), 3))
    for row in range(len(ordered)):
        tied = 1
        for place in range(1, ordered.shape[1] + 1):
            if place < ordered.shape[1] and ordered[row, place] == ordered[row, place - 1]:
                tied += 1
            elif tied > 1:
                sums[row, 0] += tied * (tied - 1)
                sums[row, 1] += tied * (tied - 1) * (tied - 2)
                sums[row, 2] += tied * (tied - 1) * (2 * tied + 5)
                tied = 1
    return sums


def find_ties(rdms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the RDMs that have ties.

    Returns
    -------
    sums : array [n, 3]
        Over an RDM's groups of t tied distances: the sums of t(t-1), t(t-1)(t-2) and t(t-1)(2t+5).
    close : array of bool [n]
        Whether any two distances of an RDM are tied as float32. Where none are, as in nearly all RDMs, float32 keeps
        their order and is compared in half the time.
    """
    single = np.sort(rdms.astype(np.float32), axis=1)
    close = (single[:, 1:] == single[:, :-1]).any(axis=1)
    sums = np.zeros((len(rdms), 3))
    sums[close] = _sum_ties(np.sort(rdms[close], axis=1))
    return sums, close


@compiled
def _pack(rdms, words):
    """Set a bit for each pair of distances of an RDM whose first is larger.

    The distances stand in a ring, and each is compared with those 1, 2, ... size // 2 places further: every pair occurs
    once. A 16-bit word holds 16 such steps for one place, so the compiler can vectorise over places.
    """
    size = rdms.shape[1]
    ring = np.zeros(2 * size + 16, rdms.dtype)
    for row in range(len(rdms)):
        ring[:size] = rdms[row]
        ring[size : 2 * size] = rdms[row]
        for start in range(0, size // 2, 16):
            ahead = ring[start + 1 :]
            word = words[row, start // 16 * size :]
            used = np.uint16(2 ** min(16, size // 2 - start) - 1)
            for place in range(size):
                bits = np.uint16(0)
                for step in range(16):
                    bits |= np.uint16(np.uint16(ring[place] > ahead[place + step]) << np.uint16(step))
                word[place] = bits & used
        if size % 2 == 0:  # half a turn of an even ring meets each pair from both its ends
            half = size // 2 - 1
            for place in range(size // 2, size):
                words[row, half // 16 * size + place] &= np.uint16(~(1 << half % 16))


def _signs(rdms):
    """Whether the first of each pair of distances is larger, as bits: array [n, words] of uint64.

    n is rounded up to a multiple of 4, as many rows as `_compare_signs` takes at a time; the last ones may be empty.
    """
    size = rdms.shape[1]
    words = -(-(size // 2) // 16) * size
    bits = np.zeros((-(-len(rdms) // 4) * 4, -(-words // 32) * 32), np.uint16)  # rows of whole 64-byte blocks
    _pack(rdms, bits)
    return bits.view(np.uint64)


@compiled
def _add_discordant(counts, neurons, attribute, decided):
    a, b, c, d = counts
    first, second, third, fourth = neurons
    return (a + _popcount((first ^ attribute) & decided), b + _popcount((second ^ attribute) & decided),
            c + _popcount((third ^ attribute) & decided), d + _popcount((fourth ^ attribute) & decided))


@compiled
def _compare_signs(neurons, attributes, decided, total, excess):
    """Concordant minus discordant pairs of neurons [n, words] and attributes [k, words]; n and k are multiples of 4.

    Four neurons meet four attributes at a time: their 16 counts stay in registers, and each loaded word serves four of
    them. One neuron and one attribute at a time takes 2.5 times as long.
    """
    zero = np.uint64(0)
    none = (zero, zero, zero, zero)
    for start in range(0, len(neurons), 64):  # 64 neurons' bits stay in the cache while the attributes pass by
        for column in range(0, len(attributes), 4):
            for row in range(start, min(start + 64, len(neurons)), 4):
                first = second = third = fourth = none
                for word in range(neurons.shape[1]):
                    four = neurons[row, word], neurons[row + 1, word], neurons[row + 2, word], neurons[row + 3, word]
                    first = _add_discordant(first, four, attributes[column, word], decided[column, word])
                    second = _add_discordant(second, four, attributes[column + 1, word], decided[column + 1, word])
                    third = _add_discordant(third, four, attributes[column + 2, word], decided[column + 2, word])
                    fourth = _add_discordant(fourth, four, attributes[column + 3, word], decided[column + 3, word])
                for attribute, discordant in enumerate((first, second, third, fourth)):
                    for neuron in range(4):
                        count = np.int64(discordant[neuron])
                        excess[row + neuron, column + attribute] = total[column + attribute] - 2 * count


def comparison(attribute_rdms: np.ndarray, device: str | None = None) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Make a function that counts, over pairs of distances, how many more are concordant than discordant.

    Parameters
    ----------
    attribute_rdms : array [A, P] of float
    device : str, optional
        Compare on this torch device by a matrix product; if None, on the CPU by popcounts. The counts are the same.

    Returns
    -------
    function
        From neurons' RDMs [n, P], and whether they are close [n] (see `find_ties`), to an array [n, A] of int64.
    """
    if device is not None:
        return _matrix_comparison(attribute_rdms, device)
    signs = _signs(attribute_rdms)
    decided = signs | _signs(-attribute_rdms)
    total = np.bitwise_count(decided).sum(axis=1, dtype=np.int64)

    def difference(neuron_signs, neurons):
        excess = np.empty((len(neuron_signs), len(signs)), np.int64)
        _compare_signs(neuron_signs, signs, decided, total, excess)
        return excess[:neurons, :len(attribute_rdms)]

    def compare(rdms, close):
        excess = difference(_signs(rdms.astype(np.float32)), len(rdms))
        # A tie counts for nothing: the mean of taking it as smaller and as larger.
        some = rdms[close]
        if len(some):
            excess[close] = (difference(_signs(some), len(some)) + difference(~_signs(-some), len(some))) // 2
        return excess

    return compare


def _matrix_comparison(attribute_rdms, device):
    """`comparison` as a product of matrices of signs, which is what a GPU does best."""
    import torch  # takes longer to load than a searchlight on the CPU takes to run

    torch.set_float32_matmul_precision("high")  # TF32 multiplies -1, 0 and 1 exactly and adds in float32
    first, second = torch.triu_indices(attribute_rdms.shape[1], attribute_rdms.shape[1], 1, device=device)

    def signs(rdms):
        rdms = torch.as_tensor(rdms, device=device)
        ranks = torch.searchsorted(rdms.sort(dim=1).values, rdms).float()  # a quarter of the memory of differences
        return torch.sign(ranks[:, first] - ranks[:, second])

    attributes = signs(attribute_rdms).T
    return lambda rdms, close: (signs(rdms) @ attributes).round().long().cpu().numpy()


def in_threads(work: Callable, items: Iterable, threads: int | None = None) -> list:
    """`map` in threads on all processors, for work that releases the GIL."""
    # The variable is set where a process has only a share of a machine.
    with ThreadPoolExecutor(threads or int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)) as pool:
        return list(pool.map(work, items))


def compare(work: Callable[[slice, np.ndarray, np.ndarray], object], rdms: np.ndarray | NeuronRDMs,
            attribute_rdms: np.ndarray, device: str | None = None) -> list:
    """Call `work` with slices of neurons, their ties and their excess of concordant pairs [n, A], on all processors."""
    neurons, size = rdms.shape
    if size**2 >= 2**25:  # a GPU's float32 counts exactly up to 2^24; 109 concepts make more comparisons than that
        device = None
    count, step = comparison(attribute_rdms, device), max(1, 2 * CHUNK // size**2)

    def chunk(start):
        part = slice(start, min(start + step, neurons))
        some = np.ascontiguousarray(rdms[part], dtype=float)
        ties, close = find_ties(some)
        return work(part, ties, count(some, close))

    return in_threads(chunk, range(0, neurons, step), None if device is None else 1)
