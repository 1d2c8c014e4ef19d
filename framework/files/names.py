"""Names of concepts and attributes, and the files of tasks that are named after them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from framework.errors import UserError
from framework.files.opening import PathLike
from framework.tasks import Task


def check_concept(name: Any, source: object) -> str:
    """A concept's name, which becomes the names of files: ``fear`` becomes ``fear-1.csv``.

    Raises `UserError`, which names the file or flag `source`, if it cannot.
    """
    wrong = _wrong_name(name)
    if not wrong and ("/" in name or "\\" in name):
        wrong = "has a slash or a backslash"
    if not wrong and name[0] in ".-":
        wrong = f"begins with {name[0]!r}"
    if wrong:
        raise UserError(f"{source}: the concept {str(name)[:40]!r} {wrong}, so no file can have its name; give it "
                        "another name")
    return name


def check_attribute(name: Any, source: object, most: int = 100) -> str:
    """A name that labels columns, masks and figures: printable, with at most `most` bytes."""
    if wrong := _wrong_name(name, most):
        raise UserError(f"{source}: the name {str(name)[:40]!r} {wrong}; give it another name")
    return name


def _wrong_name(name, most=100):
    if not isinstance(name, str) or not name.strip():
        return "is empty or not text"
    if name != name.strip():
        return "begins or ends with a space"
    if not name.isprintable():
        return "has a character that cannot be printed"
    return f"is longer than {most} bytes" if len(name.encode()) > most else ""


def in_one_form(name: str) -> str:
    """A name whose accented letters are one character each: files from different systems write them in two ways."""
    return unicodedata.normalize("NFC", name)


def check_distinct(names: Iterable[str], source: object, remedy: str = "give one of them another name") -> None:
    """Refuse two names that a file system may take for one: they differ only in case or Unicode form, or not at all."""
    seen: dict[str, str] = {}
    for name in names:
        key = in_one_form(name).casefold()
        if seen.get(key) == name:
            raise UserError(f"{source}: has {name!r} more than once; name it once")
        if key in seen:
            raise UserError(f"{source}: {seen[key]!r} and {name!r} differ only in capital letters or Unicode form; "
                            f"{remedy}")
        seen[key] = name


def parse_task(name: str) -> Task | None:
    """The task that ``fear-1`` names; None if it names none."""
    concept, _, seed = name.rpartition("-")
    is_seed = re.fullmatch("0|[1-9][0-9]{0,9}", seed) and int(seed) < 2**32  # as numpy.random.RandomState takes them
    return Task(concept, int(seed)) if is_seed and not _wrong_name(concept) else None


def task_files(folder: PathLike, suffix: str) -> dict[Task, Path]:
    """The files of tasks in a folder, ``{concept}-{seed}{suffix}``, sorted by name; other files are ignored.

    The suffix includes its dot; the folder need not exist; ``{concept}-all.csv`` does not count.
    """
    tasks = {}
    for path in sorted(Path(folder).glob(f"[!.-]*-*{suffix}")):
        if task := parse_task(path.name.removesuffix(suffix)):
            tasks[task] = path
    check_distinct(dict.fromkeys(task.concept for task in tasks), folder)
    return tasks


def task_path(folder: PathLike, task: Task, suffix: str) -> Path:
    """Where a task's file stands."""
    return Path(folder) / f"{task.name}{suffix}"


def listed(names: Sequence[str]) -> str:
    """Names for an error, at most 20 of them."""
    return ", ".join(map(str, names[:20])) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
