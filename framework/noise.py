"""Dropout whose noise follows the row, whatever rows stand beside it in the batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numba import njit
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class RowNoise(TorchFunctionMode):
    """Within it, torch's dropout on a CPU draws each row's noise from the row's own seed.

    torch draws the noise of a batch from one generator, so that what a row meets depends on the rows before it and on
    how far they are padded. Here a value's noise follows from the seed of its row, from how many dropouts the pass met
    before, and from where in its row the value stands.

    It costs less than torch's own, too. Sixteen bits decide about each value, so that the probability is met to 1e-5.

    Parameters
    ----------
    seeds : uint64 array [B]
        One for each row of the pass.
    lengths : int array [B]
        How many positions each row has. States have either the B rows in their first dimension, padded alike, or
        the positions of all rows, one row behind the other without padding.
    """

    def __init__(self, seeds: np.ndarray, lengths: np.ndarray) -> None:
        super().__init__()
        self.seeds, self.lengths, self.calls = seeds, lengths, 0

    def __torch_function__(
            self, function: Callable[..., Any], types: Any, arguments: Sequence[Any] = (),
            options: dict[str, Any] | None = None,
    ) -> Any:
        """What torch calls instead of each of its functions."""
        options = options or {}
        if function is F.dropout:
            return self._dropout(*arguments, **options)
        if function is F.scaled_dot_product_attention and options.get("dropout_p"):
            return self._attention(*arguments, **options)
        return function(*arguments, **options)

    def _dropout(self, states, p=0.5, training=True, inplace=False):
        return states * self.draw(states.shape, p, states.dtype) if training and p else states

    def _attention(self, query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, **options):
        """As on a CPU, where the fused kernel has no dropout either."""
        if is_causal or any(options.values()):
            raise NotImplementedError("attention of encoders alone")
        scores = query @ key.transpose(-1, -2) * (query.shape[-1] ** -0.5 if scale is None else scale)
        if attn_mask is not None:
            if attn_mask.dtype == torch.bool:
                # Not -inf: beyond a row's end ModernBERT has places from which no other is seen.
                scores = scores.masked_fill(~attn_mask, torch.finfo(scores.dtype).min)
            else:
                scores = scores + attn_mask
        return self._dropout(scores.softmax(-1), dropout_p) @ value

    def draw(self, shape: Sequence[int], p: float, dtype: torch.dtype) -> torch.Tensor:
        """What states of a shape are multiplied by: 0 for a share `p` of the values, 1 / (1 - p) for the others."""
        integer = {2: torch.int16, 4: torch.int32, 8: torch.int64}[dtype.itemsize]
        scale = torch.tensor([1 / (1 - p)], dtype=dtype).view(integer).numpy()[0]
        seeds = self._seeds_of_lines(tuple(shape[:-1])) + (np.uint64(self.calls) << np.uint64(48))
        self.calls += 1
        kept = torch.empty(seeds.size, -(-shape[-1] // 4) * 4, dtype=dtype)
        _draw(kept.view(integer).numpy(), scale, np.uint16(round(p * 2**16)), seeds.ravel())
        return kept[:, : shape[-1]].reshape(shape)

    def _seeds_of_lines(self, shape):
        """A seed for each line of values: of its row and of where in the row it is, however far that is padded."""
        if shape[0] == len(self.seeds):
            places: np.ndarray = np.zeros((), np.uint64)
            for size in shape[1:]:
                places = (places[..., None] << np.uint64(20)) + np.arange(size, dtype=np.uint64)
            return self.seeds.reshape(-1, *[1] * places.ndim) + places
        starts = np.repeat(np.cumsum(self.lengths) - self.lengths, self.lengths)
        return np.repeat(self.seeds, self.lengths) + (np.arange(len(starts)) - starts).astype(np.uint64)


@njit(nogil=True, cache=True)
def _mix(bits):
    """SplitMix64 (Steele, Lea & Flood, 2014, doi:10.1145/2660193.2660195): from a count to a random number.

    Other generators carry a state along; of this one a compiler makes vector instructions.
    """
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@njit(nogil=True, cache=True)
def _draw(kept, scale, dropped, seeds):
    """Fill `kept` [lines, values] with `scale` and, in `dropped` of 2^16 places, with 0; four from each number."""
    for line in range(len(seeds)):
        seed = _mix(seeds[line])
        for i in range(kept.shape[1] // 4):
            bits = _mix(seed + np.uint64(i) * np.uint64(0x9E3779B97F4A7C15))
            for j in range(4):
                kept[line, 4 * i + j] = scale if np.uint16(bits >> np.uint64(16 * j)) >= dropped else 0
