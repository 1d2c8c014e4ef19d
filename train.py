"""Step 1: train a prompt for every emotion and seed.

Each prompt makes a frozen RoBERTa answer `positive` or `negative` at `<mask>` to whether a comment carries the emotion.
Finished tasks are left alone: run the same command again after an interruption.
"""

from contextlib import nullcontext

import torch

from framework import artifacts, cli, models, sweep
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
    parser.add_argument("--train_batch_size", type=cli.positive, default=16, metavar="ROWS",
                        help="rows of a task in a step")
    parser.add_argument("--lr", type=cli.nonnegative, default=2e-3, help="learning rate, constant after the warm-up")
    parser.add_argument("--weight_decay", type=cli.nonnegative, default=0.01, help="decoupled weight decay")
    parser.add_argument("--warmup_step", type=cli.count, default=0, metavar="STEPS",
                        help="steps in which the learning rate rises linearly")
    parser.add_argument("--tasks_per_batch", type=cli.positive_or_auto, default="auto", metavar="N",
                        help="tasks that train together, for speed; auto fills the device")
    parser.add_argument("--tensorboard", metavar="DIR",
                        help="report each epoch's loss and accuracy to TensorBoard, here")
    cli.add_compute_flags(parser)
    cli.add_sweep_flags(parser, save_seconds=30)
    return parser.parse_args()


def main():
    flags = parse_flags()
    tasks = cli.tasks_of(flags)

    def path_of(emotion, seed):
        return artifacts.checkpoint_path(flags.checkpoint_dir, emotion, seed)

    def read_settings(path):
        return artifacts.read_checkpoint(path)["settings"]

    if flags.status:
        return sweep.print_status(tasks, path_of, read_settings, artifacts.training_progress(flags.checkpoint_dir))

    device = models.resolve_device(flags.device)
    dtype = models.resolve_precision(flags.precision, device)
    train, dev = (artifacts.read_goemotions(flags.dataset, split) for split in ("train", "dev"))
    model, tokenizer, backbone = models.load_backbone(
        flags.pretrained_model, flags.prompt_len, device, dtype, flags.label_words)
    max_length = models.fit_length(model, flags.prompt_len, flags.max_length)

    learned_with = TrainSettings(
        prompt_len=flags.prompt_len, prompt_init=flags.prompt_init, epochs=flags.epochs, patience=flags.patience,
        batch_size=flags.train_batch_size, lr=flags.lr, weight_decay=flags.weight_decay, warmup_steps=flags.warmup_step)
    settings = {
        "made_by": "train.py", "pretrained_model": flags.pretrained_model, "backbone": backbone,
        "label_words": flags.label_words, "dataset": flags.dataset, "data": fingerprint(train, dev),
        "negatives": flags.negatives, "max_length": max_length,
        **vars(learned_with), "precision": str(dtype).removeprefix("torch."), "versions": artifacts.versions()}

    todo = sweep.Sweep(tasks, path_of, lambda emotion, seed: settings, read_settings, flags.overwrite)
    cli.write_config(flags, flags.checkpoint_dir)
    saved = sweep.SavedTraining(flags.checkpoint_dir, settings, tasks, todo, flags.save_seconds, flags.overwrite)
    print(f"{len(tasks)} tasks, {len(tasks) - len(todo.left)} finished before; "
          f"{flags.pretrained_model} in {settings['precision']} on {device}")
    rows = {task: [task_rows(split, *task, flags.negatives) for split in (train, dev)] for task in todo.left}
    bar = cli.task_bar(len(todo.left) * flags.epochs, "epoch")
    board = artifacts.tensorboard(flags.tensorboard) if flags.tensorboard else None

    def on_epoch(task):
        bar.set_description(f"{task.name} epoch {task.epoch}: dev {task.acc:.3f}")
        bar.update()
        if board:
            board.add_scalar(f"train_loss/{task.name}", task.loss, task.epoch)
            board.add_scalar(f"dev_accuracy/{task.name}", task.acc, task.epoch)

    def on_finish(task, final_prompt):
        artifacts.write_checkpoint(path_of(task.emotion, task.seed), {
            "best_prompt": task.best_prompt.cpu(), "best_acc": task.best_acc, "epoch": task.best_epoch,
            "final_prompt": final_prompt.cpu(), "final_acc": task.acc, "settings": settings})
        todo.release((task.emotion, task.seed))
        bar.update(flags.epochs - task.epoch)

    def begin(emotion, seed):
        return Task(emotion, seed, *rows[emotion, seed])

    def take_up(*task):
        return begin(*task) if task in rows and todo.claim(task) else None

    if todo.left:
        bar.set_description(f"{todo.left[0][0]}-{todo.left[0][1]} epoch 1")
        tokens = (encode(split.texts, tokenizer, max_length) for split in (train, dev))
        trainer = PromptTrainer(model, *tokens, learned_with, models.positions_per_batch(model, training=True),
                                flags.eval_batch_size)
        group_size = models.group_size(flags.tasks_per_batch, trainer.positions_per_batch, flags.train_batch_size)
        torch.manual_seed(0)  # the noise of the backbone's dropout
        queue = (begin(*task) for task in todo)
        with todo, bar, saved, board or nullcontext():
            for state in saved.take_up():
                if state:
                    trainer.load_state(state, take_up)
                    bar.update(sum(task.epoch for task in trainer.tasks))
                trainer.run(queue, group_size, on_epoch, on_finish, saved.save)

    table = artifacts.write_accuracies(flags.checkpoint_dir)
    print(f"wrote {flags.checkpoint_dir}/{{emotion}}-{{seed}}.pt and {artifacts.accuracy_path(flags.checkpoint_dir)}: "
          f"{len(table)} prompts, mean dev accuracy {table.accuracy.mean():.4f}")
    if todo.elsewhere:
        print(f"{todo.elsewhere} tasks are in the hands of another process on this folder")
    print(f"next: python get_active_neuron.py{cli.asked_tasks(flags)} --pretrained_model {flags.pretrained_model} "
          f"--checkpoint_dir {flags.checkpoint_dir}")


if __name__ == "__main__":
    cli.run(main)
