"""What step 4 compares: neurons' activations with attributes, over the concepts that both have."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from framework.analysis import rsa
from framework.analysis.profiles import beyond
from framework.errors import UserError
from framework.files import activations
from framework.files.names import check_distinct, task_path
from framework.files.opening import PathLike, where_from
from framework.files.people import read_attributes
from framework.running import flags as known
from framework.tasks import Task

_LEAST_CONCEPTS = 4
_FEW_CONCEPTS = 8


class Study(NamedTuple):
    """What is ranked, and by what."""

    values: np.ndarray  # [S, E, N]
    seeds: list[int | str]  # [S]
    concepts: list[str]  # [E]
    attributes: list[str]  # [A]
    rdms: np.ndarray  # [A, E (E - 1) / 2]
    ratings: np.ndarray | None  # [E, A]; None where the file has distances, or in mode 3Spaces


def read(flags: argparse.Namespace) -> Study:
    """Read what step 4's flags name, over the concepts that both sides have; prints those that one side lacks.

    Raises
    ------
    UserError
        If fewer than 4 concepts are left, an attribute or all neurons do not vary over them, or a file cannot be read.
    """
    attributes, rated, numbers, are_ratings = read_attributes(flags.attributes, flags.concept_order)
    rdms = rsa.attribute_rdms(numbers) if are_ratings else numbers
    if flags.mode == "3Spaces":
        for attribute in sum(rsa.SPACES.values(), ()):
            if attribute not in attributes:
                raise UserError(f"{flags.attributes}: has no {attribute!r}, but --mode 3Spaces needs all 14 of "
                                "the study; use --mode 14Properties")
        attributes, rdms, are_ratings = list(rsa.SPACES), rsa.space_rdms(rdms, attributes), False

    activations.check_are_effects(flags.activation_dir, effects=False)
    tasks = known.choose(flags, activations.tasks(flags.activation_dir), flags.activation_dir,
                         "get_active_neuron.py (step 3)")
    activated = list(dict.fromkeys(task.concept for task in tasks))
    check_distinct(dict.fromkeys([*rated, *activated]), f"{flags.attributes} and {flags.activation_dir}",
                   "write both in the same way")
    concepts = [concept for concept in rated if concept in activated]
    missing = {f"no activations in {flags.activation_dir}": set(flags.sentiment or rated) & set(rated) - set(activated),
               f"not in {flags.attributes}": set(activated) - set(rated)}
    if named := [f"{', '.join(sorted(names))} ({where})" for where, names in missing.items() if names]:
        print("left out:", "; ".join(named))
    if len(concepts) < _LEAST_CONCEPTS:
        raise UserError(f"{flags.activation_dir}: has activations for {len(concepts)} of the {len(rated)} concepts in "
                        f"{flags.attributes}; step 4 needs at least {_LEAST_CONCEPTS}, which make 6 distances to "
                        "compare, so train and read prompts for more concepts, or rate more")
    if len(concepts) < _FEW_CONCEPTS:
        print(f"warning: {len(concepts)} concepts make only {len(concepts) * (len(concepts) - 1) // 2} pairs, so many "
              "neurons match any attribute by chance; take the ranks as a description")
    chosen = [rated.index(concept) for concept in concepts]
    rdms = rsa.reorder_rdms(rdms, chosen)
    for attribute, rdm in zip(attributes, rdms):
        check_varied(flags.attributes, attribute, rdm)
    values, seeds = read_activations(flags.activation_dir, concepts, flags.seed)
    if (values == values[:, :1]).all():
        raise UserError(f"{flags.activation_dir}: no neuron differs between concepts, so none can "
                        "be ranked; read other prompts with get_active_neuron.py (step 3)")
    return Study(values, seeds, concepts, attributes, rdms, numbers[chosen] if are_ratings else None)


def read_activations(
    folder: Path, concepts: Sequence[str], seeds: Sequence[int] | None
) -> tuple[np.ndarray, list[int | str]]:
    """`activations.read`; the error about a task that is not there also names the flags that leave it out."""
    there = {*activations.tasks(folder)}
    for seed in seeds or sorted({task.seed for task in there if task.concept in concepts}):
        for concept in concepts:
            if Task(concept, seed) not in there:
                path = task_path(folder, Task(concept, seed), ".csv")
                raise UserError(f"{path}: no such file{where_from(path, activations.MADE_BY)}, or name with "
                                "--sentiment and --seed what is there")
    return activations.read(folder, concepts, seeds)


def check_varied(source: PathLike, name: str, rdm: np.ndarray) -> None:
    """Refuse dissimilarities [pairs] that do not vary: nothing can be compared with them."""
    if not np.ptp(rdm) > 0:  # also refuses NaN, from a constant pattern
        raise UserError(f"{source}: the distances of {name!r} are all the same or undefined over the concepts used; "
                        "leave it out")


def others(flags: argparse.Namespace, study: Study) -> np.ndarray | None:
    """The activations [S', E, N] under the seeds of `--replicate`; None without it.

    Raises
    ------
    UserError
        If there are no permutations, a seed chooses neurons as well, or activations are missing.
    """
    if not flags.replicate:
        return None
    if not flags.permutations:
        raise UserError("--replicate: neurons are found by permutations; give --permutations more than 0")
    if both := sorted(set(flags.replicate) & set(study.seeds)):
        raise UserError(f"--replicate {both[0]}: this seed chooses the neurons, too; name the seeds that choose with "
                        "--seed, and others here")
    return activations.read(flags.activation_dir, study.concepts, flags.replicate)[0]


def given(flags: argparse.Namespace, study: Study) -> list[list[int]]:
    """For each attribute that `--given` tests, its index, then those of the attributes given; empty without the flag.

    Raises
    ------
    UserError
        If there are no ratings, no permutations or too few concepts, or an attribute follows from others.
    """
    if not flags.given:
        return []
    if study.ratings is None:
        raise UserError("--given: compares profiles with ratings of single attributes; give --attributes a table of "
                        "ratings (a column `emotion` or `concept`) and --mode 14Properties")
    if not flags.permutations:
        raise UserError("--given: is tested by permutations; give --permutations more than 0")
    names = study.attributes if flags.given == ["others"] else flags.given
    for name in names:
        if name not in study.attributes:
            raise UserError(f"--given {name}: is no attribute of {flags.attributes}; name one or more of "
                            f"{', '.join(study.attributes)}, or `others` alone")
    numbers = [study.attributes.index(name) for name in dict.fromkeys(names)]
    sought = [[tested, *others] for tested in range(len(study.attributes))
             if (others := [number for number in numbers if number != tested])]
    if not sought:
        raise UserError(f"--given {' '.join(flags.given)}: {flags.attributes} has no other attribute to test; "
                        "leave --given out")
    most, bearable = max(map(len, sought)) - 1, max(0, len(study.concepts) - 4)
    if most > bearable:
        raise UserError(f"--given: {len(study.concepts)} concepts allow {bearable} given attributes at most, not "
                        f"{most}; name fewer attributes, or use more concepts")
    for tested, *others in sought:
        if not beyond(study.ratings[:, tested], study.ratings[:, others]).any():
            raise UserError(f"--given: {study.attributes[tested]!r} follows from the attributes given; leave one of "
                            "them out")
    return sought
