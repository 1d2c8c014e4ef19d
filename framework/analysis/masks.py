"""Ranks of neurons -> masks that knock the best-ranked ones out, and random masks to compare with."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from framework.errors import UserError


def top_neurons(rank: np.ndarray, k: int) -> np.ndarray:
    """The k best-ranked neurons, best first.

    Parameters
    ----------
    rank : array [N]
        1 = best. Of neurons tied at the boundary those with the lower index are taken, so that it is always k.
    k : int
        How many, 1..N.

    Returns
    -------
    array [k] of int
        Indices of neurons, layer * D + unit.

    Raises
    ------
    UserError
        If k is not in 1..N.
    """
    if not 1 <= k <= len(rank):
        raise UserError(f"--thresholds {k}: must be from 1 to the number of neurons, {len(rank)}")
    return np.argsort(rank, kind="stable")[:k]


def layer_matched_neurons(
        neurons: np.ndarray, num_layers: int, num_units: int, generator: np.random.Generator,
) -> np.ndarray:
    """Random neurons, as many in each layer as `neurons` has there, and none of `neurons`.

    Parameters
    ----------
    neurons : array [k] of int
        Indices of neurons, layer * num_units + unit.
    num_layers, num_units : int
        L and D.
    generator : numpy.random.Generator

    Returns
    -------
    array [k] of int
        Layer by layer.

    Raises
    ------
    UserError
        If a layer has fewer other neurons than `neurons` has there.
    """
    free = np.ones((num_layers, num_units), dtype=bool)
    free.flat[neurons] = False
    drawn = []
    for layer in range(num_layers):
        others = np.flatnonzero(free[layer])
        count = num_units - len(others)
        if count > len(others):
            raise UserError(f"--random_baseline layer_matched: {count} of the {num_units} neurons of layer {layer} are "
                            f"among the top {len(neurons)}, too few are left to match them; lower --thresholds")
        drawn.append(layer * num_units + generator.choice(others, count, replace=False))
    return np.concatenate(drawn)


def make_masks(
        ranks: dict[str, np.ndarray], thresholds: Sequence[int], num_layers: int, method: str = "binary",
        baseline: str = "uniform", draws: int = 1, seed: int = 0,
) -> dict[str, np.ndarray]:
    """The mask of each attribute's k best-ranked neurons and random masks of as many, for each k.

    Parameters
    ----------
    ranks : dict of str to array [N]
        Each attribute's ranks of all neurons, 1 = best; neuron = layer * D + unit, N = L * D.
    thresholds : sequence of int
        The numbers k of masked neurons.
    num_layers : int
        L, a divisor of N.
    method : {"binary", "float"}
        Masked neurons are multiplied by 0, or by random numbers in [0, 1).
    baseline : {"uniform", "layer_matched"}
        Random masks draw from all neurons, or as `layer_matched_neurons` does.
    draws : int
        Random masks per attribute and k.
    seed : int
        Every mask has a generator of its own, seeded by `seed` and what its name says, so that adding an attribute,
        a threshold or a draw leaves the other masks as they are.

    Returns
    -------
    dict of str to array [L, D], int8 or float32
        ``valence_top4000`` and ``valence_top4000_random`` (with several draws ``valence_top4000_random1`` and on):
        1 where a neuron is left alone.

    Raises
    ------
    UserError
        If L does not divide N, a threshold is not in 1..N, or `layer_matched_neurons` finds too few.
    """
    masks = {}
    for attribute, rank in ranks.items():
        size = len(rank)
        if size % num_layers:
            raise UserError(f"--num_layers {num_layers}: {size} neurons cannot be divided evenly among so many layers")
        for k in thresholds:
            name = f"{attribute}_top{k}"
            top = top_neurons(rank, k)
            for draw in range(1 + draws):  # 0 is the attribute's own mask
                own = np.random.SeedSequence(seed, spawn_key=(k, draw, *attribute.encode()))
                generator = np.random.default_rng(own)
                if draw == 0:
                    neurons = top
                elif baseline == "layer_matched":
                    neurons = layer_matched_neurons(top, num_layers, size // num_layers, generator)
                else:
                    neurons = generator.choice(size, k, replace=False)
                mask = np.ones((num_layers, size // num_layers), np.int8 if method == "binary" else np.float32)
                mask.flat[neurons] = 0 if method == "binary" else generator.random(k, dtype=np.float32)
                suffix = "" if draw == 0 else "_random" if draws == 1 else f"_random{draw}"
                masks[name + suffix] = mask
    return masks


def top_overlap(ranks: dict[str, np.ndarray], thresholds: Sequence[int]) -> pd.DataFrame:
    """How many of their k best-ranked neurons any two attributes share, against chance.

    Parameters
    ----------
    ranks : dict of str to array [N]
        As for `make_masks`.
    thresholds : sequence of int

    Returns
    -------
    pandas.DataFrame
        One row a pair and k: `attribute_1`, `attribute_2`, `k`, `overlap` (neurons), `expected` (k^2 / N), and `p` of
        an overlap at least as large for two random sets of k (hypergeometric).
    """
    rows = []
    for k in thresholds:
        for (first, rank_1), (second, rank_2) in combinations(ranks.items(), 2):
            overlap = len(np.intersect1d(top_neurons(rank_1, k), top_neurons(rank_2, k), assume_unique=True))
            p = stats.hypergeom.sf(overlap - 1, len(rank_1), k, k)
            rows.append((first, second, k, overlap, k * k / len(rank_1), p))
    return pd.DataFrame(rows, columns=["attribute_1", "attribute_2", "k", "overlap", "expected", "p"])
