"""How every script ends: with one line about what went wrong, or with the next command.

A script ends like this::

    def main():
        flags = parse_flags()                                   # framework/running/flags.py
        ...                                                     # inputs, record, work, output
        script.next_step("gen_mask.py", ranks=flags.ranks)      # prints: next: python gen_mask.py --ranks ...

    if __name__ == "__main__":
        script.run(main)
"""

from __future__ import annotations

import errno
import io
import os
import shlex
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from framework.errors import UserError, is_out_of_memory
from framework.running import flags as known
from framework.running import signals

if TYPE_CHECKING:
    import numpy as np

    from framework.model.prompted import PromptedModel

_REASONS = {
    errno.ENOSPC: "the disk is full: free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up: free some space and run the same command again",
    errno.EROFS: "the file system is read-only: choose another output folder",
    **dict.fromkeys((errno.EACCES, errno.EPERM), "no permission: choose another folder or change its permissions"),
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST),
                    "a file stands where a folder is needed: remove it or choose another folder"),
    errno.EISDIR: "a folder stands where a file is needed: remove it or choose another name",
    errno.ELOOP: "its links go round in a circle: remove the link",
    errno.EFBIG: "the file is larger than this system allows: choose another folder, or raise `ulimit -f`",
    errno.EMFILE: "too many files are open: raise `ulimit -n`",
    errno.EIO: "the disk cannot be read or written: use another one",
    errno.ENAMETOOLONG: "the name is too long for this file system: choose a shorter one",
}


def run(main: Callable[[], None], resumes: bool = False) -> None:
    """Call a script's `main`; an error that the user can fix becomes one line and exit status 2.

    The exit status of an interrupted run is 128 + the signal's number. Its last line says whether the same command
    continues (`resumes`) or starts over.
    """
    signals.catch()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may lack the letters of a concept's name
    for name in ("stdout", "stderr"):
        if (stream := getattr(sys, name)) and not isinstance(stream, _Heard):
            setattr(sys, name, _Heard(stream))
    try:
        try:
            os.getcwd()
        except FileNotFoundError:
            raise UserError("the folder in which you started this is gone; change to another one") from None
        main()
        if sys.stdout:
            sys.stdout.flush()
    except UserError as error:
        _leave(str(error), 2)
    except KeyboardInterrupt as interrupted:  # a library may have turned ours into a plain one
        signals.ignore()
        rest = ("what is finished is on disk; run the same command again to continue" if resumes else
                "no file is half written; run the same command again to start over")
        _leave(f"interrupted; {rest}", 128 + getattr(interrupted, "signum", signal.SIGINT))
    except OSError as error:
        # A full disk or a folder without permission: nothing is half written, since every write is renamed at its end.
        reason = _REASONS.get(error.errno or 0)  # an error that Python raised by itself has no number
        if reason is None and error.filename is None:
            raise
        _leave(f"{error.filename or 'write failed'}: {reason or error.strerror}", 2)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _leave("out of memory: close other programs, or use a larger machine or a smaller model", 2)


class _Heard:
    """A stream that, once its reader (head, less) has gone away, swallows the rest: the work goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_stream"], name)

    def write(self, text):
        return self._try(self._stream.write, text)

    def writelines(self, lines):
        self._try(self._stream.writelines, lines)

    def flush(self):
        self._try(self._stream.flush)

    def _try(self, method, *arguments):
        try:
            return method(*arguments)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            return method(*arguments)


def _leave(message: str, status: int) -> NoReturn:
    # A message can quote a damaged file: shorten it, and replace what cannot be printed.
    message = "".join(character if character.isprintable() else "?" for character in " ".join(message.split()))
    message = message if len(message) <= 1000 else message[:997] + "..."
    print(f"{os.path.basename(sys.argv[0])}: {message}", file=sys.stderr)
    sys.exit(status)


def write_config(flags: Namespace, output: Path) -> None:
    """Write the flags of a run, for `--config`: ``X.yaml`` beside a file ``X.csv``, ``{script}.yaml`` in a folder.

    Flags that are None are left out, and so are `--config`, `--overwrite` and `--status`.
    """
    from framework.files import config, opening

    name = Path(sys.argv[0])
    path = output.with_suffix(".yaml") if opening.is_file_output(output) else output / f"{name.stem}.yaml"
    config.write_config(path, known.as_given(flags), f"python {name.name} --config {shlex.quote(str(path))}")


def counted(count: int, what: str) -> str:
    """A count with its noun: ``1 task``, ``2 tasks``."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def say_cut(model: PromptedModel, rows: Sequence[np.ndarray], max_length: int) -> None:
    """Say how many of the encoded texts are as long as a text may be."""
    if full := model.count_full(rows, max_length):
        print(f"{full:,} of {counted(len(rows), 'comment')} reach {max_length} tokens, the most that is read of one "
              "(--max_length, or what the model's positions leave beside the prompt)")


def next_step(script: str, study: Path | None = None, **named: Any) -> None:
    """Print the whole command of the step that comes next.

    `--study` is by default this run's, else the one folder in which all paths are at their default places. Such paths
    are left out, and so are None, False and empty lists; True is a flag without a value.
    """
    studies = {name: known.study_of(name, value) for name, value in named.items() if isinstance(value, Path)}
    places = set(studies.values())
    common = places.pop() if len(places) == 1 else None
    study = study or known.Parser.study or common
    parts = ["python", script, *([] if study in (None, Path()) else ["--study", str(study)])]
    for name, value in named.items():
        if isinstance(value, (list, tuple)):
            parts += [f"--{name}", *map(str, value)] if value else []
        elif value is True:
            parts.append(f"--{name}")
        elif value not in (None, False) and (study is None or studies.get(name) != study):
            parts += [f"--{name}", str(value)]
    print("next:", shlex.join(parts))
