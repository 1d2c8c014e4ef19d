"""Results of masked evaluation, ``{concept}-{seed}.json``: what was measured, and the record of what made it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.errors import UserError
from framework.files import names, opening, writing
from framework.files.opening import PathLike
from framework.files.record import Record, digest
from framework.files.tables import read_table
from framework.files.taskfolder import TaskFolder, check_alike
from framework.measures import MEASURES
from framework.tasks import Task

if TYPE_CHECKING:
    import pandas as pd

MADE_BY = "eval_mask_neuron.py (step 6)"

Measured = dict[str, dict[str, float]]  # by measure, then by mask; ``best`` is without a mask


def fields() -> set[str]:
    """The top-level names in a file that are not masks with their accuracies."""
    return {"sentiment", "seed", "settings", "sha256", *(measure.key for measure in MEASURES.values() if measure.key)}


@dataclass
class Result:
    """What was measured of one task: each of `MEASURES`, empty if an earlier version did not take it.

    NaN (null in the file) is under a mask that makes numbers too large for the model to answer.
    """

    measured: Measured
    record: Record


def read(path: PathLike) -> Result:
    """One task's result, ours or a published one, checked."""
    content = opening.read_json(path, MADE_BY)
    if not {"sentiment", "seed", "best"} <= content.keys():
        raise UserError(f"{path}: is not a result (no `sentiment`, `seed` or `best` in it); run {MADE_BY} again")
    # Scripts name files after these two.
    task = content["sentiment"], content["seed"]
    if type(task[1]) is not int or not isinstance(task[0], str) or Path(path).stem != f"{task[0]}-{task[1]}":
        raise UserError(f"{path}: holds the result of another task ({str(task[0])[:40]}, seed {str(task[1])[:40]}); "
                        f"run {MADE_BY} again")
    return _checked(path, content)


def _digest(path, content):
    try:
        return digest(content)
    except RecursionError:  # reading allows a few more levels than writing
        raise UserError(f"{path}: is not a result, since its values are nested; run {MADE_BY} again") from None


def _checked(path, content):
    record = Record.from_dict(content.get("settings"), path)
    if (record.made_by or "sha256" in content) and content.pop("sha256", None) != _digest(path, content):
        raise UserError(f"{path}: has changed since it was written; run {MADE_BY} again")
    if "rank_sha256" in record.settings:  # the note's earlier name
        record.notes["ranks_of_masks"] = record.settings.pop("rank_sha256")
    others = fields()
    top = {name: value for name, value in content.items() if name not in others}
    measured = {}
    for measure in MEASURES.values():
        values = content.get(measure.key, {}) if measure.key else top
        if not isinstance(values, dict):
            raise UserError(f"{path}: its `{measure.key}` do not give a number for each mask; run {MADE_BY} again")
        for name, value in values.items():
            names.check_attribute(name, path, most=200)
            if type(value) not in (int, float) and (value is not None or name == "best"):
                raise UserError(f"{path}: {name!r} is not a number; run {MADE_BY} again")
            if value is not None and not measure.least <= value <= measure.most:  # also refuses NaN
                raise UserError(f"{path}: the {measure.name} of {name!r} is {str(value)[:20]}, not between "
                                f"{measure.least:g} and {measure.most:g}; run {MADE_BY} again")
        measured[measure.name] = {name: math.nan if value is None else value for name, value in values.items()}
    return Result(measured, record)


def read_each(folder: PathLike, tasks: Collection[Task] | None = None) -> dict[str, pd.DataFrame]:
    """All tasks, or some, under every mask: one table for each measure that all of them have.

    Columns are `sentiment`, `seed`, `best` and one per mask; NaN where a file lacks the mask. Refuses files that were
    made with different settings.
    """
    import pandas as pd

    results = {task: (path, read(path)) for task, path in names.task_files(folder, ".json").items()
               if tasks is None or task in tasks}
    if not results:
        raise UserError(f"{folder}: holds no results (concept-seed.json); {MADE_BY} makes them")
    check_alike({path: result.record for path, result in results.values()}, ["prompt"])
    return {name: pd.DataFrame([{"sentiment": task.concept, "seed": task.seed, **result.measured[name]}
                                for task, (_, result) in results.items()])
            for name in MEASURES if all(result.measured[name] for _, result in results.values())}


def read_all(folder: PathLike, measure: str = "accuracy") -> pd.DataFrame:
    """One of the measures of `read_each`, which all tasks must have."""
    found = read_each(folder)
    if measure not in found:
        path = next(path for path in names.task_files(folder, ".json").values() if not read(path).measured[measure])
        raise UserError(f"{path}: has no {MEASURES[measure].key}, since an earlier version made it; run {MADE_BY} "
                        "again with another --results")
    return found[measure]


def _masks(measured):
    """The masks under which all measures were taken."""
    return set.intersection(*map(set, measured.values()))


class Folder(TaskFolder):
    """A folder of results that step 6 fills, with what is measured so far of the tasks under way."""

    suffix, read = ".json", staticmethod(read)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._measured: dict[Task, Measured] = {}

    def take_up(self, task: Task) -> set[str]:
        """Begin a task, or go on from what an interrupted run measured; returns the masks that are measured.

        If that file is damaged, its masks are measured again, which takes only minutes. Raises `UserError` if it was
        made with other settings and `overwrite` is not set.
        """
        path = self.partial_path(task)
        self._measured[task] = {name: {} for name in MEASURES}
        try:
            found = _checked(path, opening.read_json(path))
        except UserError:  # none there, or damaged
            return set()
        difference = self.record_of(task).difference(found.record)
        if difference and not self._overwrite:
            raise UserError(f"{path}: keeps measurements made with other settings ({difference}); pass --overwrite to "
                            "measure again, or choose another folder")
        if not difference:
            self._measured[task] = found.measured
        return _masks(self._measured[task])

    def add(self, task: Task, measured: Measured, of: Iterable[str]) -> None:
        """Add what was measured of a task; once all masks `of` and ``best`` are there, its result is written."""
        for name, values in self._measured[task].items():
            values.update(measured[name])
        masks = ["best", *of]
        if _masks(self._measured[task]) >= set(masks):
            self.write(task, {name: {mask: values[mask] for mask in masks}
                              for name, values in self._measured.pop(task).items()})
            self.release(task)

    def save(self) -> None:
        """Keep what is measured so far of the tasks under way."""
        for task, measured in self._measured.items():
            writing.write_bytes(self.partial_path(task), self._content(task, measured))

    def write(self, task: Task, measured: Measured) -> None:
        """Write a task's result."""
        self.write_bytes(task, self._content(task, measured))

    def _content(self, task, measured):
        content = {"sentiment": task.concept, "seed": task.seed}
        for measure in MEASURES.values():
            values = {mask: value if math.isfinite(value) else None for mask, value in measured[measure.name].items()}
            content |= {measure.key: values} if measure.key else values
        content["settings"] = self.record_of(task).as_dict()
        return (json.dumps({**content, "sha256": digest(content)}, indent=1, allow_nan=False) + "\n").encode()


def masks_measured(folder: PathLike, task: Task) -> int:
    """Under how many masks an interrupted run has measured a task; 0 without one."""
    path = Folder(folder, Record("", {})).partial_path(task)
    try:
        return len(_masks(_checked(path, opening.read_json(path)).measured) - {"best"})
    except UserError:
        return 0


# The published results and the ratings have different names for some attributes.
_PUBLISHED_ATTRIBUTES = {**{name: f"{name}-face" for name in ("happy", "anger", "sad", "fear", "surprise", "disgust")},
                         "self-related": "self-relativity", "other-related": "other-relativity",
                         "non-novelty": "novelty"}


def read_published(attribute_folder: PathLike, random_folder: PathLike,
                   accuracy_path: PathLike | None = None) -> pd.DataFrame:
    """The study's published results, two folders of JSON files, in the form of ours and with our names.

    Parameters
    ----------
    attribute_folder, random_folder : path-like
        Accuracies under masks like ``happy_top1500`` and ``happy_random1500``, which become ``happy-face_top1500`` and
        ``happy-face_top1500_random``; tasks that only one of them has are left out.
    accuracy_path : path-like, optional
        A table for `read_accuracies`: accuracies without a mask, in place of those in the folders.
    """
    def rename(name):
        match = re.fullmatch(r"(.+)_(top|random)(\d+)", name)
        if not match:
            return name
        attribute = _PUBLISHED_ATTRIBUTES.get(match[1], match[1])
        return f"{attribute}_top{match[3]}" + ("_random" if match[2] == "random" else "")

    task = ["sentiment", "seed"]
    random = read_all(random_folder).drop(columns="best")
    results = read_all(attribute_folder).merge(random, on=task).rename(columns=rename)
    if results.empty:
        raise UserError(f"{random_folder}: has no task (concept and seed) in common with {attribute_folder}; "
                        "give two folders of one study")
    if accuracy_path is not None:
        unmasked = read_accuracies(accuracy_path).set_index(["sentiment", "random_seed"])["accuracy"]
        results["best"] = [unmasked.get(key, math.nan) for key in zip(results["sentiment"], results["seed"])]
        if results["best"].isna().any():
            concept, seed = results.loc[results["best"].isna(), task].iloc[0]
            raise UserError(f"{accuracy_path}: has no accuracy for {concept}, seed {seed}; add it, or "
                            "leave --accuracy out")
    return results


def read_accuracies(path: PathLike) -> pd.DataFrame:
    """Step 1's table `sentiment, random_seed, accuracy`: each task once, accuracies in 0..1."""
    table = read_table(path, ["sentiment", "random_seed", "accuracy"], words=["sentiment"],
                       made_by="train.py (step 1)")
    twice = table.duplicated(["sentiment", "random_seed"])
    if twice.any():
        concept, seed = table.loc[twice, ["sentiment", "random_seed"]].iloc[0]
        raise UserError(f"{path}: has {concept}, seed {seed} twice; leave one of the rows out")
    wrong = ~table["accuracy"].between(0, 1)
    if wrong.any():
        raise UserError(f"{path}: an accuracy is {table['accuracy'][wrong].iloc[0]:g}; it must be between 0 and 1")
    return table
