"""Dropout whose noise depends on the row, whatever rows stand beside it in the batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class RowNoise(TorchFunctionMode):
    """Within it, torch's dropout draws each row's noise from the row's own seed.

    torch draws the noise of a batch from one generator, so a row's noise depends on the rows before it, on their
    padding and on the device. Here it depends on the row's seed, the number of dropouts before it in the pass, and the
    value's place in the row. Each line of values, along the last dimension, takes the noise that begins at its own
    place in a table of 2^24 random values. On a CPU, that costs a tenth of torch's own dropout.

    Parameters
    ----------
    seeds : uint64 array [B]
        One for each row of the pass.
    lengths : int array [B]
        How many positions each row has. The first dimension of states holds either the B rows, padded alike, or the
        positions of all rows, one row behind the other, padded alike or not at all. A dimension of 1 may precede it.
    device : torch.device or str
        Where the states are.
    """

    def __init__(self, seeds: np.ndarray, lengths: np.ndarray, device: torch.device | str = "cpu") -> None:
        super().__init__()
        self.seeds = torch.from_numpy(seeds.view(np.int64)).to(device)
        self.lengths, self.calls = torch.from_numpy(lengths), 0
        self._lines_of: dict[tuple[int, ...], torch.Tensor] = {}

    def __torch_function__(
            self, function: Callable[..., Any], types: Any, arguments: Sequence[Any] = (),
            options: dict[str, Any] | None = None,
    ) -> Any:
        """Called by torch in place of each of its functions."""
        options = options or {}
        if function is F.dropout:
            return self._dropout(*arguments, **options)
        if function is F.scaled_dot_product_attention and options.get("dropout_p"):
            return self._attention(*arguments, **options)
        return function(*arguments, **options)

    def _dropout(self, states, p=0.5, training=True, inplace=False):
        return states * self.draw(states.shape, p, states.dtype) if training and p else states

    def _attention(self, query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None,
                   enable_gqa=False):
        """Attention as separate products: the fused kernels draw their own noise."""
        if is_causal:
            raise NotImplementedError("attention of encoders alone")
        if enable_gqa:  # several heads of queries share a head of keys and values
            key, value = (states.repeat_interleave(query.shape[1] // states.shape[1], 1) for states in (key, value))
        scores = query * (query.shape[-1] ** -0.5 if scale is None else scale) @ key.transpose(-1, -2)
        if attn_mask is not None:
            if attn_mask.dtype == torch.bool:
                # Not -inf: beyond a row's end, ModernBERT has places that see no other.
                scores = scores.masked_fill(~attn_mask, torch.finfo(scores.dtype).min)
            else:
                scores = scores + attn_mask
        return self._dropout(scores.softmax(-1), dropout_p) @ value

    def draw(self, shape: Sequence[int], p: float, dtype: torch.dtype) -> torch.Tensor:
        """What states of a shape are multiplied by: 0 for a share `p` of the values, 1 / (1 - p) for the others."""
        # Multiply-shift hashing (Dietzfelbinger et al., 1997, doi:10.1006/jagm.1997.0873), one for each dropout.
        places = self._lines(tuple(shape[:-1])).flatten() * _odd_number(self.calls) >> 40 & 2**24 - 1
        self.calls += 1
        return _table(p, dtype, places.device).unfold(0, shape[-1], 1).index_select(0, places).view(shape)

    def _lines(self, shape):
        """A random number for each line, from its row and its place in the row, whatever the padding."""
        if shape not in self._lines_of:
            self._lines_of[shape] = self._new_lines(shape)
        return self._lines_of[shape]

    def _new_lines(self, shape):
        rows, device = len(self.seeds), self.seeds.device
        if shape[0] == rows:
            places = torch.zeros((), dtype=torch.long, device=device)
            for size in shape[1:]:
                places = (places[..., None] << 20) + torch.arange(size, device=device)
            return _mixed(self.seeds.view(-1, *[1] * places.dim()) + places)
        if shape[0] == 1 and len(shape) > 1:
            return self._lines(shape[1:])[None]
        if shape[0] != self.lengths.sum():
            return self._lines((rows, shape[0] // rows, *shape[1:])).flatten(0, 1)
        padded = self._lines((rows, int(self.lengths.max())))
        return padded[(torch.arange(padded.shape[1]) < self.lengths[:, None]).to(device)]


def _mixed(bits):
    """SplitMix64 (Steele, Lea & Flood, 2014, doi:10.1145/2660193.2660195): from counts to random numbers, int64."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> shift & (1 << 64 - shift) - 1)) * (factor - 2**64)
    return bits ^ (bits >> 31 & (1 << 33) - 1)


@cache
def _odd_number(index):
    """One of 2^63 odd numbers, drawn at random, as an int64."""
    return int(np.random.SeedSequence(index).generate_state(1, np.uint64).view(np.int64)[0]) | 1


@cache
def _table(p, dtype, device):
    """2^24 places where lines begin, and 2^16 more: 0 in a share `p`, to about 1e-4, and 1 / (1 - p) in the others."""
    bits = np.random.PCG64(0).random_raw(2**22 + 2**14).view(np.uint16)
    return torch.from_numpy(bits >= round(p * 2**16)).to(device, dtype) / (1 - p or 1)
