"""Step 6: evaluate each prompt with neurons masked.

Each layer's neurons are multiplied by that layer's row of a mask, at every position; the accuracy of the task on its
dev rows is kept for every mask, beside that without a mask. Finished tasks are left alone.
"""

import re
from pathlib import Path

import torch

from framework import artifacts, cli, models, neurons, sweep
from framework.errors import UserError
from framework.tasks import encode, fingerprint, task_rows
from framework.trainer import count_right, within_memory


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
    return parser.parse_args()


def main():
    flags = parse_flags()
    folder = flags.resultPath or f"./eval_mask_neuron_result/{Path(flags.maskPath).stem}"
    tasks = cli.tasks_of(flags)

    def path_of(emotion, seed):
        return artifacts.result_path(folder, emotion, seed)

    def read_settings(path):
        return artifacts.read_result(path)["settings"]

    if flags.status:
        begun = {task: f"{masks} masks" for task in tasks if (masks := artifacts.masks_measured(path_of(*task)))}
        return sweep.print_status(tasks, path_of, read_settings, begun)

    masks = artifacts.read_masks(flags.maskPath)
    paths = {task: artifacts.checkpoint_path(flags.checkpoint_dir, *task) for task in tasks}
    checkpoints = {path: artifacts.read_checkpoint(path) for path in paths.values()}
    label_words = models.trained_label_words(checkpoints, flags.label_words)
    prompts = {task: checkpoints[path]["best_prompt"] for task, path in paths.items()}
    prompt_len = max(len(prompt) for prompt in prompts.values())

    device = models.resolve_device(flags.device)
    dtype = models.resolve_precision(flags.precision, device)
    dev = artifacts.read_goemotions(flags.dataset, "dev")
    model, tokenizer, backbone = models.load_backbone(flags.pretrained_model, prompt_len, device, dtype, label_words)
    stacked = torch.stack(list(masks.values()))
    if stacked.shape[1:] != neurons.shape(model):
        raise UserError(f"{flags.maskPath}: masks are {list(stacked.shape[1:])}, {flags.pretrained_model} has "
                        f"{list(neurons.shape(model))} (layers, units); make them with gen_mask.py for this model")
    models.check_prompts(checkpoints, model, backbone)
    negatives = models.trained_with(checkpoints, "negatives", flags.negatives, "published")
    max_length = models.fit_length(
        model, prompt_len, models.trained_with(checkpoints, "max_length", flags.max_length, 256))
    settings = {
        "made_by": "eval_mask_neuron.py", "pretrained_model": flags.pretrained_model, "backbone": backbone,
        "label_words": label_words, "dataset": flags.dataset, "data": fingerprint(dev), "negatives": negatives,
        "max_length": max_length,
        "masks": artifacts.sha256(flags.maskPath), "precision": str(dtype).removeprefix("torch."),
        "versions": artifacts.versions()}

    def settings_of(emotion, seed):
        # A prompt that was trained again since makes other results.
        return {**settings, "prompt": artifacts.sha256(paths[emotion, seed])}

    todo = sweep.Sweep(tasks, path_of, settings_of, read_settings, flags.overwrite)
    cli.write_config(flags, folder)
    print(f"{len(tasks)} tasks x {len(masks)} masks, {len(tasks) - len(todo.left)} tasks finished before; "
          f"{flags.pretrained_model} in {settings['precision']} on {device}")
    rows = {task: task_rows(dev, *task, negatives) for task in todo.left}
    tokens = encode(dev.texts, tokenizer, max_length) if todo.left else []
    stacked = stacked.to(device, dtype)
    names = list(masks)
    passes = torch.arange(len(masks)).split(flags.masks_per_batch)
    positions = models.positions_per_batch(model, training=False)
    time_to_save = sweep.Every(flags.save_seconds)
    with todo, cli.task_bar(len(todo.left) * len(masks), "mask") as bar:
        for emotion, seed in todo:
            bar.set_description(f"{emotion}-{seed}")
            prompt, asked = prompts[emotion, seed].to(device), rows[emotion, seed]
            path, made_with = path_of(emotion, seed), settings_of(emotion, seed)

            def accuracies(neuron_masks=None):
                nonlocal positions
                right, positions = within_memory(
                    lambda positions: count_right(model, tokens, asked, prompt, positions, flags.eval_batch_size,
                                                  neuron_masks), positions)
                return (right.cpu().double() / len(asked.row)).tolist()

            measured = artifacts.read_partial_result(path, made_with)
            if "best" not in measured:
                measured["best"] = accuracies()
            for chosen in passes:
                if not all(names[mask] in measured for mask in chosen):
                    measured |= zip((names[mask] for mask in chosen), accuracies(stacked[chosen]))
                    if time_to_save():
                        artifacts.write_partial_result(path, {**measured, "settings": made_with})
                bar.update(len(chosen))
            artifacts.write_result(path, {
                "sentiment": emotion, "seed": seed, "best": measured["best"],
                **{name: measured[name] for name in names}, "settings": made_with})
            todo.release((emotion, seed))

    print(f"wrote {folder}/{{emotion}}-{{seed}}.json: {len(tasks)} tasks x {len(masks)} masks")
    if todo.elsewhere:
        print(f"{todo.elsewhere} tasks are in the hands of another process on this folder")
    thresholds = [int(found[1]) for name in names if (found := re.search(r"_top(\d+)", name))]
    k = f" --k {max(thresholds)}" if thresholds and 4000 not in thresholds else ""
    print(f"next: python plot_results.py --rank RANKS.csv --results {folder}{k}")


if __name__ == "__main__":
    cli.run(main)
