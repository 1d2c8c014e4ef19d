"""A folder that several processes can fill: one file per task, prompts or results, each with its own record."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from framework.errors import UserError
from framework.files import names, opening, writing
from framework.files.opening import PathLike
from framework.files.record import Record, versions
from framework.tasks import Task

if TYPE_CHECKING:
    from filelock import BaseFileLock

Folder = TypeVar("Folder", bound="TaskFolder")


class TaskFolder:
    """Files ``{concept}-{seed}{suffix}``, all made under one record.

    Use as a context manager, which releases all tasks at its end.

    Parameters
    ----------
    folder : path-like
    record : Record
        What this run makes every file with.
    overwrite : bool
        Replace files that were made with other settings.
    own : dict of Task to dict, optional
        Settings that each task has beside those of `record`.

    Attributes
    ----------
    suffix : str
    read : callable (path)
        Reads a file; what it returns has its `record`.
    elsewhere : int
        How many tasks are left to other processes, which hold them.

    Raises
    ------
    UserError
        On entering, if another process fills the folder with other settings.
    """

    suffix: str
    read: Callable[[Path], Any]

    def __init__(self, folder: PathLike, record: Record, overwrite: bool = False,
                 own: Mapping[Task, dict[str, Any]] | None = None):
        self.folder = Path(folder)
        self.record = replace(record, notes={**record.notes, "versions": versions()})
        self._overwrite, self._own = overwrite, own or {}
        self._locks: dict[Task, BaseFileLock] = {}
        self.elsewhere = 0

    def __enter__(self: Folder) -> Folder:
        """Announce what this process makes; refuse if a running process makes something else."""
        place = writing.workplace(self.folder)
        writing.tidy(self.folder)
        with writing.lock(self.folder, "entering", wait=True):
            for path in place.glob("running-*.json"):
                if not writing.is_locked(self.folder, path.stem):
                    path.unlink(missing_ok=True)  # its process was killed
                    continue
                try:
                    made = opening.read_json(path)
                except UserError:
                    if path.exists():
                        raise
                    continue  # its process has just ended
                if difference := self.record.difference(Record.from_dict(made, path)):
                    raise UserError(f"{self.folder}: another process fills it with other settings ({difference}); "
                                    "choose another folder, or wait until that process ends")
            path = place / f"running-{secrets.token_hex(4)}.json"
            self._running = contextlib.ExitStack()
            self._running.enter_context(writing.lock(self.folder, path.stem))
            self._running.callback(path.unlink, missing_ok=True)
            writing.write_json(path, self.record.as_dict())
        return self

    def __exit__(self, *error: Any) -> None:
        for task in list(self._locks):
            self.release(task)
        self._running.close()

    def path(self, task: Task) -> Path:
        """Where a task's file is."""
        return names.task_path(self.folder, task, self.suffix)

    def partial_path(self, task: Task) -> Path:
        """Where the measurements of an unfinished task are kept."""
        return writing.workplace(self.folder) / f"{self.path(task).name}.partial"

    def record_of(self, task: Task) -> Record:
        """What this run makes a task's file with."""
        return replace(self.record, settings={**self.record.settings, **self._own.get(task, {})})

    def left(self, tasks: Iterable[Task]) -> list[Task]:
        """The tasks that have no finished file under this record.

        Raises
        ------
        UserError
            If a file cannot be read, or was made with other settings and may not be replaced; if files of other tasks
            were made with other settings, since all in a folder must agree.
        """
        tasks = list(tasks)
        own = {name for settings in self._own.values() for name in settings}
        for task, path in names.task_files(self.folder, self.suffix).items():
            theirs = None
            if task not in tasks:
                with contextlib.suppress(UserError):  # no file of ours
                    theirs = self.read(path).record
            if theirs and theirs.made_by and (difference := self.record.difference(theirs, own)):
                raise UserError(f"{path}: is in the same folder, but was made with other settings ({difference}); "
                                "choose another folder, or name all tasks of this one and pass --overwrite")
        return [task for task in tasks if self._is_left(task)]

    def _is_left(self, task):
        path = self.path(task)
        if not os.path.lexists(path):
            return True
        try:
            made_with = self.read(path).record
        except UserError as error:
            raise UserError(f"{error}; move it away first, since it will not be replaced") from None
        if not made_with.made_by:
            raise UserError(f"{path}: does not say what made it, so it is not replaced; choose another folder")
        difference = self.record_of(task).difference(made_with)
        if difference and not self._overwrite:
            raise UserError(f"{path}: was made with other settings ({difference}); pass --overwrite to replace it, or "
                            "choose another folder")
        if not difference:
            self.partial_path(task).unlink(missing_ok=True)  # left by a kill
        return difference is not None

    def claim(self, task: Task) -> bool:
        """Hold a task until `release`; False if another process has it, or has finished it."""
        lock = writing.take_lock(self.folder, self.path(task).name)
        if lock is None:
            self.elsewhere += 1
            return False
        self._locks[task] = lock
        if self._is_left(task):
            return True
        self.release(task)
        return False

    def release(self, task: Task) -> None:
        """Let go of a task, finished or not."""
        writing.give_back(self._locks.pop(task))

    def write_bytes(self, task: Task, data: bytes | memoryview) -> None:
        """Write a task's file and remove what was kept of it while it was unfinished.

        Raises `UserError` if meanwhile a file of somebody else took its place.
        """
        if self._is_left(task):
            writing.write_bytes(self.path(task), data)
        self.partial_path(task).unlink(missing_ok=True)


def check_alike(records: Mapping[Path, Record], own: Collection[str] = ()) -> None:
    """Raise `UserError` if files that are read together were made with different settings; `own` as in `progress`."""
    for path, record in records.items():
        first = next(iter(records))
        if difference := record.difference(records[first], own):
            raise UserError(f"{path}: was made with other settings than {first.name} ({difference}); keep each kind in "
                            "a folder of its own")


def progress(folder: PathLike, suffix: str, tasks: Iterable[Task], read_record: Callable[[Path], Record],
             own: Collection[str] = ()) -> tuple[dict[Task, str], list[str]]:
    """How far the tasks of a folder are, for `--status`; `own` names settings that differ between tasks.

    Returns
    -------
    states : dict of Task to {"done", "running", "left", "damaged"}
    problems : list of str
        One line for each damaged file, and for each with other settings than the first.
    """
    states, problems, first = {}, [], None
    for task in tasks:
        path = names.task_path(folder, task, suffix)
        if not os.path.lexists(path):
            states[task] = "running" if writing.is_locked(folder, path.name) else "left"
            continue
        try:
            record = read_record(path)
        except UserError as error:
            states[task] = "damaged"
            problems.append(f"damaged: {error}")
            continue
        states[task] = "done"
        first = first or (path, record)
        if difference := record.difference(first[1], own):
            problems.append(f"other settings: {path} (here) and {first[0]} (there): {difference}")
    return states, problems
