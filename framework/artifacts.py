"""Every file that the scripts exchange: read, checked, and written whole or not at all.

The forms are those of the README's table of files. Readers return plain arrays, frames and dicts, or raise `UserError`
with one line that names the file and the mend; they never run code from a file. Writers go through `atomic_write`.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import io
import json
import math
import os
import pickle
import pickletools
import platform
import re
import secrets
import stat
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute
import pyarrow.csv
import torch
import yaml

from framework import interrupts
from framework.errors import UserError, is_out_of_memory
from framework.tasks import EMOTIONS, Split

if TYPE_CHECKING:  # not every script needs them
    from datasets import DatasetDict
    from torch.utils.tensorboard import SummaryWriter

PathLike = str | os.PathLike[str]

# ------------------------------------------------------------------------------------------------- writing, settings


@contextlib.contextmanager
def atomic_write(path: PathLike, mode: str = "wb") -> Iterator[IO[Any]]:
    r"""Open a temporary file beside `path` that takes its name only once it is complete and on disk.

    A signal to leave is heeded after that.

    Parameters
    ----------
    path : path-like
        The file to make or replace; folders are made as needed.
    mode : {"wb", "w"}
        Text is UTF-8 with ``\n`` line ends.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with interrupts.deferred():
        while True:
            handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
            with contextlib.suppress(OSError):  # not every file system has locks
                fcntl.flock(handle, fcntl.LOCK_EX)  # in use: `remove_leftovers` lets it be
            if os.fstat(handle).st_nlink:
                break
            os.close(handle)  # it was taken for a leftover before it was locked
        try:
            os.fchmod(handle, 0o666 & ~_umask())  # mkstemp makes files that only their owner reads
            text = "b" not in mode
            with open(handle, mode, encoding="utf-8" if text else None, newline="\n" if text else None) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
                os.replace(temporary, path)
        except BaseException as error:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            if isinstance(error, OSError) and error.filename is None:
                error.filename = str(path)  # a full disk is reported without the file's name
            raise


def hold(lock: PathLike) -> TextIO | None:
    """Take the system's lock on a file made for it, which ends with the process, however it ends.

    Returns
    -------
    file or None
        For `let_go`; None where another process holds the lock.
    """
    Path(lock).parent.mkdir(parents=True, exist_ok=True)
    pauses = [0.02, 0.005, 0.001]  # for those who hold it only to see whether anybody does
    while True:
        file = open(lock, "a")  # noqa: SIM115 - it stays open for as long as it locks
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file.fileno()).st_nlink:
                return file
            file.close()  # its last holder removed it after we had opened it: that lock locks nobody out
        except BlockingIOError:
            file.close()
            if not pauses:
                return None
            time.sleep(pauses.pop())


def let_go(lock: PathLike, file: TextIO) -> None:
    """Give back a lock that `hold` took."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(lock)
    file.close()


def wait_for(lock: PathLike) -> TextIO:
    """`hold`, however long others do."""
    while (file := hold(lock)) is None:
        time.sleep(0.05)
    return file


@contextlib.contextmanager
def in_turn(lock: PathLike) -> Iterator[None]:
    """Let one process after another go on."""
    file = wait_for(lock)
    try:
        yield
    finally:
        let_go(lock, file)


@contextlib.contextmanager
def marker(folder: PathLike) -> Iterator[Path]:
    """A file that stands in a folder for a while, to see who sees it; yields its path."""
    path = Path(folder).resolve() / f".seen-{secrets.token_hex(4)}.lock"  # goes with `remove_leftovers`
    with in_turn(path):
        yield path


def read_bytes(path: PathLike) -> bytes:
    """A file as it is, for `write_bytes` on another machine."""
    return _read_bytes(path)


def write_bytes(path: PathLike, data: bytes) -> None:
    """Write what `read_bytes` read, atomically."""
    with atomic_write(path) as file:
        file.write(data)


def remove_leftovers(folder: PathLike) -> None:
    """Remove what processes that were killed left beside finished outputs."""
    for path in [*Path(folder).glob(".*.tmp"), *Path(folder).glob(".*.lock")]:
        with contextlib.suppress(OSError), open(path, "r+b") as file:  # network file systems lock what can be written
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file.fileno()).st_ino == path.stat().st_ino:  # not one made anew in between
                path.unlink()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: PathLike, text: str) -> None:
    """Write a text file atomically."""
    with atomic_write(path, "w") as file:
        file.write(text)


def write_json(path: PathLike, value: dict[str, Any]) -> None:
    """Write JSON atomically, indented, in the order of the dict's keys."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: PathLike) -> dict[str, Any]:
    """A JSON file's dict, of at most 64 MiB."""
    try:
        value = json.loads(_read_bytes(path, most=1 << 26))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON ({error}); delete it and run the step that writes it again") from None
    if not isinstance(value, dict):
        raise UserError(f"{path}: a JSON object is expected; delete it and run the step that writes it again")
    return value


def write_config(path: PathLike, flags: dict[str, Any], command: str) -> None:
    """Write flags as YAML, after a comment that says by which command they are used again."""
    # JSON's values are YAML's, and each stays on its flag's line.
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False, default=str)}\n" for name, value in flags.items()]
    write_text(path, f"# {command}\n{''.join(lines)}")


def read_config(path: PathLike) -> dict[str, str | list[str]]:
    """The flags in a YAML file of at most 64 KiB: dict of str to text or a list of texts, as on the command line.

    Those without a value are left out.
    """
    try:
        # No tags, merge keys or numbers: nothing runs code or grows, and the label word `no` stays a word.
        flags = yaml.load(_read_bytes(path, most=1 << 16), yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: is no YAML ({error}); write a line `flag: value` for each flag") from None
    if not isinstance(flags, dict):
        raise UserError(f"{path}: holds no flags; write a line `flag: value` for each")
    for name, value in flags.items():
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, str) for part in parts):
            raise UserError(f"{path}: {_short(name)} is neither a value nor a list of values")
    return {name: value for name, value in flags.items() if value != ""}


def _read_bytes(path, most=1 << 32):
    """A regular file's content, if it is no more than `most` bytes; a pipe or a device may never end."""
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise UserError(f"{path}: is a folder, a file is expected")
        if not stat.S_ISREG(status.st_mode):
            raise UserError(f"{path}: is a pipe or a device, a file is expected")
        if status.st_size > most:
            raise UserError(f"{path}: has {status.st_size} bytes, more than {most} are not read")
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except PermissionError:
        raise UserError(f"{path}: no permission to read it") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def sha256(*paths: PathLike) -> str:
    """One hexadecimal digest over the contents of files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def input_digest(path: PathLike) -> str:
    """One digest of an input: of a file and the tables that stand beside it (``X_*.csv``), or of a folder's tasks."""
    path = Path(path)
    if path.is_dir():
        return sha256(*sorted(path.glob("[!.]*-*.*")))
    return sha256(path, *sorted(path.parent.glob(f"{path.stem}_*.csv")))


def settings_path(output: PathLike) -> Path:
    """Where the settings that made `output` are kept: ``X.json`` beside ``X.csv``, ``settings.json`` in a folder."""
    output = Path(output)
    return output.with_suffix(".json") if is_file(output) else output / "settings.json"


def read_record(output: PathLike) -> dict[str, Any]:
    """The settings that made `output`, those checked that scripts go by; empty where none are kept beside it."""
    record = settings_path(output)
    return _checked_settings(record, read_json(record)) if record.exists() else {}


def is_file(output: PathLike) -> bool:
    """Whether an output, which need not be there yet, is a file: a folder may have a dot in its name."""
    return Path(output).suffix in (".csv", ".pkl", ".html")


# Recorded but not compared: versions of libraries, what differs from file to file, and names of folders, whose contents
# are compared (`data`, `backbone`).
NOT_COMPARED = ("versions", "prompts", "sha256", "dataset", "pretrained_model")


def first_difference(ours: dict[str, Any], theirs: dict[str, Any]) -> str | None:
    """The first setting that differs, in words for an error.

    Parameters
    ----------
    ours, theirs : dict
        The settings of this run, and those that an output was made with; JSON values. A name that one of them lacks is
        None there; those of `NOT_COMPARED` are passed over.

    Returns
    -------
    str or None
        ``name is A there and B here``: there are theirs, here ours. None where all agree.
    """
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        if name not in NOT_COMPARED and ours.get(name) != theirs.get(name):
            return f"{name} is {_short(theirs.get(name))} there and {_short(ours.get(name))} here"
    return None


@functools.cache
def code() -> str:
    """Digest of the code that this process runs: the package's files."""
    return sha256(*sorted(Path(__file__).parent.rglob("*.py")))


def versions() -> dict[str, str]:
    """What the results were computed with."""
    libraries = "torch", "transformers", "numpy", "scipy", "numba"
    return {"openneuron": code()[:12], "python": platform.python_version(),
            **{name: metadata.version(name) for name in libraries}}


def _short(value):
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def prepare_output(output: PathLike, settings: dict[str, Any], overwrite: bool = False) -> None:
    """Make room for an output, or refuse where other settings made what stands there.

    Called before the work begins. The settings are written first and the output after them, so that an interrupted
    run can be taken up, and a file without settings is one that somebody else made.

    Parameters
    ----------
    output : path-like
        A file (.csv, .pkl, .html), or a folder of files made with the same settings.
    settings : dict
        What makes the output; JSON values; `made_by`, the script. Recorded with `versions`.
    overwrite : bool
        Replace what other settings made.

    Raises
    ------
    UserError
        If the output stands there already and was made with other settings, or by nobody knows what; if the record is
        that of another script's output.
    """
    output, record = Path(output), settings_path(output)
    settings = json.loads(json.dumps({**settings, "versions": versions()}))
    remove_leftovers(output.parent if is_file(output) else output)
    made_by = read_record(output).get("made_by")
    if made_by not in (None, settings["made_by"]):
        raise UserError(f"{output}: {record.name} beside it is the record of what {made_by} made; choose another name")
    made = output.exists() and (output.is_file() or any(output.glob("[!.]*-*.*")))
    if made and not overwrite:
        if not record.exists():
            raise UserError(f"{output}: is there already, without a record ({record.name}) of what made it; "
                            "pass --overwrite to replace it, or choose another name")
        difference = first_difference(settings, read_json(record))
        if difference:
            raise UserError(f"{output}: was made with other settings ({difference}); "
                            "pass --overwrite to replace it, or choose another name")
    if overwrite and record.exists() and first_difference(settings, read_json(record)) and output.is_file():
        output.unlink()
    write_json(record, settings)


def seal(output: PathLike, *paths: PathLike) -> None:
    """Add the SHA-256 of finished files to the record of `output`: their readers then know that nothing has changed."""
    digests = {Path(path).name: sha256(path) for path in paths}
    write_json(settings_path(output), {**read_json(settings_path(output)), "sha256": _sealed(output) | digests})


def _sealed(output):
    """The digests that `seal` left, by the files' names; none for an output without a record."""
    digests = read_record(output).get("sha256", {})
    if not isinstance(digests, dict):
        raise UserError(f"{settings_path(output)}: its `sha256` are no record of files; delete it and make its files "
                        "again")
    return digests


def _check_unchanged(path, data, digests):
    """Refuse a file whose digest is another than the one recorded."""
    digest = digests.get(Path(path).name)
    if digest and hashlib.sha256(data).hexdigest() != digest:
        raise UserError(f"{path}: has changed since it was written (another SHA-256 is recorded beside it); make it "
                        "again, or give your version another name")


def task_files(folder: PathLike, suffix: str) -> dict[tuple[str, int], Path]:
    """The files of tasks in a folder, ``{emotion}-{seed}{suffix}``, whatever else stands there.

    Parameters
    ----------
    folder : path-like
        It need not be there.
    suffix : str
        With its dot: ``.pt``, ``.csv`` or ``.json``.

    Returns
    -------
    dict of (emotion, seed) to pathlib.Path
        In order of name; ``{emotion}-all.csv`` is none of them.
    """
    tasks = {}
    for path in sorted(Path(folder).glob(f"*-*{suffix}")):
        emotion, _, seed = path.stem.rpartition("-")
        if emotion in EMOTIONS and re.fullmatch("0|[1-9][0-9]*", seed):
            tasks[emotion, int(seed)] = path
    return tasks


# --------------------------------------------------------------------------------------------------------- checkpoints


def checkpoint_path(folder: PathLike, emotion: str, seed: int) -> Path:
    """Where the prompt of one task is kept."""
    return Path(folder) / f"{emotion}-{seed}.pt"


def write_checkpoint(path: PathLike, checkpoint: dict[str, Any]) -> None:
    """Write a prompt checkpoint.

    Parameters
    ----------
    path : path-like
    checkpoint : dict
        The fields that `read_checkpoint` returns; `settings` are what the prompts were trained with.
    """
    data = io.BytesIO()  # torch's writer hides that a disk is full
    torch.save(checkpoint, data)
    with atomic_write(path) as file:
        file.write(data.getbuffer())


def read_checkpoint(path: PathLike) -> dict[str, Any]:
    """A prompt checkpoint, ours or a published one, checked.

    Returns
    -------
    dict
        `best_prompt` and `final_prompt`, float32 tensors [P, H]; `best_acc` and `final_acc`, floats (`final_*` only
        where the file has them); `epoch`, int; `settings`, dict (empty for published files).

    Raises
    ------
    UserError
        If the file is missing, damaged or holds more than tensors, if a prompt is no matrix of finite numbers, or if an
        accuracy is not in 0..1.
    """
    content = _load_tensors(_read_checkpoint_bytes(path), path)
    if not isinstance(content, dict) or "best_prompt" not in content or "best_acc" not in content:
        raise UserError(f"{path}: is no prompt checkpoint (no `best_prompt` or `best_acc` in it); "
                        "train it again with train.py")
    checkpoint = {**content, "settings": _checked_settings(path, content.get("settings")),
                  "epoch": int(_checked_number(path, "epoch", content.get("epoch", -1)))}
    for name in ("best_prompt", "final_prompt"):
        if name in content:
            checkpoint[name] = _checked_prompt(path, name, content[name])
            if checkpoint[name].shape != checkpoint["best_prompt"].shape:
                raise UserError(f"{path}: its final prompt is of another shape than its best; train it again")
    for name in ("best_acc", "final_acc"):
        if name in content:
            checkpoint[name] = _checked_number(path, name, content[name])
            if not 0 <= checkpoint[name] <= 1:
                raise UserError(f"{path}: `{name}` is {checkpoint[name]}, an accuracy is between 0 and 1; "
                                "train it again")
    return checkpoint


def _read_checkpoint_bytes(path):
    if not Path(path).exists():
        raise UserError(f"{path}: no such file; train.py makes checkpoints, --checkpoint_dir says where they are")
    return _read_bytes(path)


def _load_tensors(data, name):
    """What `torch.save` wrote: loaded without running code from it, and checked against its checksums."""
    try:
        if data[:4] == b"PK\3\4":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                # torch compresses nothing: what grows when unpacked was made to fill the memory.
                if sum(entry.file_size for entry in archive.infolist()) > len(data):
                    raise UserError(f"{name}: grows when unpacked, which no checkpoint does; it was not loaded")
                if archive.testzip():  # torch itself leaves the checksums alone
                    raise UserError(f"{name}: is damaged (a checksum is wrong); delete it and make it again")
            # The pickle that torch will load, and not another that `zipfile` takes for it.
            _check_pickle(torch._C.PyTorchFileReader(io.BytesIO(data)).get_record("data.pkl"), _TENSOR_NAMES)
        else:
            stream = io.BytesIO(data)
            for _ in range(5):  # the old form: three that say which form it is, the content, the names of its storages
                _check_pickle(stream, _TENSOR_NAMES)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about forms of pickle that it then refuses
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except UserError:
        raise
    except pickle.UnpicklingError:
        raise UserError(f"{name}: holds more than tensors, or is damaged; it was not loaded, since it could run code. "
                        "Make it again") from None
    except Exception as error:  # a damaged file can fail anywhere inside the loader
        if is_out_of_memory(error):
            raise
        raise UserError(f"{name}: is damaged ({type(error).__name__}); delete it and make it again") from None


# What pickles of dicts, lists, words, numbers and tensors are made of, in any protocol. Left out is what changes things
# that are there already (BUILD, DUP), makes others than by a call (INST, OBJ, NEWOBJ) or finds them elsewhere (EXT).
_OPCODES = frozenset("""
    PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 FLOAT BINFLOAT SHORT_BINSTRING
    UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 EMPTY_DICT DICT SETITEM SETITEMS
    EMPTY_LIST LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 GLOBAL STACK_GLOBAL REDUCE BINPERSID MEMOIZE
    PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET
    """.split())
# What `torch.save` asks for in dicts of tensors; its loader allows more, some of which can fill the memory.
_TENSOR_NAMES = re.compile(
    r"collections OrderedDict|torch\._utils _rebuild_(tensor|tensor_v2|parameter)|torch \w+Storage")
_MOST_PARTS = 64  # of a tuple; the one that describes a matrix has 49
_GROWING = _MOST_PARTS // 2 + 1  # parts that a dict or list counts for, so that a tuple holds one at most


def _check_pickle(data, allowed=None):
    """Raise unless a pickle, or the next one of a stream, holds no more than masks and checkpoints do.

    A pickle is a program for a machine with a stack, and this one is read before it runs. A hundred bytes can put a
    tuple twice into another, sixty times over: whoever compares or prints it visits 2^60 parts. So the parts of
    everything on the stack are counted; tuples stay small, and dicts and lists, which grow later, stand in one place.
    """
    stack: list[int] = []
    marks: list[int] = []  # where what belongs together begins
    memo: dict[Any, int] = {}
    for number, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        name, before, after = opcode.name, opcode.stack_before, opcode.stack_after
        if name not in _OPCODES or (allowed and name.endswith("GLOBAL") and not allowed.fullmatch(argument or "")):
            raise pickle.UnpicklingError(name)
        if name == "MARK":
            marks.append(len(stack))
            continue
        start = (marks.pop() + 2 if pickletools.markobject in before else len(stack)) - len(before)
        taken = stack[start:]
        del stack[start:]
        parts = 1
        if after == [pickletools.pytuple]:
            parts += sum(taken)
        elif after in ([pickletools.pydict], [pickletools.pylist]) or (name == "REDUCE" and taken[0] > 1):
            parts = _GROWING
        elif name in ("MEMOIZE", "BINPERSID"):
            parts = taken[0]
        elif name.endswith("GET"):
            parts = memo[argument]
        elif name == "GLOBAL" and argument == "collections OrderedDict":
            parts = 2  # other names have one: so REDUCE knows that it makes a dict
        used_again = name.endswith("GET") or name == "BINPERSID"
        if parts > _MOST_PARTS or (used_again and parts >= _GROWING):
            raise pickle.UnpicklingError(name)
        stack += [parts] * len(after)
        if name.endswith("PUT") or name == "MEMOIZE":
            place = len(memo) if argument is None else argument
            if place > number:  # a memo of 10^9 places fills the memory
                raise pickle.UnpicklingError(name)
            memo[place] = stack[-1]


def _is_count(value):
    return type(value) is int and value > 0


# The settings that scripts take over from a file, and what they may be.
_TAKEN_OVER: dict[str, Callable[[Any], bool]] = {
    "emotions": lambda value: isinstance(value, list) and all(
        isinstance(name, str) and name in EMOTIONS for name in value),
    "label_words": lambda value: isinstance(value, list) and all(isinstance(word, str) for word in value),
    "max_length": _is_count, "num_layers": _is_count,
    "negatives": lambda value: isinstance(value, str) and value in ("published", "strict"),
    "prompts": lambda value: isinstance(value, dict),
    "seeds": lambda value: isinstance(value, list) and all(type(seed) is int for seed in value)}


def _checked_settings(path, settings):
    """What made a file, as it is recorded; empty where nothing is."""
    settings = {} if settings is None else settings
    if not isinstance(settings, dict) or not all(isinstance(name, str) for name in settings):
        raise UserError(f"{path}: its `settings` are no record of what made it; delete it and make it again")
    for name, is_valid in _TAKEN_OVER.items():
        if name in settings and not is_valid(settings[name]):
            raise UserError(f"{path}: `{name}` is {_short(settings[name])} in its settings, which cannot be; delete it "
                            "and make it again")
    return settings


def _checked_number(path, name, value):
    """A finite float from a number or a tensor of one element (published checkpoints have both)."""
    try:
        number = float(value) if isinstance(value, (int, float, torch.Tensor)) else math.nan
    except (ValueError, RuntimeError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{path}: `{name}` is not a number; delete the file and make it again")
    return number


def _is_matrix(value):
    """Whether a value of a file is a matrix of real numbers that holds as many as its shape claims."""
    return (isinstance(value, torch.Tensor) and _is_tensor(value, 2, value.dtype) and value.numel() > 0
            and not value.is_complex() and not value.is_quantized)


def _checked_prompt(path, name, prompt):
    if not _is_matrix(prompt) or not prompt.is_floating_point():
        raise UserError(f"{path}: `{name}` is not a matrix of numbers [prompt length, hidden size]; train it again")
    prompt = prompt.detach().to(torch.float32)
    if not torch.isfinite(prompt).all():
        raise UserError(f"{path}: `{name}` has NaN or infinite values; train it again with a smaller --lr")
    return prompt


def new_training_path(folder: PathLike) -> Path:
    """A place for the state of one process's training."""
    return Path(folder) / f".training-{secrets.token_hex(4)}.state"


def training_paths(folder: PathLike) -> list[Path]:
    """The states of training that processes, running or interrupted, keep in a folder."""
    return sorted(Path(folder).glob(".training-*.state"))


def write_training(path: PathLike, state: dict[str, Any]) -> None:
    """Write the state of training: what `framework.prompting.trainer.PromptTrainer.state` returns, and `settings`."""
    write_checkpoint(path, state)


def read_training(path: PathLike) -> dict[str, Any]:
    """The state of training that `write_training` wrote, checked.

    Returns
    -------
    dict
        For `framework.prompting.trainer.PromptTrainer.load_state`, and `settings`.
    """
    state = _load_tensors(_read_bytes(path), path)
    of_all = {"tasks", "ended", "prompts", "exp_avg", "exp_avg_sq", "positions_per_batch", "group_size", "settings"}
    of_task = {"emotion", "seed", "epoch", "step", "order", "best_prompt", "best_acc", "best_epoch", "losses", "loss",
               "acc", "generator"}

    def is_finite(value, shape):
        return (_is_tensor(value, len(shape), state["prompts"].dtype) and value.shape == shape
                and bool(value.isfinite().all()))

    def is_task(task, more=()):
        counts = ("seed", "epoch", "step", "best_epoch")
        torch.Generator().set_state(task["generator"])
        return (task.keys() == {*of_task, *more} and task["emotion"] in EMOTIONS
                and all(type(task[name]) is int and task[name] >= 0 for name in counts)
                and all(type(task[name]) is float and not task[name] > 1 for name in ("best_acc", "acc"))
                and type(task["loss"]) is float and _is_tensor(task["losses"], 1, task["losses"].dtype)
                and task["losses"].is_floating_point()
                and _is_tensor(task["order"], 1, torch.int64) and bool((task["order"] >= 0).all())
                and (is_finite(task["best_prompt"], shape[1:]) if task["epoch"] else task["best_prompt"] is None)
                and all(is_finite(task[name], shape[1:]) for name in more))

    try:
        shape = state["prompts"].shape
        valid = (state.keys() == of_all and state["prompts"].is_floating_point() and len(shape) == 3
                 and len(state["tasks"]) == shape[0]
                 and all(is_finite(state[name], shape) for name in ("prompts", "exp_avg", "exp_avg_sq"))
                 and all(is_task(task) for task in state["tasks"])
                 and all(is_task(task, more=["prompt"]) for task in state["ended"])
                 and type(state["positions_per_batch"]) is int and state["positions_per_batch"] > 0
                 and type(state["group_size"]) is int and state["group_size"] > 0)
        state["settings"] = _checked_settings(path, state.get("settings"))
    except (LookupError, TypeError, AttributeError, RuntimeError) as error:  # the last of a generator
        if is_out_of_memory(error):
            raise
        valid = False
    if not valid:
        raise UserError(f"{path}: is no state of training; delete it")
    return state


def training_progress(folder: PathLike) -> dict[tuple[str, int], str]:
    """What of each task is saved in the states of training of a folder.

    Returns
    -------
    dict of (emotion, seed) to str
        Finished epochs, as ``3 epochs``; a damaged state has none.
    """
    progress = {}
    for path in training_paths(folder):
        with contextlib.suppress(UserError):  # a damaged state is dropped when training goes on
            for task in read_training(path)["tasks"]:
                progress[task["emotion"], task["seed"]] = f"{task['epoch']} epochs"
    return progress


def _is_tensor(value, dimensions, dtype):
    """Whether a value of a file is a tensor of so many dimensions that holds as many numbers as its shape claims."""
    return (isinstance(value, torch.Tensor) and value.layout == torch.strided and value.device.type == "cpu"
            and value.dim() == dimensions and value.dtype == dtype
            and value.untyped_storage().nbytes() >= value.numel() * value.element_size())


def tensorboard(folder: PathLike) -> SummaryWriter:
    """Open a folder for TensorBoard's events: a `torch.utils.tensorboard.SummaryWriter`, to be used in `with`."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise UserError("--tensorboard: needs a package that is not installed; pip install tensorboard") from None
    return SummaryWriter(folder)


def study_folder(folder: Path, usual: str) -> Path:
    """Where a study keeps its folders, one of them `folder`: beside it if it has the `usual` name, or else in it."""
    return folder.parent if folder.name == usual else folder


def accuracy_path(checkpoint_dir: PathLike) -> Path:
    """Where the accuracies of all prompts of a folder are kept: beside `checkpoint`, in a folder of another name."""
    return study_folder(Path(checkpoint_dir).resolve(), "checkpoint") / "goemotions_prompt_tuning_accuracy.csv"


def write_accuracies(checkpoint_dir: PathLike) -> pd.DataFrame:
    """Write the best dev accuracy of every prompt in a folder: the table `sentiment, random_seed, accuracy`.

    The prompts' digests are recorded beside it.

    Returns
    -------
    pandas.DataFrame
        That table; accuracies in 0..1.
    """
    output, task = accuracy_path(checkpoint_dir), ["sentiment", "random_seed"]
    # Of two processes that end together, the last one sees the prompts of both.
    with in_turn(output.with_name(f".{output.name}.lock")):
        paths = task_files(checkpoint_dir, ".pt")
        table = pd.DataFrame([(*task, read_checkpoint(path)["best_acc"]) for task, path in paths.items()],
                             columns=[*task, "accuracy"]).sort_values(task)
        write_json(settings_path(output), {
            "made_by": "train.py", "prompts": {path.stem: sha256(path) for path in paths.values()},
            "versions": versions()})
        write_table(output, table)
    return table


# -------------------------------------------------------------------------------------------------- neuron activations


def activation_path(folder: PathLike, emotion: str, seed: int | str) -> Path:
    """Where the activations of one task (or ``"all"`` seeds) are kept."""
    return Path(folder) / f"{emotion}-{seed}.csv"


def write_activations(path: PathLike, values: np.ndarray) -> None:
    """Write one row of activations under the header ``0..N-1``.

    Parameters
    ----------
    values : array [N], float32 or int
        Floats are written with as many digits as tell them apart.
    """
    write_text(path, f"{','.join(map(str, range(len(values))))}\n{','.join(map(str, values))}\n")


def write_sum_over_seeds(folder: PathLike, emotion: str) -> None:
    """Write ``{emotion}-all.csv``, the sum of the emotion's activations over all seeds in the folder.

    Sums are of float32, and written as integers where all are whole: after_relu's, which are counts of seeds.
    """
    paths = [path for task, path in task_files(folder, ".csv").items() if task[0] == emotion]
    digests = _sealed(folder)
    values = np.stack([_read_activation_file(path, digests).astype(np.float32) for path in paths])
    total = values.sum(axis=0, dtype=np.float32)
    write_activations(activation_path(folder, emotion, "all"),
                      total.astype(np.int64) if (total == total.round()).all() else total)


def prepare_activations(
        folder: PathLike, settings: dict[str, Any], prompts: dict[tuple[str, int], str], overwrite: bool = False,
) -> list[tuple[str, int]]:
    """`prepare_output` for a folder of activations, which keeps those that were read under the same prompts before.

    Parameters
    ----------
    folder : path-like
    settings : dict
        What makes all activations of the folder.
    prompts : dict of (emotion, seed) to str
        A digest of each task's prompt.
    overwrite : bool
        Replace what other settings made.

    Returns
    -------
    list of (emotion, seed)
        The tasks left.

    Raises
    ------
    UserError
        As `prepare_output` does.
    """
    before = read_record(folder)
    same = not first_difference(json.loads(json.dumps(settings)), before)
    digests = before.get("prompts", {}) if same else {}
    wanted = {f"{emotion}-{seed}": digest for (emotion, seed), digest in prompts.items()}
    sums = {f"{emotion}-all.csv" for emotion, _ in prompts}
    if same or overwrite:
        stale = [path for path in Path(folder).glob("*-*.csv") if path.stem.rpartition("-")[0] in EMOTIONS
                 and (not same or path.stem in wanted and wanted[path.stem] != digests.get(path.stem))]
        for path in stale:  # before the record says that they are of the new prompts
            path.unlink()
    # The sums over seeds will be made again, whatever is kept.
    kept = {name: digest for name, digest in _sealed(folder).items()
            if (Path(folder) / name).exists() and name not in sums}
    prepare_output(folder, {**settings, "prompts": {**digests, **wanted}, "sha256": kept}, overwrite)
    return [task for task in prompts if not activation_path(folder, *task).exists()]


def activation_seeds(folder: PathLike) -> dict[str, list[int]]:
    """The seeds of each emotion that a folder holds activations of: dict of str to list of int.

    Raises
    ------
    UserError
        If it holds none of any emotion.
    """
    seeds: dict[str, list[int]] = {}
    for emotion, seed in task_files(folder, ".csv"):
        seeds.setdefault(emotion, []).append(seed)
    if not seeds:
        raise UserError(f"{folder}: holds no activations (emotion-seed.csv); get_active_neuron.py makes them, "
                        "--activation_dir says where they are")
    return seeds


def activated_emotions(folder: PathLike, emotions: Sequence[str]) -> list[str]:
    """Those of the emotions that a folder holds activations of, in the order given.

    Raises
    ------
    UserError
        If these are fewer than 4, which have 6 distances.
    """
    there = activation_seeds(folder)
    used = [emotion for emotion in emotions if emotion in there]
    if len(used) < 4:
        raise UserError(f"{folder}: has activations for {len(used)} of the {len(emotions)} emotions that people rated, "
                        "4 and more are needed; run get_active_neuron.py for the others")
    return used


def read_activations(
        folder: PathLike, emotions: Sequence[str], seeds: Sequence[int | str] | None = None,
) -> tuple[np.ndarray, list[int | str]]:
    """Activations of all neurons under the prompts of some emotions, read in parallel.

    Parameters
    ----------
    folder : path-like
    emotions : sequence of str
    seeds : sequence of int or ``"all"``, optional
        By default all seeds that any of the emotions has, in ascending order.

    Returns
    -------
    values : array [S, E, N], float64
    seeds : list

    Raises
    ------
    UserError
        If a file is missing, cut off or changed since it was written, holds something but finite numbers, or has not as
        many neurons as the others.
    """
    if seeds is None:
        there = activation_seeds(folder)
        seeds = sorted({seed for emotion in emotions for seed in there.get(emotion, ())})
    paths = [activation_path(folder, emotion, seed) for seed in seeds for emotion in emotions]
    digests = _sealed(folder)
    first = _read_activation_file(paths[0], digests)
    values = np.empty((len(paths), len(first)))

    def read(place):
        row = _read_activation_file(paths[place], digests)
        if len(row) != len(first):
            raise UserError(f"{paths[place]}: has {len(row)} neurons, {paths[0].name} has {len(first)}; "
                            "all must come from one model")
        values[place] = row

    with ThreadPoolExecutor() as pool:
        list(pool.map(read, range(len(paths))))
    return values.reshape(len(seeds), len(emotions), -1), list(seeds)


@functools.lru_cache(maxsize=2)
def _activation_header(neurons):
    return ",".join(map(str, range(neurons))).encode()


def _read_activation_file(path, digests):
    again = "run get_active_neuron.py for this emotion and seed"
    try:
        content = _read_bytes(path)
    except UserError as error:
        raise UserError(f"{error}; {again}") from None
    _check_unchanged(path, content, digests)
    lines = content.splitlines()
    if len(lines) != 2 or not content.endswith(b"\n"):  # without its end, the last number may have lost digits
        raise UserError(f"{path}: is not a line of names and one of activations, or is cut off; {again}")
    names, fields = (line.count(b",") + 1 for line in lines)
    if fields != names:
        raise UserError(f"{path}: has {fields} activations for {names} neurons; {again}")
    if lines[0] != _activation_header(names):
        raise UserError(f"{path}: its columns are not named 0 to {names - 1}; {again}")
    try:
        text = pyarrow.array([lines[1]], pyarrow.string())
        row = pyarrow.compute.split_pattern(text, ",").flatten().cast(pyarrow.float64()).to_numpy()
    except pyarrow.ArrowInvalid:
        raise UserError(f"{path}: holds something that is not a number; {again}") from None
    if not np.isfinite(row).all():
        raise UserError(f"{path}: neuron {np.flatnonzero(~np.isfinite(row))[0]} has no finite value; {again}")
    return row


# ---------------------------------------------------------------------------------------------- human data, searchlight


def read_emotion_order(path: PathLike) -> list[str]:
    """The emotions that condensed distances are over: one a line."""
    return _checked_emotions(path, _read_text(path).split())


def _checked_emotions(path, emotions):
    for emotion in emotions:
        if emotion not in EMOTIONS:
            raise UserError(f"{path}: {emotion!r} is not one of GoEmotions' 27 emotions")
        if emotions.count(emotion) > 1:
            raise UserError(f"{path}: has {emotion!r} more than once")
    return emotions


def read_attributes(
        path: PathLike, emotion_order: PathLike | None = None,
) -> tuple[list[str], list[str], np.ndarray, bool]:
    """What people think of emotions: ratings with an `emotion` column, or distances between any two emotions.

    Parameters
    ----------
    path : path-like
        CSV, one column an attribute.
    emotion_order : path-like, optional
        The emotions that distances are over; needed for those.

    Returns
    -------
    attributes : list of str [A]
    emotions : list of str [E]
    numbers : array [E, A] or [A, E (E - 1) / 2]
        Ratings, or distances.
    are_ratings : bool
        Which of the two the file holds.

    Raises
    ------
    UserError
        If a column has no name or not only finite numbers; if an emotion is unknown or there twice; if distances come
        without `emotion_order`, are not one for each pair of its emotions, or are below 0.
    """
    columns = list(read_table(path, numeric=False).columns)
    attributes = [name for name in columns if name != "emotion"]
    if not attributes or any(str(name).startswith("Unnamed:") for name in attributes):
        raise UserError(f"{path}: every column but `emotion` must hold an attribute and have its name")
    numbers = read_table(path, attributes).to_numpy(float)
    if "emotion" in columns:
        return attributes, _checked_emotions(path, list(read_table(path, numeric=False)["emotion"])), numbers, True
    if emotion_order is None:
        raise UserError(f"{path}: has no column `emotion`, so these are distances: "
                        "--emotion_order must give the file of the emotions that they are over")
    emotions = read_emotion_order(emotion_order)
    return attributes, emotions, _checked_distances(path, numbers.T, emotions, "rows"), False


def _checked_distances(path, distances, emotions, what):
    pairs = len(emotions) * (len(emotions) - 1) // 2
    if distances.shape[1] != pairs:
        raise UserError(f"{path}: has {distances.shape[1]} {what}, the {len(emotions)} emotions of --emotion_order "
                        f"make {pairs} pairs")
    if (distances < 0).any():
        raise UserError(f"{path}: has a distance below 0")
    return distances


def read_judgements(
        mean_path: PathLike, individual_path: PathLike, emotions: Sequence[str],
) -> tuple[np.ndarray, np.ndarray]:
    """People's judgements of how different emotions are, checked against each other.

    Parameters
    ----------
    mean_path : path-like
        CSV of one column, a row a pair of emotions: the mean over people.
    individual_path : path-like
        CSV of a column a pair, a row a person.
    emotions : list of str
        In the order of the pairs.

    Returns
    -------
    mean : array [P]
    individual : array [people, P]

    Raises
    ------
    UserError
        If these are not one for each pair, if there are fewer than two people or one who judges all pairs alike, or if
        the one file does not hold the mean of the other.
    """
    mean = _checked_distances(mean_path, read_table(mean_path).to_numpy(float).T, emotions, "rows")
    individual = _checked_distances(individual_path, read_table(individual_path).to_numpy(float), emotions, "columns")
    if len(mean) != 1:
        raise UserError(f"{mean_path}: has {len(mean)} columns, one of mean judgements is expected")
    if len(individual) < 2:
        raise UserError(f"{individual_path}: has one row, intervals over people need two and more")
    for person in np.flatnonzero(np.ptp(individual, axis=1) == 0):
        raise UserError(f"{individual_path}: row {person + 1} has the same judgement of all pairs; "
                        "leave that person out")
    if not np.allclose(mean[0], individual.mean(axis=0), atol=1e-6):
        raise UserError(f"{mean_path}: is not the mean of the people in {individual_path}")
    return mean[0], individual


def searchlight_path(rank_path: PathLike, table: str) -> Path:
    """Where a table that step 4 makes stands beside its ranks: ``ranks.csv`` -> ``ranks_tau.csv``.

    Tables of neurons x attributes, like the ranks: `tau`, `p`, `q`, `permutation_p`, `permutation_p_fwe`. Others:
    `permutation_max`, `significant_by_layer`, `reliability`.
    """
    return Path(rank_path).with_name(f"{Path(rank_path).stem}_{table}.csv")


def write_searchlight(rank_path: PathLike, ranks: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> None:
    """Write what step 4 makes: the tables beside the ranks, then the ranks.

    Parameters
    ----------
    rank_path : path-like
    ranks : pandas.DataFrame
    tables : dict of str to pandas.DataFrame
        By the names that `searchlight_path` takes; those of an earlier run that are not among them are removed.
    """
    for stale in ("permutation_p", "permutation_p_fwe", "permutation_max", "reliability"):
        if stale not in tables:
            searchlight_path(rank_path, stale).unlink(missing_ok=True)
    for name, table in tables.items():
        _write_numbers(searchlight_path(rank_path, name), table)
    _write_numbers(rank_path, ranks)


def _write_numbers(path, table):
    """`write_table` in a tenth of pandas' time, which half a million numbers are worth."""
    with atomic_write(path) as file:
        file.write(table[:0].to_csv(index=False, lineterminator="\n").encode())
        pyarrow.csv.write_csv(pyarrow.Table.from_pandas(table, preserve_index=False), file,
                              pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed"))


# ------------------------------------------------------------------------------------------------------------- tables


def write_table(path: PathLike, table: pd.DataFrame, index: bool = False) -> None:
    """Write a data frame as CSV."""
    with atomic_write(path, "w") as file:
        table.to_csv(file, index=index, lineterminator="\n")


def read_table(
        path: PathLike, columns: Sequence[str] = (), numeric: bool = True, of: PathLike | None = None,
) -> pd.DataFrame:
    """A CSV table, checked: it has the columns asked for, and its numbers are finite.

    Parameters
    ----------
    columns : sequence of str
        Columns that must be there, and are all that is returned; every column if empty.
    numeric : bool
        Whether all returned columns must hold finite numbers.
    of : path-like, optional
        The output in whose record the file may be sealed.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    UserError
        If it is no CSV, has no rows, more than 10,000 columns, not those asked for, or no finite number where one must
        be; if it was sealed and has changed since.
    """
    data = _read_bytes(path)
    if of:
        _check_unchanged(path, data, _sealed(of))
    columns_there = data[: data.find(b"\n") % (len(data) + 1)].count(b",") + 1
    if columns_there > 10_000:
        raise UserError(f"{path}: has {columns_there} columns, more than 10000 are not read; is it another file?")
    try:
        # Only an empty field is a missing value: "NA" and "nan" are words that a comment may consist of.
        # pandas' own way of reading numbers is off by a bit in the last place, which makes and breaks ties.
        table = pd.read_csv(io.BytesIO(data), keep_default_na=False, na_values=[""], float_precision="round_trip",
                            low_memory=False)
    except (ValueError, OverflowError) as error:
        raise UserError(f"{path}: cannot be read as CSV ({error})") from None
    if len(table) == 0:
        raise UserError(f"{path}: has no rows")
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes fields without a header for the rows' names
        raise UserError(f"{path}: its rows have more fields than its header has names")
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise UserError(f"{path}: has no column {missing[0]!r}; it has {', '.join(map(str, table.columns[:20]))}")
    table = table[list(columns)] if len(columns) else table
    if numeric:
        for name in table.columns:
            if not pd.api.types.is_numeric_dtype(table[name]):
                raise UserError(f"{path}: column {name!r} holds something that is not a number")
            if not np.isfinite(table[name].to_numpy(float)).all():
                row = int(np.flatnonzero(~np.isfinite(table[name].to_numpy(float)))[0])
                raise UserError(f"{path}: column {name!r} has a missing or infinite value in row {row + 1}")
    return table


def read_ratings(path: PathLike) -> pd.DataFrame:
    """People's ratings in long format.

    Returns
    -------
    pandas.DataFrame
        `participant`, `emotion` (in lower case) and `attribute`, str; `rating`, float, NaN where it is left empty.

    Raises
    ------
    UserError
        If a column is missing, a name is empty, or a rating is neither empty nor a finite number.
    """
    names = ["participant", "emotion", "attribute"]
    table = read_table(path, [*names, "rating"], numeric=False)
    for name in names:
        if table[name].isna().any():
            raise UserError(f"{path}: column {name!r} is empty in row {table[name].isna().idxmax() + 1}")
        table[name] = table[name].astype(str).str.strip()
    table["emotion"] = table["emotion"].str.lower()
    rating = pd.to_numeric(table["rating"], errors="coerce").astype(float)
    wrong = rating.isna() & table["rating"].notna() | np.isinf(rating)
    if wrong.any():
        raise UserError(f"{path}: column 'rating' holds {table['rating'][wrong].iloc[0]!r} in row "
                        f"{wrong.idxmax() + 1}, which is no number; leave missing answers empty")
    return table.assign(rating=rating)


def read_ranks(path: PathLike) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The ranks of neurons that step 4 wrote, or a table of the same form, checked.

    Returns
    -------
    ranks : dict of str to array [N], float64
        Every column: 1 = most similar to that attribute.
    settings : dict
        What made them (empty for the publishers' files).

    Raises
    ------
    UserError
        If a column has no name or holds no ranks (tau, p and q do not go above 1), or the file has changed since it was
        written.
    """
    table = read_table(path, of=path)
    for name in table.columns:
        if str(name).startswith("Unnamed:"):
            raise UserError(f"{path}: has a column without a name; every column holds the ranks for one attribute")
        if table[name].min() < 0 or table[name].max() <= 1:  # tau, p or q: the tables that stand beside the ranks
            raise UserError(f"{path}: column {name!r} holds no ranks (1 = most similar); "
                            "rsa_searchlight.py writes them, --CSV_Path says where they are")
    return {str(name): table[name].to_numpy(float) for name in table.columns}, read_record(path)


# -------------------------------------------------------------------------------------------------------------- masks


class _MaskUnpickler(pickle.Unpickler):
    """Unpickles dicts of tensors and nothing that runs code."""

    def find_class(self, module, name):
        allowed = {("collections", "OrderedDict"): dict,
                   ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
                   ("torch.storage", "_load_from_bytes"): lambda data: _load_tensors(data, "a tensor in it")}
        if (module, name) not in allowed:
            raise UserError(f"asks for {module}.{name}, which a file of masks has no need of; it was not loaded")
        return allowed[module, name]


def _rebuild_tensor(storage, offset, size, stride, requires_grad=False, backward_hooks=None):
    return torch._utils._rebuild_tensor_v2(storage, offset, size, stride, False, {})


class _MaskPickler(pickle.Pickler):
    """Pickles a tensor to the same bytes in every process: torch alone would write memory addresses into them."""

    def reducer_override(self, value):
        if not isinstance(value, torch.storage.TypedStorage):
            return NotImplemented
        data = io.BytesIO()
        torch.save(value, data)
        return torch.storage._load_from_bytes, (data.getvalue(),)


def write_masks(path: PathLike, masks: dict[str, torch.Tensor]) -> None:
    """Write masks: a pickled dict, name -> tensor [L, D] (int8 or float32); same masks, same bytes."""
    with atomic_write(path) as file:
        _MaskPickler(file, protocol=4).dump(masks)


def read_masks(path: PathLike) -> dict[str, torch.Tensor]:
    """Masks of a pickle, without running code from it.

    Returns
    -------
    dict of str to torch.Tensor [L, D]
        All of one shape, values in 0..1.

    Raises
    ------
    UserError
        If it is damaged, asks for anything but tensors, or has changed since it was written; if masks are no matrices,
        differ in shape or have other values.
    """
    data = _read_bytes(path)
    _check_unchanged(path, data, _sealed(path))
    try:
        _check_pickle(data)
        masks = _MaskUnpickler(io.BytesIO(data)).load()
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except Exception as error:  # a damaged pickle can fail anywhere
        raise UserError(f"{path}: is damaged or no pickle of masks ({type(error).__name__}); "
                        "make it again with gen_mask.py") from None
    if not isinstance(masks, dict) or not masks:
        raise UserError(f"{path}: holds no dict of masks; make it with gen_mask.py")
    shape = None
    for name, mask in masks.items():
        if not isinstance(name, str) or not name.isprintable() or name in RESULT_FIELDS:
            raise UserError(f"{path}: holds something under a name that is no mask's; make it with gen_mask.py")
        if not _is_matrix(mask):
            raise UserError(f"{path}: {name!r} is not a mask [layers, units]; make it with gen_mask.py")
        shape = shape or mask.shape
        if mask.shape != shape:
            raise UserError(f"{path}: mask {name!r} is {list(mask.shape)}, others are {list(shape)}")
        if not ((mask >= 0) & (mask <= 1)).all():  # NaN is neither
            raise UserError(f"{path}: mask {name!r} has values that are not between 0 and 1")
    return masks


# ----------------------------------------------------------------------------------- results of masked evaluation

# All other fields of a result are accuracies under masks.
RESULT_FIELDS = ("sentiment", "seed", "best", "settings", "sha256")


def result_path(folder: PathLike, emotion: str, seed: int) -> Path:
    """Where the accuracies of one task under all masks are kept."""
    return Path(folder) / f"{emotion}-{seed}.json"


def read_results(folder: PathLike) -> pd.DataFrame:
    """Every task's accuracy under every mask.

    Parameters
    ----------
    folder : path-like
        A folder of ``{emotion}-{seed}.json`` files.

    Returns
    -------
    pandas.DataFrame
        Columns `sentiment`, `seed`, `best` and one a mask; accuracies in 0..1, NaN where a file lacks the mask.

    Raises
    ------
    UserError
        If there are none, or as `read_result` does.
    """
    rows = [read_result(path) for path in task_files(folder, ".json").values()]
    if not rows:
        raise UserError(f"{folder}: holds no results (emotion-seed.json); eval_mask_neuron.py makes them")
    return pd.DataFrame([{name: value for name, value in row.items() if name != "settings"} for row in rows])


def read_result(path: PathLike) -> dict[str, Any]:
    """One task's result, checked.

    Returns
    -------
    dict
        `sentiment`, `seed`; `best` and each mask's accuracy, in 0..1; `settings`, dict (empty for published files).

    Raises
    ------
    UserError
        If it is not of the task that its name says, has changed since it was written, or has an accuracy that is none.
    """
    result = read_json(path)
    if not {"sentiment", "seed", "best"} <= result.keys():
        raise UserError(f"{path}: is no result of eval_mask_neuron.py (no `sentiment`, `seed` or `best` in it)")
    # Scripts name files after what stands here: it must be an emotion, and that of this file.
    task = result["sentiment"], result["seed"]
    if type(task[1]) is not int or task[0] not in EMOTIONS or Path(path).stem != f"{task[0]}-{task[1]}":
        raise UserError(f"{path}: holds the result of another task ({_short(task[0])}, seed {_short(task[1])}); "
                        "delete it and run eval_mask_neuron.py again")
    digest = result.pop("sha256", None)
    if digest and digest != _digest(result):
        raise UserError(f"{path}: has changed since it was written; delete it and run eval_mask_neuron.py again")
    result["settings"] = _checked_settings(path, result.get("settings"))
    for name, value in result.items():
        if name not in ("sentiment", "seed", "settings"):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise UserError(f"{path}: {name!r} is not a number")
            if not 0 <= value <= 1:
                raise UserError(f"{path}: {name!r} is {_short(value)}, an accuracy is between 0 and 1")
    return result


def write_result(path: PathLike, result: dict[str, Any]) -> None:
    """Write one task's result, with a digest of it; its partial one goes."""
    write_json(path, {**result, "sha256": _digest(result)})
    partial_path(path).unlink(missing_ok=True)


def _digest(result):
    return hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()


def partial_path(output: PathLike) -> Path:
    """Where what is measured of an unfinished output is kept."""
    return Path(output).with_name(f".{Path(output).name}.partial")


def write_partial_result(path: PathLike, measured: dict[str, Any]) -> None:
    """Keep what is measured of a result so far, with a digest: `best`, accuracies under masks, and `settings`."""
    write_json(partial_path(path), {**measured, "sha256": _digest(measured)})


def read_partial_result(path: PathLike, settings: dict[str, Any], overwrite: bool = False) -> dict[str, float]:
    """What an interrupted run has measured of a result.

    Parameters
    ----------
    path : path-like
        Where the whole result will be.
    settings : dict
        Of this run.
    overwrite : bool
        What was measured with other settings counts for nothing.

    Returns
    -------
    dict of str to float
        `best` and masks' accuracies, as far as they are there; a damaged or changed file has none.

    Raises
    ------
    UserError
        If other settings measured it and `overwrite` is not set.
    """
    path = partial_path(path)
    try:
        partial = read_json(path)
        if partial.pop("sha256", None) != _digest(partial):
            return {}
        difference = first_difference(settings, _checked_settings(path, partial.get("settings")))
    except UserError:  # none there, or damaged: measuring again costs minutes
        return {}
    if difference and not overwrite:
        raise UserError(f"{path}: keeps what was measured with other settings ({difference}); pass --overwrite to "
                        "measure it anew, or choose another folder")
    return {} if difference else {
        name: value for name, value in partial.items() if isinstance(value, float) and 0 <= value <= 1}


def masks_measured(path: PathLike) -> int:
    """Under how many masks an interrupted run has measured the task whose result will be at `path`; 0 without one."""
    try:
        return len(read_json(partial_path(path)).keys() - set(RESULT_FIELDS))
    except UserError:
        return 0


# The published results call some attributes otherwise than the ratings do.
_PUBLISHED_ATTRIBUTES = {**{name: f"{name}-face" for name in ("happy", "anger", "sad", "fear", "surprise", "disgust")},
                         "self-related": "self-relativity", "other-related": "other-relativity",
                         "non-novelty": "novelty"}


def read_published_results(
        attribute_folder: PathLike, random_folder: PathLike, accuracy_path: PathLike | None = None,
) -> pd.DataFrame:
    """The study's results, which are two folders of JSON files, in the form and with the names of ours.

    Parameters
    ----------
    attribute_folder, random_folder : path-like
        Accuracies under masks like ``happy_top1500`` and ``happy_random1500``.
    accuracy_path : path-like, optional
        A table `sentiment,random_seed,accuracy`: accuracies without a mask, in place of those in the folders.

    Returns
    -------
    pandas.DataFrame
        As of `read_results`, masks named ``happy-face_top1500`` and ``happy-face_top1500_random``; the tasks that both
        folders have.

    Raises
    ------
    UserError
        If the folders have no task in common, or the table lacks one that they have.
    """
    def rename(name):
        match = re.fullmatch(r"(.+)_(top|random)(\d+)", name)
        if not match:
            return name
        attribute = _PUBLISHED_ATTRIBUTES.get(match[1], match[1])
        return f"{attribute}_top{match[3]}" + ("_random" if match[2] == "random" else "")

    task = ["sentiment", "seed"]
    random = read_results(random_folder).drop(columns="best")
    results = read_results(attribute_folder).merge(random, on=task).rename(columns=rename)
    if results.empty:
        raise UserError(f"{random_folder}: has no task (emotion and seed) in common with {attribute_folder}")
    if accuracy_path is not None:
        emotions = read_table(accuracy_path, ["sentiment"], numeric=False)["sentiment"]
        numbers = read_table(accuracy_path, ["random_seed", "accuracy"])
        unmasked = dict(zip(zip(emotions, numbers["random_seed"]), numbers["accuracy"]))
        results["best"] = [unmasked.get(key, np.nan) for key in zip(results["sentiment"], results["seed"])]
        if results["best"].isna().any():
            emotion, seed = results.loc[results["best"].isna(), task].iloc[0]
            raise UserError(f"{accuracy_path}: has no accuracy for {emotion}, seed {seed}")
    return results


# --------------------------------------------------------------------------------------------------------- GoEmotions

HUB_NAME = "google-research-datasets/go_emotions"
_HUB_SPLITS = {"train": "train", "dev": "validation", "test": "test"}


def read_goemotions(dataset: str, split: str) -> Split:
    """One split of GoEmotions, in any of the forms it comes in.

    Parameters
    ----------
    dataset : str
        "goemotions" for the hub's data set (downloaded by `datasets` on first use), "demo" for the demonstration
        corpus, or a folder with ``{split}.tsv`` (the official form) or ``{split}.csv`` (one 0/1 column a label).
    split : {"train", "dev", "test"}

    Returns
    -------
    framework.tasks.Split

    Raises
    ------
    UserError
        If the hub cannot be reached, the folder lacks the split, or a row or column is not of its form.
    """
    if dataset == "goemotions":
        return split_from_datasets(_load_from_hub(), split)
    folder = Path(__file__).resolve().parents[1] / "data" / "demo" if dataset == "demo" else Path(dataset)
    if not folder.is_dir():
        raise UserError(f"--dataset {dataset}: no such folder; give a folder with {split}.tsv or {split}.csv, "
                        "or `goemotions` (the hub's) or `demo`")
    if (folder / f"{split}.tsv").exists():
        return _read_official(folder / f"{split}.tsv")
    if (folder / f"{split}.csv").exists():
        return _read_columns(folder / f"{split}.csv")
    raise UserError(f"{folder}: lacks the split `{split}` ({split}.tsv or {split}.csv)")


def find_hub() -> None:
    """Take the Hugging Face client offline if its hub gives no answer: it then looks into its cache at once.

    By itself it tries again for half a minute, and prints each try.
    """
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except Exception:  # whatever a network can do
        constants.HF_HUB_OFFLINE = True


def _load_from_hub():
    find_hub()
    import datasets  # after that, since it asks once whether the client is offline

    try:
        return datasets.load_dataset(HUB_NAME, "simplified")
    except Exception as error:  # whatever the network, the hub or its client raise
        raise UserError(f"--dataset goemotions: the hub cannot be reached ({type(error).__name__}); "
                        "with a local copy of train.tsv, dev.tsv and test.tsv pass --dataset FOLDER") from None


def split_from_datasets(dataset: DatasetDict, split: str) -> Split:
    """One split of a `datasets.DatasetDict` in the form of the hub's go_emotions, `simplified`.

    Parameters
    ----------
    dataset : datasets.DatasetDict
    split : {"train", "dev", "test"}
        "dev" may be called "validation" in it.

    Returns
    -------
    framework.tasks.Split

    Raises
    ------
    UserError
        If it lacks the split, a column `labels` of lists of named classes, or one of the emotions.
    """
    name = next((name for name in (split, _HUB_SPLITS[split]) if name in dataset), None)
    if name is None:
        raise UserError(f"--dataset: lacks the split `{split}`; it has {', '.join(dataset)}")
    rows = dataset[name]
    try:
        names = rows.features["labels"].feature.names
    except (KeyError, AttributeError):
        raise UserError(f"--dataset, split {split}: has no column `labels` of lists of named classes") from None
    return _split([str(text) for text in rows["text"]], rows["labels"], names, f"--dataset, split {split}")


def _read_official(path):
    """`text<TAB>label ids<TAB>comment id`, no header, no quoting: a quotation mark is part of the comment."""
    texts, labels = [], []
    for number, line in enumerate(_read_text(path).rstrip("\n").split("\n"), 1):
        fields = line.rstrip("\r").split("\t")
        ids = fields[1].split(",") if len(fields) == 3 else []
        if not ids or not all(i.isdecimal() and len(i) <= 2 and int(i) <= len(EMOTIONS) for i in ids):
            raise UserError(f"{path}: line {number} is not `text<TAB>label ids 0..27<TAB>comment id`; "
                            "download the file again")
        texts.append(fields[0])
        labels.append([int(i) for i in ids])
    return _split(texts, labels, (*EMOTIONS, "neutral"), path)


def _read_columns(path):
    """A header, a `text` column and one 0/1 column for each emotion."""
    table = read_table(path, numeric=False)
    missing = [name for name in ("text", *EMOTIONS) if name not in table.columns]
    if missing:
        raise UserError(f"{path}: has no column {missing[0]!r}; it needs `text` and a 0/1 column for each of 27 "
                        "emotions")
    for name in EMOTIONS:
        if not table[name].isin([0, 1]).all():
            raise UserError(f"{path}: column {name!r} has values other than 0 and 1")
    return Split(table["text"].fillna("").astype(str).tolist(), table[list(EMOTIONS)].to_numpy(bool))


def _split(texts, label_ids, names, source):
    if not texts:
        raise UserError(f"{source}: has no rows")
    unknown = set(EMOTIONS) - set(names)
    if unknown:
        raise UserError(f"{source}: has no label {sorted(unknown)[0]!r}")
    column = {i: EMOTIONS.index(name) for i, name in enumerate(names) if name in EMOTIONS}
    labels = np.zeros((len(texts), len(EMOTIONS)), bool)
    for row, ids in enumerate(label_ids):
        labels[row, [column[i] for i in ids if i in column]] = True
    return Split(texts, labels)


def _read_text(path):
    try:
        return _read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start}); download the file again") from None
