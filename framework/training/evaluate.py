"""How well a prompt answers: right answers and margins, with and without an intervention."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from framework.model.neurons import Intervention
from framework.model.prompted import PromptedModel
from framework.tasks import TaskRows
from framework.training.passes import cut_by_length


class Measured(NamedTuple):
    """What was measured over the rows of a task, once [] or under each of M interventions [M]; on the CPU."""

    right: Tensor  # int64, right answers
    margin: Tensor  # float64, mean over rows of the right answer's logit minus the wrong one's


@torch.inference_mode()
def measure(
    model: PromptedModel, tokens: Sequence[np.ndarray], rows: TaskRows, prompt: Tensor, positions_per_batch: int,
    eval_rows: int | None = None, intervention: Intervention | None = None
) -> Measured:
    """Measure a prompt on the rows of a task.

    Parameters
    ----------
    tokens : list of int arrays
        A split's comments as `model.encode` gives them.
    prompt : Tensor [P, W]
    positions_per_batch : int
        Upper bound of rows x interventions x length in one pass; one row under one intervention is always allowed.
    eval_rows : int, optional
        Upper bound of rows in one pass.
    """
    model.eval()
    count = 1 if intervention is None else len(intervention.multiply)
    right, margin = torch.zeros(count, dtype=torch.long), torch.zeros(count, dtype=torch.double)
    for part in cut_by_length(tokens, rows.row, len(prompt), positions_per_batch // count, eval_rows):
        batch = [tokens[row] for row in rows.row[part]]
        at_once = max(1, positions_per_batch // (len(batch) * (len(batch[0]) + len(prompt))))
        logits = torch.cat([model(batch, prompt, some).reshape(-1, len(batch), 2)
                            for some in _split(intervention, at_once)]).cpu()
        label = torch.from_numpy(rows.label[part])
        right += (logits.argmax(-1) == label).sum(-1)
        margin += margins(logits.double(), label).sum(-1)
    shape = () if intervention is None else (count,)
    return Measured(right.reshape(shape), (margin / len(rows.row)).reshape(shape))


def margins(logits: Tensor, label: Tensor) -> Tensor:
    """The right answer's logit minus the wrong one's: [..., B] of logits [..., B, 2] and labels [B]."""
    return (logits[..., 1] - logits[..., 0]) * (2 * label - 1)


def _split(intervention: Intervention | None, at_once: int) -> Iterator[Intervention | None]:
    """Parts of at most so many interventions."""
    if intervention is None:
        yield None
        return
    multiply, add = intervention
    for start in range(0, len(multiply), at_once):
        part = slice(start, start + at_once)
        yield Intervention(multiply[part], None if add is None else add[part])
