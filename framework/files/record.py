"""The record of what made an output, and the rule that follows: only what a record of ours names is replaced.

A record stands beside its output as flat JSON: ``X.json`` beside ``X.csv``, ``settings.json`` in a folder. Prompts and
results carry theirs in themselves.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import platform
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.errors import UserError
from framework.files import names, opening, writing
from framework.files.opening import PathLike
from framework.tasks import Task

if TYPE_CHECKING:
    import pandas as pd
    from filelock import BaseFileLock


@functools.cache
def code() -> str:
    """Digest of the code that this process runs: the package's files."""
    return opening.sha256(*sorted(Path(__file__).parents[1].rglob("*.py")))


@functools.cache
def versions() -> dict[str, str]:
    """What results are computed with."""
    libraries = "torch", "transformers", "numpy", "scipy", "numba"
    return {"openneuron": code()[:12], "python": platform.python_version(),
            **{name: metadata.version(name) for name in libraries}}


def _is_count(value):
    return type(value) is int and value > 0


def _are(kind):
    return lambda value: isinstance(value, list) and all(type(item) is kind for item in value)


def _is_name_or_none(value):
    return value is None or isinstance(value, str)


# What scripts take over from a record, and what it may be.
_TAKEN_OVER: dict[str, Callable[[Any], bool]] = {
    "made_by": lambda value: isinstance(value, str), "emotions": _are(str), "concepts": _are(str),
    "attributes": _are(str), "label_words": _are(str), "seeds": _are(int), "max_length": _is_count,
    "num_layers": _is_count, "units": _is_count, "num_units": _is_count, "mode": lambda value: isinstance(value, str),
    "negatives": lambda value: value in ("published", "strict"), "prompts": lambda value: isinstance(value, dict),
    "kind": lambda value: isinstance(value, str), "pretrained_model": _is_name_or_none, "backbone": _is_name_or_none,
    "precision": lambda value: isinstance(value, str), "dataset": lambda value: isinstance(value, str),
    "sha256": lambda value: isinstance(value, dict) and all(isinstance(digest, str) for digest in value.values())}
# Names of folders, whose contents are compared instead; what differs from file to file; versions of libraries.
_NOTES = ("versions", "prompts", "dataset", "pretrained_model")


@dataclass
class Record:
    """What made an output.

    Attributes
    ----------
    made_by : str
        The script; empty where nobody knows, as of published files.
    settings : dict
        What decides the output: JSON values, compared with those of a later run.
    notes : dict
        What is only recorded.
    files : dict of str to str
        The files that belong to the output: name -> SHA-256.
    """

    made_by: str
    settings: dict[str, Any]
    notes: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings = json.loads(json.dumps(self.settings))  # as it is read back
        self.notes = json.loads(json.dumps(self.notes))

    def get(self, name: str, default: Any = None) -> Any:
        """A setting or note."""
        return self.settings.get(name, self.notes.get(name, default))

    def difference(self, other: Record, without: Collection[str] = ()) -> str | None:
        """The first setting that differs, in words for an error: ``lr is 0.002 there and 0.1 here``.

        Parameters
        ----------
        other : Record
            What made the output that is there.
        without : collection of str
            Settings that do not count.

        Returns
        -------
        str or None
            None where all settings agree. A name that one side lacks is null there.
        """
        ours, theirs = ({"made_by": record.made_by or None, **record.settings} for record in (self, other))
        for name in [*ours, *(name for name in theirs if name not in ours)]:
            if name in self.notes or name in other.notes or name in without or ours.get(name) == theirs.get(name):
                continue
            if any(re.fullmatch("[0-9a-f]{64}", str(side.get(name))) for side in (ours, theirs)):
                return f"{name.removesuffix('_sha256')} differs"  # two digests tell a reader nothing
            return f"{name} is {_short(theirs.get(name))} there and {_short(ours.get(name))} here"
        return None

    def as_dict(self) -> dict[str, Any]:
        """The flat JSON on disk."""
        files = {"sha256": self.files} if self.files else {}
        return {"made_by": self.made_by, **self.settings, **self.notes, **files}

    @classmethod
    def from_dict(cls, value: Any, source: object) -> Record:
        """The record that a file holds, checked; empty from None.

        Raises
        ------
        UserError
            If it is no dict of JSON values, or what scripts take over from it is not what it may be.
        """
        value = {} if value is None else value
        try:
            if not all(isinstance(name, str) for name in dict(value)):
                raise TypeError("a name is none")
            value = json.loads(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
        except (AttributeError, TypeError, ValueError, RecursionError) as error:
            raise UserError(f"{source}: its settings are no record of what made it ({_short(str(error))}); make it "
                            "again") from None
        for name, is_valid in _TAKEN_OVER.items():
            if name in value and not is_valid(value[name]):
                raise UserError(f"{source}: `{name}` is {_short(value[name])} in its settings, which cannot be; make "
                                "it again")
        for concept in [*value.get("emotions", ()), *value.get("concepts", ())]:
            names.check_concept(concept, source)
        made_by, files = value.pop("made_by", ""), value.pop("sha256", {})
        notes = {name: value.pop(name) for name in _NOTES if name in value}
        return cls(made_by, value, notes, files)

    @classmethod
    def read(cls, output: PathLike) -> Record:
        """The record beside an output; an empty one where there is none."""
        path = record_path(output)
        return cls.from_dict(opening.read_json(path), path) if opening.exists(path) else cls("", {})

    def check_unchanged(self, path: PathLike, data: bytes) -> bytes:
        """The file's content, which must have the digest that the record names, if it names one."""
        digest = self.files.get(Path(path).name)
        if digest is not None and hashlib.sha256(data).hexdigest() != digest:
            raise UserError(f"{path}: has changed since it was written (another SHA-256 is recorded beside it); make "
                            "it again, or give your version another name")
        return data


def record_path(output: PathLike) -> Path:
    """Where the record of an output stands: ``X.json`` beside ``X.csv``, ``settings.json`` in a folder."""
    output = Path(output)
    return output.with_suffix(".json") if opening.is_file_output(output) else output / "settings.json"


def input_digest(path: PathLike) -> str:
    """One digest of an input: of a file and the tables that stand beside it (``X_*.csv``), or of a folder's tasks."""
    path = Path(path)
    if path.is_dir():
        return opening.sha256(*(file for suffix in (".csv", ".json", ".pt")
                                for file in names.task_files(path, suffix).values()))
    return opening.sha256(path, *sorted(path.parent.glob(f"{path.stem}_*.csv")))


def _short(value):
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


class Output:
    """One output, made by this process alone: a file with what stands beside it, or a folder with one record.

    Use as a context manager. The record is written first and each file after it, so that after a kill at any point the
    same command goes on, and whatever the record does not name, with its digest, is somebody else's.

    Parameters
    ----------
    path : path-like
        A file (.csv, .pkl, .html; others called after it may stand beside it), or a folder.
    record : Record
    overwrite : bool
        Replace what a record of ours names though other settings made it.
    redraw : bool
        The same without being asked, for figures and pages: what can be drawn again is not lost. Files of the record
        that are not made this time stay.
    names : collection of str
        Files that will be written, so that a refusal comes before the work.

    Raises
    ------
    UserError
        If another process makes it; if another script, other settings or nobody knows what made what is there.
    """

    def __init__(self, path: PathLike, record: Record, overwrite: bool = False, redraw: bool = False,
                 names: Iterable[PathLike] = ()):
        self.path = Path(path)
        self.is_file = opening.is_file_output(path)
        self.folder = self.path.parent if self.is_file else self.path
        self.record_path = record_path(path)
        self.record = replace(record, notes={**record.notes, "versions": versions()}, files={})
        self._overwrite, self._redraw = overwrite, redraw
        self._names = {Path(name).name for name in names} | ({self.path.name} if self.is_file else set())

    def __enter__(self) -> Output:
        self._lock = contextlib.ExitStack()
        self._lock.enter_context(writing.lock(self.folder, self.record_path.name))
        try:
            writing.tidy(self.folder)
            self._prepare()
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        self._lock.close()

    def _prepare(self):
        before = Record.read(self.path)
        if before.made_by != self.record.made_by and opening.exists(self.record_path):
            whose = f"is the record of what {before.made_by} made" if before.made_by else "is no record of ours"
            raise UserError(f"{self.record_path}: {whose}, and would have to be replaced; choose another name for "
                            f"{self.path}")
        standing = {name: digest for name, digest in before.files.items() if opening.exists(self.folder / name)}
        difference = self.record.difference(before) if standing else None
        if difference and not (self._overwrite or self._redraw):
            raise UserError(f"{self.path}: was made with other settings ({difference}); pass --overwrite to replace "
                            "it, or choose another name")
        replaced = set(standing) if difference and not self._redraw else set()
        if not self.is_file and replaced - self._names:
            raise UserError(f"{self.path}: holds {min(replaced - self._names)}, made with other settings "
                            f"({difference}), too; name all of its tasks with --overwrite, or choose another folder")
        self.record.files = standing
        for name in self._names | replaced:
            self._check_ours(name)
        for name in replaced:  # before the record says that they are of the new settings
            (self.folder / name).unlink()
            del standing[name]
        if before.get("prompts") and not difference:
            self.record.notes.setdefault("prompts", before.get("prompts"))
        self.save()

    def _check_ours(self, name):
        path = self.folder / name
        if not opening.exists(path):
            return
        if name not in self.record.files:
            raise UserError(f"{path}: is there already, and no record of ours names it; move it away, or choose "
                            "another name")
        if opening.sha256(path) != self.record.files[name]:
            raise UserError(f"{path}: was changed since it was written; move your version away, or choose another name")

    def save(self) -> None:
        """Write the record, after a note was added to it."""
        writing.write_json(self.record_path, self.record.as_dict())

    def finished(self, name: PathLike) -> bool:
        """Whether a file of the output is there, and is the one that the record names: an earlier run made it."""
        path = self.folder / Path(name).name
        digest = self.record.files.get(path.name)
        return digest is not None and path.exists() and opening.sha256(path) == digest

    def write_bytes(self, name: PathLike, data: bytes) -> Path:
        """Write a file of the output, given by its name or path; returns its path."""
        path = self.folder / Path(name).name
        digest = hashlib.sha256(data).hexdigest()
        if self.finished(path.name) and self.record.files[path.name] == digest:
            return path
        self._check_ours(path.name)
        path.unlink(missing_ok=True)
        self.record.files[path.name] = digest
        self.save()
        writing.write_bytes(path, data)
        return path

    def write_text(self, name: PathLike, text: str) -> Path:
        """`write_bytes` of UTF-8."""
        return self.write_bytes(name, text.encode())

    def write_table(self, name: PathLike, frame: pd.DataFrame) -> Path:
        """`write_bytes` of a data frame as CSV, without its index."""
        return self.write_bytes(name, writing.table_bytes(frame))


class TaskFolder:
    """A folder of files that carry their own record, one a task, which several processes can fill together.

    Use as a context manager, which lets go of all tasks at its end.

    Parameters
    ----------
    folder : path-like
    suffix : str
        Of the files, ``{concept}-{seed}{suffix}``.
    read_record : callable (path) -> Record
        What made a file; raises UserError for a damaged one.
    record : Record
        What this run makes every file with.
    overwrite : bool
        Make files anew that other settings made.
    own : dict of Task to dict, optional
        Settings that each task has beside those of `record`.

    Attributes
    ----------
    elsewhere : int
        Tasks in the hands of other processes that `claim` was asked for.

    Raises
    ------
    UserError
        On entering, if another process fills the folder with other settings.
    """

    def __init__(self, folder: PathLike, suffix: str, read_record: Callable[[Path], Record], record: Record,
                 overwrite: bool = False, own: Mapping[Task, dict[str, Any]] | None = None):
        self.folder, self.suffix = Path(folder), suffix
        self.record = replace(record, notes={**record.notes, "versions": versions()})
        self._read_record, self._overwrite, self._own = read_record, overwrite, own or {}
        self._locks: dict[Task, BaseFileLock] = {}
        self.elsewhere = 0

    def __enter__(self) -> TaskFolder:
        """Say what this process makes, unless it is not what others make."""
        place = writing.workplace(self.folder)
        writing.tidy(self.folder)
        with writing.lock(self.folder, "entering", wait=True):
            for path in place.glob("running-*.json"):
                if not writing.is_locked(self.folder, path.stem):
                    path.unlink(missing_ok=True)  # its process was killed
                elif difference := self.record.difference(Record.from_dict(opening.read_json(path), path)):
                    raise UserError(f"{self.folder}: another process works there with other settings ({difference}); "
                                    "choose another folder, or wait for its end")
            running = f"running-{secrets.token_hex(4)}"
            self._running = place / f"{running}.json", writing.take_lock(self.folder, running, seconds=-1)
            writing.write_json(self._running[0], self.record.as_dict())
        return self

    def __exit__(self, *error: Any) -> None:
        for task in list(self._locks):
            self.release(task)
        path, lock = self._running
        path.unlink(missing_ok=True)
        writing.give_back(lock)

    def path(self, task: Task) -> Path:
        """Where a task's file is."""
        return names.task_path(self.folder, task, self.suffix)

    def record_of(self, task: Task) -> Record:
        """What this run makes a task's file with."""
        return replace(self.record, settings={**self.record.settings, **self._own.get(task, {})})

    def left(self, tasks: Iterable[Task]) -> list[Task]:
        """Those of the tasks that have no finished file under this record.

        Raises
        ------
        UserError
            If a file cannot be read, or was made with other settings and may not be replaced; if files of other tasks
            were made with other settings, since a folder is of one.
        """
        tasks = list(tasks)
        own = {name for settings in self._own.values() for name in settings}
        for task, path in names.task_files(self.folder, self.suffix).items():
            if task not in tasks:
                with contextlib.suppress(UserError):  # no file of ours
                    theirs = self._read_record(path)
                    difference = theirs.made_by and self.record.difference(theirs, own)
                    if difference:
                        break
        else:
            return [task for task in tasks if self._is_left(task)]
        raise UserError(f"{path}: stands in the same folder and was made with other settings ({difference}); choose "
                        "another folder, or name all of its tasks and pass --overwrite")

    def _is_left(self, task):
        path = self.path(task)
        if not opening.exists(path):
            return True
        made_with = self._read_record(path)
        if not made_with.made_by:
            raise UserError(f"{path}: no settings of ours are in it, so it is not replaced; choose another folder")
        difference = self.record_of(task).difference(made_with)
        if difference and not self._overwrite:
            raise UserError(f"{path}: was made with other settings ({difference}); pass --overwrite to replace it, or "
                            "choose another folder")
        if not difference:
            self.partial_path(task).unlink(missing_ok=True)  # which a kill left beside the whole one
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

    def partial_path(self, task: Task) -> Path:
        """Where what is measured of an unfinished task is kept."""
        return writing.workplace(self.folder) / f"{self.path(task).name}.partial"

    def write_bytes(self, task: Task, data: bytes | memoryview) -> None:
        """Write a task's file; what was kept of it while unfinished goes."""
        writing.write_bytes(self.path(task), data)
        self.partial_path(task).unlink(missing_ok=True)


@dataclass
class Progress:
    """How far the tasks of a folder are, for `--status`.

    Attributes
    ----------
    done, running, left : list of Task
    problems : list of str
        One line for each damaged file, and for each with other settings than the first.
    """

    done: list[Task] = field(default_factory=list)
    running: list[Task] = field(default_factory=list)
    left: list[Task] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def progress(folder: PathLike, suffix: str, tasks: Iterable[Task], read_record: Callable[[Path], Record],
             own: Collection[str] = ()) -> Progress:
    """How far tasks are whose files carry their own record; nothing is written.

    `own` are settings that differ from task to task.
    """
    found, first = Progress(), None
    for task in tasks:
        path = names.task_path(folder, task, suffix)
        if opening.exists(path):
            try:
                record = read_record(path)
            except UserError as error:
                found.problems.append(f"damaged: {error}")
                continue
            found.done.append(task)
            first = first or (path, record)
            if difference := record.difference(first[1], own):
                found.problems.append(f"other settings: {path} and {first[0]} ({difference}, in this order)")
        else:
            (found.running if writing.is_locked(folder, path.name) else found.left).append(task)
    return found
