"""From files to figures: ranks, dissimilarities, simulations. Each function yields (name, figure or None, table)."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from tqdm import tqdm

from framework.analysis import concepts as order
from framework.analysis.permutation import simulate_null
from framework.errors import UserError
from framework.figures import concepts, neurons
from framework.files import ranks as rank_files
from framework.files.record import Record
from framework.running import rdms
from framework.running.script import counted

Drawn = Iterator[tuple[str, Figure | None, pd.DataFrame]]


def left_out(name: str, reason: str) -> None:
    """Say that a figure is missing, and why."""
    print(f"left out {name}: {reason}")


def counts_by_layer(flags: argparse.Namespace) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield a figure's name, its criterion, and how many neurons step 4 found by layer (rows) and attribute."""
    table = rank_files.read_beside(flags.ranks, "significant_by_layer", words=("attribute",))
    if table is None:
        return
    for column, (name, criterion) in neurons.CRITERIA.items():
        if column in table:
            counts = table.pivot(index="layer", columns="attribute", values=column)[table["attribute"].unique()]
            yield name, criterion, counts


def read_ranks(path: Path) -> tuple[dict[str, np.ndarray], Record]:
    """The ranks of step 4 and their record; refuses ranks by effect, which mirror no attribute."""
    ranks, made = rank_files.read(path)
    if made.get("kind") == "effect":
        raise UserError(f"--ranks {path}: ranks neurons by effect; give ranks by attribute, which rsa_searchlight.py "
                        "makes")
    return ranks, made


def of_ranks(flags: argparse.Namespace) -> Drawn:
    """What step 4 wrote."""
    if not flags.ranks:
        return left_out(", ".join(["Neurons_Correspond_Selectively_to_Emotional_Attributes",
                                   *(name for name, _ in neurons.CRITERIA.values()), "permutation_null"]), "no --ranks")
    ranks, made = read_ranks(flags.ranks)
    count = len(next(iter(ranks.values())))
    if flags.k and flags.k > count:
        raise UserError(f"--k {flags.k}: {flags.ranks} ranks {count} neurons; give a --k from 1 to {count}")
    k = flags.k or min(4000, -(-count // 9))  # the study's 4,000 are a ninth of its neurons
    top = neurons.rank_selective_neurons(ranks, k)
    yield ("Neurons_Correspond_Selectively_to_Emotional_Attributes", neurons.selective_neurons(top, k),
           top.reset_index(allow_duplicates=True))  # an attribute may be called `neuron`

    found = list(counts_by_layer(flags))
    over, seeds = made.get("concepts"), made.get("seeds")
    data = f"{len(over)} concepts and {counted(len(seeds), 'seed')}" if over and seeds else ""
    for name, criterion, counts in found:
        yield (name, neurons.significant_neurons(counts, count // len(counts), criterion, data),
               counts.reset_index(allow_duplicates=True))
    missing = [name for name, _ in neurons.CRITERIA.values() if name not in [name for name, *_ in found]]
    if missing:
        left_out(", ".join(missing), "rsa_searchlight.py --permutations makes it" if found else
                 f"no {rank_files.table_path(flags.ranks, 'significant_by_layer')}")

    largest, tau = (rank_files.read_beside(flags.ranks, name) for name in ("permutation_max", "tau"))
    if largest is None or tau is None:
        return left_out("permutation_null", f"no {rank_files.table_path(flags.ranks, 'permutation_max')}; "
                        "rsa_searchlight.py --permutations makes it")
    observed = tau[largest.columns].max()
    yield ("permutation_null", neurons.permutation_null(largest.to_numpy(), observed.to_numpy(), largest.columns),
           pd.concat([observed.to_frame().T, largest], keys=["as they are", "permuted"], names=["labels", None])
           .reset_index("labels", allow_duplicates=True))


def of_rdms(flags: argparse.Namespace) -> Drawn:
    """How concepts differ: to people, to the model and by each attribute."""
    missing = [f"no --{flag}" for flag in ("similarity", "activation_dir") if not getattr(flags, flag)]
    if missing:
        left_out("rdm_people_and_model" + (", concept_map" if len(missing) == 2 else ""), ", ".join(missing))
    if not flags.attributes:
        left_out("rdm_attributes", "no --attributes")
        if len(missing) == 2:
            return
    found = rdms.read(flags)
    if len(found.concepts) < 3:
        return left_out("rdm_model, concept_map", "the model has fewer than 3 concepts")
    pairs = pd.DataFrame(combinations(found.concepts, 2), columns=["emotion_1", "emotion_2"])
    whole = found.people | found.model
    whose = "rdm_" + "_and_".join(word for word in ("people", "model") if getattr(found, word))
    for name, shown in ((whose, whole), ("rdm_attributes", found.attributes)):
        if shown:
            figure = concepts.rdm_matrices(shown, found.concepts, found.order, found.ordered_by)
            yield name, figure, pd.concat([pairs, pd.DataFrame(shown)], axis=1)
    if whole:
        places, fit = order.similarity_maps([*whole.values()])
        table = pd.DataFrame({"emotion": found.concepts, **{
            f"{title}, {axis}": place[:, i] for title, place in zip(whole, places) for i, axis in enumerate("xy")}})
        yield ("concept_map", concepts.concept_map(dict(zip(whole, places)), fit, found.concepts, found.order),
               table.iloc[found.order])


def of_simulations(flags: argparse.Namespace) -> Drawn:
    """How often each test of step 4 finds something in neurons without a signal."""
    if not flags.simulations:
        return left_out("false_positives", "--simulations 0")
    ranked = Record.read(flags.ranks) if flags.ranks else Record("", {})
    count = len(ranked.get("concepts", ranked.get("emotions", ()))) or 27
    seeds = tqdm(range(flags.simulations), "simulations")
    p, permutation_p = np.concatenate([simulate_null(concepts=count, seed=seed) for seed in seeds], axis=1)
    alpha = np.arange(1, 51) / 200
    yield "false_positives", neurons.false_positives(p, permutation_p, count), pd.DataFrame({
        "p": alpha, "independent_distances": [(p <= a).mean() for a in alpha],
        "permuted_concepts": [(permutation_p <= a).mean() for a in alpha]})
