"""Train many prompts through one frozen backbone, and count right answers, with or without masks."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import torch
from torch.nn import functional as F
from tqdm import tqdm

from framework.errors import UserError, is_out_of_memory
from framework.files.texts import GOEMOTIONS as EMOTIONS
from framework.model.former import PromptedModel
from framework.model.noise import RowNoise
from framework.tasks import TaskRows


@dataclass(frozen=True)
class TrainSettings:
    """How one prompt is trained; the defaults are the study's.

    Attributes
    ----------
    prompt_len : int
        P, the number of prompt vectors.
    prompt_init : {"normal", "mask"}
        Start from N(0, 0.02), or from the word embedding of `<mask>`.
    epochs : int
    patience : int or None
        Stop after so many epochs without a better dev accuracy; None trains all epochs.
    batch_size : int
        Rows of one task in one step.
    lr, weight_decay : float
    warmup_steps : int
        The learning rate rises linearly over so many steps, then stays.
    """

    prompt_len: int = 100
    prompt_init: str = "normal"
    epochs: int = 50
    patience: int | None = None
    batch_size: int = 16
    lr: float = 2e-3
    weight_decay: float = 0.01
    warmup_steps: int = 0


@dataclass
class Task:
    """One (emotion, seed) pair, its rows, and how far its training has come.

    Attributes
    ----------
    emotion, seed : str, int
    train, dev : TaskRows
    epoch, step : int
        Finished epochs, finished steps.
    order : LongTensor
        The rows of `train` still to come in this epoch, shuffled.
    best_prompt : Tensor [P, H]
    best_acc, best_epoch : float, int
        The best dev accuracy and the epoch, from 1, that reached it first.
    losses : list of Tensor []
        The mean cross-entropy of each batch in this epoch so far; with `order` empty, its dev evaluation is to come.
    loss, acc : float
        Their mean over the last finished epoch; dev accuracy after it.
    """

    emotion: str
    seed: int
    train: TaskRows
    dev: TaskRows
    epoch: int = 0
    step: int = 0
    order: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))
    best_prompt: torch.Tensor | None = None
    best_acc: float = -1.0
    best_epoch: int = 0
    losses: list[torch.Tensor] = field(default_factory=list)
    loss: float = float("nan")
    acc: float = float("nan")

    def __post_init__(self) -> None:
        # A generator of its own: what a task draws does not depend on the tasks it trains beside.
        self.generator = torch.Generator().manual_seed(self._number)

    @property
    def _number(self):
        return 1000 * self.seed + EMOTIONS.index(self.emotion)

    def noise_seeds(self, rows: int) -> np.ndarray:
        """A seed of dropout's noise for each row of the coming step's batch: uint64 array [rows]."""
        return np.random.SeedSequence([self._number, self.step]).generate_state(rows, np.uint64)

    @property
    def name(self) -> str:
        """The task's name: emotion-seed."""
        return f"{self.emotion}-{self.seed}"

    def state(self) -> dict[str, Any]:
        """How far the training has come, as plain values and tensors; the rows are not in it."""
        state = {name: value for name, value in vars(self).items() if name not in ("train", "dev", "generator")}
        return {**state, "order": self.order.clone(), "losses": torch.tensor(self.losses),
                "generator": self.generator.get_state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was taken."""
        state = dict(state)
        self.generator.set_state(state.pop("generator"))
        vars(self).update(state, losses=list(state["losses"]))


class PromptTrainer:
    """Trains a group of tasks together: one batch of rows from each task makes one step of all.

    Every task keeps its own batches, shuffling, optimiser state, best epoch and early stopping; its losses are those
    of training it alone, up to rounding.

    Parameters
    ----------
    model : RobertaForMaskedLMPrompt or PromptedEncoder
        Frozen. Prompts, optimiser and loss are float32 (float64 for a float64 model), whatever its precision.
    train_tokens, dev_tokens : list of int arrays
        The splits' comments as `framework.tasks.encode` gives them.
    settings : TrainSettings
    positions_per_batch : int
        Upper bound of rows x length in one forward pass; sets the use of memory, not the result.
    eval_rows : int, optional
        Upper bound of rows in one pass over dev rows.

    Attributes
    ----------
    tasks : list of Task
        The group in training.
    ended : list of (Task, final prompt [P, H])
        Tasks that have ended and have not been handed out yet.
    prompts, exp_avg, exp_avg_sq : Tensor [tasks, P, H]
    group_size : int
        How many train together, as `run` was told.
    """

    def __init__(
            self, model: PromptedModel, train_tokens: Sequence[np.ndarray], dev_tokens: Sequence[np.ndarray],
            settings: TrainSettings, positions_per_batch: int, eval_rows: int | None = None,
    ) -> None:
        self.model, self.settings = model, settings
        self.positions_per_batch, self.eval_rows = positions_per_batch, eval_rows
        self.train_tokens, self.dev_tokens = train_tokens, dev_tokens
        dtype = torch.promote_types(model.dtype, torch.float32)
        empty = torch.empty(0, settings.prompt_len, model.prompt_width, dtype=dtype, device=model.device)
        self.tasks: list[Task] = []
        self.prompts, self.exp_avg, self.exp_avg_sq = empty, empty.clone(), empty.clone()
        self.ended: list[tuple[Task, torch.Tensor]] = []
        self.group_size = 1

    def state(self) -> dict[str, Any]:
        """All that decides what comes next, for `load_state`: plain values and tensors, without tasks that diverge."""
        kept = self._finite().nonzero()[:, 0].tolist()
        return {
            "tasks": [self.tasks[i].state() for i in kept], "prompts": self.prompts[kept],
            "exp_avg": self.exp_avg[kept], "exp_avg_sq": self.exp_avg_sq[kept],
            "ended": [{**task.state(), "prompt": prompt} for task, prompt in self.ended],
            # How rows are cut into passes changes the rounding, and with it the last bits.
            "positions_per_batch": self.positions_per_batch, "group_size": self.group_size}

    def load_state(self, state: dict[str, Any], new_task: Callable[[str, int], Task | None]) -> None:
        """Go on from where `state` was taken, to the bit.

        Parameters
        ----------
        state : dict
            With `path`, the file that it is from, for errors.
        new_task : callable (emotion, seed) -> Task or None
            A task with its rows; None leaves the task out.

        Raises
        ------
        UserError
            If the state is of other rows or of prompts of another shape.
        """
        if state["prompts"].shape[1:] != self.prompts.shape[1:]:
            raise UserError(f"{state['path']}: keeps prompts of another shape; delete it")

        def load(saved):
            task = new_task(saved["emotion"], saved["seed"])
            if task is not None:
                if len(saved["order"]) and saved["order"].max() >= len(task.train.row):
                    raise UserError(f"{state['path']}: is of other rows than {task.name} has; delete it")
                task.load_state({name: value for name, value in saved.items() if name != "prompt"})
            return task

        self.tasks = [load(saved) for saved in state["tasks"]]
        self.prompts, self.exp_avg, self.exp_avg_sq = (
            state[name].to(self.prompts) for name in ("prompts", "exp_avg", "exp_avg_sq"))
        for index in reversed(range(len(self.tasks))):
            if self.tasks[index] is None:
                self.drop(index)
        ended = [(load(saved), saved["prompt"].to(self.prompts)) for saved in state["ended"]]
        self.ended = [(task, prompt) for task, prompt in ended if task is not None]
        self.positions_per_batch, self.group_size = state["positions_per_batch"], state["group_size"]

    def add(self, task: Task, prompt: torch.Tensor | None = None) -> None:
        """Take a task into the group, starting from `prompt` [P, H] or from its own initial prompt."""
        if prompt is None:
            shape = self.prompts.shape[1:]
            if self.settings.prompt_init == "mask":
                mask_id = int(self.train_tokens[0][0])  # every input begins with <mask>
                prompt = self.model.get_input_embeddings().weight[mask_id].detach().expand(shape)
            else:
                prompt = torch.empty(shape).normal_(0.0, 0.02, generator=task.generator)
        start = prompt.to(self.prompts)[None]
        self.tasks.append(task)
        self.prompts = torch.cat([self.prompts, start])
        self.exp_avg = torch.cat([self.exp_avg, torch.zeros_like(start)])
        self.exp_avg_sq = torch.cat([self.exp_avg_sq, torch.zeros_like(start)])

    def drop(self, index: int) -> None:
        """Let a task go out of the group."""
        rest = [i for i in range(len(self.tasks)) if i != index]
        self.tasks = [self.tasks[i] for i in rest]
        self.prompts, self.exp_avg, self.exp_avg_sq = self.prompts[rest], self.exp_avg[rest], self.exp_avg_sq[rest]

    def _finite(self):
        """Which tasks' prompts and optimiser states are finite: BoolTensor [tasks]."""
        return torch.stack([self.prompts, self.exp_avg, self.exp_avg_sq]).isfinite().all(dim=3).all(dim=2).all(dim=0)

    def next_rows(self) -> list[torch.Tensor]:
        """The next batch of every task, as indices into its training rows; a list of LongTensors."""
        batches = []
        for task in self.tasks:
            if len(task.order) == 0:
                task.order = torch.randperm(len(task.train.row), generator=task.generator)
            batches.append(task.order[: self.settings.batch_size])
            task.order = task.order[self.settings.batch_size:]
        return batches

    def step(self, batches: Sequence[torch.Tensor | np.ndarray]) -> torch.Tensor:
        """One step of all tasks.

        Parameters
        ----------
        batches : list of int arrays
            For each task, which of its training rows make its batch.

        Returns
        -------
        Tensor [tasks]
            The mean cross-entropy of each task's batch, before the step.
        """
        sizes = [len(batch) for batch in batches]
        rows = np.concatenate([task.train.row[batch] for task, batch in zip(self.tasks, batches)])
        labels = np.concatenate([task.train.label[batch] for task, batch in zip(self.tasks, batches)])
        task_of_row = np.repeat(np.arange(len(self.tasks)), sizes)
        weight = np.repeat(1.0 / np.array(sizes), sizes)
        noise_seeds = np.concatenate([task.noise_seeds(size) for task, size in zip(self.tasks, sizes)])
        lengths = np.array([len(self.train_tokens[row]) for row in rows]) + self.settings.prompt_len
        self.model.train()
        prompts = self.prompts.detach().requires_grad_(True)

        def losses_and_gradient(positions_per_batch):
            losses = torch.zeros(len(self.tasks), dtype=prompts.dtype, device=prompts.device)
            gradient = torch.zeros_like(prompts)
            for part in cut_by_length(self.train_tokens, rows, self.settings.prompt_len, positions_per_batch):
                index = torch.from_numpy(task_of_row[part]).to(prompts.device)
                with RowNoise(noise_seeds[part], lengths[part], prompts.device):
                    logits = self.model(*pad(self.train_tokens, rows[part], self.model), prompt=prompts[index]).logits
                label = torch.from_numpy(labels[part]).to(prompts.device)
                loss = F.cross_entropy(logits, label, reduction="none") * torch.from_numpy(weight[part]).to(logits)
                gradient += torch.autograd.grad(loss.sum(), prompts)[0]
                losses.index_add_(0, index, loss.detach())
            return losses, gradient

        (losses, gradient), self.positions_per_batch = within_memory(losses_and_gradient, self.positions_per_batch)
        for task, loss in zip(self.tasks, losses):
            task.step += 1
            task.losses.append(loss)
        warmup = [min(1.0, task.step / max(1, self.settings.warmup_steps)) for task in self.tasks]
        lr = self.settings.lr * torch.tensor(warmup, dtype=prompts.dtype, device=prompts.device)[:, None, None]
        adam_step(self.prompts, gradient, self.exp_avg, self.exp_avg_sq, lr, self.settings.weight_decay)
        return losses

    def run(
            self, queue: Iterable[Task], group_size: int, on_epoch: Callable[[Task], Any] = lambda task: None,
            on_finish: Callable[[Task, torch.Tensor], Any] = lambda task, prompt: None,
            save: Callable[[Callable[[], dict[str, Any]], bool], bool] = lambda state, last: True,
    ) -> None:
        """Train tasks to their ends; a task that ends leaves its place to the next in the queue.

        Tasks are handed out only once a state in which they have ended is saved: whoever goes on from the last state
        saved does not come to do any of them again.

        Parameters
        ----------
        queue : iterable of Task
        group_size : int
            How many train together.
        on_epoch : callable (task)
            Called after each epoch of each task.
        on_finish : callable (task, final_prompt [P, H])
            Called with each task that has ended.
        save : callable (state, last) -> bool
            Called after every step and every dev evaluation with `self.state`, and with `last` after the last; returns
            whether it saved it.

        Raises
        ------
        UserError
            If a task diverges; the state of the others is saved before.
        """
        queue, self.group_size = iter(queue), group_size

        def hand_out(last):
            if save(self.state, last):
                while self.ended:
                    on_finish(*self.ended.pop(0))

        while True:
            for index in reversed(range(len(self.tasks))):
                task = self.tasks[index]
                if len(task.order) == 0 and task.losses:
                    if not (self._finite()[index] and math.isfinite(sum(task.losses))):
                        self.drop(index)
                        hand_out(last=True)
                        raise UserError(f"{task.name}: loss or prompt is no longer finite in epoch {task.epoch + 1}; "
                                        "nothing was written for it, train it with a smaller --lr")
                    finished = self._end_epoch(task, self.prompts[index])
                    on_epoch(task)
                    if finished:
                        self.ended.append((task, self.prompts[index].clone()))
                        self.drop(index)
                    hand_out(last=False)
            while len(self.tasks) < group_size and (new := next(queue, None)) is not None:
                self.add(new)
            if not self.tasks:
                hand_out(last=True)
                return
            self.step(self.next_rows())
            hand_out(last=False)

    def _end_epoch(self, task, prompt):
        """Dev accuracy after an epoch; returns whether the task has ended."""
        right, self.positions_per_batch = within_memory(
            lambda positions: count_right(self.model, self.dev_tokens, task.dev, prompt, positions, self.eval_rows),
            self.positions_per_batch)
        task.epoch += 1
        task.loss, task.losses = float(sum(task.losses) / len(task.losses)), []
        task.acc = int(right) / len(task.dev.row)
        if task.acc > task.best_acc:
            task.best_acc, task.best_epoch, task.best_prompt = task.acc, task.epoch, prompt.clone()
        patience = self.settings.patience
        return task.epoch >= self.settings.epochs or (patience is not None and task.epoch - task.best_epoch >= patience)


Result = TypeVar("Result")


def within_memory(compute: Callable[[int], Result], positions_per_batch: int) -> tuple[Result, int]:
    """Compute with as large passes as the memory takes: where it runs out, halve them and try again.

    Parameters
    ----------
    compute : callable (positions_per_batch)
    positions_per_batch : int

    Returns
    -------
    result
        What `compute` returned.
    positions_per_batch : int
        What it was computed with; fit for the next call.

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
            if positions_per_batch < 64:
                raise MemoryError from None
        # Outside of `except`, where the error no longer keeps what was computed so far in memory.
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        tqdm.write(f"out of memory with {positions_per_batch} positions in a pass; going on with "
                   f"{positions_per_batch // 2}", file=sys.stderr)  # above the progress bar
        positions_per_batch //= 2


def adam_step(
        prompts: torch.Tensor, gradient: torch.Tensor, exp_avg: torch.Tensor, exp_avg_sq: torch.Tensor,
        lr: torch.Tensor, weight_decay: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-6,
) -> None:
    """Adam with decoupled weight decay and without bias correction, in place.

    The update of Loshchilov & Hutter (2019, arXiv 1711.05101, algorithm 2) with both corrections left out, as BERT was
    trained and as the study did; `torch.optim.AdamW` cannot leave them out.

    Parameters
    ----------
    prompts, gradient, exp_avg, exp_avg_sq : Tensor [tasks, P, H]
    lr : Tensor, broadcast against them
    """
    exp_avg.mul_(betas[0]).add_(gradient, alpha=1 - betas[0])
    exp_avg_sq.mul_(betas[1]).addcmul_(gradient, gradient, value=1 - betas[1])
    prompts.sub_(lr * exp_avg / (exp_avg_sq.sqrt() + eps))
    prompts.sub_(lr * weight_decay * prompts)


@torch.inference_mode()
def count_right(
        model: PromptedModel, tokens: Sequence[np.ndarray], rows: TaskRows, prompt: torch.Tensor,
        positions_per_batch: int, eval_rows: int | None = None, neuron_masks: torch.Tensor | None = None,
) -> torch.Tensor:
    """How many rows of a task are answered rightly.

    Parameters
    ----------
    model : RobertaForMaskedLMPrompt or PromptedEncoder
    tokens : list of int arrays
        A split's comments as `framework.tasks.encode` gives them.
    rows : TaskRows
    prompt : Tensor [P, H]
    positions_per_batch : int
        Upper bound of rows x masks x length in one forward pass; one row under one mask is always allowed.
    eval_rows : int, optional
        Upper bound of rows in one forward pass.
    neuron_masks : Tensor [M, L, D], optional

    Returns
    -------
    LongTensor [] or [M]
    """
    model.eval()
    masks = 1 if neuron_masks is None else len(neuron_masks)
    right = torch.zeros((), dtype=torch.long, device=model.device)
    for part in cut_by_length(tokens, rows.row, len(prompt), positions_per_batch // masks, eval_rows):
        input_ids, attended = pad(tokens, rows.row[part], model)
        masks_at_once = max(1, positions_per_batch // (len(part) * (input_ids.shape[1] + len(prompt))))
        logits = torch.cat([
            model(input_ids, attended, prompt=prompt, neuron_masks=some).logits
            for some in ([None] if neuron_masks is None else neuron_masks.split(masks_at_once))])
        label = torch.from_numpy(rows.label[part]).to(logits.device)
        right = right + (logits.argmax(-1) == label).sum(-1)
    return right


def cut_by_length(
        tokens: Sequence[np.ndarray], rows: np.ndarray, prompt_len: int, positions_per_batch: int,
        most_rows: int | None = None,
) -> list[np.ndarray]:
    """Cut rows, sorted by length, into batches that need little padding.

    Parameters
    ----------
    tokens : list of int arrays
    rows : int array [n]
        Which comments.
    prompt_len : int
    positions_per_batch : int
        Upper bound of batch rows x longest input; a single row is always allowed.
    most_rows : int, optional
        Upper bound of batch rows.

    Returns
    -------
    list of int arrays
        Indices into `rows`; every index in one of them.
    """
    lengths = np.array([len(tokens[row]) for row in rows]) + prompt_len
    order = np.argsort(-lengths, kind="stable")
    batches = []
    while len(order):
        count = min(max(1, positions_per_batch // lengths[order[0]]), most_rows or len(rows))
        batches.append(order[:count])
        order = order[count:]
    return batches


def pad(
        tokens: Sequence[np.ndarray], rows: np.ndarray, model: PromptedModel,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Rows of different lengths as one batch, padded at their ends.

    Parameters
    ----------
    tokens : list of int arrays
        As of `framework.tasks.encode`: without the prompt's places.
    rows : int array [B]
        Which comments; the longest has T tokens.
    model : RobertaForMaskedLMPrompt or PromptedEncoder

    Returns
    -------
    input_ids : LongTensor [B, T]
    attended : BoolTensor [B, T] or None
        True at tokens; None where no row is shorter than another.
    """
    batch = [torch.from_numpy(tokens[row]) for row in rows]
    pad_id = model.config.pad_token_id
    input_ids = torch.nn.utils.rnn.pad_sequence(batch, batch_first=True, padding_value=pad_id)
    attended = torch.arange(input_ids.shape[1]) < torch.tensor([len(ids) for ids in batch])[:, None]
    return input_ids.to(model.device), None if attended.all() else attended.to(model.device)
