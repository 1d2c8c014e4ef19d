"""Train many prompts through one frozen model."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from framework.errors import UserError
from framework.measures import accuracy
from framework.model.noise import RowNoise
from framework.model.passes import cut_by_length, within_memory
from framework.model.prompted import PromptedModel
from framework.tasks import Task, TaskRows
from framework.training.evaluate import answer
from framework.training.state import Finished, Progress, State


@dataclass(frozen=True)
class TrainSettings:
    """How one prompt is trained; the defaults are the study's."""

    prompt_len: int = 100  # P, the number of prompt vectors
    # Start from N(0, 0.02) ("normal"), or from embeddings: of the mask token ("mask"), of random words ("words"; drawn
    # from the seed alone, so all concepts of a seed start alike) or of a text ("text:...").
    prompt_init: str = "normal"
    epochs: int = 50
    patience: int | None = None  # stop after so many epochs without a better dev accuracy; None trains all epochs
    batch_size: int = 16  # rows of one task in one step
    lr: float = 2e-3
    weight_decay: float = 0.01
    warmup_steps: int = 0  # the learning rate rises linearly over so many steps, then stays
    select: str = "dev"  # keep the prompt of the epoch with the best dev accuracy, or ("none") that of the last epoch


class Job(NamedTuple):
    """A task to train, with its rows of the train and the dev split."""

    task: Task
    train: TaskRows
    dev: TaskRows


class Step(NamedTuple):
    """All tasks of the group have made a step; `losses` [tasks] are the mean cross-entropies of their batches."""

    tasks: list[Task]
    losses: Tensor


class Epoch(NamedTuple):
    """A task has finished an epoch: its mean loss, and its dev accuracy afterwards. Epochs count from 1."""

    task: Task
    epoch: int
    loss: float
    acc: float


class Diverged(NamedTuple):
    """A task's loss or prompt is no longer finite, which shows at the end of an epoch; the task has left the group."""

    task: Task
    epoch: int


Event = Step | Epoch | Finished | Diverged


def group_size(tasks_per_batch: int | str, batch_size: int, prompt_len: int) -> int:
    """How many tasks train together: as asked; for "auto" 12, the study's seeds, or more if prompts are short.

    With "auto", the rows of a step (`batch_size` per task) fill at least 16,384 positions. More rows share the fixed
    costs of a step, and need less padding, since they are sorted by length before they are cut into passes. The number
    depends on the flags alone, not on the machine, so results do not depend on where they are computed.
    """
    if tasks_per_batch != "auto":
        return int(tasks_per_batch)
    typical_length = prompt_len + 28  # with a comment
    return max(12, math.ceil(16384 / typical_length / batch_size))


class PromptTrainer:
    """Trains a group of tasks together: one batch of rows from each task makes one step of all.

    Every task keeps its own batches, random numbers, optimiser state, best epoch and early stopping; its losses are
    those of training it alone, up to rounding.

    Parameters
    ----------
    model : PromptedModel
        Frozen. Prompts, optimiser and loss are float32 (float64 for a float64 model), whatever its precision.
    train_tokens, dev_tokens : list of int arrays
        The splits' comments as `model.encode` gives them.
    settings : TrainSettings
    positions_per_batch : int
        Upper bound of rows x length in one forward pass; sets the use of memory, not the result.
    eval_rows : int, optional
        Upper bound of rows in one pass over dev rows.

    Attributes
    ----------
    group : list of (Job, Progress)
        What is in training.
    prompts, exp_avg, exp_avg_sq : Tensor [tasks, P, W]
    ended : list of Finished
        Tasks that have ended and that `run` has not handed out yet.
    group_size : int
        How many train together, as `run` was told.
    """

    def __init__(
        self, model: PromptedModel, train_tokens: Sequence[np.ndarray], dev_tokens: Sequence[np.ndarray],
        settings: TrainSettings, positions_per_batch: int, eval_rows: int | None = None
    ) -> None:
        self.model, self.settings = model, settings
        self.train_tokens, self.dev_tokens = train_tokens, dev_tokens
        self.positions_per_batch, self.eval_rows = positions_per_batch, eval_rows
        dtype = torch.promote_types(model.dtype, torch.float32)
        empty = torch.empty(0, settings.prompt_len, model.prompt_width, dtype=dtype, device=model.device)
        self.group: list[tuple[Job, Progress]] = []
        self.prompts, self.exp_avg, self.exp_avg_sq = empty, empty.clone(), empty.clone()
        self.ended: list[Finished] = []
        self.group_size = 1

    def run(self, queue: Iterable[Job], group_size: int) -> Iterator[Event]:
        """Train tasks to their ends; a task that ends leaves its place to the next in the queue.

        `state` can be taken at every event. Save it before writing a `Finished` task: after a kill, that task is then
        never trained again, and the others go on together, to the same bits.
        """
        waiting, self.group_size = iter(queue), group_size
        while True:
            for job, progress in list(self.group):
                if progress.step == (progress.epoch + 1) * self.steps_per_epoch(job):
                    yield self._end_epoch(job, progress)
            yield from self.ended
            self.ended = []
            while len(self.group) < group_size and (new := next(waiting, None)) is not None:
                self.add(new)
            if not self.group:
                return
            tasks = [job.task for job, _ in self.group]
            yield Step(tasks, self.step(self.next_batches()))

    def add(self, job: Job, prompt: Tensor | None = None) -> None:
        """Add a task. It starts from `prompt` [P, W], or from its own initial one."""
        start = (self._initial_prompt(job.task) if prompt is None else prompt).to(self.prompts)[None]
        self.group.append((job, Progress(job.task)))
        self.prompts = torch.cat([self.prompts, start])
        self.exp_avg = torch.cat([self.exp_avg, torch.zeros_like(start)])
        self.exp_avg_sq = torch.cat([self.exp_avg_sq, torch.zeros_like(start)])

    def _initial_prompt(self, task):
        shape = self.prompts.shape[1:]
        if self.settings.prompt_init == "normal":
            return torch.from_numpy(np.random.default_rng(task.stream("prompt")).normal(0.0, 0.02, shape))
        random = np.random.default_rng(Task("", task.seed).stream("prompt"))  # the same for all concepts
        words = self.model.starting_words(self.settings.prompt_init, shape[0], random)
        return self.model.get_input_embeddings()(torch.from_numpy(words).to(self.model.device))

    def next_batches(self) -> list[np.ndarray]:
        """The next batch of every task, as indices into its training rows."""
        batches = []
        for job, progress in self.group:
            # Each epoch has an order of its own, so that a run can go on from any step.
            random = np.random.default_rng(job.task.stream(f"order of epoch {progress.epoch}"))
            order = random.permutation(len(job.train.row))
            start = (progress.step - progress.epoch * self.steps_per_epoch(job)) * self.settings.batch_size
            batches.append(order[start:start + self.settings.batch_size])
        return batches

    def steps_per_epoch(self, job: Job) -> int:
        """How many batches a task's training rows make."""
        return math.ceil(len(job.train.row) / self.settings.batch_size)

    def step(self, batches: Sequence[np.ndarray]) -> Tensor:
        """Take one step of all tasks; `batches` are indices into the training rows of each.

        Returns the mean cross-entropy of each task's batch before the step: Tensor [tasks].
        """
        sizes = [len(batch) for batch in batches]
        rows = np.concatenate([job.train.row[batch] for (job, _), batch in zip(self.group, batches)])
        labels = np.concatenate([job.train.label[batch] for (job, _), batch in zip(self.group, batches)])
        task_of_row = np.repeat(np.arange(len(self.group)), sizes)
        weight = np.repeat(1.0 / np.array(sizes), sizes)
        noise_seeds = np.concatenate([
            job.task.stream(f"dropout of step {progress.step}").generate_state(size, np.uint64)
            for (job, progress), size in zip(self.group, sizes)])
        lengths = np.array([len(self.train_tokens[row]) for row in rows]) + self.settings.prompt_len
        self.model.train()
        prompts = self.prompts.detach().requires_grad_(True)

        def losses_and_gradient(positions_per_batch):
            losses = torch.zeros(len(self.group), dtype=prompts.dtype, device=prompts.device)
            gradient = torch.zeros_like(prompts)
            for part in cut_by_length(self.train_tokens, rows, self.settings.prompt_len, positions_per_batch):
                index = torch.from_numpy(task_of_row[part]).to(prompts.device)
                noise = (RowNoise(noise_seeds[part], lengths[part], prompts.device) if self.model.training
                         else contextlib.nullcontext())  # a decoder trains without noise
                with noise:
                    logits = self.model([self.train_tokens[row] for row in rows[part]], prompts[index])
                label = torch.from_numpy(labels[part]).to(logits.device)
                loss = F.cross_entropy(logits, label, reduction="none") * torch.from_numpy(weight[part]).to(logits)
                gradient += torch.autograd.grad(loss.sum(), prompts)[0]
                losses.index_add_(0, index, loss.detach())
            return losses, gradient

        (losses, gradient), self.positions_per_batch = within_memory(
            losses_and_gradient, self.positions_per_batch, self.model)
        for (_, progress), loss in zip(self.group, losses):
            progress.step += 1
            progress.losses.append(loss)
        warmup = [min(1.0, progress.step / max(1, self.settings.warmup_steps)) for _, progress in self.group]
        lr = self.settings.lr * torch.tensor(warmup, dtype=prompts.dtype, device=prompts.device)[:, None, None]
        adam_step(self.prompts, gradient, self.exp_avg, self.exp_avg_sq, lr, self.settings.weight_decay)
        return losses

    def _end_epoch(self, job, progress):
        """Dev accuracy after an epoch; a task that has ended or diverged leaves the group."""
        index = [each.task for each, _ in self.group].index(job.task)
        loss = sum(map(float, progress.losses)) / len(progress.losses)
        if not (math.isfinite(loss) and self._finite()[index]):
            self._leave(index)
            return Diverged(job.task, progress.epoch + 1)
        prompt, settings = self.prompts[index], self.settings
        answers, self.positions_per_batch = within_memory(
            lambda positions: answer(self.model, self.dev_tokens, job.dev, prompt, positions, self.eval_rows),
            self.positions_per_batch, self.model)
        progress.epoch, progress.loss, progress.losses = progress.epoch + 1, loss, []
        progress.acc = float(accuracy(answers, torch.from_numpy(job.dev.label)))
        if progress.acc > progress.best_acc or settings.select == "none":
            progress.best_acc, progress.best_epoch = progress.acc, progress.epoch
            progress.best_prompt = prompt.to("cpu", copy=True)
        waited = progress.epoch - progress.best_epoch
        if progress.epoch >= settings.epochs or (settings.patience is not None and waited >= settings.patience):
            self.ended.append(Finished(job.task, progress.best_prompt, progress.best_acc, progress.best_epoch,
                                       prompt.to("cpu", copy=True), progress.acc))
            self._leave(index)
        return Epoch(job.task, progress.epoch, loss, progress.acc)

    def _leave(self, index):
        """Take a task out of the group."""
        del self.group[index]
        self.prompts, self.exp_avg, self.exp_avg_sq = (
            torch.cat([tensor[:index], tensor[index + 1:]]) for tensor in (self.prompts, self.exp_avg, self.exp_avg_sq))

    def _finite(self):
        """Which tasks' prompts and optimiser states are finite: BoolTensor [tasks]."""
        return torch.stack([self.prompts, self.exp_avg, self.exp_avg_sq]).isfinite().flatten(2).all(2).all(0)

    def state(self) -> State:
        """All that determines what comes next, without tasks that have diverged.

        Its tensors are on the CPU, since the process that saves them may have no accelerator.
        """
        kept = self._finite().nonzero()[:, 0].tolist()
        group = [replace(progress, losses=list(map(float, progress.losses)))
                 for _, progress in (self.group[i] for i in kept)]
        return State(group, self.prompts[kept].cpu(), self.exp_avg[kept].cpu(), self.exp_avg_sq[kept].cpu(),
                     list(self.ended), self.positions_per_batch, self.group_size)

    def resume(self, state: State, find: Callable[[Task], Job | None]) -> None:
        """Go on from where `state` was taken, to the bit; a task for which `find` returns None is left out.

        Raises `UserError` if the state is of other rows or of prompts of another shape.
        """
        if state.prompts.shape[1:] != self.prompts.shape[1:]:
            raise UserError("the saved state of this training holds prompts of another shape; delete the files "
                            ".openneuron/training-*.state among the prompts")
        found = [(find(progress.task), progress) for progress in state.group]
        self.group = [(job, progress) for job, progress in found if job is not None]
        for job, progress in self.group:
            steps = self.steps_per_epoch(job)
            if not 0 <= progress.step - progress.epoch * steps <= steps:
                raise UserError(f"the saved state of {job.task.name} is of other rows than the task has; delete "
                                "the files .openneuron/training-*.state among the prompts")
        kept = [index for index, (job, _) in enumerate(found) if job is not None]
        self.prompts, self.exp_avg, self.exp_avg_sq = (
            tensor[kept].to(self.prompts) for tensor in (state.prompts, state.exp_avg, state.exp_avg_sq))
        self.ended = [each for each in state.ended if find(each.task) is not None]
        self.positions_per_batch, self.group_size = state.positions_per_batch, state.group_size


def adam_step(
    prompts: Tensor, gradient: Tensor, exp_avg: Tensor, exp_avg_sq: Tensor, lr: Tensor, weight_decay: float
) -> None:
    """Adam with decoupled weight decay and without bias correction, in place.

    The update of Loshchilov & Hutter (2019, arXiv 1711.05101, algorithm 2) with both corrections left out, as BERT was
    trained and as the study did; `torch.optim.AdamW` cannot leave them out.

    Parameters
    ----------
    prompts, gradient, exp_avg, exp_avg_sq : Tensor [tasks, P, W]
    lr : Tensor, broadcast against them
    """
    exp_avg.mul_(0.9).add_(gradient, alpha=1 - 0.9)
    exp_avg_sq.mul_(0.999).addcmul_(gradient, gradient, value=1 - 0.999)
    prompts.sub_(lr * exp_avg / (exp_avg_sq.sqrt() + 1e-6))
    # After the step, as the study's optimiser did; torch's AdamW decays before it.
    prompts.sub_(lr * weight_decay * prompts)
