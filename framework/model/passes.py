"""Rows cut into forward passes that fit the memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import torch
from tqdm import tqdm

from framework.errors import is_out_of_memory
from framework.model.prompted import PromptedModel

Result = TypeVar("Result")


def cut_by_length(
    tokens: Sequence[np.ndarray], rows: np.ndarray, prompt_len: int, positions_per_batch: int,
    most_rows: int | None = None
) -> list[np.ndarray]:
    """Cut rows, sorted by length, into passes that need little padding. The rows of one text stand together.

    A pass has at most `positions_per_batch` positions (rows x longest input) and `most_rows` rows; a single row is
    always allowed. `rows` [n] are indices into `tokens`. Returns indices into `rows` for each pass, longest first.
    """
    lengths = np.array([len(tokens[row]) for row in rows]) + prompt_len
    order = np.lexsort([rows, -lengths])
    passes = []
    while len(order):
        count = min(max(1, positions_per_batch // lengths[order[0]]), most_rows or len(rows))
        passes.append(order[:count])
        order = order[count:]
    return passes


def over(
    model: PromptedModel, tokens: Sequence[np.ndarray], prompt_len: int, compute: Callable[[np.ndarray], Result]
) -> Iterator[tuple[np.ndarray, Result]]:
    """Cut all texts into passes; yield each pass's texts (indices into `tokens`) and what `compute` returns for them.

    Where memory runs out, `compute` gets some texts again: it must return its sums, not add them up itself.
    """
    positions = positions_per_batch(model, training=False)
    for part in cut_by_length(tokens, np.arange(len(tokens)), prompt_len, positions):
        found, positions = within_memory(
            lambda positions: [(part[some], compute(part[some])) for some in
                               cut_by_length(tokens, part, prompt_len, positions)], positions)
        yield from found


def within_memory(
    compute: Callable[[int], Result], positions_per_batch: int, model: PromptedModel | None = None
) -> tuple[Result, int]:
    """Compute in passes as large as memory allows: when it runs out, halve them and try again.

    Parameters
    ----------
    compute : callable (positions_per_batch)
    positions_per_batch : int
    model : PromptedModel, optional
        The texts' states that it keeps are dropped before passes are halved.

    Returns
    -------
    result
        What `compute` returned.
    positions_per_batch : int
        What it was computed with; pass it to the next call.

    Raises
    ------
    MemoryError
        If passes of a single row are too large.
    """
    while True:
        try:
            return compute(positions_per_batch), positions_per_batch
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        # Outside of `except`: within it, the error keeps what was computed so far in memory.
        kept = getattr(model, "text_states", None)  # a decoder's
        freed = kept is not None and kept.make_room()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if freed:
            continue
        if positions_per_batch < 64:
            raise MemoryError
        tqdm.write(f"out of memory with {positions_per_batch} positions in a pass; going on with "
                   f"{positions_per_batch // 2}", file=sys.stderr)  # above the progress bar
        positions_per_batch //= 2


def positions_per_batch(model: PromptedModel, training: bool) -> int:
    """How many positions (rows x length) one forward pass takes, from the device's memory.

    In `training`, all layers keep their values for a backward pass. On a CPU, more than fits its caches makes nothing
    faster.
    """
    if model.device.type != "cuda":
        return 4096
    free, _ = torch.cuda.mem_get_info(model.device)
    layers, units = model.shape
    width = 12 * model.config.hidden_size + 3 * units  # values of a layer
    if training:
        width += 3 * 128 * model.config.num_attention_heads  # attention with dropout: each head's, for each of its keys
    else:
        layers = 2  # a layer's values are freed after the next
    return max(4096, int(0.6 * free / (width * layers * model.dtype.itemsize)))
