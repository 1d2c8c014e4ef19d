"""How a prompt answers, with and without an intervention."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from framework.model.neurons import Intervention
from framework.model.passes import cut_by_length
from framework.model.prompted import PromptedModel
from framework.tasks import TaskRows


@torch.inference_mode()
def answer(
    model: PromptedModel, tokens: Sequence[np.ndarray], rows: TaskRows, prompt: Tensor, positions_per_batch: int,
    eval_rows: int | None = None, intervention: Intervention | None = None
) -> Tensor:
    """The logits of the two answers, no and yes, to the rows of a task.

    Parameters
    ----------
    tokens : list of int arrays
        A split's comments as `model.encode` gives them.
    prompt : Tensor [P, W]
    positions_per_batch : int
        Upper bound of rows x interventions x length in one pass; one row under one intervention is always allowed.
    eval_rows : int, optional
        Upper bound of rows in one pass.

    Returns
    -------
    DoubleTensor [n, 2] or, under M interventions, [M, n, 2]
        On the CPU, in the order of `rows`.
    """
    model.eval()
    count = 1 if intervention is None else len(intervention.multiply)
    answers = torch.empty(count, len(rows.row), 2, dtype=torch.double)
    for part in cut_by_length(tokens, rows.row, len(prompt), positions_per_batch // count, eval_rows):
        batch = [tokens[row] for row in rows.row[part]]
        at_once = max(1, positions_per_batch // (len(batch) * (len(batch[0]) + len(prompt))))
        answers[:, part] = torch.cat([model(batch, prompt, some).reshape(-1, len(batch), 2)
                                      for some in _split(intervention, at_once)]).cpu().double()
    return answers[0] if intervention is None else answers


def _split(intervention: Intervention | None, at_once: int) -> Iterator[Intervention | None]:
    """Parts of at most so many interventions."""
    if intervention is None:
        yield None
        return
    multiply, add = intervention
    for start in range(0, len(multiply), at_once):
        part = slice(start, start + at_once)
        yield Intervention(multiply[part], None if add is None else add[part])
