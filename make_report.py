"""A run's results as one HTML page to look at: what was found, neuron by neuron. It needs no network."""

import hashlib
from pathlib import Path

from framework import artifacts, cli
from framework.analysis import concepts, estimators, inference, masks, rsa
from framework.errors import UserError
from framework.figures import page as report
from framework.model import comments, loading, neurons
from framework.tasks import EMOTIONS, fingerprint

# isort: split
import numpy as np
import pandas as pd


def parse_flags():
    parser = cli.make_parser(__doc__)
    parser.add_argument("--rank", default="./neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv", metavar="FILE",
                        help="ranks of the neurons that step 4 wrote; its other tables are looked for beside them")
    parser.add_argument("--activation_dir", default="./active_neuron_before_relu_csv", metavar="DIR",
                        help="activations that step 3 wrote and the ranks were made from")
    cli.add_result_flags(parser)
    parser.add_argument("--maskPath", metavar="FILE", help="masks of step 6, to show what made them")
    cli.add_model_flags(parser)
    parser.add_argument("--dataset", default="goemotions", metavar="NAME",
                        help="whose dev comments to read: `goemotions` (from the hub), `demo`, or a folder")
    parser.add_argument("--top", type=cli.positive, default=20, metavar="N", help="neurons shown for each attribute")
    parser.add_argument("--comments", type=cli.count, default=5, metavar="N",
                        help="comments shown for each neuron; with 0 neither model nor data set is needed")
    parser.add_argument("--max_length", type=cli.positive, default=256, metavar="TOKENS",
                        help="longer comments are cut to so many tokens")
    parser.add_argument("--device", default="auto", metavar="DEVICE", help=cli.DEVICE_HELP)
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16"),
                        help="of the model that reads comments; auto is bf16 where the hardware multiplies it natively")
    parser.add_argument("--output", default="./report.html", metavar="FILE", help="where the page goes")
    return parser.parse_args()


def read_prompts(flags):
    """The checkpoints by emotion and seed; other prompts than those the activations were read under are no matter."""
    read_under = artifacts.read_record(flags.activation_dir).get("prompts", {})
    return {task: artifacts.read_checkpoint(path)
            for task, path in artifacts.task_files(flags.checkpoint_dir, ".pt").items()
            if read_under.get(path.stem) == artifacts.sha256(path)}


def add_accuracies(page, flags, results, prompts):
    """How well prompts tell emotions, from step 6 or else from step 1."""
    if results is None:
        results = pd.DataFrame([(emotion, prompt["best_acc"]) for (emotion, _), prompt in prompts.items()],
                               columns=["sentiment", "best"])
    if results.empty:
        page["left_out"]["accuracies"] = ("no --results, and none of the prompts that --activation_dir was read under "
                                          f"in {flags.checkpoint_dir}")
        return
    accuracy = results["best"]
    rows = [{"emotion": emotion} | estimators.accuracy_interval(group)
            for emotion, group in accuracy.groupby(results["sentiment"])]
    rows.sort(key=lambda row: -row["mean"])
    page["accuracies"] = rows
    page["summary"].append(
        f"Prompts tell an emotion's comments from others with {accuracy.mean():.1%} accuracy on average; best for "
        f"{rows[0]['emotion']} ({rows[0]['mean']:.1%}), least for {rows[-1]['emotion']} ({rows[-1]['mean']:.1%}).")


def add_layers(page, flags):
    """How many neurons step 4 found in which layers."""
    path = artifacts.searchlight_path(flags.rank, "significant_by_layer")
    if not path.exists():
        page["left_out"]["layers"] = f"no {path.name} beside --rank"
        return
    table = artifacts.read_table(path, numeric=False, of=flags.rank)
    for column, criterion in (("count", "q < 0.01, pairs taken for independent"),
                              ("count_fwe", "family-wise p < 0.05 by permutation")):
        if column in table:
            counts = table.pivot(index="layer", columns="attribute", values=column)[table["attribute"].unique()]
            page["layers"].append({"criterion": criterion, "counts": counts})
            total = counts.sum()
            without = (total == 0).sum()
            least = (f"none for {without} of {len(total)} attributes" if without else
                     f"fewest for {total.idxmin()} ({total.min():,})")
            found = f"most for {total.idxmax()} ({total.max():,}), {least}" if total.any() else "none"
            page["summary"].append(f"Neurons that mirror an attribute ({criterion}): {found}.")


def add_neurons(page, flags):
    """The top neurons of each attribute, with their profiles over emotions."""
    ranks, made_with = artifacts.read_ranks(flags.rank)
    size = len(next(iter(ranks.values())))
    if flags.top > size:
        raise UserError(f"--top {flags.top}: {flags.rank} ranks {size} neurons")
    emotions = made_with.get("emotions") or artifacts.activated_emotions(flags.activation_dir, EMOTIONS)
    values, _ = artifacts.read_activations(flags.activation_dir, emotions, made_with.get("seeds"))
    digest = hashlib.sha256(values.data).hexdigest()
    if values.shape[2] != size or made_with.get("activations_sha256", digest) != digest:
        raise UserError(f"--activation_dir {flags.activation_dir}: {flags.rank} was not made from what stands there; "
                        "give the folder that step 4 was given")
    num_layers = made_with.get("num_layers", 12)
    if size % num_layers:
        raise UserError(f"{flags.rank}: {size} neurons cannot be divided evenly among {num_layers} layers")

    order = concepts.similarity_order(rsa.population_rdm(values))
    page["emotions"] = [emotions[i] for i in order]
    page["shape"] = num_layers, size // num_layers
    values = values.mean(axis=0)[order]
    tests = {}
    for title, name in (("tau", "tau"), ("q", "q"), ("family-wise p", "permutation_p_fwe")):
        path = artifacts.searchlight_path(flags.rank, name)
        if path.exists():
            tests[title] = artifacts.read_table(path, list(ranks), of=flags.rank)
    for attribute, rank in ranks.items():
        for neuron in masks.top_neurons(rank, flags.top):
            layer, unit = divmod(int(neuron), page["shape"][1])
            page["neurons"].append({
                "attribute": attribute, "rank": rank[neuron], "neuron": int(neuron), "layer": layer, "unit": unit,
                "tests": {title: table[attribute][neuron] for title, table in tests.items()},
                "values": values[:, neuron]})
    page["summary"].append(f"The model has {size:,} neurons in {num_layers} layers; {len(ranks)} attributes and "
                           f"{len(emotions)} emotions were compared.")


def add_comments(page, flags, trained):
    """The dev comments that drive each of these neurons most; returns what they were found with."""
    if not flags.comments:
        page["left_out"]["comments"] = "--comments 0"
        return {}
    device = loading.resolve_device(flags.device)
    dtype = loading.resolve_precision(flags.precision, device)
    dev = artifacts.read_goemotions(flags.dataset, "dev")
    model, tokenizer, backbone = loading.load_backbone(flags.pretrained_model, 0, device, dtype, label_words(trained))
    read_by = artifacts.read_record(flags.activation_dir).get("backbone")
    if read_by not in (None, backbone) or neurons.shape(model) != page["shape"]:
        raise UserError(f"--pretrained_model {flags.pretrained_model}: {flags.activation_dir} was made with another "
                        "model or version of it; name that one, or leave the comments out with --comments 0")
    chosen = np.unique([row["neuron"] for row in page["neurons"]])
    texts = list(dict.fromkeys(dev.texts))  # a comment that was made twice is shown once
    peaks, spans = comments.peaks(model, tokenizer, texts, chosen, loading.fit_length(model, 0, flags.max_length),
                                  loading.positions_per_batch(model, training=False))
    for row in page["neurons"]:
        column = np.searchsorted(chosen, row["neuron"])
        row["comments"] = [{
            "parts": report.cut_out(texts[i], spans[i, column]), "value": peaks[i, column],
            "labels": [EMOTIONS[j] for j in np.flatnonzero(dev.labels[dev.texts.index(texts[i])])],
        } for i in comments.strongest(peaks[:, column], flags.comments)]
    return {"backbone": backbone, "data": fingerprint(dev)}


def add_drops(page, results, folder):
    """What masks of step 6 cost, at each number of masked neurons."""
    if results is None:
        page["left_out"]["drops"] = "no --results"
        return
    pairs = inference.pair_conditions(results)
    if pairs.empty:
        raise UserError(f"{folder}: has no accuracies under both an attribute's mask and its random one "
                        "(valence_top4000 and valence_top4000_random); gen_mask.py makes both")
    for by in ("emotion", "attribute"):
        accuracies = pairs.groupby([by, "k"], as_index=False)[["random", "specific"]].mean()
        drop = inference.accuracy_drop(results, by).merge(accuracies, on=[by, "k"]).sort_values("drop", ascending=False)
        for k, of_k in drop.groupby("k"):
            page["drops"].setdefault(k, {})[by] = of_k
    k = page["k_shown"] = 4000 if 4000 in page["drops"] else max(page["drops"])
    found = {by: f"{(table['q'] < report.SIGNIFICANT).sum()} of {len(table)}" for by, table in page["drops"][k].items()}
    page["summary"].append(
        f"With the {k:,} neurons masked that mirror an attribute best, accuracy changes by "
        f"{-100 * page['drops'][k]['emotion']['drop'].mean():+.1f} points against as many random ones; q < "
        f"{report.SIGNIFICANT} for {found['emotion']} emotions and {found['attribute']} "
        "attributes.")


def add_settings(page, flags, trained, evaluated):
    """What each step recorded; of prompts and of results, which have a record each, all in one."""
    def add_all(folder, what, records):
        if any(records.values()):
            page["settings"][f"{folder}: all {len(records)} {what}"] = report.shared_settings(records)

    add_all(flags.checkpoint_dir, "prompts", trained)
    for output in filter(None, (flags.activation_dir, flags.rank, flags.maskPath)):
        if settings := artifacts.read_record(output):
            settings.pop("sha256", None)
            page["settings"][str(artifacts.settings_path(output))] = settings
    add_all(flags.results, "results", evaluated)


def label_words(trained):
    """Those that the prompts were trained with: a model is loaded with its label words, though none is read here."""
    return loading.trained_label_words({}, next(filter(None, (of.get("label_words") for of in trained.values())), None))


def main():
    flags = parse_flags()
    if Path(flags.output).suffix != ".html":
        raise UserError(f"--output {flags.output}: must end in .html")
    results, folder = cli.read_results(flags)
    page: dict = {name: [] for name in ("summary", "accuracies", "layers", "neurons")} | {
        name: {} for name in ("drops", "settings", "left_out")}
    prompts = read_prompts(flags)
    trained = {f"{emotion}-{seed}": prompt["settings"] for (emotion, seed), prompt in prompts.items()}
    evaluated = {path.stem: artifacts.read_result(path)["settings"]
                 for path in (artifacts.task_files(flags.results, ".json").values() if flags.results else ())}
    for made_with in evaluated.values():
        made_with.pop("prompt", None)  # a digest of the one prompt
    if "demo" in (flags.dataset, *(made_with.get("dataset") for made_with in [*trained.values(), *evaluated.values()])):
        page["summary"].append("The comments and ratings were invented for this project; nothing here is a finding.")
    add_neurons(page, flags)
    add_accuracies(page, flags, results, prompts)
    add_layers(page, flags)
    add_drops(page, results, folder)
    add_settings(page, flags, trained, evaluated)
    found_with = add_comments(page, flags, trained)
    cli.prepare_drawn(flags, flags.output, found_with)
    cli.write_config(flags, flags.output)
    artifacts.write_text(flags.output, report.render(page))
    for section, reason in page["left_out"].items():
        print(f"left out {section}: {reason}")
    print(f"wrote {flags.output}\nnext: open it in a browser")


if __name__ == "__main__":
    cli.run(main)
