"""What is saved of a run: plain values and tensors, as bytes that are read without running code."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import safetensors
import torch
from safetensors.torch import load, save
from torch import Tensor

from framework.errors import UserError
from framework.tasks import Task


class Finished(NamedTuple):
    """What the training of an ended task gave, on the CPU. `epoch`, counted from 1, is the one of the best prompt."""

    task: Task
    best_prompt: Tensor
    best_acc: float
    epoch: int
    final_prompt: Tensor
    final_acc: float


@dataclass
class Progress:
    """How far the training of one task has come."""

    task: Task
    epoch: int = 0  # epochs finished
    step: int = 0
    losses: list = field(default_factory=list)  # each batch's mean cross-entropy in this epoch: float, or Tensor []
    loss: float = float("nan")  # their mean over the last finished epoch
    acc: float = float("nan")  # dev accuracy after it
    best_acc: float = -1.0
    best_epoch: int = 0  # the first that reached it, counted from 1
    best_prompt: Tensor | None = None  # [P, W], on the CPU; None before the first epoch's end

    def __post_init__(self) -> None:
        self.task = Task(*self.task)
        numbers = (self.loss, self.acc, self.best_acc, *self.losses)
        counts = (self.task.seed, self.epoch, self.step, self.best_epoch)
        _require(isinstance(self.task.concept, str) and all(type(count) is int and count >= 0 for count in counts))
        _require(self.best_epoch <= self.epoch <= self.step and len(self.losses) <= self.step)
        _require(all(isinstance(number, float) for number in numbers) and self.best_acc <= 1 and not self.acc > 1)


@dataclass
class State:
    """A group in training between two steps: all that determines what comes next. Tensors are [tasks, P, W]."""

    group: list[Progress]
    prompts: Tensor
    exp_avg: Tensor
    exp_avg_sq: Tensor
    ended: list[Finished]  # which may not have been written yet
    positions_per_batch: int  # how rows are cut into passes changes the rounding, and with it the last bits
    group_size: int
    settings: dict[str, Any] = field(default_factory=dict)  # what the caller trains with, to be compared by the caller

    def __post_init__(self) -> None:
        like = self.prompts
        _require(like.dim() == 3 and like.dtype in (torch.float32, torch.float64) and len(self.group) == len(like))
        prompts = [each.best_prompt for each in self.group if each.best_prompt is not None]
        prompts += [prompt for each in self.ended for prompt in (each.best_prompt, each.final_prompt)]
        for tensor, shape in [*((tensor, like.shape) for tensor in (like, self.exp_avg, self.exp_avg_sq)),
                              *((prompt, like.shape[1:]) for prompt in prompts)]:
            _require(tensor.shape == shape and tensor.dtype == like.dtype and bool(tensor.isfinite().all()))
        _require(all((each.best_prompt is None) == (each.epoch == 0) for each in self.group))
        _require(all(type(each.epoch) is int and isinstance(each.best_acc, float) and isinstance(each.final_acc, float)
                     for each in self.ended))
        sizes = (self.positions_per_batch, self.group_size)
        _require(all(type(size) is int and size > 0 for size in sizes) and isinstance(self.settings, dict))

    @property
    def tasks(self) -> list[Task]:
        """All its tasks, in training or ended."""
        return [each.task for each in self.group] + [each.task for each in self.ended]

    def to_bytes(self) -> bytes:
        """The state as a safetensors file, its plain values as JSON in the header."""
        tensors = {"prompts": self.prompts, "exp_avg": self.exp_avg, "exp_avg_sq": self.exp_avg_sq}
        plain: dict[str, Any] = {"positions_per_batch": self.positions_per_batch, "group_size": self.group_size,
                 "settings": self.settings}
        for kind, members in (("group", map(vars, self.group)), ("ended", (each._asdict() for each in self.ended))):
            plain[kind] = []
            for index, member in enumerate(members):
                of_member = {name: value for name, value in member.items() if isinstance(value, Tensor)}
                tensors |= {f"{kind}.{index}.{name}": value for name, value in of_member.items()}
                plain[kind].append({name: value for name, value in member.items() if name not in of_member})
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        return save(tensors, metadata={"state": json.dumps(plain)})

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> State:
        """Read what `to_bytes` returned, checked, without running code. `name` is the file's, for errors.

        Raises `UserError` if it is not a state of training.
        """
        try:
            tensors = load(data)
            header = json.loads(data[8:8 + int.from_bytes(data[:8], "little")])
            plain = json.loads(header["__metadata__"]["state"])
            for key in [key for key in tensors if "." in key]:
                kind, index, field_name = key.split(".")
                _require(kind in ("group", "ended"))
                plain[kind][int(index)][field_name] = tensors.pop(key)
            plain["group"] = [Progress(**member) for member in plain["group"]]
            plain["ended"] = [Finished(**{**member, "task": Task(*member["task"])}) for member in plain["ended"]]
            fields: dict[str, Any] = {**plain, **tensors}
            return cls(**fields)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, safetensors.SafetensorError):
            raise UserError(f"{name}: is not a saved state of training; delete it") from None


def _require(condition):
    if not condition:
        raise ValueError("no state of training")
