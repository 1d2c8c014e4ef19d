"""What a prompt needs of the text before it in a causal model: keys and values of all layers."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from framework.model import speed

# The shape of a text's batch depends on its length alone, so its states are the same bits whatever texts are computed
# with it, and results do not depend on which texts were kept.
WIDTHS = (8, 16, 24, 32, 48, 64, 96, 128)  # and multiples of 128
POSITIONS = 256  # of one batch


class TextStates:
    """Computes the states of texts, and keeps them while there is `room`, in bytes.

    `compute` makes keys and values in all layers, [L, 2, R, heads, T, size], of R texts of T tokens.
    """

    def __init__(self, compute: Callable[[Tensor], Tensor]) -> None:
        self._compute, self.room = compute, 0
        self.forget()

    def forget(self) -> None:
        """Drop all that was kept."""
        self._kept: OrderedDict[bytes, tuple[Tensor, int]] = OrderedDict()  # the least recently used first
        self._bytes = self._uses = 0

    def make_room(self) -> bool:
        """When memory ran out: forget, and keep half as much from now on. Returns whether anything was kept."""
        if not self._bytes:
            return False
        self.room = self._bytes // 2
        self.forget()
        return True

    def __getstate__(self) -> dict[str, object]:
        """Leave out what is kept: a copy, here or on another machine, makes its own."""
        return {"_compute": self._compute, "room": self.room, "_kept": OrderedDict(), "_bytes": 0, "_uses": 0}

    @torch.no_grad()
    def of(self, texts: Sequence[np.ndarray]) -> list[Tensor]:
        """The states of texts, int arrays of tokens: a tensor [L, 2, heads, tokens, size] each."""
        keys = [text.tobytes() for text in texts]
        states = {key: kept for key in keys if (kept := self._recall(key)) is not None}
        missing = {key: text for key, text in zip(keys, texts) if key not in states}
        shortest_first = sorted(missing, key=lambda key: len(missing[key]))
        for width, group in groupby(shortest_first, key=lambda key: _width(len(missing[key]))):
            alike, rows = list(group), max(1, POSITIONS // width)
            for chunk in (alike[start:start + rows] for start in range(0, len(alike), rows)):
                ids = torch.zeros(rows, width, dtype=torch.long)  # what stands behind a text does not reach it
                for row, key in enumerate(chunk):
                    ids[row, :len(missing[key])] = torch.from_numpy(missing[key])
                with torch.inference_mode(False):
                    computed = self._compute(ids)
                    for row, key in enumerate(chunk):
                        states[key] = computed[:, :, row, :, :len(missing[key])].clone()
                        self._keep(key, states[key])
        return [states[key] for key in keys]

    def _recall(self, key):
        if key not in self._kept:
            return None
        self._uses += 1
        self._kept[key] = self._kept[key][0], self._uses
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def _keep(self, key, states):
        # Every epoch reads all texts of its tasks. Only texts of tasks that have ended make room, or else every text
        # would be dropped shortly before it is needed again.
        self._uses += 1
        while self._kept and self._bytes + states.nbytes > self.room:
            oldest, last_use = next(iter(self._kept.values()))
            if self._uses - last_use < 4 * len(self._kept):
                return
            self._kept.popitem(last=False)
            self._bytes -= oldest.nbytes
        if self._bytes + states.nbytes <= self.room:
            self._kept[key] = states, self._uses
            self._bytes += states.nbytes


class BehindTexts(speed.Layout):
    """Rows of a pass that are prompts alone, P long, each behind a text whose states are known: `TextStates.of`."""

    def __init__(self, states: Sequence[Tensor], prompt_len: int, device: torch.device) -> None:
        lengths = np.full(len(states), prompt_len)
        super().__init__(lengths, lengths - 1, device, packed=False)
        tokens = np.array([each.shape[3] for each in states])
        self.position = self.position + torch.from_numpy(np.repeat(tokens, prompt_len)).to(device)
        # Padded in front, so that a prompt stands next to its text, and to a multiple of 32 keys, where softmax is
        # fast.
        self.before = int(tokens.max()) + -(int(tokens.max()) + prompt_len) % 32
        layers, _, heads, _, size = states[0].shape
        self.past = states[0].new_zeros(layers, 2, len(states), heads, self.before, size)
        for row, each in enumerate(states):
            self.past[:, :, row, :, self.before - each.shape[3]:] = each
        seen = torch.from_numpy(np.arange(self.before) >= self.before - tokens[:, None]).to(device)
        self.attended = torch.cat([seen, self.attended], dim=1)

    def seen_by(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """A layer's keys and values, with the text's in front."""
        return torch.cat([self.past[layer, 0], key], dim=2), torch.cat([self.past[layer, 1], value], dim=2)


class Recorded(speed.Layout):
    """Rows of one length whose keys and values are recorded: `keys_and_values`, one pair per layer."""

    def __init__(self, rows: int, length: int, device: torch.device) -> None:
        super().__init__(np.full(rows, length), np.zeros(rows, int), device, packed=False)
        self.keys_and_values: list[Tensor] = []
        self.causal = True

    def seen_by(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """A layer's keys and values, recorded."""
        self.keys_and_values.append(torch.stack([key, value]))
        return key, value


def room_for(device: torch.device, gigabytes: float | None) -> int:
    """Bytes for a number of GB; by default a quarter of the free memory, at most 4 GB on a CPU."""
    if gigabytes is not None:
        return int(gigabytes * 1e9)
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] // 4
    try:
        # A job's share of a machine can be less than what the machine has free.
        return min(4 << 30, os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4)
    except (ValueError, OSError, AttributeError):  # not every system says
        return 2 << 30


def _width(length):
    return next((width for width in WIDTHS if width >= length), -(-length // 128) * 128)
