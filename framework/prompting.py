"""Step 1's tasks, trained in a folder of checkpoints: by one process, or in groups by the machines of a cluster."""

from __future__ import annotations

import time
from argparse import Namespace
from contextlib import nullcontext
from functools import partial
from itertools import groupby, islice
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from framework import artifacts, sweep
from framework.artifacts import PathLike
from framework.cluster import Cluster, check_seen
from framework.model import loading
from framework.model.former import PromptedModel
from framework.old_trainer import PromptTrainer, Task, TrainSettings
from framework.tasks import TaskRows


class Study(NamedTuple):
    """What any task's training needs; on a cluster it travels to every machine.

    Attributes
    ----------
    flags : Namespace
        Of train.py.
    settings : dict
        What the prompts are trained with, as it is recorded.
    learned_with : TrainSettings
    device : torch.device
    model : RobertaForMaskedLMPrompt or PromptedEncoder
    tokens : list
        The train and the dev split's comments, as `framework.tasks.encode` gives them.
    rows : dict of (emotion, seed) to [train, dev] of TaskRows
    """

    flags: Namespace
    settings: dict[str, Any]
    learned_with: TrainSettings
    device: torch.device
    model: PromptedModel
    tokens: list[list[np.ndarray]]
    rows: dict[tuple[str, int], list[TaskRows]]


def read_settings(path: PathLike) -> dict[str, Any]:
    """What a checkpoint was made with."""
    return artifacts.read_checkpoint(path)["settings"]


def plan(flags: Namespace, folder: PathLike, tasks: list[tuple[str, int]],
         settings: dict[str, Any]) -> tuple[sweep.Sweep, sweep.SavedTraining]:
    """Which tasks are left in a folder, and which of them an interrupted run has begun.

    Parameters
    ----------
    flags : Namespace
        `save_seconds` and `overwrite` of train.py.
    folder : path-like
        Where the checkpoints are.
    tasks : list of (emotion, seed)
    settings : dict
        What the prompts are trained with, as it is recorded.

    Returns
    -------
    todo : Sweep
    saved : SavedTraining

    Raises
    ------
    UserError
        If a checkpoint was made with other settings and `flags.overwrite` is not set.
    """
    todo = sweep.Sweep(tasks, partial(artifacts.checkpoint_path, folder), lambda emotion, seed: settings, read_settings,
                       flags.overwrite)
    return todo, sweep.SavedTraining(folder, settings, tasks, todo, flags.save_seconds, flags.overwrite)


def train(study: Study, folder: PathLike, todo: sweep.Sweep, saved: sweep.SavedTraining, bar: tqdm) -> int:
    """Train the tasks that are left, those that were begun first, and write their checkpoints.

    Parameters
    ----------
    study : Study
    folder : path-like
        Where the checkpoints go.
    todo, saved
        From `plan` for the same folder; at least one task is left.
    bar : tqdm
        Counts epochs.

    Returns
    -------
    int
        How many tasks are in other processes' hands.
    """
    flags, model = study.flags, study.model.to(study.device)
    loading.prepare(model.device)
    board = artifacts.tensorboard(flags.tensorboard) if flags.tensorboard else None

    def on_epoch(task):
        bar.set_description(f"{task.name} epoch {task.epoch}: dev {task.acc:.3f}")
        bar.update()
        if board:
            board.add_scalar(f"train_loss/{task.name}", task.loss, task.epoch)
            board.add_scalar(f"dev_accuracy/{task.name}", task.acc, task.epoch)

    def on_finish(task, final_prompt):
        artifacts.write_checkpoint(artifacts.checkpoint_path(folder, task.emotion, task.seed), {
            "best_prompt": task.best_prompt.cpu(), "best_acc": task.best_acc, "epoch": task.best_epoch,
            "final_prompt": final_prompt.cpu(), "final_acc": task.acc, "settings": study.settings})
        todo.release((task.emotion, task.seed))
        bar.update(flags.epochs - task.epoch)

    def begin(emotion, seed):
        train_rows, dev_rows = study.rows[emotion, seed]
        return Task(emotion, seed, train_rows, dev_rows)

    def take_up(*task):
        return begin(*task) if task in todo.left and todo.claim(task) else None

    torch.cuda.empty_cache()  # of what this process trained before
    train_tokens, dev_tokens = study.tokens
    trainer = PromptTrainer(model, train_tokens, dev_tokens, study.learned_with,
                            loading.positions_per_batch(model, training=True), flags.eval_batch_size)
    group_size = loading.group_size(flags.tasks_per_batch, trainer.positions_per_batch, flags.train_batch_size,
                                   study.learned_with.prompt_len)
    queue = (begin(*task) for task in todo)
    bar.set_description(f"{todo.left[0][0]}-{todo.left[0][1]} epoch 1")
    with todo, saved, board or nullcontext():
        for state in saved.take_up():
            if state:
                trainer.load_state(state, take_up)
                bar.update(sum(task.epoch for task in trainer.tasks))
                if flags.tasks_per_batch == "auto":
                    group_size = trainer.group_size
            tqdm.write(f"up to {group_size} tasks train together, {trainer.positions_per_batch} positions in a pass")
            trainer.run(queue, group_size, on_epoch, on_finish, saved.save)
    return todo.elsewhere


# ---------------------------------------------------------------------------------------------------- on many machines


def train_on(machines: Cluster, study: Study, tasks: list[tuple[str, int]], todo: sweep.Sweep,
             saved: sweep.SavedTraining, bar: tqdm) -> int:
    """`train` on the machines of a cluster.

    Parameters
    ----------
    machines : Cluster
    tasks : list of (emotion, seed)
        All that the command names, done or not: they make the groups.
    study, todo, saved, bar
        As of `train`, for `study.flags.checkpoint_dir`.

    Returns
    -------
    int
        As of `train`.
    """
    flags = study.flags
    groups = groups_of(tasks, todo, saved, 12 if flags.tasks_per_batch == "auto" else flags.tasks_per_batch)
    # The longest first, so that none is left to wait for at the end.
    groups.sort(key=lambda group: -sum(len(study.rows[task][0].row) for task in group if task in study.rows))
    if len(groups) < machines.size:
        tqdm.write(f"{len(groups)} groups of tasks for {machines.size} workers: a smaller --tasks_per_batch gives more "
                   "of them something to do")
    if flags.gather:
        claimed = ([task for task in group if task in todo.left and todo.claim(task)] for group in groups)
        with todo:
            for group, checkpoints in machines.map(train_apart, study, filter(None, claimed), bar):
                for task, checkpoint in zip(group, checkpoints):
                    artifacts.write_bytes(artifacts.checkpoint_path(flags.checkpoint_dir, *task), checkpoint)
                    todo.release(task)
        return todo.elsewhere
    with artifacts.marker(flags.checkpoint_dir) as seen:
        for _ in range(10):  # a file server may keep the locks of a machine that was lost for a minute or two
            held = [(group, count) for group, count in
                    machines.map(partial(_train_group, seen=seen), study, groups, bar) if count]
            if not held:
                break
            time.sleep(15)
            groups = [group for group, _ in held]
    return sum(count for _, count in held)


def groups_of(tasks: list[tuple[str, int]], todo: sweep.Sweep, saved: sweep.SavedTraining,
              most: int) -> list[list[tuple[str, int]]]:
    """The tasks left, in groups for a cluster: up to `most` of an emotion, which have as many rows as each other.

    They follow from the command alone, not from the cluster, and so do the results. What an interrupted run has begun
    together stays together.

    Parameters
    ----------
    tasks : list of (emotion, seed)
        All that the command names, emotion by emotion.
    todo, saved
        From `plan`.
    most : int
        Tasks in a group.

    Returns
    -------
    list of list of (emotion, seed)
    """
    groups = [sorted(begun) for begun in saved.begun.values()]
    for _, tasks_of_emotion in groupby(tasks, key=lambda task: task[0]):
        while group := list(islice(tasks_of_emotion, most)):
            groups.append([task for task in group if task in todo.left and task not in todo.reserved])
    return list(filter(None, groups))


def _train_group(study, group, bar, seen):
    """`train` a group of tasks into the folder that all machines share."""
    check_seen(seen)  # this machine may have joined later
    todo, saved = plan(study.flags, study.flags.checkpoint_dir, group, study.settings)
    return train(study, study.flags.checkpoint_dir, todo, saved, bar) if todo.left else 0


def train_apart(study: Study, group: list[tuple[str, int]], bar: tqdm) -> list[bytes]:
    """`train` a group of tasks into a folder of its own; returns each checkpoint's bytes."""
    with TemporaryDirectory() as folder:
        train(study, folder, *plan(study.flags, folder, group, study.settings), bar)
        return [artifacts.read_bytes(artifacts.checkpoint_path(folder, *task)) for task in group]
