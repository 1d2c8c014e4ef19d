"""Neuron activations and effects: ``{concept}-{seed}.csv``, one row of numbers under the header ``0..N-1``."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from framework.errors import UserError
from framework.files import names, opening, taskfolder, writing
from framework.files.opening import PathLike
from framework.files.record import Output, Record, record_path
from framework.files.tables import read_table
from framework.tasks import Task

if TYPE_CHECKING:
    import pandas as pd

MADE_BY = "get_active_neuron.py (step 3)"
MOST = 1e38  # a neuron's values stay below this, so their differences fit float32


def tasks(folder: PathLike) -> list[Task]:
    """The tasks that a folder holds activations of; `read` refuses those that its record does not name."""
    found = names.task_files(folder, ".csv")
    if not found:
        raise UserError(f"{folder}: holds no activations (concept-seed.csv); {MADE_BY} makes them, --activation_dir "
                        "says where they are")
    return list(found)


def check_are_effects(folder: PathLike, effects: bool = True) -> None:
    """Refuse activations where effects are wanted or, without `effects`, the reverse: both have the same form."""
    effects_by = "get_neuron_effect.py"
    made_by = Record.read(folder).made_by  # empty if unknown
    if effects and not names.task_files(folder, ".csv"):
        raise UserError(f"--effects {folder}: holds no effects (concept-seed.csv); {effects_by} makes them")
    if effects and made_by == MADE_BY.partition(" ")[0]:
        raise UserError(f"--effects {folder}: holds activations; {effects_by} makes effects")
    if not effects and made_by == effects_by:
        raise UserError(f"{folder}: holds effects of neurons, not activations; {MADE_BY} makes activations")


def output_names(tasks: Iterable[Task]) -> list[str]:
    """The files that a run of these tasks writes, sums over seeds included, for `Output`."""
    return sorted({f"{name}.csv" for task in tasks for name in (task.name, f"{task.concept}-all")})


def left(output: Output, prompts: Mapping[Task, str], ends: Sequence[str] = (".csv",),
         trainings: Mapping[Task, str] | None = None) -> list[Task]:
    """The tasks whose activations are missing or were read under another prompt, given each prompt's digest.

    `ends` are the endings of a task's file names; `trainings`, digests of the settings that prompts were trained with.
    Raises `UserError` if a task's file in the folder is not ours, since sums and ranks cover all that are there, or was
    read under a prompt of another training and may not be replaced.
    """
    for path in names.task_files(output.folder, ".csv").values():
        output.check_ours(path.name)
    read_under = output.record.get("prompts", {})
    tasks = [task for task, digest in prompts.items() if read_under.get(task.name) != digest
             or not all(output.finished(task.name + end) for end in ends)]
    known, trainings = output.record.notes.setdefault("trainings", {}), trainings or {}
    for task in tasks if not output.overwrite else ():
        another = known.get(task.name) not in (None, trainings.get(task))
        if another and output.finished(task.name + ends[0]):
            raise UserError(f"{output.folder / task.name}{ends[0]}: was made with a prompt that was trained with other "
                            f"settings than {task.name} of --checkpoint_dir; pass --overwrite to replace it, or choose "
                            "another folder")
    known |= {task.name: training for task, training in trainings.items()}
    return tasks


def write(output: Output, task: Task, values: np.ndarray, prompt: str | None = None) -> None:
    """Write one task's activations: array [N], floats with as many digits as tell them apart, or int.

    `prompt` is the digest of the prompt that they were read under, for `left`.
    """
    if prompt is not None:
        output.record.notes.setdefault("prompts", {})[task.name] = prompt
    output.write_text(f"{task.name}.csv", _as_text(values))


def write_sum(output: Output, concept: str) -> None:
    """Write ``{concept}-all.csv``, the sum of a concept's activations over all seeds in the output.

    Sums are float32, written as integers if all are whole, as those of after_relu (counts of seeds) are.
    """
    rows = [_read_file(names.task_path(output.folder, task, ".csv"), output.record).astype(np.float32)
            for task in tasks(output.folder) if task.concept == concept]
    total = np.sum(rows, axis=0, dtype=np.float32)
    output.write_text(f"{concept}-all.csv", _as_text(total.astype(np.int64) if (total == total.round()).all() else
                                                     total))


def _as_text(values):
    return f"{','.join(map(str, range(len(values))))}\n{','.join(map(str, values))}\n"


def read(folder: PathLike, concepts: Sequence[str],
         seeds: Sequence[int | str] | None = None) -> tuple[np.ndarray, list[int | str]]:
    """Activations of all neurons under the prompts of some concepts, read in parallel.

    `seeds` are numbers or "all"; the default is those that any of the concepts has, in ascending order.

    Returns
    -------
    values : array [S, E, N], float64
    seeds : list
    """
    there = tasks(folder)
    if seeds is None:
        seeds = sorted({task.seed for task in there if task.concept in concepts})
    seeds = list(dict.fromkeys(seeds))  # one named twice counts once
    if not seeds:
        raise UserError(f"{folder}: has no activations for {names.listed(list(concepts))}; {MADE_BY} makes them")
    paths = [names.task_path(folder, Task(concept, seed), ".csv")  # type: ignore[arg-type]  # or the sum, "all"
             for seed in seeds for concept in concepts]
    record = Record.read(folder)
    first = _read_file(paths[0], record)
    values = np.empty((len(paths), len(first)))

    def read_into(place):
        row = _read_file(paths[place], record)
        if len(row) != len(first):
            raise UserError(f"{paths[place]}: has {len(row)} neurons, {paths[0].name} has {len(first)}; "
                            f"all must come from one model, so run {MADE_BY} again for all prompts")
        values[place] = row

    with ThreadPoolExecutor() as pool:
        list(pool.map(read_into, range(len(paths))))
    return values.reshape(len(seeds), len(concepts), -1), list(seeds)


@functools.lru_cache(maxsize=2)
def _header(neurons):
    return ",".join(map(str, range(neurons))).encode()


def _read_file(path, record):
    import pyarrow
    import pyarrow.compute

    made_by = record.made_by or MADE_BY
    again = f"run {made_by} for this concept and seed"
    content = record.check_unchanged(path, opening.read_bytes(path, made_by=made_by), part=True)
    lines = content.splitlines()
    if len(lines) != 2 or not content.endswith(b"\n"):  # without its end, the last number may have lost digits
        raise UserError(f"{path}: is not a line of column names and a line of activations, or is cut off; {again}")
    columns, fields = (line.count(b",") + 1 for line in lines)
    if fields != columns:
        raise UserError(f"{path}: has {fields} activations for {columns} neurons; {again}")
    if lines[0] != _header(columns):
        raise UserError(f"{path}: its columns are not named 0 to {columns - 1}; {again}")
    try:
        text = pyarrow.array([lines[1]], pyarrow.string())
        row = pyarrow.compute.split_pattern(text, ",").flatten().cast(pyarrow.float64()).to_numpy()
    except pyarrow.ArrowInvalid:
        raise UserError(f"{path}: holds something that is not a number; {again}") from None
    sound = np.abs(row) < MOST  # False for NaN
    if not sound.all():
        raise UserError(f"{path}: the activation of neuron {np.flatnonzero(~sound)[0]} is NaN, infinite or too large; "
                        f"{again}")
    return row


# ------------------------------------------------------------------------- what adding to a neuron does, beside effects

EFFECT_ENDS = (".csv", "-added.csv")  # of setting a neuron to zero, and of adding 1 to it


def progress(folder: PathLike, tasks: Iterable[Task]) -> tuple[dict[Task, str], list[str]]:
    """Progress of tasks' effects, as from `taskfolder.progress`; while a process runs, the first left is under way."""
    record = Record.read(folder)

    def check(path):
        for file in (path, path.with_name(f"{path.stem}{EFFECT_ENDS[1]}")):
            record.check_unchanged(file, opening.read_bytes(file), part=True)
        return record

    states, problems = taskfolder.progress(folder, EFFECT_ENDS[0], tasks, check)
    left = [task for task, state in states.items() if state == "left"]
    if left and writing.is_locked(folder, record_path(folder).name):
        states[left[0]] = "running"
    return states, problems


def write_effect(output: Output, task: Task, effects: np.ndarray, prompt: str) -> None:
    """Write a task's two files of effects [2, N], as `write` does."""
    output.write_text(task.name + EFFECT_ENDS[1], _as_text(effects[1]))
    write(output, task, effects[0], prompt)


def read_added(folder: PathLike, tasks: Iterable[Task]) -> np.ndarray:
    """The effects of adding 1 to each neuron: array [T, N]."""
    return read(folder, [task.name for task in tasks], ["added"])[0][0]


# -------------------------------------------------------------------------- statistics of neurons over comments

STATISTICS = ("mean", "sd", "mean_abs", "share_above_0")


def read_statistics(path: PathLike) -> pd.DataFrame:
    """One row per neuron: `STATISTICS`, and its values at S sampled positions, `sample1` to `sampleS`."""
    table = read_table(path, made_by=f"{MADE_BY} with --statistics", of=path, most=1 << 36)
    for name in STATISTICS:
        if name not in table.columns:
            raise UserError(f"{path}: has no column {name!r}; {MADE_BY} writes it with --statistics")
    if not (table.abs() < MOST).all(axis=None):
        raise UserError(f"{path}: has values of {MOST:g} or more; make it again with {MADE_BY} --statistics")
    return table
