"""Step 3: read the neurons that each prompt switches on.

The model sees a prompt and no comment (an encoder: `<mask>`, the prompt and `<s>`); neurons are read where it answers.
With `--read_over N` it sees the prompt with each of N comments, and the values are averaged. With `--statistics` it
reads comments instead, by default without a prompt, and writes each neuron's mean, spread and sampled values, from
which step 5 makes mean and resampled masks.
"""

from __future__ import annotations

import os
from pathlib import Path

from framework.running import flags as known
from framework.running import script, work


def parse_flags():
    parser = known.Parser("Step 3: read the feed-forward neurons that each prompt switches on.", title="reading")
    parser.add_argument("--activation_mode", default="before_relu", choices=("before_relu", "after_relu"),
                        help="before_relu: write the values; after_relu: write 1 where a value is above 0, else 0")
    parser.add_argument("--prompt", default="best", choices=("best", "final"),
                        help="the prompt of the best epoch or of the last")
    parser.add_argument("--read_over", type=known.positive, metavar="N",
                        help="read each prompt with N training comments, or all if there are fewer, and average; "
                             "--comment_seed draws them, the same ones for all concepts and seeds (default: read the "
                             "prompt alone)")
    known.add_path(parser, "--activation_dir", "--output_dir", default=known.ACTIVATIONS,
                   help="where the activations go, {concept}-{seed}.csv")
    group = parser.add_argument_group("instead of activations, statistics of neurons over comments")
    group.add_argument("--statistics", action="store_true", help="write these statistics, and no activations")
    known.add_path(group, "--statistics_file", default=known.STATISTICS, metavar="FILE.csv",
                   help="where the statistics go")
    group.add_argument("--comments", type=known.positive, default=2000, metavar="N",
                       help="training comments to read, or all if there are fewer")
    group.add_argument("--samples", type=known.samples, default=100, metavar="S",
                       help="random positions whose values are kept, for resampled masks")
    group.add_argument("--prompts", default="none", choices=("none", "study"),
                       help="comments alone, or each with one of the prompts in --checkpoint_dir")
    group.add_argument("--comment_seed", type=known.seed, metavar="SEED",
                       help="seed that draws the comments (those of --read_over, too) and the positions (default: 0; "
                            "with --statistics, the first of --seed if that is given)")
    known.add_task_flags(parser)
    known.add_model_flags(parser)
    known.add_data_flags(parser)
    known.add_machine_flags(parser, precision=False)
    known.add_overwrite_flag(parser, "activations of the named tasks")
    flags = parser.parse()
    del flags.negatives  # accepted from older versions: no rows of a task are read here
    return flags


def main():
    flags = parse_flags()
    if flags.statistics:
        write_statistics(flags)
    else:
        write_activations(flags)


def write_activations(flags):
    import numpy as np
    import torch

    from framework.errors import UserError
    from framework.files import activations, texts
    from framework.files.names import task_path
    from framework.files.record import Output, Record
    from framework.model import loading, passes, statistics
    from framework.model.device import resolve_device
    from framework.running import trained

    # Inputs.
    prompts = trained.read(flags)
    vectors = {}
    for task, prompt in prompts.items():
        vector = prompt.best_prompt if flags.prompt == "best" else prompt.final_prompt
        if vector is None:
            raise UserError(f"{task_path(flags.checkpoint_dir, task, '.pt')}: has no final prompt; use --prompt best")
        vectors[task] = vector
    loaded = trained.load_model(flags, prompts, torch.float32)  # always: ranks rest on small differences
    model = loaded.model.to(resolve_device(flags.device))
    loading.prepare(model.device)
    num_layers, units = model.shape
    comments = []

    # What determines the activations.
    settings = {"backbone": loaded.fingerprint, "activation_mode": flags.activation_mode, "prompt": flags.prompt,
                "num_layers": num_layers, "units": units}
    if flags.read_over:
        split = texts.read(flags.dataset, "train")
        max_length = model.fit_length(len(next(iter(vectors.values()))), flags.max_length)
        comments = model.encode(statistics.draw(split.texts, flags.read_over, flags.comment_seed or 0), max_length)
        settings |= {"kind": f"read_over {len(comments)}", "comment_seed": flags.comment_seed or 0,
                     "data": texts.fingerprint(split), "max_length": max_length}
    record = Record("get_active_neuron.py", settings, notes={"pretrained_model": flags.pretrained_model})

    def read(study, task):
        prompt = vectors[task]
        if not comments:
            yield model.read(prompt[None])[0].numpy()
            return

        def summed(part):
            values = model.read(prompt.expand(len(part), -1, -1), [comments[row] for row in part])
            return values.double().sum(0).numpy()

        done, total = 0, np.zeros(num_layers * units)
        for part, values in passes.over(model, comments, len(prompt), summed):
            total += values
            done += len(part)
            yield done
        yield (total / len(comments)).astype(np.float32)

    # The work, task by task.
    digests = {task: prompt.sha256 for task, prompt in prompts.items()}
    with Output(flags.activation_dir, record, flags.overwrite, names=activations.output_names(prompts)) as output:
        left = activations.left(output, digests, trainings=trained.trainings(prompts))
        script.write_config(flags, flags.activation_dir)
        rows = max(1, len(comments))
        with work.Bar(rows * len(left), "row") as bar:
            for task, values in work.run(read, None, left):
                if isinstance(values, int):  # rows
                    bar.tell(task, values, task.name)
                    continue
                if flags.activation_mode == "after_relu":
                    values = (values > 0).astype(np.int64)
                activations.write(output, task, values, digests[task])
                bar.tell(task, rows, task.name)
        for concept in dict.fromkeys(task.concept for task in prompts):
            activations.write_sum(output, concept)

    # Summary and next step.
    over = f" over {len(comments)} comments of {flags.dataset}" if comments else ""
    print(f"wrote {flags.activation_dir}/{{concept}}-{{seed}}.csv: {script.counted(len(prompts), 'prompt')} x "
          f"{num_layers * units} neurons ({num_layers} layers x {units}){over}, and "
          "{concept}-all.csv, their sum over seeds")
    if flags.activation_mode == "before_relu":
        script.next_step("rsa_searchlight.py", activation_dir=flags.activation_dir,
                         attributes=str(ratings_of(flags)))
    elif "goemotions" in flags.dataset:
        script.next_step("compare_people.py", count_dir=flags.activation_dir,
                         attributes="data/human/attribute_ratings.csv", concept_order="data/human/emotion_order.txt",
                         similarity="data/human/similarity_judgment_mean.csv",
                         individual="data/human/similarity_judgment_individual.csv")
    else:
        # What step 4 takes; with comments, in a folder apart from that of the prompts alone.
        beside = f"{flags.activation_dir}".replace("after_relu", "before_relu") + "_over_comments"
        script.next_step("get_active_neuron.py", checkpoint_dir=flags.checkpoint_dir, activation_mode="before_relu",
                         read_over=flags.read_over, comment_seed=flags.comment_seed,
                         activation_dir=beside if flags.read_over else None)


def ratings_of(flags):
    """Path of people's ratings of the concepts: the demonstration's, the user's own, or GoEmotions'."""
    own = known.in_study(flags, "ratings/attribute_ratings.csv")
    if flags.dataset == "demo":
        return Path(os.path.relpath(Path(__file__).with_name("data") / "demo" / "attribute_ratings.csv"))
    return Path("data/human/attribute_ratings.csv") if "goemotions" in flags.dataset and not own.exists() else own


def write_statistics(flags):
    import pandas as pd
    import torch

    from framework.errors import UserError
    from framework.files import texts
    from framework.files.record import Output, Record
    from framework.model import loading, statistics
    from framework.model.device import resolve_device
    from framework.running import trained

    # Inputs.
    seed = flags.comment_seed if flags.comment_seed is not None else (flags.seed or [0])[0]
    prompts = trained.read(flags) if flags.prompts == "study" else trained.take_defaults(flags)
    loaded = trained.load_model(flags, prompts, torch.float32)
    model = loaded.model.to(resolve_device(flags.device))
    loading.prepare(model.device)
    vectors = (torch.stack([prompt.best_prompt for prompt in prompts.values()]) if flags.prompts == "study" else
               torch.zeros(1, 0, model.prompt_width))
    split = texts.read(flags.dataset, "train")
    max_length = model.fit_length(vectors.shape[1], flags.max_length)
    comments = model.encode(statistics.draw(split.texts, flags.comments, seed), max_length)
    if not any(len(statistics.own_tokens(model, row, 0)) for row in comments):
        raise UserError(f"--dataset {flags.dataset}: the comments have no token but special ones; choose other data")
    if len(comments) < len(vectors):
        raise UserError(f"--prompts study: each comment is read with one prompt, and {len(comments)} comments are too "
                        f"few for {len(vectors)} prompts; give more with --comments, or fewer prompts with --sentiment "
                        "and --seed")

    # What determines the statistics.
    num_layers, units = model.shape
    record = Record(
        "get_active_neuron.py",
        {"kind": "statistics", "backbone": loaded.fingerprint, "num_layers": num_layers, "units": units,
         "data": texts.fingerprint(split), "max_length": max_length, "comments": len(comments),
         "samples": flags.samples, "comment_seed": seed,
         "prompts_of_statistics": sorted(prompt.sha256 for prompt in prompts.values()) if flags.prompts == "study"
         else []},
        notes={"pretrained_model": flags.pretrained_model, "dataset": flags.dataset})

    def read(study, comments):
        yield from statistics.over_texts(model, comments, vectors, flags.samples, seed)

    # The work.
    with Output(flags.statistics_file, record, flags.overwrite) as output:
        if not output.finished(flags.statistics_file):
            with work.Bar(len(comments), "comment") as bar:
                for _, message in work.run(read, None, [comments]):
                    if isinstance(message, int):
                        bar.tell("comments", message)
                    else:
                        output.write_table(output.path, pd.DataFrame(message))
        script.write_config(flags, flags.statistics_file)

    # Summary and next step.
    print(f"wrote {flags.statistics_file}: {num_layers * units} neurons ({num_layers} layers x {units}) over "
          f"{len(comments)} comments of {flags.dataset}")
    script.next_step("gen_mask.py", mask_method="mean", statistics=flags.statistics_file)


if __name__ == "__main__":
    script.run(main, resumes=True)
