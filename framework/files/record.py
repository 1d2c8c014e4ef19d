"""The record of what made an output, and the rule that follows: only what a record of ours names is replaced.

A record stands beside its output as flat JSON: ``X.json`` beside ``X.csv``, ``settings.json`` in a folder. Prompts and
results contain their own (`framework.files.taskfolder`).
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.errors import UserError
from framework.files import names, opening, writing
from framework.files.opening import PathLike

if TYPE_CHECKING:
    import pandas as pd


@functools.cache
def versions() -> dict[str, str]:
    """The versions that results are computed with; ours is a digest of the package's files."""
    code = opening.sha256(*sorted(Path(__file__).parents[1].rglob("*.py")))
    libraries = "torch", "transformers", "numpy", "scipy", "numba"
    return {"openneuron": code[:12], "python": platform.python_version(),
            **{name: metadata.version(name) for name in libraries}}


def digest(content: Any) -> str:
    """The SHA-256 of JSON values, which seals a file that contains its own record."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


# What scripts read from a record, and its kind: a type, a list of a type, one of some words, or digests by name.
_KINDS: dict[str, Any] = {
    **dict.fromkeys(("made_by", "mode", "kind", "precision", "dataset", "backbone", "pretrained_model",
                    "ranks_of_masks", "methods_of_masks", "mask_method", "rank_sha256"), str),
    **dict.fromkeys(("max_length", "num_layers", "units", "num_units"), int), "negatives": ("published", "strict"),
    **dict.fromkeys(("emotions", "concepts", "attributes", "label_words"), [str]),
    **dict.fromkeys(("seeds", "seeds_that_chose"), [int]),
    "prompts": dict, "trainings": dict, "sha256": dict, "sha256_before": dict}
# Recorded but not compared: versions, what differs from file to file, names of folders, whose contents are compared.
_NOTES = ("versions", "prompts", "trainings", "dataset", "pretrained_model", "seeds_that_chose", "ranks_of_masks",
          "methods_of_masks", "dropout")


@dataclass
class Record:
    """What made an output."""

    made_by: str  # the script; empty if unknown, as for published files
    settings: dict[str, Any]  # what decides the output: JSON values, compared with those of a later run
    notes: dict[str, Any] = field(default_factory=dict)  # what is only recorded
    files: dict[str, str] = field(default_factory=dict)  # of the output: name -> SHA-256
    before: dict[str, str] = field(default_factory=dict)  # older files that may be replaced: name -> SHA-256

    def __post_init__(self) -> None:
        self.settings, self.notes = _as_read_back(self.settings), _as_read_back(self.notes)

    def get(self, name: str, default: Any = None) -> Any:
        """A setting or note."""
        return self.settings.get(name, self.notes.get(name, default))

    def difference(self, other: Record, without: Collection[str] = ()) -> str | None:
        """The first setting that differs, in words for an error: ``lr is 0.002 there and 0.1 here``; None if none does.

        `other` is the record of what is there. A setting that one side lacks is null; those in `without` do not count.
        """
        ours, theirs = ({"made_by": record.made_by or None, **record.settings} for record in (self, other))
        for name in dict.fromkeys([*ours, *theirs]):
            if name in self.notes or name in other.notes or name in without or ours.get(name) == theirs.get(name):
                continue
            if any(re.fullmatch("[0-9a-f]{64}", str(side.get(name))) for side in (ours, theirs)):
                of = [_short(record.get("dataset")) for record in (other, self)]
                named = ""
                if name == "data" and of != ["null"] * 2:
                    named = (f": the texts or labels of {of[0]} have changed" if of[0] == of[1] else
                             f": dataset {of[0]} there and {of[1]} here")
                return f"{name.removesuffix('_sha256')} differs{named}"  # two digests tell a reader nothing
            return f"{name} is {_short(theirs.get(name))} there and {_short(ours.get(name))} here"
        return None

    def as_dict(self) -> dict[str, Any]:
        """The flat JSON on disk."""
        files = {"sha256": self.files, "sha256_before": self.before}
        return {"made_by": self.made_by, **self.settings, **self.notes,
                **{name: digests for name, digests in files.items() if digests}}

    @classmethod
    def from_dict(cls, value: Any, source: object) -> Record:
        """The record that a file holds, checked; empty from None.

        Raises `UserError` if it is no dict of JSON values, or a value that scripts read is of the wrong kind.
        """
        try:
            value = _as_read_back({} if value is None else value)
            value = {name: each for name, each in value.items() if each is not None or _KINDS.get(name) is not dict}
        except (AttributeError, TypeError, ValueError, RecursionError) as error:
            raise UserError(f"{source}: its record of settings cannot be read ({_short(str(error))}); make it "
                            "again") from None
        for name, kind in _KINDS.items():
            if value.get(name) is not None and not _is(value[name], kind):
                raise UserError(f"{source}: in its settings `{name}` is {_short(value[name])}, which is invalid; make "
                                "the file again")
        digests = {**value.get("sha256", {}), **value.get("sha256_before", {})}
        for name in digests:
            if Path(name).name != name:  # files that a record names may be removed: none may be elsewhere
                raise UserError(f"{source}: names a file in another folder ({_short(name)}); make it again")
        for name in value.get("prompts", {}):
            if not names.parse_task(name):
                raise UserError(f"{source}: `prompts` names {_short(name)}, which is not a task; make it again")
        for concept in [*(value.get("emotions") or ()), *(value.get("concepts") or ())]:
            names.check_concept(concept, source)
        made_by = value.pop("made_by", None) or ""
        files, before = (value.pop(name, {}) for name in ("sha256", "sha256_before"))
        return cls(made_by, value, {name: value.pop(name) for name in _NOTES if name in value}, files, before)

    @classmethod
    def read(cls, output: PathLike) -> Record:
        """The record beside an output; an empty one where there is none."""
        path = record_path(output)
        return cls.from_dict(opening.read_json(path), path) if os.path.lexists(path) else cls("", {})

    def check_unchanged(self, path: PathLike, data: bytes, part: bool = False) -> bytes:
        """Return `data`, the file's content; raises `UserError` if the record names another digest for it.

        A `part` of the output must be named if the record names any files; published files have no record.
        """
        digest = self.files.get(Path(path).name)
        if digest is None and Path(path).name in self.before:
            raise UserError(f"{path}: is older than the record beside it, as after an interrupted run; make it again")
        if part and self.files and digest is None:
            raise UserError(f"{path}: is not listed in the record beside it; move it away, or make it again")
        if digest is not None and hashlib.sha256(data).hexdigest() != digest:
            raise UserError(f"{path}: has changed since it was written (its SHA-256 is not the recorded one); make it "
                            "again, or give your version another name")
        return data


def _as_read_back(value):
    """JSON values as they come back from disk; what is not UTF-8 in a file's name becomes ?."""
    return json.loads(json.dumps(value, ensure_ascii=False, allow_nan=False).encode(errors="replace"))


def _is(value, kind):
    if isinstance(kind, list):
        return type(value) is list and all(type(item) is kind[0] for item in value)
    if kind is dict:  # of digests
        return type(value) is dict and all(type(item) is str for item in value.values())
    return value in kind if isinstance(kind, tuple) else type(value) is kind and (kind is not int or value > 0)


def _short(value):
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


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


@contextlib.contextmanager
def unchanged_inputs(paths: Mapping[str, Path]) -> Iterator[dict[str, str]]:
    """While inputs are read: `input_digest` of each, by name.

    Files may not change meanwhile (`opening.unchanged`). Folders may: other processes may be filling them.
    """
    with contextlib.ExitStack() as files:
        yield {name: input_digest(path) if path.is_dir() else
               files.enter_context(opening.unchanged(path, input_digest)) for name, path in paths.items()}


class Output:
    """One output, made by this process alone: a file with what stands beside it, or a folder with one record.

    Use as a context manager. The record names each file with its digest before the file gets its name, and keeps the
    old file's digest until it is replaced. So after a kill at any point the same command continues, and a file that the
    record does not name is somebody else's.

    Parameters
    ----------
    path : path-like
        A file (.csv, .pkl, .html; others named after it may stand beside it), or a folder.
    record : Record
    overwrite : bool
        Replace files that our record names, even if other settings made them.
    redraw : bool
        As `overwrite`, for figures and pages, which can be drawn again. Recorded files that this run does not make
        are kept.
    names : collection of str
        Files that will be written, so a refusal comes before the work.

    Raises
    ------
    UserError
        On entering, if another process is making it, or if what is there has no record, or was made by another script
        or with other settings.
    """

    def __init__(self, path: PathLike, record: Record, overwrite: bool = False, redraw: bool = False,
                 names: Iterable[PathLike] = ()):
        self.path = Path(path)
        self.is_file = opening.is_file_output(path)
        self.folder = self.path.parent if self.is_file else self.path
        self.record_path = record_path(path)
        self.record = replace(record, notes={**record.notes, "versions": versions()}, files={}, before={})
        self.overwrite, self._redraw = overwrite, redraw
        self._replaced: dict[str, set[str]] = {}  # files of other settings that still stand, and their digests
        self._names = {Path(name).name for name in names} | ({self.path.name} if self.is_file else set())

    def __enter__(self) -> Output:
        with contextlib.ExitStack() as stack:
            writing.tidy(self.folder)
            stack.enter_context(writing.lock(self.folder, self.record_path.name, of=self.path))
            self._prepare()
            self._lock = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._lock.close()

    def check(self) -> None:
        """Raise what entering would raise about existing files, without writing: to call before long work."""
        self._compare()

    def _compare(self):
        """The record of what is there, how ours differs from it, and which files must be replaced for that."""
        before = Record("", {})
        with contextlib.suppress(UserError):  # no record at all
            before = Record.read(self.path)
        if before.made_by != self.record.made_by and os.path.lexists(self.record_path):
            whose = (f"is the record of an output of {before.made_by}" if before.made_by else
                     "is not a record of this program")
            raise UserError(f"{self.record_path}: {whose}, and this run would replace it; choose another name for "
                            f"{self.path}")
        standing = {name: digest for name, digest in before.files.items() if os.path.lexists(self.folder / name)}
        difference = self.record.difference(before) if standing else None
        if difference and not (self.overwrite or self._redraw):
            raise UserError(f"{self.path}: was made with other settings ({difference}); pass --overwrite to replace "
                            "it, or choose another name")
        replaced = set(standing) if difference and not self._redraw else set()
        if not self.is_file and replaced - self._names:
            raise UserError(f"{self.path}: also holds {min(replaced - self._names)}, made with other settings "
                            f"({difference}); name all of its tasks and pass --overwrite, or choose another folder")
        # What is drawn again from other inputs is still ours, but this record's settings did not make it.
        self.record.files = standing
        self.record.before = {name: digest for name, digest in before.before.items()
                              if os.path.lexists(self.folder / name)}
        if difference and self._redraw:
            # A writer that was killed named its new file before the old one gave way.
            self.record.before |= {name: digest for name, digest in standing.items()
                                   if name not in self.record.before or self.finished(name)}
            self.record.files = {}
        for name in self._names | replaced:
            if len(os.fsencode(f"{name}.tmp.lock")) > 255:
                raise UserError(f"{self.folder / name}: the name is too long; choose a shorter one")
            self.check_ours(name)
        return before, difference, replaced

    def _prepare(self):
        before, difference, replaced = self._compare()
        self._replaced = {name: {self.record.files.pop(name), self.record.before.pop(name, "")} for name in replaced}
        if not difference:
            for name in ("prompts", "trainings"):
                self.record.notes.setdefault(name, before.get(name, {}))
        if not (self.is_file and difference):  # an old table and its record stay until the new one is there
            self.save()

    def check_ours(self, name: str) -> None:
        """Refuse an existing file in the output's folder that is not as our record names it."""
        path = self.folder / name
        if not os.path.lexists(path):
            return
        ours = self._replaced.get(name) or {self.record.files.get(name), self.record.before.get(name)} - {None}
        if not ours:
            raise UserError(f"{path}: exists already, and no record says that this program made it; move it away, "
                            "or choose another name")
        if opening.sha256(path) not in ours:
            raise UserError(f"{path}: was changed since it was written; move your version away, or choose another name")

    def save(self) -> None:
        """Remove the files that the new settings replace, then write the record."""
        for name in self._replaced:
            self.check_ours(name)  # again, as long work may have come in between
        for name in self._replaced:
            (self.folder / name).unlink(missing_ok=True)
        self._replaced = {}
        writing.write_json(self.record_path, self.record.as_dict())

    def finished(self, name: PathLike) -> bool:
        """Whether a file of the output is there, and is the one that the record names: an earlier run made it."""
        path = self.folder / Path(name).name
        return path.exists() and self.record.files.get(path.name) == opening.sha256(path)

    def write_bytes(self, name: PathLike, data: bytes) -> Path:
        """Write a file of the output, given by its name or path; returns its path."""
        path = self.folder / Path(name).name
        digest = hashlib.sha256(data).hexdigest()
        if self._replaced:
            self.save()
        standing = self.record.files.get(path.name) == digest and self.finished(path.name)
        if not standing:
            self.check_ours(path.name)
            if os.path.lexists(path):
                self.record.before[path.name] = opening.sha256(path)
            self.record.files[path.name] = digest
            self.save()
            writing.write_bytes(path, data)
        if self.record.before.pop(path.name, None) or standing:
            self.save()
        return path

    def write_text(self, name: PathLike, text: str) -> Path:
        """`write_bytes` of UTF-8."""
        return self.write_bytes(name, text.encode())

    def write_table(self, name: PathLike, frame: pd.DataFrame) -> Path:
        """`write_bytes` of a data frame as CSV, without its index."""
        return self.write_bytes(name, writing.table_bytes(frame))
