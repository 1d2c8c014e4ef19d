"""The work of the steps that ask the model about the rows of many tasks: step 6, and what each neuron does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from framework.model import loading
from framework.model.prompted import PromptedModel
from framework.tasks import Task, TaskRows
from framework.training import passes


@dataclass
class Study:
    """What the work on any task needs, here or on a worker, which finds out how many `positions` a pass takes."""

    model: PromptedModel
    device: str
    tokens: list[np.ndarray]
    rows: dict[Task, TaskRows]
    prompts: dict[Task, torch.Tensor]
    eval_rows: int | None
    masks: dict[str, torch.Tensor] = field(default_factory=dict)
    positions: int | None = None

    def in_passes(self, task: Task, compute: Callable, training: bool = False, times: int = 1,
                  *more: Any) -> Iterator[tuple[int, int, Any]]:
        """Each pass over a task's rows: how many are done, how many this pass has, and what `compute` says of it.

        `compute` takes what `framework.training.evaluate.measure` takes, the last ones from `more`. It puts a row
        through the model `times` times at once, where `training` is set keeping what a backward pass needs.
        """
        model, rows, prompt = self.model.to(self.device), self.rows[task], self.prompts[task].to(self.device)
        if self.positions is None:
            loading.prepare(model.device)
            self.positions = passes.positions_per_batch(model, training)
        done = 0
        for part in passes.cut_by_length(self.tokens, rows.row, len(prompt), self.positions // times, self.eval_rows):
            some = TaskRows(rows.row[part], rows.label[part])
            found, self.positions = passes.within_memory(lambda positions: compute(
                model, self.tokens, some, prompt, positions, self.eval_rows, *more), self.positions)
            done += len(part)
            yield done, len(part), found
