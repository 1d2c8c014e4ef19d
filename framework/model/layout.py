"""Where the rows of a pass stand: packed on a CPU, padded on a GPU, and padded for attention on either."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor


class Layout:
    """Where the rows of a pass stand among its N positions.

    Parameters
    ----------
    lengths : int array [B]
        Positions of each row.
    answers : int array [B]
        Which of each row's positions answers.
    device : torch.device
    packed : bool
        Whether rows stand one behind the other without padding, or each is padded to the longest.

    Attributes
    ----------
    row, place : LongTensor [N], on the CPU
        Each position's row, and its place in that row, from 0.
    position : LongTensor [N], on the device
        `place` on the device; 0 at padding.
    answers : LongTensor [B], on the device
        Which of the N positions answer.
    attended : BoolTensor [B, T], on the device
        False at the padding that attention needs. Packed rows are padded to a multiple of 32, since softmax over so
        many keys takes half the time it takes over slightly fewer.
    """

    def __init__(self, lengths: np.ndarray, answers: np.ndarray, device: torch.device, packed: bool) -> None:
        self.lengths, self.packed, self.rows, self.device = lengths, packed, len(lengths), device
        self.before = 0  # keys in front of a row's own
        self.causal = False  # whether a rule by which a position sees later ones is refused
        longest = int(lengths.max())
        self.width = longest + -longest % 32 if packed else longest
        attended = np.arange(self.width) < lengths[:, None]
        row, place = (attended if packed else np.ones_like(attended)).nonzero()
        self.row, self.place = torch.from_numpy(row), torch.from_numpy(place)
        position = np.where(place < lengths[row], place, 0)
        first = np.cumsum(lengths) - lengths if packed else np.arange(self.rows) * longest
        self.position = torch.from_numpy(position).to(device)
        self.answers = torch.from_numpy(first + answers).to(device)
        self.answer_place = torch.from_numpy(answers).to(device)
        self.attended = torch.from_numpy(attended).to(device)
        self._shares: dict[tuple[int, int], tuple[Tensor, Tensor, Tensor]] = {}

    def seen_by(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """What a layer's queries see: keys and values [M x B, heads, T, size] of their rows."""
        return key, value

    def unpadded(self, states: Tensor) -> Tensor:
        """The states of all positions but padding, one row per position, whatever dimensions come first."""
        states = states.reshape(-1, states.shape[-1])
        return states if self.packed else states[self.attended.flatten()]

    def pad(self, states: Tensor) -> Tensor:
        """From heads' states [M, heads, N, size] to rows [M x B, heads, T, size]."""
        copies, heads, _, size = states.shape
        if self.packed:
            return _Pad.apply(states.transpose(1, 2).reshape(-1, size), self, copies, heads)
        return states.unflatten(2, (self.rows, self.width)).transpose(1, 2).flatten(0, 1)

    def unpad(self, states: Tensor, copies: int) -> Tensor:
        """From rows [M x B, heads, T, size] to heads' states [M, N, heads, size]."""
        if self.packed:
            return _Unpad.apply(states, self, copies).view(copies, -1, *states.shape[1::2])
        return states.transpose(1, 2).reshape(copies, -1, *states.shape[1::2])

    def shares(self, copies: int, heads: int) -> tuple[Tensor, Tensor, Tensor]:
        """Where each head's share of a packed position goes when padded, and where it comes from.

        The copy that pads also moves the heads to the front. Places count shares.

        Returns
        -------
        padded : LongTensor [M x N x heads]
            Each share's place among the padded ones [M x B, heads, T].
        packed : LongTensor [M x B x heads x T]
            The reverse; at padding, the row's own first share, which attention masks.
        padding : LongTensor
            The places of padding.
        """
        if (copies, heads) not in self._shares:
            row = (torch.arange(copies)[:, None] * self.rows + self.row).flatten()
            padded = (row[:, None] * heads + torch.arange(heads)) * self.width + self.place.repeat(copies)[:, None]
            packed = torch.full((copies * self.rows * heads * self.width,), -1)
            packed[padded.flatten()] = torch.arange(padded.numel())
            padding = (packed < 0).nonzero()[:, 0]
            packed[padding] = packed[padding // self.width * self.width]
            self._shares[copies, heads] = padded.flatten(), packed, padding
        return self._shares[copies, heads]


class _Pad(torch.autograd.Function):
    """Copy shares [M x N x heads, size] to their padded places.

    The gradient takes each share from its place; torch's own would add them one by one, as if places could repeat.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, layout: Layout, copies: int, heads: int) -> Tensor:
        ctx.padded, packed, _ = layout.shares(copies, heads)
        return states.index_select(0, packed).view(copies * layout.rows, heads, layout.width, -1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        return gradient.reshape(-1, gradient.shape[-1]).index_select(0, ctx.padded), None, None, None


class _Unpad(torch.autograd.Function):
    """The reverse of `_Pad`; the gradient at padding is 0."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, layout: Layout, copies: int) -> Tensor:
        ctx.shape = states.shape
        padded, ctx.packed, ctx.padding = layout.shares(copies, states.shape[1])
        return states.reshape(-1, states.shape[-1]).index_select(0, padded)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        shares = gradient.reshape(-1, ctx.shape[-1]).index_select(0, ctx.packed)
        return shares.index_fill_(0, ctx.padding, 0).view(ctx.shape), None, None


class _Spread(torch.autograd.Function):
    """Put states [M, B, ...] at B places among `count` positions, 0 elsewhere: [M, count, ...]."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, places: Tensor, count: int) -> Tensor:
        ctx.places = places
        spread = states.new_zeros(len(states), count, *states.shape[2:])
        return spread.index_copy_(1, places, states)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient.index_select(1, ctx.places), None, None


spread = _Spread.apply
