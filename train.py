"""Step 1: train a prompt for every emotion and seed.

Each prompt makes a frozen RoBERTa answer `positive` or `negative` at `<mask>` to whether a comment carries the emotion.
Finished tasks are left alone: run the same command again after an interruption.
"""

from functools import partial
from pathlib import Path

from framework import artifacts, cli, cluster, prompting, sweep
from framework.errors import UserError
from framework.model import loading
from framework.old_trainer import TrainSettings
from framework.tasks import encode, fingerprint, task_rows


def parse_flags():
    parser = cli.make_parser("Step 1: train a prompt for every emotion and seed (27 x 12 tasks).")
    cli.add_task_flags(parser)
    cli.add_model_flags(parser)
    parser.add_argument("--label_words", nargs=2, default=list(loading.LABEL_WORDS), metavar=("NO", "YES"),
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
                        help="tasks that train together, for speed; auto: as many as keep passes full")
    parser.add_argument("--tensorboard", metavar="DIR",
                        help="report each epoch's loss and accuracy to TensorBoard, here")
    cli.add_compute_flags(parser)
    cli.add_sweep_flags(parser, save_seconds=30)
    cli.add_ray_flag(parser)
    parser.add_argument("--gather", action="store_true",
                        help="with --ray, where machines share no folder: send prompts here")
    return parser.parse_args()


def main():
    flags = parse_flags()
    tasks = cli.tasks_of(flags)
    if flags.gather and not flags.ray:
        raise UserError("--gather: goes with --ray")
    if flags.gather and flags.tensorboard:
        raise UserError("--tensorboard: needs a folder that all machines share, it does not go with --gather")

    if flags.status:
        return sweep.print_status(tasks, partial(artifacts.checkpoint_path, flags.checkpoint_dir),
                                  prompting.read_settings, artifacts.training_progress(flags.checkpoint_dir))

    machines = None
    if flags.ray:
        machines = cluster.connect(flags.ray, flags.device)
        # Workers have working folders of their own.
        flags.checkpoint_dir = str(Path(flags.checkpoint_dir).resolve())
        flags.tensorboard = flags.tensorboard and str(Path(flags.tensorboard).resolve())
        if not flags.gather:
            machines.check_shared(flags.checkpoint_dir)
    device, dtype = (machines.agree(loading.resolve, machines.device, flags.precision) if machines else
                     loading.resolve(flags.device, flags.precision))
    splits = [artifacts.read_goemotions(flags.dataset, split) for split in ("train", "dev")]
    model, tokenizer, backbone = loading.load_backbone(
        flags.pretrained_model, flags.prompt_len, "cpu" if machines else device, dtype, flags.label_words)
    max_length = loading.fit_length(model, flags.prompt_len, flags.max_length)

    learned_with = TrainSettings(
        prompt_len=flags.prompt_len, prompt_init=flags.prompt_init, epochs=flags.epochs, patience=flags.patience,
        batch_size=flags.train_batch_size, lr=flags.lr, weight_decay=flags.weight_decay, warmup_steps=flags.warmup_step)
    settings = {
        "made_by": "train.py", "pretrained_model": flags.pretrained_model, "backbone": backbone,
        "label_words": flags.label_words, "dataset": flags.dataset, "data": fingerprint(*splits),
        "negatives": flags.negatives, "max_length": max_length,
        **vars(learned_with), "precision": str(dtype).removeprefix("torch."), "versions": artifacts.versions()}

    path_of = partial(artifacts.checkpoint_path, flags.checkpoint_dir)
    with sweep.of_one_setting(tasks, path_of, settings, prompting.read_settings):
        todo, saved = prompting.plan(flags, flags.checkpoint_dir, tasks, settings)
        cli.write_config(flags, flags.checkpoint_dir)
        print(f"{len(tasks)} tasks, {len(tasks) - len(todo.left)} finished before; "
              f"{flags.pretrained_model} in {settings['precision']} on {machines or device}")
        elsewhere = 0
        if todo.left:
            study = prompting.Study(
                flags, settings, learned_with, device, model,
                [encode(split.texts, tokenizer, max_length) for split in splits],
                {task: [task_rows(split, *task, flags.negatives) for split in splits] for task in todo.left})
            with cli.task_bar(len(todo.left) * flags.epochs, "epoch") as bar:
                if machines:
                    elsewhere = prompting.train_on(machines, study, tasks, todo, saved, bar)
                else:
                    elsewhere = prompting.train(study, flags.checkpoint_dir, todo, saved, bar)

    table = artifacts.write_accuracies(flags.checkpoint_dir)
    print(f"wrote {flags.checkpoint_dir}/{{emotion}}-{{seed}}.pt and {artifacts.accuracy_path(flags.checkpoint_dir)}: "
          f"{len(table)} prompts, mean dev accuracy {table.accuracy.mean():.4f}")
    if elsewhere:
        print(f"{elsewhere} tasks are in the hands of another process on this folder")
    study_folder = artifacts.study_folder(Path(flags.checkpoint_dir), "checkpoint")
    output = "" if study_folder == Path() else f" --output_dir {study_folder}/active_neuron_before_relu_csv"
    print(f"next: python get_active_neuron.py{cli.asked_tasks(flags)} --pretrained_model {flags.pretrained_model} "
          f"--checkpoint_dir {flags.checkpoint_dir}{output}")


if __name__ == "__main__":
    cli.run(main, goes_on=True)
