"""Train many prompts through one frozen backbone, and count right answers, with or without masks."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn import functional as F

from framework.tasks import EMOTIONS, TaskRows


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
    acc : float
        Dev accuracy after the last finished epoch.
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
    acc: float = float("nan")

    def __post_init__(self):
        # A generator of its own: what a task draws does not depend on the tasks it trains beside.
        self.generator = torch.Generator().manual_seed(1000 * self.seed + EMOTIONS.index(self.emotion))

    @property
    def name(self):
        return f"{self.emotion}-{self.seed}"


class PromptTrainer:
    """Trains a group of tasks together: one batch of rows from each task makes one step of all.

    Every task keeps its own batches, shuffling, optimiser state, best epoch and early stopping; its losses are those
    of training it alone, up to rounding (and up to dropout's noise, which is drawn for the whole group).

    Parameters
    ----------
    model : RobertaForMaskedLMPrompt
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
    prompts, exp_avg, exp_avg_sq : Tensor [tasks, P, H]
    """

    def __init__(self, model, train_tokens, dev_tokens, settings, positions_per_batch, eval_rows=None):
        self.model, self.settings = model, settings
        self.positions_per_batch, self.eval_rows = positions_per_batch, eval_rows
        self.train_tokens, self.dev_tokens = train_tokens, dev_tokens
        dtype = torch.promote_types(model.dtype, torch.float32)
        empty = torch.empty(0, settings.prompt_len, model.config.hidden_size, dtype=dtype, device=model.device)
        self.tasks, self.prompts, self.exp_avg, self.exp_avg_sq = [], empty, empty.clone(), empty.clone()

    def add(self, task, prompt=None):
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

    def drop(self, index):
        """Let a task go out of the group."""
        rest = [i for i in range(len(self.tasks)) if i != index]
        self.tasks = [self.tasks[i] for i in rest]
        self.prompts, self.exp_avg, self.exp_avg_sq = self.prompts[rest], self.exp_avg[rest], self.exp_avg_sq[rest]

    def next_rows(self):
        """The next batch of every task, as indices into its training rows; a list of LongTensors."""
        batches = []
        for task in self.tasks:
            if len(task.order) == 0:
                task.order = torch.randperm(len(task.train.row), generator=task.generator)
            batches.append(task.order[: self.settings.batch_size])
            task.order = task.order[self.settings.batch_size:]
        return batches

    def step(self, batches):
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
        self.model.train()
        prompts = self.prompts.requires_grad_(True)
        losses = torch.zeros(len(self.tasks), dtype=prompts.dtype, device=prompts.device)
        gradient = torch.zeros_like(prompts)
        for part in cut_by_length(self.train_tokens, rows, self.settings.prompt_len, self.positions_per_batch):
            index = torch.from_numpy(task_of_row[part]).to(prompts.device)
            logits = self.model(*pad(self.train_tokens, rows[part], self.model), prompt=prompts[index]).logits
            label = torch.from_numpy(labels[part]).to(prompts.device)
            loss = F.cross_entropy(logits, label, reduction="none") * torch.from_numpy(weight[part]).to(logits)
            gradient += torch.autograd.grad(loss.sum(), prompts)[0]
            losses.index_add_(0, index, loss.detach())
        self.prompts = prompts.detach()
        for task in self.tasks:
            task.step += 1
        warmup = [min(1.0, task.step / max(1, self.settings.warmup_steps)) for task in self.tasks]
        lr = self.settings.lr * torch.tensor(warmup, dtype=prompts.dtype, device=prompts.device)[:, None, None]
        adam_step(self.prompts, gradient, self.exp_avg, self.exp_avg_sq, lr, self.settings.weight_decay)
        return losses

    def run(self, queue, group_size, on_epoch=lambda task: None, on_finish=lambda task, prompt: None):
        """Train tasks to their ends; a task that ends leaves its place to the next in the queue.

        Parameters
        ----------
        queue : iterable of Task
        group_size : int
            How many train together.
        on_epoch : callable (task)
            Called after each epoch of each task.
        on_finish : callable (task, final_prompt [P, H])
            Called when a task ends.
        """
        queue = iter(queue)
        while True:
            while len(self.tasks) < group_size and (task := next(queue, None)) is not None:
                self.add(task)
            if not self.tasks:
                return
            self.step(self.next_rows())
            for index in reversed(range(len(self.tasks))):
                task = self.tasks[index]
                if len(task.order) == 0:
                    finished = self._end_epoch(task, self.prompts[index])
                    on_epoch(task)
                    if finished:
                        on_finish(task, self.prompts[index].clone())
                        self.drop(index)

    def _end_epoch(self, task, prompt):
        """Dev accuracy after an epoch; returns whether the task has ended."""
        right = count_right(self.model, self.dev_tokens, task.dev, prompt, self.positions_per_batch, self.eval_rows)
        task.epoch += 1
        task.acc = int(right) / len(task.dev.row)
        if task.acc > task.best_acc:
            task.best_acc, task.best_epoch, task.best_prompt = task.acc, task.epoch, prompt.clone()
        patience = self.settings.patience
        return task.epoch >= self.settings.epochs or (patience is not None and task.epoch - task.best_epoch >= patience)


def adam_step(prompts, gradient, exp_avg, exp_avg_sq, lr, weight_decay, betas=(0.9, 0.999), eps=1e-6):
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
def count_right(model, tokens, rows, prompt, positions_per_batch, eval_rows=None, neuron_masks=None):
    """How many rows of a task are answered rightly.

    Parameters
    ----------
    model : RobertaForMaskedLMPrompt
    tokens : list of int arrays
        A split's comments as `framework.tasks.encode` gives them.
    rows : TaskRows
    prompt : Tensor [P, H]
    positions_per_batch : int
        Upper bound of rows x masks x length in one forward pass.
    eval_rows : int, optional
        Upper bound of rows in one forward pass.
    neuron_masks : Tensor [M, L, D], optional

    Returns
    -------
    LongTensor [] or [M]
    """
    model.eval()
    masks = 1 if neuron_masks is None else len(neuron_masks)
    right = 0
    for part in cut_by_length(tokens, rows.row, len(prompt), positions_per_batch // masks, eval_rows):
        logits = model(*pad(tokens, rows.row[part], model), prompt=prompt, neuron_masks=neuron_masks).logits
        label = torch.from_numpy(rows.label[part]).to(logits.device)
        right = right + (logits.argmax(-1) == label).sum(-1)
    return right


def cut_by_length(tokens, rows, prompt_len, positions_per_batch, most_rows=None):
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


def pad(tokens, rows, model):
    """Input ids [B, T] of the rows and their attention mask, or None where no row is shorter than another."""
    batch = [torch.from_numpy(tokens[row]) for row in rows]
    pad_id = model.config.pad_token_id
    input_ids = torch.nn.utils.rnn.pad_sequence(batch, batch_first=True, padding_value=pad_id)
    attended = torch.arange(input_ids.shape[1]) < torch.tensor([len(ids) for ids in batch])[:, None]
    return input_ids.to(model.device), None if attended.all() else attended.to(model.device)
