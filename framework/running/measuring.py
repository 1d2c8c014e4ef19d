"""Inputs and work of the scripts that run the model on many tasks' rows: step 6 and get_neuron_effect.py."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from framework.files import texts
from framework.model import loading, passes
from framework.model.device import resolve
from framework.model.prompted import PromptedModel
from framework.running import script, trained, work
from framework.tasks import Task, TaskRows
from framework.training.rows import subset, task_rows


@dataclass
class Study:
    """What the work on any task needs, here or on a worker. Each process sets how many `positions` fit in a pass."""

    model: PromptedModel
    device: str
    tokens: list[np.ndarray]
    rows: dict[Task, TaskRows]
    prompts: dict[Task, torch.Tensor]
    eval_rows: int | None
    masks: dict[str, torch.Tensor] = field(default_factory=dict)
    positions: int | None = None

    def in_passes(self, task: Task, compute: Callable, training: bool = False, times: int = 1
                  ) -> Iterator[tuple[np.ndarray, Any]]:
        """Yield, for each pass over a task's rows: which rows it takes (indices), and `compute` of these.

        `compute` takes the arguments of `framework.training.evaluate.answer`. It runs each row through the model
        `times` times at once and, with `training`, keeps what a backward pass needs.
        """
        model, rows, prompt = self.model.to(self.device), self.rows[task], self.prompts[task].to(self.device)
        if self.positions is None:
            loading.prepare(model.device)
            self.positions = passes.positions_per_batch(model, training)
        for part in passes.cut_by_length(self.tokens, rows.row, len(prompt), self.positions // times, self.eval_rows):
            some = TaskRows(rows.row[part], rows.label[part])
            found, self.positions = passes.within_memory(lambda positions: compute(
                model, self.tokens, some, prompt, positions, self.eval_rows), self.positions)
            yield part, found


class Inputs:
    """The inputs that such a script's flags name. Raises `UserError` if prompts, model and texts do not fit together.

    Attributes
    ----------
    prompts, rows : dict by task
    model : PromptedModel
    machines : where the work is done
    settings, precision, notes : what a record says of all this
    words : the same for the user
    """

    def __init__(self, flags: argparse.Namespace):
        self.prompts = trained.read(flags)
        split = texts.read(flags.dataset, flags.split)
        self.machines = work.join(flags.ray, flags.device)
        device, dtype = self.machines.agree(resolve, flags.precision)
        loaded = trained.load_model(flags, self.prompts, dtype)
        self.model, self.precision = loaded.model, str(dtype).removeprefix("torch.")
        max_length = self.model.fit_length(len(next(iter(self.prompts.values())).best_prompt), flags.max_length)
        self.rows = {task: subset(task_rows(split, task, flags.negatives, name=flags.split), flags.max_rows, task)
                     for task in self.prompts}
        self.settings = {"backbone": loaded.fingerprint, "label_words": flags.label_words,
                         # An error names the first difference: `split` comes before `data`, which differs with it.
                         "split": flags.split, "data": texts.fingerprint(split), "max_rows": flags.max_rows,
                         "negatives": flags.negatives, "max_length": max_length}
        self.notes = {"pretrained_model": flags.pretrained_model, "dataset": flags.dataset}
        self.words = (f"{flags.pretrained_model} in {self.precision} on {self.machines if flags.ray else device}; "
                      f"comments of {flags.dataset}")
        self._texts, self._device, self._eval_rows = split.texts, str(device), flags.eval_batch_size

    def study(self, tasks: Iterable[Task], masks: dict[str, torch.Tensor] | None = None) -> Study:
        """What the work on these tasks needs."""
        rows = {task: self.rows[task] for task in tasks}
        tokens = self.model.encode(self._texts, self.settings["max_length"]) if rows else []
        script.say_cut(self.model, tokens, self.settings["max_length"])
        return Study(self.model, self._device, tokens, rows, {task: self.prompts[task].best_prompt for task in rows},
                     self._eval_rows, masks or {})
