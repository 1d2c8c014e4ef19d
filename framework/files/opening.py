"""The one place that opens files for reading: only regular files, each opened once, up to a size."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from framework.errors import UserError

PathLike = str | os.PathLike[str]


@contextlib.contextmanager
def _open(path: PathLike, most: int | None = None, made_by: str | None = None) -> Iterator[IO[bytes]]:
    """Open a regular file for reading; pipes and devices, which may never end, are refused."""
    try:
        # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UserError(f"{path}: is a pipe or a device; give a file")
            if most is not None and status.st_size > most:
                raise UserError(f"{path}: has {status.st_size} bytes, but at most {most} are read; is it the right "
                                "file?")
            yield file
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder; give a file") from None
    except FileNotFoundError:
        reason = ("is a link to a file that is not there; mount its disk or remove the link" if os.path.islink(path)
                  else f"no such file{where_from(path, made_by)}")
        raise UserError(f"{path}: {reason}") from None
    except PermissionError:
        raise UserError(f"{path}: no permission to read it; ask its owner for it") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        raise UserError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error


def where_from(path: PathLike, made_by: str | None = None) -> str:
    """What the error about a missing file or folder adds: ``; train.py (step 1) makes it``, or nothing if unknown."""
    if Path(path).parts[:2] in {("data", name) for name in ("goemotions", "human", "published")}:
        return "; python download_data.py fetches it"
    return f"; {made_by} makes it" if made_by else ""


def read_bytes(path: PathLike, most: int = 1 << 32, made_by: str | None = None) -> bytes:
    """A file's bytes; a file of more than `most` is refused.

    `made_by` says what makes the file, ``train.py (step 1)``, for the error where it is missing.
    """
    with _open(path, most, made_by) as file:
        return file.read()


def read_text(path: PathLike, most: int = 1 << 32) -> str:
    """A UTF-8 text, without the byte order mark that some editors write; a NUL in it is refused."""
    return decode(path, read_bytes(path, most))


def decode(path: PathLike, data: bytes) -> str:
    """`read_text` of what `read_bytes` read."""
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8 or get it again") from None
    if "\0" in text:
        raise UserError(f"{path}: has a NUL in line {text.count(chr(10), 0, text.index(chr(0))) + 1}, which no text "
                        "file has; get the file again")
    return text


def read_json(path: PathLike, made_by: str | None = None) -> dict[str, Any]:
    """A JSON file's dict, of at most 64 MiB, in which no name comes twice."""
    def unique(pairs):
        value = dict(pairs)
        if len(value) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            raise ValueError(f"{next(name for name in counts if counts[name] > 1)!r} appears twice")
        return value

    try:
        value = json.loads(read_bytes(path, 1 << 26, made_by), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: is not valid JSON ({error}); make it again if it was cut off or edited") from None
    if not isinstance(value, dict):
        raise UserError(f"{path}: holds no JSON object ({{...}}); is it the right file?")
    return value


def sha256(*paths: PathLike) -> str:
    """One hexadecimal digest over the contents of files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        with _open(path) as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def unchanged(path: PathLike, digest: Callable[..., str] = sha256) -> Iterator[str]:
    """While an input is read: its digest, for a record. Raises `UserError` at the end if it has changed meanwhile.

    Whoever reads a missing input says best what makes it; at the end it is an error even if nobody did.
    """
    before = digest(path) if os.path.exists(path) else ""
    yield before
    if digest(path) != before:
        raise UserError(f"{path}: has changed while this run read it; run the same command again")


def is_file_output(output: PathLike) -> bool:
    """Whether an output, which need not exist yet, is a file: a folder's name may have a dot, too."""
    return Path(output).suffix in (".csv", ".pkl", ".html")
