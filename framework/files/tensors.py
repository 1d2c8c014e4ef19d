"""Tensors in files: loaded without running code, and without taking more memory than the file explains."""

from __future__ import annotations

import io
import pickle
import pickletools
import re
import warnings
import zipfile
from typing import Any

import torch

from framework.errors import UserError, is_out_of_memory


def save_tensors(value: Any) -> memoryview:
    """What `torch.save` writes of a value."""
    data = io.BytesIO()  # torch's own way of writing a file hides that a disk is full
    torch.save(value, data)
    return data.getbuffer()


def load_tensors(data: bytes, name: object) -> Any:
    """What `torch.save` wrote, checked against its checksums; `name` is the file's, for errors."""
    try:
        if data[:4] == b"PK\3\4":
            data = _repack(data, name)
        else:
            stream = io.BytesIO(data)
            for _ in range(5):  # the old form: three pickles of header, the content, the names of its storages
                check_pickle(stream, _TENSOR_NAMES, most=len(data))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about kinds of pickle that it then refuses
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except UserError:
        raise
    except pickle.UnpicklingError:
        raise UserError(f"{name}: is damaged or holds more than tensors, and was not loaded, since it could run "
                        "code; make it again") from None
    except Exception as error:  # a damaged file can fail anywhere inside the loader
        if is_out_of_memory(error):
            raise
        raise UserError(f"{name}: is damaged ({type(error).__name__}); make it again") from None


def _repack(data, name):
    """The archive rewritten as we read it, so torch's reader cannot see another content in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(packed, "w") as checked:
        entries = archive.infolist()
        # torch compresses nothing: an archive that grows when unpacked was made to fill the memory.
        if sum(entry.file_size for entry in entries) > len(data):
            raise UserError(f"{name}: grows when unpacked, as no file of tensors does, so it was not loaded; make it "
                            "again")
        if len({entry.filename for entry in entries}) < len(entries):
            raise zipfile.BadZipFile
        if archive.testzip():  # torch itself ignores the checksums
            raise UserError(f"{name}: is damaged (a checksum is wrong); make it again")
        for entry in entries:
            content = archive.read(entry)
            if entry.filename.endswith("/data.pkl"):
                check_pickle(content, _TENSOR_NAMES)
            checked.writestr(entry.filename, content)
    return packed.getvalue()


# The opcodes of pickled dicts, lists, strings, numbers and tensors, in any protocol. Left out are those that change or
# double an existing object (BUILD, DUP), make one other than by a call (INST, OBJ, NEWOBJ) or find it elsewhere (EXT).
_OPCODES = frozenset("""
    PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 FLOAT BINFLOAT SHORT_BINSTRING
    UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 EMPTY_DICT DICT SETITEM SETITEMS
    EMPTY_LIST LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 GLOBAL STACK_GLOBAL REDUCE BINPERSID MEMOIZE
    PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET
    """.split())
# The names that `torch.save` uses for dicts of tensors; torch's loader allows more, some of which can fill the memory.
_TENSOR_NAMES = re.compile(
    r"collections OrderedDict|torch\._utils _rebuild_(tensor|tensor_v2|parameter)|torch \w+Storage")
_MOST_PARTS = 64  # of a tuple; the one that describes a matrix has 49
_GROWING = _MOST_PARTS // 2 + 1  # parts that a dict or list counts as, so a tuple holds at most one


def check_pickle(data: Any, allowed: re.Pattern | None = None, most: int | None = None) -> None:
    """Raise `pickle.UnpicklingError` unless a pickle holds no more than masks and checkpoints do.

    A pickle is a program for a stack machine; it is read here before it runs. A few hundred bytes can put a tuple twice
    into another, sixty times over: comparing or printing the result visits 2^60 parts. So the parts of everything on
    the stack are counted: tuples stay small, and dicts and lists, which grow later, are used only once.

    Parameters
    ----------
    data : bytes or file
        From a file, only the next pickle is read.
    allowed : re.Pattern, optional
        The names that it may ask for, ``module name``.
    most : int, optional
        The largest number allowed, where numbers are sizes that the loader allocates.
    """
    stack: list[int] = []
    marks: list[int] = []  # where groups on the stack begin
    memo: dict[Any, int] = {}
    for number, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        name, before, after = opcode.name, opcode.stack_before, opcode.stack_after
        if name not in _OPCODES or (allowed and name.endswith("GLOBAL") and not allowed.fullmatch(argument or "")):
            raise pickle.UnpicklingError(name)
        if (most is not None and after in ([pickletools.pyint], [pickletools.pyinteger_or_bool])
                and int(argument or 0) > most and argument not in _MAGIC):
            raise ValueError("claims more numbers than there are bytes")
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
            parts = 2  # other names have 1, so REDUCE knows that this one makes a dict
        used_again = name.endswith("GET") or name == "BINPERSID"
        if parts > _MOST_PARTS or (used_again and parts >= _GROWING):
            raise pickle.UnpicklingError(name)
        stack += [parts] * len(after)
        if name.endswith("PUT") or name == "MEMOIZE":
            place = len(memo) if argument is None else argument
            if place > number:  # a memo of 10^9 places fills the memory
                raise pickle.UnpicklingError(name)
            memo[place] = stack[-1]


_MAGIC = (torch.serialization.MAGIC_NUMBER, torch.serialization.PROTOCOL_VERSION)  # which the old form begins with


def holds_its_numbers(value: Any) -> bool:
    """Whether a value of a file is a real tensor on the CPU that holds as many numbers as its shape claims."""
    return (isinstance(value, torch.Tensor) and value.layout == torch.strided and value.device.type == "cpu"
            and not value.is_complex() and not value.is_quantized and value.numel() > 0
            and value.untyped_storage().nbytes() >= value.numel() * value.element_size())
