"""Masks: a pickled dict, name -> tensor [L, D], as in the study, or [2, L, D], factors and what is added."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping

import torch

from framework.errors import UserError
from framework.files import opening, results, tensors
from framework.files.names import check_attribute
from framework.files.opening import PathLike
from framework.files.record import Output, Record

MADE_BY = "gen_mask.py (step 5)"


class _Pickler(pickle.Pickler):
    """Pickles a tensor to the same bytes in every process: torch alone would write memory addresses into them."""

    def reducer_override(self, value):
        if not isinstance(value, torch.storage.TypedStorage):
            return NotImplemented
        return torch.storage._load_from_bytes, (bytes(tensors.save_tensors(value)),)


class _Unpickler(pickle.Unpickler):
    """Unpickles dicts of tensors; refuses what runs code or makes more bytes than the file has."""

    def __init__(self, data: bytes):
        super().__init__(io.BytesIO(data))
        self._left = len(data)

    def find_class(self, module, name):
        allowed = {("collections", "OrderedDict"): dict, ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
                   ("torch.storage", "_load_from_bytes"): self._load}
        if (module, name) not in allowed:
            raise UserError(f"asks for {module}.{name}, which no file of masks needs, so it was not loaded; make it "
                            f"again with {MADE_BY}")
        return allowed[module, name]

    def _load(self, data):
        # Bytes that the pickle uses again are copied each time.
        self._left -= len(data)
        if self._left < 0:
            raise UserError("holds fewer bytes than its masks would take, so it was not loaded; make it again with "
                            f"{MADE_BY}")
        return tensors.load_tensors(data, "a tensor in it")


def _rebuild(storage, offset, size, stride, requires_grad=False, backward_hooks=None):
    return torch._utils._rebuild_tensor_v2(storage, offset, size, stride, False, {})


def to_bytes(masks: Mapping[str, torch.Tensor]) -> bytes:
    """The file's content: same masks, same bytes."""
    data = io.BytesIO()
    _Pickler(data, protocol=4).dump(dict(masks))
    return data.getvalue()


def write(output: Output, masks: Mapping[str, torch.Tensor]) -> None:
    """Write masks, tensors [L, D] or [2, L, D], int8 or float32."""
    output.write_bytes(output.path, to_bytes(masks))


def read(path: PathLike) -> dict[str, torch.Tensor]:
    """Read masks, [L, D] or [2, L, D], finite and all of one L and D, without running code from the pickle."""
    data = Record.read(path).check_unchanged(path, opening.read_bytes(path, made_by=MADE_BY))
    try:
        tensors.check_pickle(data)
        masks = _Unpickler(data).load()
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except Exception as error:  # a damaged pickle can fail anywhere
        raise UserError(f"{path}: is damaged, or is not a file of masks ({type(error).__name__}); make it again "
                        f"with {MADE_BY}") from None
    if not isinstance(masks, dict) or not masks:
        raise UserError(f"{path}: holds no masks; make it with {MADE_BY}")
    shape = None
    for name, mask in masks.items():
        check_attribute(name, path, most=200)  # an attribute's name, and how it is masked
        if name in ("best", *results.fields()):
            raise UserError(f"{path}: {name!r} cannot be the name of a mask; make it again with {MADE_BY}")
        if not tensors.holds_its_numbers(mask) or not (mask.dim() == 2 or (mask.dim() == 3 and len(mask) == 2)):
            raise UserError(f"{path}: {name!r} is not a mask [layers, units] or [2, layers, units]; make it with "
                            f"{MADE_BY}")
        shape = shape or mask.shape[-2:]
        if mask.shape[-2:] != shape:
            raise UserError(f"{path}: mask {name!r} is {list(mask.shape[-2:])} in shape, others are {list(shape)}; "
                            f"make it again with {MADE_BY}")
        if not torch.isfinite(mask).all():
            raise UserError(f"{path}: mask {name!r} has NaN or infinite values; make it again with {MADE_BY}")
    return masks
