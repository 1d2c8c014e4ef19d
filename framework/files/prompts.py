"""Prompts, ``{concept}-{seed}.pt``: dicts that `torch.save` wrote, ours or published; and training under way."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from framework.errors import UserError
from framework.files import names, opening, tensors, writing
from framework.files.opening import PathLike
from framework.files.record import Output, Record, digest, record_path
from framework.files.taskfolder import TaskFolder, check_alike
from framework.tasks import Task

if TYPE_CHECKING:
    import pandas as pd

MADE_BY = "train.py (step 1)"


@dataclass
class Prompt:
    """A trained prompt; tensors are [P, W], float32, accuracies on the dev split, in 0..1."""

    best_prompt: torch.Tensor  # of the epoch with the best dev accuracy
    best_acc: float
    epoch: int  # of the best; -1 if unknown
    final_prompt: torch.Tensor | None  # of the last epoch; None where the file has none
    final_acc: float | None
    record: Record  # what it was trained with; empty in published files
    sha256: str  # of the file


def read(path: PathLike) -> Prompt:
    """A prompt, checked."""
    data = opening.read_bytes(path, made_by=MADE_BY)
    content = tensors.load_tensors(data, path)
    if not isinstance(content, dict) or "best_prompt" not in content or "best_acc" not in content:
        raise UserError(f"{path}: is not a prompt (no `best_prompt` or `best_acc` in it); train it again with train.py")
    task = f"{content.get('sentiment')}-{content.get('seed')}"
    if "sentiment" in content and task != Path(path).stem:  # published prompts and older ones do not say
        raise UserError(f"{path}: holds the prompt of another task ({task[:60]}); name the file after that task, or "
                        "train this one again with train.py")
    best = _checked_prompt(path, "best_prompt", content["best_prompt"])
    final = _checked_prompt(path, "final_prompt", content["final_prompt"]) if "final_prompt" in content else None
    if final is not None and final.shape != best.shape:
        raise UserError(f"{path}: its best and its final prompt differ in shape; train it again")
    prompt = Prompt(
        best, _checked_accuracy(path, "best_acc", content), int(_checked_number(path, "epoch", content, -1)), final,
        _checked_accuracy(path, "final_acc", content) if "final_acc" in content else None,
        Record.from_dict(content.get("settings"), path), hashlib.sha256(data).hexdigest())
    if (prompt.record.made_by or "sha256" in content) and content.get("sha256") != _digest(prompt):
        raise UserError(f"{path}: has changed since it was written, or an earlier version wrote it without a checksum; "
                        "train it again with train.py")
    return prompt


def _digest(prompt):
    """The digest of a file's content, the same however its numbers are stored."""
    def content(tensor):
        return None if tensor is None else hashlib.sha256(tensor.float().contiguous().numpy().tobytes()).hexdigest()

    return digest([content(prompt.best_prompt), content(prompt.final_prompt), prompt.best_acc, prompt.epoch,
                   prompt.final_acc, prompt.record.as_dict()])


def _as_bytes(task, prompt):
    content = {name: value for name, value in vars(prompt).items() if name != "record" and value is not None}
    return tensors.save_tensors({"sentiment": task.concept, "seed": task.seed, **content,
                                 "settings": prompt.record.as_dict(), "sha256": _digest(prompt)})


def _checked_prompt(path, name, prompt):
    if not tensors.holds_its_numbers(prompt) or prompt.dim() != 2 or not prompt.is_floating_point():
        raise UserError(f"{path}: `{name}` is not a matrix of numbers [prompt length, width]; train it again")
    prompt = prompt.detach().to(torch.float32)
    if not torch.isfinite(prompt).all():
        raise UserError(f"{path}: `{name}` has NaN or infinite values; train it again with a smaller --lr")
    return prompt


def _checked_number(path, name, content, default=math.nan):
    """A finite float from a number or a tensor of one element (published prompts have both)."""
    value = content.get(name, default)
    try:
        number = float(value) if isinstance(value, (int, float, torch.Tensor)) else math.nan
    except (ValueError, RuntimeError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{path}: `{name}` is not a number; train it again")
    return number


def _checked_accuracy(path, name, content):
    number = _checked_number(path, name, content)
    if not 0 <= number <= 1:
        raise UserError(f"{path}: `{name}` is {number}, but an accuracy is between 0 and 1; train it again")
    return number


def read_all(folder: PathLike, tasks: Iterable[Task] | None = None) -> dict[Task, Prompt]:
    """The prompts of some tasks, or all in a folder."""
    if tasks is None:
        tasks = names.task_files(folder, ".pt")
    return {task: read(names.task_path(folder, task, ".pt")) for task in tasks}


def _read_or_move(path):
    try:
        return read(path)
    except UserError as error:
        raise UserError(f"{error}; or move it away") from None


class Folder(TaskFolder):
    """A folder of prompts that training fills."""

    suffix, read = ".pt", staticmethod(read)

    def check_others(self, tasks: Sequence[Task]) -> None:
        """Refuse what is no prompt among other tasks' files: the table of accuracies could not list it."""
        for task, path in names.task_files(self.folder, ".pt").items():
            if task not in tasks:
                _read_or_move(path)

    def __enter__(self) -> Folder:
        """Refuse what would be in the way at the end of training; then as `TaskFolder`."""
        for old in self.folder.glob(".training-*.state"):
            raise UserError(f"{old}: an earlier version began this training, and this version cannot continue it; "
                            "remove the file to train its tasks again")
        table = accuracy_path(self.folder)
        if os.path.lexists(table) or os.path.lexists(record_path(table)):  # else a lock might find no room for itself
            with writing.lock(table.parent, "accuracies", wait=True):
                Output(table, Record("train.py", {}), redraw=True).check()
        super().__enter__()
        return self

    def write(self, task: Task, best_prompt: torch.Tensor, best_acc: float, epoch: int, final_prompt: torch.Tensor,
              final_acc: float) -> None:
        """Write a finished prompt; parameters are the fields of `Prompt`."""
        prompt = Prompt(best_prompt, best_acc, epoch, final_prompt, final_acc, self.record_of(task), sha256="")
        self.write_bytes(task, _as_bytes(task, prompt))


def write_rounded(folder: PathLike, trained: Mapping[Task, Prompt], overwrite: bool = False) -> None:
    """Write prompts to share: the best ones alone, rounded to float16, a quarter of the bytes.

    Their records say what trained them, that they are rounded, and from which files.

    Parameters
    ----------
    folder : path-like
    trained : dict of Task to Prompt
        All trained with the same settings.
    overwrite : bool
        Replace rounded prompts that were made with other settings; prompts that are not rounded never are.
    """
    rounded = {}
    for task, prompt in trained.items():
        best = prompt.best_prompt.half()
        if not torch.isfinite(best).all():
            raise UserError(f"{task.name}: its prompt has values beyond 65,504, which float16 cannot hold; share the "
                            "file as it is")
        record = replace(prompt.record, settings={**prompt.record.settings, "rounded_to": "float16"},
                         notes={"prompts": {task.name: prompt.sha256}, **prompt.record.notes})  # of the first file
        rounded[task] = replace(prompt, best_prompt=best, final_prompt=None, final_acc=None, record=record)
    check_alike({names.task_path(folder, task, ".pt"): prompt.record for task, prompt in rounded.items()})
    for task, path in names.task_files(folder, ".pt").items():
        if task in rounded and not _read_or_move(path).record.get("rounded_to"):
            raise UserError(f"{path}: was made with other settings (it is not rounded); choose another folder")
    with Folder(folder, next(iter(rounded.values())).record, overwrite) as output:
        left = output.left(rounded)  # refuses what others made
        paths = {task: names.task_path(folder, task, ".pt") for task in rounded}
        others = [task for task, prompt in rounded.items() if task not in left
                  and not torch.equal(read(paths[task]).best_prompt.half(), prompt.best_prompt)]
        if others and not overwrite:
            raise UserError(f"{paths[others[0]]}: is another prompt, trained with the same settings; pass --overwrite "
                            "to replace it, or choose another folder")
        for task in left:
            output.write_bytes(task, _as_bytes(task, rounded[task]))
        for task in others:  # finished, for the folder: its settings are the same
            writing.write_bytes(paths[task], _as_bytes(task, rounded[task]))


class SavedState:
    """The state of one group's training, held by this process until `release`; a new one, or one to go on from."""

    def __init__(self, folder: PathLike, path: PathLike | None = None):
        self.folder = folder
        self.path = Path(path or writing.workplace(folder) / f"training-{secrets.token_hex(4)}.state")
        self._lock = writing.take_lock(folder, self.path.name)

    @property
    def held(self) -> bool:
        """Whether this process holds it; False if another running process does."""
        return self._lock is not None

    def release(self, remove: bool = False) -> None:
        """Let go of the state, kept for a later run or removed."""
        if self._lock is not None:
            if remove:
                self.path.unlink(missing_ok=True)
            writing.give_back(self._lock)
            self._lock = None


def state_paths(folder: PathLike) -> list[Path]:
    """The states of training that processes, running or interrupted, keep in a folder."""
    return sorted(writing.workplace(folder).glob("training-*.state"))


def accuracy_path(folder: PathLike) -> Path:
    """Path of the table of a folder's accuracies: beside a folder called `checkpoint`, inside any other."""
    folder = Path(os.path.abspath(folder))  # by its name as given: it may be a link
    folder = folder.parent if folder.name == "checkpoint" else folder
    if folder.is_relative_to(Path.cwd()):
        folder = folder.relative_to(Path.cwd())
    return folder / "goemotions_prompt_tuning_accuracy.csv"


@contextlib.contextmanager
def _accuracy_output(folder):
    """The output of that table. If two processes end together, the last one sees the prompts of both."""
    path = accuracy_path(folder)
    with (writing.lock(path.parent, "accuracies", wait=True),
          Output(path, Record("train.py", {}), redraw=True) as output):
        yield output


def write_accuracies(folder: PathLike) -> pd.DataFrame:
    """Write the best dev accuracy of every prompt in a folder: a table `sentiment, random_seed, accuracy`.

    The prompts' digests are recorded beside it. Returns the table; accuracies are in 0..1.
    """
    import pandas as pd

    with _accuracy_output(folder) as output:
        prompts, task = read_all(folder), ["sentiment", "random_seed"]
        table = pd.DataFrame([(*task, prompt.best_acc) for task, prompt in prompts.items()],
                             columns=[*task, "accuracy"]).sort_values(task)
        output.record.notes["prompts"] = {task.name: prompt.sha256 for task, prompt in prompts.items()}
        output.write_table(output.path, table)
    return table


