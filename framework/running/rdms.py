"""The dissimilarities between concepts that a script is given, and the one order that figures and page show them in."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np

from framework.analysis import concepts as order
from framework.analysis import rsa
from framework.errors import UserError
from framework.files import activations, config, people
from framework.files.record import Record
from framework.tasks import Task

_say_once = functools.cache(print)


class RDMs(NamedTuple):
    """Dissimilarities [pairs] by title, over the concepts [E] that all sources share; empty for a source not given."""

    concepts: list[str]
    people: dict[str, np.ndarray]
    attributes: dict[str, np.ndarray]
    model: dict[str, np.ndarray]
    order: np.ndarray  # [E], similar concepts side by side
    ordered_by: str  # whose dissimilarities the order follows, in words


def read(flags: argparse.Namespace, values: tuple[list[str], np.ndarray] | None = None) -> RDMs:
    """Read what `--similarity`, `--attributes` (with `--concept_order`) and `--activation_dir` name: at least one.

    The order follows people's similarity judgements, else all attributes together, else the model, whose one or two
    concepts have no dissimilarities to show. `values` are the concepts [E] and activations [S, E, N] of
    `--activation_dir`, if they have been read already.

    Raises
    ------
    UserError
        If fewer than 3 concepts are common to all, or a file does not hold what it should.
    """
    sources = {}
    if flags.similarity:
        _, concepts, rdms, are_ratings = people.read_attributes(flags.similarity, flags.concept_order, made_by=None)
        if are_ratings or len(rdms) != 1:
            raise UserError(f"--similarity {flags.similarity}: must have one column, and one row per pair of concepts; "
                            "give people's mean judgements")
        sources["similarity"] = ["People"], concepts, rdms
    if flags.attributes:
        attributes, concepts, numbers, are_ratings = people.read_attributes(flags.attributes, flags.concept_order)
        sources["attributes"] = attributes, concepts, rsa.attribute_rdms(numbers) if are_ratings else numbers
    if flags.activation_dir:
        concepts, activity = values or tasks_and_values(flags.activation_dir)[1:]
        sources["activation_dir"] = ["Model, all neurons"], concepts, rsa.population_rdm(activity)[None]
    common = [concept for concept in next(iter(sources.values()))[1]
              if all(concept in concepts for _, concepts, _ in sources.values())]
    if len(common) < 3 and [*sources] == ["activation_dir"]:
        return RDMs(common, {}, {}, {}, np.arange(len(common)), "the model's activations")
    if len(common) < 3:
        raise UserError(f"{', '.join(f'--{flag}' for flag in sources)}: have fewer than 3 concepts in common; "
                        "give files of the same concepts")
    found = {flag: rsa.reorder_rdms(rdms, [concepts.index(concept) for concept in common])
             for flag, (_, concepts, rdms) in sources.items()}
    titled = {flag: dict(zip(sources[flag][0], rdms)) for flag, rdms in found.items()}
    words = {"similarity": "people's judgements", "attributes": "all attributes together",
             "activation_dir": "the model's activations"}
    first = next(iter(found))
    return RDMs(common, titled.get("similarity", {}), titled.get("attributes", {}), titled.get("activation_dir", {}),
                order.similarity_order(found[first]), words[first])


def take_from_step_4(flags: argparse.Namespace) -> None:
    """Set `--attributes` and `--concept_order` as in step 4, if no flag names data from people."""
    if flags.attributes or flags.similarity:
        return
    attributes, over = (_of_step_4(flags.ranks, name) for name in ("attributes", "concept_order"))
    if attributes and attributes.exists() and (over is None or over.exists()):
        flags.attributes, flags.concept_order = attributes, flags.concept_order or over


def attributes_of_step_4(ranks: Path | None) -> Path | None:
    """The attributes that ranks were made from, if that file is there and known."""
    attributes = _of_step_4(ranks, "attributes")
    return attributes if attributes and attributes.exists() else None


def _of_step_4(ranks, name):
    """A path that step 4 was given, as its `.yaml` beside the ranks says."""
    written = ranks.with_suffix(".yaml") if ranks else None
    given = config.read_config(written) if written and written.exists() else {}
    return Path(str(given[name])) if name in given else None


def activity_of_ranks(flags: argparse.Namespace) -> tuple[list[str], np.ndarray]:
    """Concepts [E] and values [S, E, N] of `--activation_dir` that `--ranks` was made from; without ranks, all."""
    activations.check_are_effects(flags.activation_dir, effects=False)
    made_with = Record.read(flags.ranks) if flags.ranks else Record("", {})
    concepts = made_with.get("concepts") or made_with.get("emotions")
    if not concepts:
        return tasks_and_values(flags.activation_dir)[1:]
    return concepts, activations.read(flags.activation_dir, concepts, made_with.get("seeds"))[0]


def tasks_and_values(
    folder: activations.PathLike, effects: bool = False
) -> tuple[list[Task], list[str], np.ndarray]:
    """Tasks, concepts [E] and values [S, E, N] in a folder of activations or effects, of the seeds common to all."""
    activations.check_are_effects(folder, effects)
    there = activations.tasks(folder)
    concepts = list(dict.fromkeys(task.concept for task in there))
    seeds = sorted(set.intersection(*({task.seed for task in there if task.concept == each} for each in concepts)))
    if not seeds:
        raise UserError(f"{folder}: its concepts have no seed in common; make the missing files with the script that "
                        "made the others")
    if len(there) > len(seeds) * len(concepts):
        _say_once(f"{folder}: only the seeds that all concepts have are used ({' '.join(map(str, seeds))})")
    values, _ = activations.read(folder, concepts, seeds)
    return [Task(concept, seed) for seed in seeds for concept in concepts], concepts, values
