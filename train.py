"""Step 1: train a prompt for every emotion and seed.

Each prompt makes a frozen RoBERTa answer `positive` or `negative` at `<mask>` to whether a comment carries the emotion.
Finished tasks are left alone: run the same command again after an interruption.
"""

import time
from argparse import Namespace
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch

from framework import artifacts, cli, cluster, models, sweep
from framework.errors import UserError
from framework.tasks import encode, fingerprint, task_rows
from framework.trainer import PromptTrainer, Task, TrainSettings


def parse_flags():
    parser = cli.make_parser("Step 1: train a prompt for every emotion and seed (27 x 12 tasks).")
    cli.add_task_flags(parser)
    cli.add_model_flags(parser)
    parser.add_argument("--label_words", nargs=2, default=list(models.LABEL_WORDS), metavar=("NO", "YES"),
                        help="the model's answers, each one token of its vocabulary")
    cli.add_data_flags(parser)
    parser.add_argument("--prompt_len", type=cli.positive, default=100, metavar="P", help="prompt vectors")
    parser.add_argument("--prompt_init", default="normal", choices=("normal", "mask"),
                        help="start from N(0, 0.02) or from the embedding of <mask>")
    parser.add_argument("--epochs", type=cli.positive, default=50, help="passes over the training rows")
    parser.add_argument("--patience", type=cli.positive, metavar="EPOCHS",
                        help="end a task after so many epochs without a better dev accuracy (default: never)")
    parser.add_argument("--train_batch_size", type=cli.positive, default=16, metavar="ROWS", help="rows of a task in a step")
    parser.add_argument("--lr", type=cli.nonnegative, default=2e-3, help="learning rate, constant after the warm-up")
    parser.add_argument("--weight_decay", type=cli.nonnegative, default=0.01, help="decoupled weight decay")
    parser.add_argument("--warmup_step", type=cli.count, default=0, metavar="STEPS",
                        help="steps in which the learning rate rises linearly")
    parser.add_argument("--tasks_per_batch", type=cli.positive_or_auto, default="auto", metavar="N",
                        help="tasks that train together, for speed; auto fills the device")
    cli.add_compute_flags(parser)
    cli.add_sweep_flags(parser, save_seconds=30)
    cli.add_ray_flag(parser)
    parser.add_argument("--gather", action="store_true",
                        help="with --ray, where machines share no folder: send the prompts here")
    return parser.parse_args()


class Study(NamedTuple):
    """What any task's training needs; on a cluster it travels to every machine."""

    flags: Namespace
    settings: dict
    learned_with: TrainSettings
    device: torch.device
    model: torch.nn.Module
    tokens: list
    rows: dict


def read_settings(path):
    return artifacts.read_checkpoint(path)["settings"]


def plan(flags, folder, tasks, settings):
    """Which tasks are left in a folder, and which of them an interrupted run has begun."""
    todo = sweep.Sweep(tasks, partial(artifacts.checkpoint_path, folder), lambda emotion, seed: settings, read_settings,
                       flags.overwrite)
    return todo, sweep.SavedTraining(folder, settings, tasks, todo, flags.save_seconds, flags.overwrite)


def train(study, folder, todo, saved, bar):
    """Train the tasks that are left, those that were begun first; returns how many are in other processes' hands."""
    flags, model = study.flags, study.model.to(study.device)

    def on_epoch(task):
        bar.set_description(f"{task.name} epoch {task.epoch}: dev {task.acc:.3f}")
        bar.update()

    def on_finish(task, final_prompt):
        artifacts.write_checkpoint(artifacts.checkpoint_path(folder, task.emotion, task.seed), {
            "best_prompt": task.best_prompt.cpu(), "best_acc": task.best_acc, "epoch": task.best_epoch,
            "final_prompt": final_prompt.cpu(), "final_acc": task.acc, "settings": study.settings})
        todo.release((task.emotion, task.seed))
        bar.update(flags.epochs - task.epoch)

    def begin(emotion, seed):
        return Task(emotion, seed, *study.rows[emotion, seed])

    def take_up(*task):
        return begin(*task) if task in todo.left and todo.claim(task) else None

    torch.cuda.empty_cache()  # of what this process trained before
    trainer = PromptTrainer(model, *study.tokens, study.learned_with, models.positions_per_batch(model, training=True),
                            flags.eval_batch_size)
    group_size = models.group_size(flags.tasks_per_batch, trainer.positions_per_batch, flags.train_batch_size)
    torch.manual_seed(0)  # the noise of the backbone's dropout
    queue = (begin(*task) for task in todo)
    with todo, saved:
        for state in saved.take_up():
            if state:
                trainer.load_state(state, take_up)
                bar.update(sum(task.epoch for task in trainer.tasks))
            trainer.run(queue, group_size, on_epoch, on_finish, saved.save)
    return todo.elsewhere


# ---------------------------------------------------------------------------------------------------- on many machines


def groups_of(tasks, todo, saved, most):
    """The tasks left, in groups for a cluster: up to `most` of an emotion, which have as many rows as each other.

    They follow from the command alone, not from the cluster, and so do the results. What an interrupted run has begun
    together stays together.
    """
    groups = [sorted(begun) for begun in saved.begun.values()]
    for _, tasks_of_emotion in groupby(tasks, key=lambda task: task[0]):
        while group := list(islice(tasks_of_emotion, most)):
            groups.append([task for task in group if task in todo.left and task not in todo.reserved])
    return list(filter(None, groups))


def train_group(study, group, bar):
    """`train` a group of tasks into the folder that all machines share."""
    todo, saved = plan(study.flags, study.flags.checkpoint_dir, group, study.settings)
    return train(study, study.flags.checkpoint_dir, todo, saved, bar) if todo.left else 0


def train_apart(study, group, bar):
    """`train` a group of tasks into a folder of its own; returns each checkpoint's bytes."""
    with TemporaryDirectory() as folder:
        train(study, folder, *plan(study.flags, folder, group, study.settings), bar)
        return [artifacts.read_bytes(artifacts.checkpoint_path(folder, *task)) for task in group]


def train_on(machines, study, tasks, todo, saved, bar):
    """`train` on the machines of a cluster."""
    flags = study.flags
    groups = groups_of(tasks, todo, saved, 12 if flags.tasks_per_batch == "auto" else flags.tasks_per_batch)
    # The longest first, so that none is left to wait for at the end.
    groups.sort(key=lambda group: -sum(len(study.rows[task][0].row) for task in group if task in study.rows))
    if len(groups) < machines.size:
        print(f"{len(groups)} groups of tasks for {machines.size} workers: a smaller --tasks_per_batch gives more of them "
              "something to do")
    if flags.gather:
        claimed = ([task for task in group if task in todo.left and todo.claim(task)] for group in groups)
        with todo:
            for group, checkpoints in machines.map(train_apart, study, filter(None, claimed), bar):
                for task, checkpoint in zip(group, checkpoints):
                    artifacts.write_bytes(artifacts.checkpoint_path(flags.checkpoint_dir, *task), checkpoint)
                    todo.release(task)
        return todo.elsewhere
    for _ in range(10):  # a file server may keep the locks of a machine that was lost for a minute or two
        held = [(group, count) for group, count in machines.map(train_group, study, groups, bar) if count]
        if not held:
            break
        time.sleep(15)
        groups = [group for group, _ in held]
    return sum(count for _, count in held)


def main():
    flags = parse_flags()
    tasks = cli.tasks_of(flags)
    if flags.gather and not flags.ray:
        raise UserError("--gather: goes with --ray")

    if flags.status:
        return sweep.print_status(tasks, partial(artifacts.checkpoint_path, flags.checkpoint_dir), read_settings,
                                  artifacts.training_progress(flags.checkpoint_dir))

    machines = None
    if flags.ray:
        machines = cluster.connect(flags.ray, flags.device)
        flags.checkpoint_dir = str(Path(flags.checkpoint_dir).resolve())  # workers have working folders of their own
        if not flags.gather:
            machines.check_shared(flags.checkpoint_dir)
    device, dtype = (machines.agree(models.resolve, machines.device, flags.precision) if machines else
                     models.resolve(flags.device, flags.precision))
    splits = [artifacts.read_goemotions(flags.dataset, split) for split in ("train", "dev")]
    model, tokenizer, backbone = models.load_backbone(
        flags.pretrained_model, flags.prompt_len, "cpu" if machines else device, dtype, flags.label_words)
    max_length = models.fit_length(model, flags.prompt_len, flags.max_length)

    learned_with = TrainSettings(
        prompt_len=flags.prompt_len, prompt_init=flags.prompt_init, epochs=flags.epochs, patience=flags.patience,
        batch_size=flags.train_batch_size, lr=flags.lr, weight_decay=flags.weight_decay, warmup_steps=flags.warmup_step)
    settings = {
        "made_by": "train.py", "pretrained_model": flags.pretrained_model, "backbone": backbone,
        "label_words": flags.label_words, "dataset": flags.dataset, "data": fingerprint(*splits),
        "negatives": flags.negatives, "max_length": max_length,
        **vars(learned_with), "precision": str(dtype).removeprefix("torch."), "versions": artifacts.versions()}

    todo, saved = plan(flags, flags.checkpoint_dir, tasks, settings)
    print(f"{len(tasks)} tasks, {len(tasks) - len(todo.left)} finished before; "
          f"{flags.pretrained_model} in {settings['precision']} on {machines or device}")
    elsewhere = 0
    if todo.left:
        study = Study(flags, settings, learned_with, device, model,
                      [encode(split.texts, tokenizer, max_length) for split in splits],
                      {task: [task_rows(split, *task, flags.negatives) for split in splits] for task in todo.left})
        with cli.task_bar(len(todo.left) * flags.epochs, "epoch") as bar:
            if machines:
                elsewhere = train_on(machines, study, tasks, todo, saved, bar)
            else:
                elsewhere = train(study, flags.checkpoint_dir, todo, saved, bar)

    table = artifacts.write_accuracies(flags.checkpoint_dir)
    print(f"wrote {flags.checkpoint_dir}/{{emotion}}-{{seed}}.pt and {artifacts.accuracy_path(flags.checkpoint_dir)}: "
          f"{len(table)} prompts, mean dev accuracy {table.accuracy.mean():.4f}")
    if elsewhere:
        print(f"{elsewhere} tasks are in the hands of another process on this folder")
    print(f"next: python get_active_neuron.py --pretrained_model {flags.pretrained_model} "
          f"--checkpoint_dir {flags.checkpoint_dir}")


if __name__ == "__main__":
    cli.run(main)
