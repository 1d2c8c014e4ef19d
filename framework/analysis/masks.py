"""Make masks of the best-ranked neurons, with random masks to compare with, and name them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from framework.errors import UserError
from framework.interventions import METHODS

POOL = "random"  # stands for the attribute in the names of random masks that all attributes share
BINS = 20  # of mean |a| in each layer, for activation_matched
HEADER_BYTES = 1000  # that a mask takes in a file besides its numbers
MOST_BYTES = 1 << 32  # of all masks together: the most that is read from a file

# What follows the last "_top" says all but the attribute, so an attribute may be called anything but `random`.
_NAME = re.compile(r"(?P<attribute>.+)_top(?P<k>[1-9]\d{0,9})(?:_(?P<control>random)?(?P<draw>\d{0,10}))?"
                   r"(?:_(?P<method>[a-z]+)(?P<value>[-+.e\d]*))?", re.ASCII | re.DOTALL)


class MaskName(NamedTuple):
    """What a mask is, as its name says it: ``valence_top4000_random3_scale0.5``."""

    attribute: str  # whose best neurons are changed or, with `control`, compared with; ``POOL`` where all share it
    k: int  # how many neurons are changed
    control: bool = False  # whether the neurons are random ones
    draw: int = 0  # which random mask, from 1; 0 is the only one of its attribute (``valence_top4000_random``)
    method: str = ""  # of `METHODS`; "" for zero and float, which names do not tell apart
    value: float = 0  # the method's: the number of the sample (resample) or the factor (scale)

    def __str__(self) -> str:
        drawn = f"_{self.draw}" if self.attribute == POOL else f"_random{self.draw or ''}" if self.control else ""
        done = f"_{self.method}" if self.method else ""
        if self.method and METHODS[self.method].value:
            done += repr(float(self.value)).removesuffix(".0")
        return f"{self.attribute}_top{self.k}{drawn}{done}"

    @classmethod
    def parse(cls, text: str) -> MaskName | None:
        """Read a name; None if `str` would not write it so."""
        match = _NAME.fullmatch(text)
        if not match or (match["method"] and match["method"] not in METHODS):
            return None
        try:
            name = cls(match["attribute"], int(match["k"]), bool(match["control"]) or match["attribute"] == POOL,
                       int(match["draw"] or 0), match["method"] or "", float(match["value"] or 0))
        except ValueError:  # the value is not a number
            return None
        if not np.isfinite(name.value) or (name.is_sample and name.value % 1):
            return None
        return name if str(name) == text else None

    @property
    def is_sample(self) -> bool:
        """Whether this is one of several samples, over which results are averaged."""
        return bool(self.method) and METHODS[self.method].value is int

    @property
    def intervention(self) -> str:
        """What is done to the neurons: "", "mean", "resample" (whichever sample) or "scale0.5"."""
        return str(self).rpartition("_")[2] if self.method and not self.is_sample else self.method


def units_of(neurons: int, num_layers: int, source: str) -> int:
    """How many neurons each layer has; an error begins with `source`, which says how many layers there are."""
    if neurons % num_layers:
        raise UserError(f"{source}: {neurons} neurons cannot be divided evenly among {num_layers} layers; "
                        "give the model's in steps 4 and 5 with --num_layers")
    return neurons // num_layers


def top_neurons(rank: np.ndarray, k: int) -> np.ndarray:
    """The k best-ranked neurons (rank 1 is best), best first: array [k] of int, layer * D + unit.

    Ties at the boundary go to the lower index. Raises `UserError` if k is not in 1..N.
    """
    if not 1 <= k <= len(rank):
        raise UserError(f"--thresholds {k}: must be from 1 to the number of neurons, {len(rank)}; give a smaller "
                        "number")
    return np.argsort(rank, kind="stable")[:k]


def tied_at_boundary(rank: np.ndarray, k: int) -> int:
    """How many of the `top_neurons` have the rank of a neuron that is not among them."""
    best = np.sort(rank)
    return int((best[:k] == best[k]).sum()) if k < len(best) else 0


def activation_bins(mean_abs: np.ndarray, num_layers: int) -> np.ndarray:
    """The quantile bin of each neuron's mean |a| among its layer's neurons, 0..BINS-1: array [L, D]."""
    order = np.asarray(mean_abs).reshape(num_layers, -1).argsort(axis=1, kind="stable").argsort(axis=1)
    return order * BINS // order.shape[1]


def matched_neurons(neurons: np.ndarray, bins: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw random neurons, as many in each layer and bin as `neurons` has there but none of them; layer by layer.

    A bin with too few others takes the rest from the nearest bins of its layer. Bins [L, D] that are all 0 match only
    the layers. Raises `UserError` if a layer has too few others.
    """
    num_layers, num_units = bins.shape
    free = np.ones(bins.shape, bool)
    free.flat[neurons] = False
    drawn = []
    for layer in range(num_layers):
        others = free[layer]
        wanted = np.bincount(bins[layer][~others], minlength=bins[layer].max() + 1)
        if wanted.sum() > others.sum():
            raise UserError(f"--random_baseline: {wanted.sum()} of the {num_units} neurons of layer {layer} are among "
                            f"the top {len(neurons)}, so too few are left to match them; lower --thresholds")
        # Bins with enough others come first; the rest take what these leave.
        for chosen_bin in np.argsort(wanted - np.bincount(bins[layer][others], minlength=len(wanted)), kind="stable"):
            count = wanted[chosen_bin]
            near, last = np.empty(0, int), np.flatnonzero(others & (bins[layer] == chosen_bin))
            if count > len(last):  # all nearer than some distance, and random ones at it
                candidates = np.flatnonzero(others)
                distance = abs(bins[layer][candidates] - chosen_bin)
                farthest = np.partition(distance, count - 1)[count - 1]
                near, last = candidates[distance < farthest], candidates[distance == farthest]
            chosen = np.concatenate([near, generator.choice(last, count - len(near), replace=False)])
            others[chosen] = False
            drawn.append(layer * num_units + chosen)
    return np.concatenate(drawn)


def make_masks(
        ranks: Mapping[str, np.ndarray], thresholds: Sequence[int], num_layers: int, method: str = "zero",
        baseline: str = "uniform", draws: int = 1, seed: int = 0, scales: Sequence[float] = (), resamples: int = 1,
        statistics: Mapping[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Make a mask of each attribute's k best-ranked neurons, and random masks of as many, for each k.

    Parameters
    ----------
    ranks : mapping of str to array [N]
        Each attribute's ranks of all neurons, 1 = best; neuron = layer * D + unit, N = L * D.
    thresholds : sequence of int
        The numbers k of changed neurons.
    num_layers : int
        L, a divisor of N.
    method : str
        What is done to the neurons: a key of `METHODS`.
    baseline : {"uniform", "layer_matched", "activation_matched"}
        What random masks draw from: all neurons; or all but the attribute's, as many in each layer, or in each layer
        and bin of `activation_bins`.
    draws : int
        How many random masks. A single uniform mask is drawn for each attribute, as in the study; several are a pool
        that all attributes share. Matched masks are each attribute's own.
    seed : int
        Every mask has its own generator, seeded by `seed`, attribute, k and draw, so adding an attribute, a threshold,
        a draw or a factor leaves the other masks as they are.
    scales : sequence of float
        The factors of method "scale", a mask for each.
    resamples : int
        How many samples of method "resample", a mask for each.
    statistics : mapping of str to array [N]
        `mean` for method "mean", `sample1`, `sample2`, ... for "resample", `mean_abs` for baseline
        "activation_matched".

    Returns
    -------
    dict of str to array [L, D] int8 (zero) or float32 (float, scale), or [2, L, D] float32 (mean, resample)
        By name (`MaskName`): what neurons are multiplied by, 1 where one is left alone; the second [L, D] is added.

    Raises
    ------
    UserError
        If an attribute cannot be told from the pool in a name, L does not divide N, a threshold is not in 1..N, a layer
        has too few neurons to match, the statistics lack what is needed, or a file could not hold the masks.
    """
    for attribute in ranks:
        if MaskName.parse(str(MaskName(attribute, 1))) != MaskName(attribute, 1):
            raise UserError(f"attribute {attribute!r}: its masks would have the names of random masks; rename it")
    size = len(next(iter(ranks.values())))
    bins = np.zeros((num_layers, units_of(size, num_layers, f"--num_layers {num_layers}")), int)
    if baseline == "activation_matched":
        bins = activation_bins(_column(statistics, "mean_abs"), num_layers)
    how, named = METHODS[method], method if METHODS[method].in_names else ""
    values = {None: [0.0], int: range(1, 1 + resamples), float: [float(scale) + 0.0 for scale in scales]}[how.value]
    added = {value: _column(statistics, how.add.format(value)) for value in values if how.add}

    own = draws if baseline != "uniform" or draws == 1 else 0  # random masks of each attribute, or else a pool
    count = len(values) * len(thresholds) * (len(ranks) * (1 + own) + (0 if own else draws))
    if count * (size * np.dtype(how.dtype).itemsize * (2 if added else 1) + HEADER_BYTES) > MOST_BYTES:
        raise UserError(f"--random_draws {draws}: that is {count:,} masks of {size:,} neurons, more than a file of "
                        "masks may hold; ask for fewer")

    masks = {}
    for name, neurons, generator in _neurons(ranks, thresholds, bins, baseline, draws, seed):
        for value in values:
            mask = np.ones((2, *bins.shape) if added else bins.shape, how.dtype)
            if added:
                mask[1] = 0
                mask[1].flat[neurons] = added[value][neurons]
            (mask[0] if added else mask).flat[neurons] = how.multiply(value, generator, len(neurons))
            masks[str(name._replace(method=named, value=value))] = mask
    return masks


def _neurons(
        ranks: Mapping[str, np.ndarray], thresholds: Sequence[int], bins: np.ndarray, baseline: str, draws: int,
        seed: int,
) -> Iterator[tuple[MaskName, np.ndarray, np.random.Generator]]:
    """Each mask's name, its neurons and its generator."""
    def stream(name: MaskName, draw: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(name.k, draw, *name.attribute.encode())))

    for attribute, rank in ranks.items():
        for k in thresholds:
            own, top = MaskName(attribute, k), top_neurons(rank, k)
            yield own, top, stream(own, 0)
            if baseline != "uniform":
                for draw in range(1, 1 + draws):
                    generator = stream(own, draw)
                    yield MaskName(attribute, k, True, draw), matched_neurons(top, bins, generator), generator
            elif draws == 1:
                generator = stream(own, 1)
                yield MaskName(attribute, k, True), generator.choice(bins.size, k, replace=False), generator
    for k in thresholds if baseline == "uniform" and draws > 1 else ():
        for draw in range(1, 1 + draws):
            name = MaskName(POOL, k, True, draw)
            generator = stream(name, draw)
            yield name, generator.choice(bins.size, k, replace=False), generator


def _column(statistics: Mapping[str, np.ndarray] | None, column: str) -> np.ndarray:
    if statistics is None:
        raise UserError("--statistics: is needed for this method or baseline; get_active_neuron.py --statistics makes "
                        "the file")
    if column not in statistics:
        raise UserError(f"--statistics: has no column {column!r}; make it again with get_active_neuron.py --statistics "
                        "and, for more samples, a higher --samples")
    return np.asarray(statistics[column])


def matching(masks: Mapping[str, np.ndarray], mean_abs: np.ndarray | None = None) -> pd.DataFrame:
    """How well the random masks of `make_masks` match each attribute's own; `mean_abs` is each neuron's mean |a|.

    Masks that differ only in what is done to the same neurons count once.

    Returns
    -------
    pandas.DataFrame
        For each attribute and k, one row per layer and one for "all": `top` (how many of the attribute's neurons),
        `controls` (the same for its random masks, on average), `mean_abs_top` and `mean_abs_controls` (mean |a| of
        these neurons; NaN without statistics or neurons), and `draws`, the number of random masks.
    """
    tops: dict[tuple[str, int], np.ndarray] = {}
    controls: dict[tuple[str, int], dict[int, np.ndarray]] = {}
    for text, mask in masks.items():
        name = MaskName.parse(text)
        assert name is not None  # `make_masks` gave it
        changed = mask != 1 if mask.ndim == 2 else mask[0] != 1
        if name.method == "scale" and name.value == 1:
            continue  # changes nothing, so its neurons cannot be seen
        if name.control:
            controls.setdefault((name.attribute, name.k), {}).setdefault(name.draw, changed)
        else:
            tops.setdefault((name.attribute, name.k), changed)
    rows = []
    for (attribute, k), top in tops.items():
        drawn = controls.get((attribute, k)) or controls.get((POOL, k), {})
        control = np.mean(list(drawn.values()), axis=0) if drawn else np.full(top.shape, np.nan)
        weight = np.full(top.shape, np.nan) if mean_abs is None else np.asarray(mean_abs).reshape(top.shape)
        for layer in (*range(len(top)), "all"):
            chosen = slice(None) if layer == "all" else layer
            counts = [float(of[chosen].sum()) for of in (top, control)]
            sums = [float((of * weight)[chosen].sum()) for of in (top, control)]
            means = [total / count if count else np.nan for total, count in zip(sums, counts)]
            rows.append((attribute, k, layer, *counts, *means, len(drawn)))
    return pd.DataFrame(rows, columns=["attribute", "k", "layer", "top", "controls", "mean_abs_top",
                                       "mean_abs_controls", "draws"])
