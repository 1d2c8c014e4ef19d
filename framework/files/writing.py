"""Files written whole or not at all, and locks.

Unfinished work (temporary files, locks, partial results, states of training) is kept in a hidden folder `.openneuron`
beside the output. That folder is ours: nothing outside it is ever taken for a leftover. It is removed when it is empty.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from framework.errors import UserError
from framework.files.opening import PathLike

if TYPE_CHECKING:
    import pandas as pd

_WORKPLACE = ".openneuron"
_PATIENCE = 60  # seconds to wait for a process of another computer, which may be gone
_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOLCK}  # of some network file systems

_say_once = functools.cache(print)


def make_folder(folder: PathLike) -> Path:
    """Make a folder and its parents, unless they exist."""
    folder = Path(folder)
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return folder
        except (FileExistsError, NotADirectoryError):
            # Whoever leaves `.openneuron` empty removes it, so it may have gone since `mkdir` saw it.
            if any(_is_in_the_way(path) for path in (folder, *folder.parents)):
                raise UserError(f"{folder}: a file or a broken link is where a folder is needed; move it away, or "
                                "choose another folder") from None


def _is_in_the_way(path):
    """Whether something other than a folder is at `path`, by one `stat`: a second might see something else."""
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)
    except FileNotFoundError:
        return path.is_symlink()
    except NotADirectoryError:  # a file among its parents
        return True


def workplace(folder: PathLike) -> Path:
    """Where a folder's unfinished work is kept; it need not exist."""
    place = Path(folder) if Path(folder).name == _WORKPLACE else Path(folder) / _WORKPLACE
    if place.is_symlink():  # to a folder that is not ours
        raise UserError(f"{place}: is a link, but unfinished work is kept in a folder of this name; remove the link")
    return place


def take_lock(folder: PathLike, name: str, seconds: float = 0.1) -> BaseFileLock | None:
    """Lock a name in a folder until `give_back`, or until the process ends; None if another process holds it.

    By default it waits as long as another process may take to test whether the lock is free; -1 waits for ever.

    A process of another computer that was killed leaves its file behind, where a file system has no locks. Nobody can
    tell from here whether it still runs, so a line says whose file it is, and waiting ends.

    Raises
    ------
    UserError
        If such a file stays while it waits.
    """
    path = workplace(folder) / f"{name}.lock"
    # The second is for file systems without locks: a file that says who holds it.
    locks = [FileLock(path, fallback_to_soft=False), SoftFileLock(path.with_suffix(".soft"))]
    while True:
        make_folder(folder)
        make_folder(path.parent)
        try:
            if not stat.S_ISREG(os.lstat(path).st_mode):
                raise UserError(f"{path}: is not a regular file, but a lock file is needed there; remove it")
        except FileNotFoundError:
            pass
        try:
            soft = isinstance(locks[0], SoftFileLock)
            locks[0].acquire(timeout=_PATIENCE if soft and seconds < 0 else seconds, poll_interval=0.02)
            return locks[0]
        except Timeout as error:
            # filelock's words about a process of another computer.
            holder = str(error).partition(" It is held by ")[2] if soft else ""
            said = f"is held by {holder} If that process is gone, delete the files *.soft that name it."
            if holder and seconds < 0:
                raise UserError(f"{path.parent}: {path.stem} {said}") from None
            if holder:
                _say_once(f"{path.parent}: work {said}", file=sys.stderr)
            if seconds >= 0:
                return None
        except (FileNotFoundError, FileExistsError):
            continue  # another process removed the empty folder, and perhaps made it again
        except OSError as error:
            if error.errno not in _NO_LOCKS or len(locks) == 1:
                raise
            path.unlink(missing_ok=True)
            del locks[0]


def give_back(lock: BaseFileLock) -> None:
    """Release a lock that `take_lock` took."""
    if not isinstance(lock, SoftFileLock):
        with contextlib.suppress(OSError):  # whoever waits for it notices, and makes a new one
            os.unlink(lock.lock_file)
    lock.release()
    with contextlib.suppress(OSError):
        Path(lock.lock_file).parent.rmdir()


@contextlib.contextmanager
def lock(folder: PathLike, name: str, wait: bool = False, of: PathLike | None = None) -> Iterator[None]:
    """Be the only process that holds `name` in a folder, for the output `of`.

    Raises
    ------
    UserError
        If another one does and `wait` is not set.
    """
    held = take_lock(folder, name, -1 if wait else 0.1)
    if held is None:
        raise UserError(f"{of or Path(folder) / name}: another process is making it; wait until that ends, or choose "
                        "another name")
    try:
        yield
    finally:
        give_back(held)


def is_locked(folder: PathLike, name: str) -> bool:
    """Whether another process holds the lock of a name."""
    if not any((workplace(folder) / f"{name}{suffix}").exists() for suffix in (".lock", ".soft")):
        return False
    held = take_lock(folder, name)
    if held is not None:
        give_back(held)
    return held is None


def tidy(folder: PathLike) -> None:
    """Remove the locks and temporary files of processes that were killed."""
    for path in [path for suffix in ("tmp", "lock", "soft") for path in workplace(folder).glob(f"*.{suffix}")]:
        name = path.name if path.suffix == ".tmp" else path.stem
        held = take_lock(folder, name, seconds=0)
        if held is not None:
            if path.suffix == ".tmp":
                path.unlink(missing_ok=True)
            give_back(held)


def write_bytes(path: PathLike, data: bytes | memoryview) -> None:
    """Write a file whole or not at all: it takes its name, and the place of an older one, once it is on disk."""
    path = Path(path)
    temporary = workplace(path.parent) / f"{path.name}.tmp"
    with lock(path.parent, temporary.name, wait=True):
        temporary.unlink(missing_ok=True)  # left by a writer that was killed
        try:
            with open(temporary, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException as error:
            temporary.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.filename is None:
                error.filename = str(path)  # a full disk is reported without the file's name
            raise


def write_json(path: PathLike, value: dict[str, Any]) -> None:
    """`write_bytes` of JSON, indented, in the order of the dict's keys."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_bytes(path, text.encode(errors="backslashreplace"))  # a name that is no UTF-8 stays what it was


def table_bytes(frame: pd.DataFrame) -> bytes:
    """A data frame as CSV, without its index."""
    import pandas as pd

    if not all(pd.api.types.is_float_dtype(kind) for kind in frame.dtypes) or frame.isna().to_numpy().any():
        return frame.to_csv(index=False, lineterminator="\n").encode()
    # Ten times as fast as pandas, which matters for half a million numbers.
    import pyarrow as pa
    from pyarrow import csv

    sink = pa.BufferOutputStream()
    options = csv.WriteOptions(include_header=False, quoting_style="needed")
    csv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), sink, options)
    return frame[:0].to_csv(index=False, lineterminator="\n").encode() + sink.getvalue().to_pybytes()
