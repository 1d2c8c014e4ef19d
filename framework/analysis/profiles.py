"""Whether a neuron's profile, its activation for each concept, follows an attribute beyond other attributes.

A partial Mantel test on distances has too many false positives (Guillot & Rousset, 2013, doi:10.1111/2041-210x.12018);
a partial correlation of profiles keeps its level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from framework.analysis.permutation import count_orders, label_orders, share_reached
from framework.analysis.signs import in_threads


class Partial(NamedTuple):
    """Partial correlations and their two-sided p-values, each array [N, A].

    p is (1 + number of permutations that reach |r|) / (1 + M).
    """

    r: np.ndarray  # 0 for a neuron that does not vary beyond the attributes given
    p: np.ndarray  # of the neuron itself
    fwe: np.ndarray  # family-wise, over neurons and attributes
    fwe_by_attribute: np.ndarray  # family-wise, over neurons only


def beyond(values: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Residuals of values [E] or [E, N] given the mean and attributes [E, G]; 0 where only rounding is left."""
    basis = _basis(given)
    left = values - basis @ (basis.T @ values)
    spread = np.linalg.norm(values - values.mean(axis=0), axis=0)
    return np.where((np.ptp(values, axis=0) > 0) & (np.linalg.norm(left, axis=0) > 1e-9 * spread), left, 0)


def _basis(given):
    """An orthonormal basis of the mean, its first column, and the given attributes."""
    basis, _ = np.linalg.qr(np.column_stack([np.ones(len(given)), given]))
    return basis


def partial_correlations(
        profiles: np.ndarray, ratings: np.ndarray, given: list[list[int]], permutations: int, seed: int = 0,
        progress: bool = False,
) -> Partial:
    """Test the correlation of neurons' profiles with attributes, given other attributes.

    Permutes as Freedman and Lane (1983, doi:10.1080/07350015.1983.10509354; Winkler et al. 2014,
    doi:10.1016/j.neuroimage.2014.01.060): the residuals of the profiles are permuted, in the same way for all neurons,
    and the given attributes are regressed out again. The largest |r| over the neurons gives the family-wise p.

    Parameters
    ----------
    profiles : array [E, N]
        Activations by concept and neuron, the mean over seeds.
    ratings : array [E, A']
        Ratings on all attributes.
    given : list of list of int [A]
        For each tested attribute, its own column in `ratings`, then those of the given attributes, fewer than E - 2.
    permutations : int
        1 or more; if no more orders of the concepts exist, each is taken once.
    seed : int
    progress : bool
        Show a bar.
    """
    concepts, neurons = profiles.shape
    batch = max(1, 2**22 // neurons)  # 32 MB of r
    count = count_orders(concepts, permutations)
    r, reached = np.zeros((2, neurons, len(given)))
    largest = np.empty((count, len(given)))

    def test(column):
        attribute, *others = given[column]
        basis = _basis(ratings[:, others])
        target = beyond(ratings[:, attribute], ratings[:, others])
        target /= np.linalg.norm(target)
        left = beyond(profiles, ratings[:, others])
        size = np.linalg.norm(left, axis=0)
        left /= np.where(size > 0, size, 1)
        r[:, column] = target @ left
        observed = np.abs(r[:, column]) - 1e-12  # a permutation that changes nothing reaches it, however it is rounded
        done = 0
        for orders in label_orders(concepts, permutations, seed, batch):
            # Permuting `left` equals permuting its multiplier by the inverse order.
            back = np.argsort(orders, axis=1)
            explained = np.zeros((len(orders), neurons))
            for direction in basis.T[1:]:  # `left` has mean 0 in every order
                explained += np.square(direction[back] @ left)
            null = np.abs(target[back] @ left) / np.sqrt(np.maximum(1 - explained, 1e-12))
            reached[:, column] += (null >= observed).sum(axis=0)
            largest[done : done + len(orders), column] = null.max(axis=1)
            done += len(orders)
            with bar.get_lock():  # several threads tell it
                bar.update(len(orders))

    with tqdm(total=count * len(given), desc="beyond other attributes", disable=not progress) as bar:
        in_threads(test, range(len(given)))
    size = np.abs(r) - 1e-12
    by_attribute = np.stack([share_reached(own, null) for own, null in zip(size.T, largest.T)], axis=1)
    return Partial(r, (1 + reached) / (1 + count), share_reached(size, largest.max(axis=1)), by_attribute)
