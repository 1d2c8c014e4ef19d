"""Step 6: evaluate each prompt with neurons masked.

Each layer's neurons are multiplied by that layer's row of a mask, at every position; the accuracy of the task on its
dev rows is kept for every mask, beside that without a mask. Finished tasks are left alone.
"""

import re
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from framework import artifacts, cli, cluster, sweep
from framework.errors import UserError
from framework.model import loading, neurons
from framework.old_trainer import count_right, within_memory
from framework.tasks import encode, fingerprint, task_rows

# isort: split
import torch


def parse_flags():
    parser = cli.make_parser("Step 6: evaluate each prompt with neurons masked.")
    cli.add_task_flags(parser)
    cli.add_model_flags(parser)
    parser.add_argument("--label_words", nargs=2, metavar=("NO", "YES"),
                        help="the model's answers (default: those that the prompts were trained with)")
    cli.add_data_flags(parser, as_trained=True)
    parser.add_argument("--maskPath", default="./masks/RSA_14property_top_500_6000.pkl", metavar="FILE",
                        help="masks, as gen_mask.py writes them")
    parser.add_argument("--resultPath", metavar="DIR",
                        help="one JSON a task (default: ./eval_mask_neuron_result/{name of the masks})")
    parser.add_argument("--masks_per_batch", type=cli.positive, default=16, metavar="N",
                        help="masks that are applied to the same rows in one pass, for speed")
    cli.add_compute_flags(parser)
    cli.add_sweep_flags(parser, save_seconds=10)
    cli.add_ray_flag(parser)
    return parser.parse_args()


@dataclass
class Study:
    """What any pass needs; on a cluster it travels to every machine."""

    flags: Namespace
    device: torch.device
    model: torch.nn.Module
    tokens: list
    rows: dict
    prompts: dict
    masks: torch.Tensor
    positions: int | None = None


def evaluate(study, which):
    """Accuracies of a task under some of the masks; under none, where none are chosen. A list."""
    task, chosen = which
    model, rows = study.model.to(study.device), study.rows[task]
    if study.positions is None:
        loading.prepare(model.device)
        study.positions = loading.positions_per_batch(model, training=False)
    prompt = study.prompts[task].to(study.device)
    masks = study.masks[chosen].to(study.device) if chosen else None
    right, study.positions = within_memory(
        lambda positions: count_right(model, study.tokens, rows, prompt, positions, study.flags.eval_batch_size, masks),
        study.positions)
    return (right.cpu().double() / len(rows.row)).reshape(-1).tolist()


def main():
    flags = parse_flags()
    folder = flags.resultPath or f"./eval_mask_neuron_result/{Path(flags.maskPath).stem}"
    tasks = cli.tasks_of(flags)

    def path_of(emotion, seed):
        return artifacts.result_path(folder, emotion, seed)

    def read_settings(path):
        return artifacts.read_result(path)["settings"]

    if flags.status:
        begun = {task: f"{count} masks" for task in tasks if (count := artifacts.masks_measured(path_of(*task)))}
        return sweep.print_status(tasks, path_of, read_settings, begun)

    masks = artifacts.read_masks(flags.maskPath)
    paths = {task: artifacts.checkpoint_path(flags.checkpoint_dir, *task) for task in tasks}
    checkpoints = {path: artifacts.read_checkpoint(path) for path in paths.values()}
    label_words = loading.trained_label_words(checkpoints, flags.label_words)
    prompts = {task: checkpoints[path]["best_prompt"] for task, path in paths.items()}
    hashes = {task: artifacts.sha256(path) for task, path in paths.items()}
    prompt_len = max(len(prompt) for prompt in prompts.values())

    machines = cluster.connect(flags.ray, flags.device) if flags.ray else None
    device, dtype = (machines.agree(loading.resolve, machines.device, flags.precision) if machines else
                     loading.resolve(flags.device, flags.precision))
    dev = artifacts.read_goemotions(flags.dataset, "dev")
    model, tokenizer, backbone = loading.load_backbone(
        flags.pretrained_model, prompt_len, "cpu" if machines else device, dtype, label_words)
    stacked = torch.stack(list(masks.values()))
    if stacked.shape[1:] != neurons.shape(model):
        raise UserError(f"{flags.maskPath}: masks are {list(stacked.shape[1:])}, {flags.pretrained_model} has "
                        f"{list(neurons.shape(model))} (layers, units); make them with gen_mask.py for this model")
    loading.check_prompts(checkpoints, model, backbone)
    negatives = loading.trained_with(checkpoints, "negatives", flags.negatives, "published")
    max_length = loading.fit_length(
        model, prompt_len, loading.trained_with(checkpoints, "max_length", flags.max_length, 256))
    settings = {
        "made_by": "eval_mask_neuron.py", "pretrained_model": flags.pretrained_model, "backbone": backbone,
        "label_words": label_words, "dataset": flags.dataset, "data": fingerprint(dev), "negatives": negatives,
        "max_length": max_length, "masks": artifacts.sha256(flags.maskPath),
        "precision": str(dtype).removeprefix("torch."), "versions": artifacts.versions()}

    def settings_of(emotion, seed):
        # A prompt that was trained again since makes other results.
        return {**settings, "prompt": hashes[emotion, seed]}

    def read_measured(task):
        return artifacts.read_partial_result(path_of(*task), settings_of(*task), flags.overwrite)

    with sweep.of_one_setting(tasks, path_of, settings, read_settings):
        todo = sweep.Sweep(tasks, path_of, settings_of, read_settings, flags.overwrite)
        for task in todo.left:  # what other settings measured is refused before the work begins
            read_measured(task)
        cli.write_config(flags, folder)
        print(f"{len(tasks)} tasks x {len(masks)} masks, {len(tasks) - len(todo.left)} tasks finished before; "
              f"{flags.pretrained_model} in {settings['precision']} on {machines or device}")
        names = list(masks)
        study = Study(flags, device, model, encode(dev.texts, tokenizer, max_length) if todo.left else [],
                      {task: task_rows(dev, *task, negatives) for task in todo.left},
                      {task: prompts[task] for task in todo.left}, stacked.to(dtype))
        measured = {}
        time_to_save = sweep.Every(flags.save_seconds)

        def passes():
            """Each task's passes over its rows that are still to be made; the first is without a mask."""
            for task in todo:
                measured[task] = read_measured(task)
                if "best" not in measured[task]:
                    yield task, []
                for chosen in torch.arange(len(masks)).split(flags.masks_per_batch):
                    if all(names[mask] in measured[task] for mask in chosen):
                        bar.update(len(chosen))
                    else:
                        yield task, chosen.tolist()
                write_if_whole(task)

        def write_if_whole(task):
            if task in measured and measured[task].keys() >= {"best", *names}:
                accuracies = measured.pop(task)
                artifacts.write_result(path_of(*task), {
                    "sentiment": task[0], "seed": task[1], "best": accuracies["best"],
                    **{name: accuracies[name] for name in names}, "settings": settings_of(*task)})
                todo.release(task)

        with todo, cli.task_bar(len(todo.left) * len(masks), "mask") as bar:
            results = (machines.map(evaluate, study, passes()) if machines else
                       ((each, evaluate(study, each)) for each in passes()))
            for (task, chosen), accuracies in results:
                measured[task] |= zip([names[mask] for mask in chosen] or ["best"], accuracies)
                bar.set_description(f"{task[0]}-{task[1]}")
                bar.update(len(chosen))
                write_if_whole(task)
                if time_to_save():
                    for unfinished, accuracies in measured.items():
                        artifacts.write_partial_result(
                            path_of(*unfinished), {**accuracies, "settings": settings_of(*unfinished)})

    print(f"wrote {folder}/{{emotion}}-{{seed}}.json: {len(tasks) - todo.elsewhere} tasks x {len(masks)} masks")
    if todo.elsewhere:
        print(f"{todo.elsewhere} tasks are in the hands of another process on this folder")
    thresholds = [int(found[1]) for name in names if (found := re.search(r"_top(\d+)", name))]
    k = f" --k {max(thresholds)}" if thresholds and 4000 not in thresholds else ""
    print(f"next: python plot_results.py --rank RANKS.csv --results {folder}{k}")


if __name__ == "__main__":
    cli.run(main, goes_on=True)
