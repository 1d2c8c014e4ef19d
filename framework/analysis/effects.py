"""What neurons do compared with what they resemble, what masks cost, and whether single neurons' effects add up."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from tqdm import tqdm

from framework.analysis import rsa
from framework.analysis.inference import Conditions
from framework.analysis.permutation import count_orders, label_orders


def resemblance_and_loss(
    rdms: rsa.NeuronRDMs | np.ndarray, attribute_rdms: np.ndarray, lost: np.ndarray, num_layers: int,
    permutations: int, progress: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Correlate neurons' resemblance to an attribute with what is lost without them.

    Neurons are compared only within their layer, since layers differ in both. Neurons are not independent, so the null
    permutes the attribute's concept labels, which leaves the neurons and their losses as they are.

    Parameters
    ----------
    rdms, attribute_rdms
        As for `framework.analysis.rsa.kendall_tau`.
    lost : array [N]
        What is lost without each neuron, averaged over tasks.
    progress : bool
        Show a bar.

    Returns
    -------
    r : array [A]
        Spearman's correlation of tau and loss: ranks within each layer, pooled over layers.
    p : array [A]
        Two-sided: (1 + number of orders whose |r| is as large) / (1 + M), with the M orders of
        `permutation.label_orders`. Both are NaN where no neuron has a tau, or nothing varies.
    """
    concepts = rsa.count_concepts(attribute_rdms.shape[1])
    loss = _ranks_within(lost[:, None], num_layers)[:, 0]
    together = []
    orders = count_orders(concepts, permutations)
    batches = chain([np.arange(concepts)[None]], label_orders(concepts, permutations, 0, 20))  # the right labels first
    for some in tqdm(batches, "20 permutations at a time", 1 - (-orders // 20), disable=not progress):
        permuted = np.concatenate([rsa.reorder_rdms(attribute_rdms, order) for order in some])
        tau, _ = rsa.kendall_tau(rdms, permuted)
        ranks = _ranks_within(np.nan_to_num(tau), num_layers)  # a constant neuron has no tau: 0, as in step 4
        with np.errstate(invalid="ignore", divide="ignore"):
            r = loss @ ranks / np.sqrt((loss @ loss) * np.square(ranks).sum(axis=0))
        together.append(r.reshape(len(some), -1))
    r = np.concatenate(together)
    p = (1 + (np.abs(r[1:]) >= np.abs(r[0]) - 1e-12).sum(axis=0)) / (1 + orders)
    return r[0], np.where(np.isnan(r[0]), np.nan, p)


def most_needed(effects: dict[str, np.ndarray], num_layers: int, top: int = 20) -> pd.DataFrame:
    """The neurons without which each concept's prompts lose most margin, by the mean over seeds.

    Parameters
    ----------
    effects : dict of arrays [S, N]
        What setting each neuron to zero does to the margin of a concept's prompts, by concept.
    num_layers, top : int

    Returns
    -------
    DataFrame
        At most `top` rows a concept, the most needed neuron first: `effect` (below zero), its `lowest` and `highest`
        over seeds, the number of `seeds`, and `concepts`, how many concepts have this neuron in the table. The neurons
        were chosen for their effect, which is therefore too large.
    """
    tables = []
    for concept, values in effects.items():
        effect = values.mean(axis=0)
        neuron = np.argsort(effect, kind="stable")[:top]
        neuron = neuron[effect[neuron] < 0]
        layer, unit = np.divmod(neuron, len(effect) // num_layers)
        tables.append(pd.DataFrame({
            "concept": concept, "neuron": neuron, "layer": layer, "unit": unit, "effect": effect[neuron],
            "lowest": values.min(axis=0)[neuron], "highest": values.max(axis=0)[neuron], "seeds": len(values)}))
    table = pd.concat(tables, ignore_index=True)
    return table.assign(concepts=table.groupby("neuron")["concept"].transform("size"))


def _ranks_within(values, num_layers):
    """Centred ranks of neurons [N, n] within their layer; NaN throughout a layer and column with a NaN."""
    ranks = rankdata(values.reshape(num_layers, -1, values.shape[1]), axis=1)
    return (ranks - ranks.mean(axis=1, keepdims=True)).reshape(values.shape)


def summed_loss(mask: np.ndarray, zeroed: np.ndarray, added: np.ndarray | None = None) -> float:
    """What a mask would cost if single neurons' first-order losses added up.

    Parameters
    ----------
    mask : array [N] or [2, N]
        What each neuron is multiplied by, 1 where it is left alone; the second row is added.
    zeroed : array [N]
        What is lost where a neuron is set to zero.
    added : array [N], optional
        What is lost where 1 is added to a neuron; needed for a mask that adds.
    """
    multiply, *add = np.asarray(mask, zeroed.dtype).reshape(-1, len(zeroed))
    return (1 - multiply) @ zeroed + (add[0] @ added if add else 0)


def share_that_adds_up(summed: np.ndarray, measured: np.ndarray) -> float:
    """How much of masks' summed losses is really lost: the least-squares slope of a line through 0.

    NaN unless the sums are all positive or all negative: a mix of gains and losses has no share.
    """
    if not ((summed > 0).all() or (summed < 0).all()):
        return np.nan
    return np.dot(summed, measured) / np.dot(summed, summed)


def loss_by_mask(
    results: pd.DataFrame, sizes: Iterable[Conditions], kind: str = "attribute"
) -> pd.DataFrame:
    """What each mask costs compared with no mask, averaged over tasks: `kind`, `k`, `mask` and `value`.

    `sizes` are the `framework.analysis.inference.conditions` of `results` that share one intervention. Of the kinds
    "attribute" and "effect" these are the specific masks; any other kind names attributes' own random masks. Uniform
    random masks are of the kind "random". A mask of effects is named after a concept and counts only for that concept's
    tasks.
    """
    best = results["best"].to_numpy()[:, None]
    is_specific = kind in ("attribute", "effect")
    rows = []
    for size in sizes:
        for attribute, values in zip(size.attributes, size.specific.T) if is_specific else ():
            lost = best[:, 0] - values
            if kind == "effect":
                lost = lost[results["sentiment"] == attribute]
            if len(lost):
                rows.append((kind, size.k, attribute, lost.mean()))
        lost = (best - size.uniform).mean(axis=0)
        rows += [("random", size.k, f"random {draw}", value) for draw, value in enumerate(lost, 1)]
        for attribute, draws in zip(size.attributes, size.matched) if not is_specific else ():
            rows += [(kind, size.k, f"{attribute} {draw}", value)
                     for draw, value in enumerate((best - draws).mean(axis=0), 1)]
    return pd.DataFrame(rows, columns=["kind", "k", "mask", "value"])
