"""What a neuron does to a task's margin, to first order: a causal map from one backward pass a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from framework.measures import margin
from framework.model.neurons import Intervention
from framework.model.passes import cut_by_length
from framework.model.prompted import PromptedModel
from framework.tasks import TaskRows


class Effect(NamedTuple):
    """What single neurons do to the margin, to first order, summed over rows; on the CPU, index = layer * D + unit.

    Together they give that of any intervention a <- m a + b: (1 - m) x `zeroed` + b x `added`, summed over neurons.

    Attributes
    ----------
    zeroed : DoubleTensor [L * D]
        Of setting each to zero at all positions. Negative where the neuron speaks for the right answer.
    added : DoubleTensor [L * D]
        Of adding 1 to each at all positions.
    """

    zeroed: Tensor
    added: Tensor


def effect(
    model: PromptedModel, tokens: Sequence[np.ndarray], rows: TaskRows, prompt: Tensor, positions_per_batch: int,
    eval_rows: int | None = None
) -> Effect:
    """The first-order effect of each neuron on the margin, from one backward pass a row.

    Attribution patching (Nanda, 2023, Attribution Patching: Activation Patching At Industrial Scale; Kramar et al.,
    2024, arXiv:2403.00745): the sum over rows of -dM/dm at m = 1 and of dM/db at b = 0, where M is the margin and a
    neuron is m times what it was, plus b.

    Parameters
    ----------
    tokens, rows, prompt, positions_per_batch, eval_rows
        As for `framework.training.evaluate.answer`, but a pass also keeps its values for the backward pass.
    """
    model.eval()
    ones = torch.ones(1, *model.shape, dtype=torch.promote_types(model.dtype, torch.float32), device=model.device)
    total = torch.zeros(2, *model.shape, dtype=torch.double)
    for part in cut_by_length(tokens, rows.row, len(prompt), positions_per_batch, eval_rows):
        multiply, add = ones.clone().requires_grad_(True), torch.zeros_like(ones, requires_grad=True)
        logits = model([tokens[row] for row in rows.row[part]], prompt, Intervention(multiply, add))[0]
        total_margin = margin(logits, torch.from_numpy(rows.label[part]).to(logits.device)).sum()
        total += torch.cat(torch.autograd.grad(total_margin, [multiply, add])).cpu().double()
    multiplied, added = total.flatten(1)
    return Effect(-multiplied, added)
