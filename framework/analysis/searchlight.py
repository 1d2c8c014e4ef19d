"""All of step 4: which tables accompany the ranks, and what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from framework.analysis import permutation, profiles, rsa, stability

THRESHOLDS = (500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000)  # the study's, 1 to 16% of its neurons
TOP = 20  # neurons of each attribute that get an interval


def thresholds_for(neurons: int) -> list[int]:
    """The study's numbers of top neurons below a sixth of the model's, or else 1/16 and 1/8 of its neurons."""
    fitting = [k for k in THRESHOLDS if 6 * k < neurons]
    return fitting or sorted({max(1, neurons // 16), max(1, neurons // 8)})


def rank_tables(
        tau: np.ndarray, p: np.ndarray, permuted: permutation.Permuted | None, attributes: Sequence[str],
        num_layers: int,
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The ranks [N, A] and, by name, tables of tau, its p-values and the significant neurons of each layer.

    `tau` and `p` [N, A] are from `rsa.kendall_tau`; `permuted` is of the same neurons.
    """
    q = false_discovery_control(p.ravel()).reshape(p.shape)
    tables = {"tau": np.nan_to_num(tau), "p": p, "q": q}  # a neuron that never changes has no tau; 0 is written
    counts = {"count": rsa.significant_by_layer(q, num_layers, 0.01)}
    if permuted is not None:
        found = permutation.permutation_p(permuted)
        tables |= {"permutation_p": found.p, "permutation_p_fwe": found.fwe,
                   "permutation_p_fwe_by_attribute": found.fwe_by_attribute, "permutation_max": permuted.largest}
        counts["count_fwe"] = rsa.significant_by_layer(found.fwe, num_layers, 0.05)
        counts["count_fwe_by_attribute"] = rsa.significant_by_layer(found.fwe_by_attribute, num_layers, 0.05)
    frames = {name: pd.DataFrame(table, columns=attributes) for name, table in tables.items()}
    frames["significant_by_layer"] = pd.DataFrame({
        "layer": np.repeat(np.arange(num_layers), len(attributes)), "attribute": list(attributes) * num_layers,
        **{name: count.ravel() for name, count in counts.items()}})
    return pd.DataFrame(rsa.rank_neurons(tau), columns=attributes), frames


def partial_tables(found: profiles.Partial, tested: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Partial correlations of profiles with the tested attributes, and their p-values."""
    names = "partial_r", "partial_p", "partial_p_fwe", "partial_p_fwe_by_attribute"
    return {name: pd.DataFrame(table, columns=tested) for name, table in zip(names, found)}


def replication_table(
        tau: pd.DataFrame, fwe: pd.DataFrame, values: np.ndarray, attribute_rdms: np.ndarray, num_layers: int,
        permutations: int, seed: int = 0,
) -> pd.DataFrame:
    """Test neurons found with some seeds on others: one row per neuron and attribute with family-wise p < 0.05.

    The seeds differ, the concepts do not: what is found again holds for other prompts, not for other concepts.

    Parameters
    ----------
    tau, fwe : DataFrame [N, A]
        From the seeds that find; `fwe` over neurons and attributes.
    values : array [S, E, N]
        Activations under the other seeds.
    attribute_rdms : array [A, P]
    num_layers, permutations, seed : int

    Returns
    -------
    DataFrame
        `tau` and `permutation_p_fwe` of the seeds that find; `tau_again`, `permutation_p` (one-sided) and `q` (over the
        table's rows) of the others.
    """
    neuron, attribute = np.nonzero(fwe.to_numpy() < 0.05)
    layer, unit = np.divmod(neuron, len(tau) // num_layers)
    table = pd.DataFrame({
        "attribute": tau.columns.to_numpy()[attribute], "neuron": neuron, "layer": layer, "unit": unit,
        "tau": tau.to_numpy()[neuron, attribute], "permutation_p_fwe": fwe.to_numpy()[neuron, attribute]})
    tau_again, p, q = np.empty((3, len(table)))
    if len(table):
        found, place = np.unique(neuron, return_inverse=True)
        again = permutation.permute(rsa.NeuronRDMs(values[:, :, found]), attribute_rdms, permutations, seed)
        tau_again, p = again.tau[place, attribute], permutation.permutation_p(again).p[place, attribute]
        q = false_discovery_control(p)
    table = table.assign(tau_again=tau_again, permutation_p=p, q=q)
    return table.sort_values(["attribute", "tau"], ascending=[True, False], kind="stable")


def overlap_table(found: permutation.Overlap, attributes: Sequence[str], thresholds: Sequence[int]) -> pd.DataFrame:
    """How many top neurons any two attributes share, against permuted labels: one row per pair and threshold."""
    pairs = list(combinations(attributes, 2))
    return pd.DataFrame({
        "attribute_1": np.repeat([first for first, _ in pairs], len(thresholds)),
        "attribute_2": np.repeat([second for _, second in pairs], len(thresholds)),
        "k": list(thresholds) * len(pairs), "overlap": found.overlap.ravel(), "expected": found.mean.ravel(),
        "sd": found.sd.ravel(), "permutation_p": found.p.ravel(),
        "test": "labels permuted, one-sided: more are shared; not corrected for the number of rows"})


def reliability_table(values: np.ndarray, attribute_rdms: np.ndarray, attributes: Sequence[str]) -> pd.DataFrame:
    """The reliability over seeds of each attribute's map of tau, from four random halvings of the seeds."""
    reliability = stability.split_half_reliability(values, attribute_rdms)
    return pd.DataFrame({"attribute": attributes, "reliability": reliability.mean(axis=0),
                         "lowest": reliability.min(axis=0), "highest": reliability.max(axis=0)})


def stability_table(
        values: np.ndarray, attribute_rdms: np.ndarray, attributes: Sequence[str], thresholds: Sequence[int],
) -> pd.DataFrame:
    """How far the top neurons depend on the concepts: one row per attribute and threshold.

    Means of 16 draws: `without_3`, the Jaccard index of the top k over all concepts and without 3 of them; `halves`,
    that of two disjoint halves of the concepts, beside `chance`; `halves_r`, the correlation of the halves' maps of
    tau. `without_3` and `halves_r` also come with `_lowest` and `_highest`. NaN where an attribute never varies over
    the concepts drawn.
    """
    left_out = stability.leave_concepts_out(values, attribute_rdms, thresholds)
    r, halves = stability.halve_concepts(values, attribute_rdms, thresholds)

    def over_draws(function, draws):
        defined = np.isfinite(draws).any(axis=0)
        return np.where(defined, function(np.where(defined, draws, 0), axis=0), np.nan)

    functions = {"": np.nanmean, "_lowest": np.nanmin, "_highest": np.nanmax}
    return pd.DataFrame({
        "attribute": np.repeat(list(attributes), len(thresholds)), "k": list(thresholds) * len(attributes),
        **{f"without_3{end}": over_draws(function, left_out).T.ravel() for end, function in functions.items()},
        "halves": over_draws(np.nanmean, halves).T.ravel(),
        "chance": [stability.chance_jaccard(values.shape[2], k) for k in thresholds] * len(attributes),
        **{f"halves_r{end}": np.repeat(over_draws(function, r), len(thresholds))
           for end, function in functions.items()}})


def top_table(
        values: np.ndarray, attribute_rdms: np.ndarray, attributes: Sequence[str], tau: np.ndarray, num_layers: int,
) -> pd.DataFrame:
    """The best neurons of each attribute, with a 95% interval of their tau over concepts.

    The neurons were chosen for their tau, which is therefore too large; the interval does not correct for that.
    """
    top = np.argsort(rsa.rank_neurons(tau), axis=0, kind="stable")[: min(TOP, len(tau))]
    low, high = stability.bootstrap_concepts(rsa.NeuronRDMs(values[:, :, top.T.ravel()])[:],
                                             np.repeat(attribute_rdms, len(top), axis=0))
    layer, unit = np.divmod(top, len(tau) // num_layers)
    return pd.DataFrame({
        "attribute": np.repeat(list(attributes), len(top)), "neuron": top.T.ravel(), "layer": layer.T.ravel(),
        "unit": unit.T.ravel(), "tau": np.nan_to_num(np.take_along_axis(tau, top, axis=0)).T.ravel(),
        "ci_low": low, "ci_high": high})
