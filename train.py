"""Step 1: train a prompt for every concept and seed.

Each prompt makes a frozen language model say whether a comment carries the concept: `positive` or `negative`.
Finished tasks are skipped: after an interruption, run the same command again.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from framework.errors import UserError
from framework.running import flags as known
from framework.running import script, signals, work

if TYPE_CHECKING:
    from framework.tasks import Task
    from framework.training.trainer import Job, State


def parse_flags(more=()):
    parser = known.Parser("Step 1: train a prompt for every concept and seed (in the study 27 x 12).",
                          title="training")
    parser.add_argument("--prompt_len", type=known.positive, default=100, metavar="P", help="vectors in a prompt")
    parser.add_argument("--prompt_init", type=known.prompt_init, default="normal",
                        metavar="{normal,mask,words,text:...}",
                        help="what prompts start from; normal: random numbers of SD 0.02; mask: the embedding of "
                             "<mask>; words: those of random words, the same for all concepts of a seed; text:...: "
                             "those of this text, repeated or cut to P tokens")
    parser.add_argument("--epochs", type=known.positive, default=50, help="passes over the training rows")
    parser.add_argument("--patience", type=known.positive, metavar="EPOCHS",
                        help="end a task after this many epochs without a better dev accuracy (default: never)")
    parser.add_argument("--select", default="dev", choices=("dev", "none"),
                        help="dev: keep the prompt of the epoch with the best dev accuracy; none: that of the last "
                             "epoch")
    parser.add_argument("--train_batch_size", type=known.positive, default=16, metavar="ROWS",
                        help="rows of each task in a step")
    parser.add_argument("--lr", type=known.nonnegative, default=2e-3, help="learning rate, constant after the warm-up")
    parser.add_argument("--weight_decay", type=known.nonnegative, default=0.01, help="decoupled weight decay")
    parser.add_argument("--warmup_step", type=known.count, default=0, metavar="STEPS",
                        help="first steps, in which the learning rate rises linearly")
    parser.add_argument("--tasks_per_batch", type=known.positive_or_auto, default="auto", metavar="N",
                        help="tasks that train together, for speed; auto: 12, or more where prompts are short")
    known.add_path(parser, "--tensorboard", help="write each epoch's loss and accuracy for TensorBoard to this folder")
    known.add_task_flags(parser, default="all of the data")
    known.add_model_flags(parser, as_trained=False)
    data = known.add_data_flags(parser, as_trained=False)
    data.add_argument("--max_train_rows", type=known.positive, metavar="N",
                      help="train each task on at most N positive rows, and as many others; each concept and seed has "
                           "its own, the same ones every time (default: all)")
    machine = known.add_machine_flags(parser, eval_batch_size=True, ray=True)
    machine.add_argument("--text_states_gb", type=known.gigabytes, metavar="GB",
                         help="memory for a decoder's states of the texts, computed once for all prompts (default: a "
                              "quarter of the free memory, on a CPU at most 4)")
    machine.add_argument("--gather", action="store_true", help="has no effect any more: prompts are always gathered")
    known.add_sweep_flags(parser, save_seconds=30)
    return parser.parse([*sys.argv[1:], *more])


# ---------------------------------------------------------------------------------------- the work: one group of tasks


class Study(NamedTuple):
    """What training any group needs."""

    model: Any
    device: str
    train_tokens: list
    dev_tokens: list
    jobs: dict[Task, Job]
    settings: Any
    eval_rows: int | None
    text_states_gb: float | None
    save_seconds: float


class Saved(NamedTuple):
    """The state of a group between two steps."""

    state: State


class Progress(NamedTuple):
    """How many rows of each task are done, and the text for the progress bar."""

    rows: dict[Task, int]
    text: str
    resumed: bool = False  # they were done by an earlier run


def train(study, group):
    """Train a group. Yields `Progress`, now and then `Saved`, and each `Epoch`, `Finished` and `Diverged` task."""
    from framework.model import loading
    from framework.model.passes import positions_per_batch
    from framework.training.trainer import Diverged, Epoch, Finished, PromptTrainer

    if not group.tasks:  # a worker was lost after its last task
        return
    model = study.model.to(study.device)
    loading.prepare(model.device)
    model.keep_texts(study.text_states_gb)
    trainer = PromptTrainer(model, study.train_tokens, study.dev_tokens, study.settings,
                            positions_per_batch(model, training=True), study.eval_rows)
    jobs = {task: study.jobs[task] for task in group.tasks}
    if group.state:
        trainer.resume(group.state, jobs.get)
    begun = group.state.tasks if group.state else []  # without tasks that had diverged when it was taken
    waiting = [job for task, job in jobs.items() if task not in begun]
    epoch = 1 + min((done.epoch for _, done in trainer.group), default=0)
    text, saved = f"{group.tasks[0].name} epoch {epoch}", False

    def progress(resumed=False):
        return Progress({job.task: rows_done(trainer, job, done) for job, done in trainer.group}, text, resumed)

    yield progress(resumed=True)
    time_to_save, time_to_tell = work.Every(study.save_seconds), work.Every(0.2)
    for event in trainer.run(waiting, len(jobs)):
        if isinstance(event, Finished):
            if not saved:  # before the prompt is written: a killed run then never trains it again
                yield Saved(trainer.state())
                saved = True
            yield event
            continue
        if isinstance(event, Epoch):
            text = f"{event.task.name} epoch {event.epoch}: dev {event.acc:.3f}"
        if isinstance(event, (Epoch, Diverged)):
            yield event
        saved = (time_to_save() or signals.waiting()) and bool(trainer.group or trainer.ended)
        if saved:
            yield Saved(trainer.state())
        if time_to_tell() or isinstance(event, Epoch):
            yield progress()


def rows_done(trainer, job, progress):
    """How many rows a task has been trained and evaluated on."""
    steps = progress.step - progress.epoch * trainer.steps_per_epoch(job)
    return progress.epoch * rows_in_epoch(job) + min(steps * trainer.settings.batch_size, len(job.train.row))


def rows_in_epoch(job):
    return len(job.train.row) + len(job.dev.row)


def open_board(folder):
    """A TensorBoard writer."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise UserError("--tensorboard: TensorBoard is not installed; pip install tensorboard") from None
    return SummaryWriter(str(folder))


# ------------------------------------------------------------------------------------------------------------ the step


def main():
    flags = parse_flags()
    if flags.patience and flags.select == "none":
        raise UserError("--patience: counts epochs without a better dev accuracy, but with --select none the dev split "
                        "chooses nothing; leave one of the two out")
    from framework.files import names, prompts, texts
    from framework.files.taskfolder import progress
    from framework.running import groups, status

    last_run = flags.status and not (flags.dataset or flags.sentiment or flags.seed)
    if last_run and (last := flags.checkpoint_dir / "train.yaml").exists():
        flags = parse_flags(["--config", str(last)])
    dataset = flags.dataset or texts.default_dataset()
    splits = [texts.read(dataset, split) for split in ("train", "dev")]
    tasks = known.tasks_of(flags, splits[0].concepts, dataset)
    if flags.status:
        there = names.task_files(flags.checkpoint_dir, ".pt") if last_run else ()
        tasks = list(dict.fromkeys([*tasks, *there]))
        found = progress(flags.checkpoint_dir, ".pt", tasks, lambda path: prompts.read(path).record)
        return status.show(*found, groups.begun(flags.checkpoint_dir))
    if (same := len({*splits[0].texts} & {*splits[1].texts})) > len(splits[1].texts) / 2:
        print(f"warning: {same:,} comments of dev are in train, too; accuracy on them says little about other comments")

    import numpy as np

    from framework.files.record import Record
    from framework.model import loading
    from framework.model.device import resolve
    from framework.training.rows import task_rows
    from framework.training.trainer import Diverged, Epoch, Finished, Job, TrainSettings, group_size

    # Inputs.
    machines = work.join(flags.ray, flags.device)
    device, dtype = machines.agree(resolve, flags.precision)
    loaded = loading.load(flags.pretrained_model, flags.label_words, dtype=dtype)
    max_length = loaded.model.fit_length(flags.prompt_len, flags.max_length)
    if flags.prompt_init != "normal":
        loaded.model.starting_words(flags.prompt_init, 1, np.random.default_rng())  # or fail: a decoder has no <mask>

    # What determines the prompts.
    settings = TrainSettings(
        prompt_len=flags.prompt_len, prompt_init=flags.prompt_init, epochs=flags.epochs, patience=flags.patience,
        batch_size=flags.train_batch_size, lr=flags.lr, weight_decay=flags.weight_decay, warmup_steps=flags.warmup_step,
        select=flags.select)
    record = Record(
        "train.py",
        {"backbone": loaded.fingerprint, "label_words": flags.label_words, "data": texts.fingerprint(*splits),
         "negatives": flags.negatives, "max_train_rows": flags.max_train_rows, "max_length": max_length,
         **vars(settings), "precision": str(dtype).removeprefix("torch.")},
        notes={"pretrained_model": flags.pretrained_model, "dataset": dataset, "dropout": loaded.model.dropout})

    # Tasks that lack rows are refused before anything is written.
    jobs = {task: Job(task, task_rows(splits[0], task, flags.negatives, flags.max_train_rows, "train"),
                      task_rows(splits[1], task, flags.negatives, name="dev")) for task in tasks}

    # The work, group by group; this process writes the results.
    with prompts.Folder(flags.checkpoint_dir, record, flags.overwrite) as folder:
        left = folder.left(tasks)
        folder.check_others(tasks)
        train_tokens, dev_tokens = (loaded.model.encode(split.texts, max_length) if left else [] for split in splits)
        script.write_config(flags, flags.checkpoint_dir)
        script.say_cut(loaded.model, [*train_tokens, *dev_tokens], max_length)
        print(f"{script.counted(len(tasks), 'task')}, {len(tasks) - len(left)} finished before; "
              f"{flags.pretrained_model} in {record.get('precision')} on {machines if flags.ray else device}; comments "
              f"of {dataset}")
        jobs = {task: jobs[task] for task in left}
        study = Study(loaded.model, str(device), train_tokens, dev_tokens, jobs, settings, flags.eval_batch_size,
                      flags.text_states_gb, flags.save_seconds)
        most = group_size(flags.tasks_per_batch, flags.train_batch_size, flags.prompt_len)
        rows = {task: flags.epochs * rows_in_epoch(job) for task, job in jobs.items()}
        diverged = {}
        board = open_board(flags.tensorboard) if flags.tensorboard else contextlib.nullcontext()
        with (groups.Groups(folder, tasks, left, most, flags.overwrite) as waiting, board as board,
              work.Bar(sum(rows.values()), "row") as bar):
            for group, message in work.run(train, study, waiting, on=machines, leave_after=Saved):
                if isinstance(message, Saved):
                    waiting.save(group, message.state)
                elif isinstance(message, Finished):
                    waiting.write(group, message)
                    bar.tell(message.task, rows[message.task])
                elif isinstance(message, Diverged):
                    waiting.end(group, message.task)
                    diverged[message.task] = f"{message.task.name} (epoch {message.epoch})"
                    bar.tell(message.task, rows[message.task])
                    bar.write(f"{diverged[message.task]}: diverged; it is left out", file=sys.stderr)
                elif isinstance(message, Progress):
                    for task, done in message.rows.items():
                        bar.tell(task, done, message.text, message.resumed)
                elif isinstance(message, Epoch) and board:
                    board.add_scalar(f"train_loss/{message.task.name}", message.loss, message.epoch)
                    board.add_scalar(f"dev_accuracy/{message.task.name}", message.acc, message.epoch)

    # Summary and next step.
    if folder.elsewhere:
        print(f"left to another process, which works in the same folder: {script.counted(folder.elsewhere, 'task')}")
    older = [task for task in diverged if folder.path(task).exists()]  # with --overwrite
    if len(tasks) > folder.elsewhere + len(diverged) and not older:
        table = prompts.write_accuracies(flags.checkpoint_dir)
        print(f"wrote {flags.checkpoint_dir}/{{concept}}-{{seed}}.pt and "
              f"{prompts.accuracy_path(flags.checkpoint_dir)}: {script.counted(len(table), 'prompt')}, mean dev "
              f"accuracy {table.accuracy.mean():.4f}")
        script.next_step("get_active_neuron.py", checkpoint_dir=flags.checkpoint_dir)
    if diverged:
        stays = f"; {folder.path(older[0])} is of other settings, move it away" if older else ""
        raise UserError("not written, since the loss or prompt became infinite or NaN: "
                        f"{names.listed(list(diverged.values()))}; train all with a smaller --lr, or go on without "
                        f"this concept or seed{stays}")


if __name__ == "__main__":
    script.run(main, resumes=True)
