"""Step 3: read the neurons that each prompt switches on.

The model sees `<mask>`, the prompt and the single token `<s>`; the neurons are read at `<mask>`.
"""

from pathlib import Path

from framework import artifacts, cli, sweep
from framework.errors import UserError
from framework.model import loading, neurons

# isort: split
import numpy as np


def parse_flags():
    parser = cli.make_parser("Step 3: read the feed-forward neurons that each prompt switches on.")
    cli.add_task_flags(parser)
    cli.add_model_flags(parser)
    parser.add_argument("--activation_mode", default="before_relu", choices=("before_relu", "after_relu"),
                        help="write the values, or 1 where the value is above 0 and else 0")
    parser.add_argument("--prompt", default="best", choices=("best", "final"),
                        help="the prompt of the best epoch or of the last")
    parser.add_argument("--output_dir", metavar="DIR", help="default: ./active_neuron_{mode}_csv")
    parser.add_argument("--device", default="auto", metavar="DEVICE", help=cli.DEVICE_HELP)
    parser.add_argument("--overwrite", action="store_true", help="replace activations that other settings made")
    return parser.parse_args()


def main():
    flags = parse_flags()
    folder = flags.output_dir or f"./active_neuron_{flags.activation_mode}_csv"
    tasks = cli.tasks_of(flags)
    prompts, checkpoints, digests = [], {}, {}
    for emotion, seed in tasks:
        path = artifacts.checkpoint_path(flags.checkpoint_dir, emotion, seed)
        checkpoint = checkpoints[path] = artifacts.read_checkpoint(path)
        digests[emotion, seed] = artifacts.sha256(path)
        if f"{flags.prompt}_prompt" not in checkpoint:
            raise UserError(f"{path}: has no {flags.prompt} prompt; use --prompt best")
        prompts.append(checkpoint[f"{flags.prompt}_prompt"])
        if prompts[-1].shape != prompts[0].shape:
            raise UserError(f"{path}: its prompt is {list(prompts[-1].shape)}, others are {list(prompts[0].shape)}; "
                            "keep prompts of different shapes in different folders")

    # Always float32: a few hundred inputs take no time, and ranks are read from small differences.
    model, tokenizer, backbone = loading.load_backbone(
        flags.pretrained_model, len(prompts[0]), loading.resolve_device(flags.device),
        label_words=loading.trained_label_words(checkpoints))
    loading.check_prompts(checkpoints, model, backbone)
    num_layers, units = neurons.shape(model)
    with sweep.alone(folder):
        left = artifacts.prepare_activations(folder, {
            "made_by": "get_active_neuron.py", "pretrained_model": flags.pretrained_model, "backbone": backbone,
            "activation_mode": flags.activation_mode, "prompt": flags.prompt, "num_layers": num_layers, "units": units},
            digests, flags.overwrite)

        cli.write_config(flags, folder)
        prompt_of = dict(zip(tasks, prompts))
        with cli.task_bar(len(left), "task") as bar:
            for emotion, seed in left:
                bar.set_description(f"{emotion}-{seed}")
                values = neurons.read(model, tokenizer, prompt_of[emotion, seed][None])[0].numpy()
                if flags.activation_mode == "after_relu":
                    values = (values > 0).astype(np.int64)
                artifacts.write_activations(artifacts.activation_path(folder, emotion, seed), values)
                bar.update()
        emotions = dict.fromkeys(emotion for emotion, _ in tasks)
        for emotion in emotions:
            artifacts.write_sum_over_seeds(folder, emotion)
        artifacts.seal(folder, *(artifacts.activation_path(folder, *task) for task in tasks),
                       *(artifacts.activation_path(folder, emotion, "all") for emotion in emotions))
    print(f"wrote {folder}/{{emotion}}-{{seed}}.csv: {len(tasks)} prompts x {num_layers * units} neurons "
          f"({num_layers} layers x {units}), and {{emotion}}-all.csv, their sum over seeds")
    if flags.activation_mode == "before_relu":
        beside = Path(folder).parent / "neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv"
        ranks = f" --CSV_Path {beside}" if Path(folder).parent != Path() else ""
        print(f"next: python rsa_searchlight.py --activation_dir {folder} --attributes RATINGS.csv{ranks}")
    else:
        print(f"next: python compare_people.py --count_dir {folder}, with people's judgements; see its --help")


if __name__ == "__main__":
    cli.run(main, goes_on=True)
