"""What a neuron does to a task's margin, to first order: a causal map from one backward pass a row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from framework.model.neurons import Intervention
from framework.model.prompted import PromptedModel
from framework.tasks import TaskRows
from framework.training.evaluate import margins
from framework.training.passes import cut_by_length


def effect(
    model: PromptedModel, tokens: Sequence[np.ndarray], rows: TaskRows, prompt: Tensor, positions_per_batch: int,
    eval_rows: int | None = None
) -> Tensor:
    """The effect of setting each neuron to zero at all positions on the margin, to first order.

    Attribution patching (Nanda 2023; Kramar et al. 2024, arXiv 2403.00745): the mean over rows of -dM/dm at m = 1,
    where M is the margin and m multiplies the neuron. Negative where the neuron speaks for the right answer.

    Parameters
    ----------
    tokens, rows, prompt, positions_per_batch, eval_rows
        As of `framework.training.evaluate.measure`; rows x length keep their values for the backward pass.

    Returns
    -------
    DoubleTensor [L * D]
        On the CPU; index = layer * D + unit.
    """
    model.eval()
    ones = torch.ones(1, *model.shape, dtype=torch.promote_types(model.dtype, torch.float32), device=model.device)
    total = torch.zeros(model.shape, dtype=torch.double)
    for part in cut_by_length(tokens, rows.row, len(prompt), positions_per_batch, eval_rows):
        multiply = ones.clone().requires_grad_(True)
        logits = model([tokens[row] for row in rows.row[part]], prompt, Intervention(multiply, None))[0]
        margin = margins(logits, torch.from_numpy(rows.label[part]).to(logits.device))
        total -= torch.autograd.grad(margin.sum(), multiply)[0][0].cpu().double()
    return (total / len(rows.row)).flatten()
