"""From files to the page: each function adds a section of `framework.figures.page`, or says why it is left out."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from framework.analysis import estimators, inference, masks
from framework.errors import UserError
from framework.figures import effects, masking
from framework.figures import page as pages
from framework.figures.style import SIGNIFICANT
from framework.files import names, opening, texts
from framework.files import prompts as prompt_files
from framework.files import ranks as rank_files
from framework.files import results as result_files
from framework.files.prompts import Prompt
from framework.files.record import Record, record_path
from framework.files.tables import read_table
from framework.interventions import in_words
from framework.measures import MEASURES
from framework.running import drawing, drawing_masks, rdms
from framework.running import flags as known
from framework.tasks import LABEL_WORDS, Task

Page = dict[str, Any]
Prompts = Mapping[Task, Prompt]


def empty() -> Page:
    """A page without sections, as `framework.figures.page.render` takes it."""
    return {"summary": [], "accuracies": [], "layers": [], "neurons": [], "masks": {}, "placebo": [], "doses": [],
            "kinds": [], "kinds_in_words": "", "effects": [], "stability": [], "settings": {}, "left_out": {},
            "warnings": []}


def read_prompts(flags: argparse.Namespace) -> dict[Task, Prompt]:
    """The prompts that the activations were read under; others in `--checkpoint_dir` are ignored."""
    read_under = Record.read(flags.activation_dir).get("prompts", {})
    there = names.task_files(flags.checkpoint_dir, ".pt") if flags.checkpoint_dir.is_dir() else {}
    own = [task for task, path in there.items() if read_under.get(task.name) == opening.sha256(path)]
    return prompt_files.read_all(flags.checkpoint_dir, own) if own else {}


def say_what_is_invented(page: Page, flags: argparse.Namespace, prompts: Prompts) -> None:
    """Say which of the demonstration's data, which are invented, the study uses."""
    results = [path for name in ("results", *known.KINDS) if (folder := getattr(flags, name))
               for path in [*names.task_files(folder, ".json").values()][:1]]  # all in a folder are of the same rows
    records = [*(prompt.record for prompt in prompts.values()), *(result_files.read(path).record for path in results)]
    comments = "demo" in (flags.dataset, *(record.get("dataset") for record in records))
    used = [path for path in (flags.attributes, rdms.attributes_of_step_4(flags.ranks)) if path]
    invented = opening.sha256(Path(__file__).resolve().parents[2] / "data" / "demo" / "attribute_ratings.csv")
    ratings = invented in map(opening.sha256, used) if used else comments
    if what := " and ".join(["comments"] * comments + ["ratings"] * ratings):
        page["summary"].append(f"The {what} were invented for this project; nothing here is a finding.")


def add_neurons(page: Page, flags: argparse.Namespace) -> tuple[list[str], np.ndarray]:
    """The top neurons of each attribute, with their profiles; returns the concepts and activations [S, E, N]."""
    ranks, made_with = drawing.read_ranks(flags.ranks)
    size = len(next(iter(ranks.values())))
    if flags.top > size:
        raise UserError(f"--top {flags.top}: {flags.ranks} ranks {size} neurons; give a --top from 1 to {size}")
    concepts, values = rdms.activity_of_ranks(flags)
    digest = hashlib.sha256(values.data).hexdigest()
    if values.shape[2] != size or made_with.get("activations_sha256", digest) != digest:
        raise UserError(f"--activation_dir {flags.activation_dir}: {flags.ranks} was not made from these activations; "
                        "if step 3 read them again, run rsa_searchlight.py again, too, else give the folder that it "
                        "read")
    num_layers = made_with.get("num_layers", 12)
    page["shape"] = num_layers, masks.units_of(size, num_layers, flags.ranks)

    found = rdms.read(flags, (concepts, values))
    ordered = [found.concepts[i] for i in found.order]
    page["concepts"] = ordered + [concept for concept in concepts if concept not in ordered]
    page["ordered_by"] = found.ordered_by
    profiles = values.mean(axis=0)[[concepts.index(concept) for concept in page["concepts"]]]
    tests = {title: table for title, name in pages.TESTS.items()
             if (table := rank_files.read_beside(flags.ranks, name, list(ranks))) is not None}
    if "family-wise p" in tests:
        tests.pop("q", None)  # it assumes independent distances; the family-wise test does not
    if flags.effects:
        lost = -rdms.tasks_and_values(flags.effects, effects=True)[2].mean(axis=(0, 1))
        drawing_masks.check_model(flags.effects, len(lost), flags.ranks, size)
        tests["margin lost"] = pd.DataFrame(dict.fromkeys(ranks, lost))
    over_concepts = rank_files.read_beside(flags.ranks, "top_neurons", words=("attribute",))
    intervals = {} if over_concepts is None else {
        (row.attribute, row.neuron): (row.ci_low, row.ci_high) for row in over_concepts.itertuples()}
    for attribute, rank in ranks.items():
        for neuron in map(int, masks.top_neurons(rank, flags.top)):
            layer, unit = divmod(neuron, page["shape"][1])
            page["neurons"].append({
                "attribute": attribute, "rank": rank[neuron], "neuron": neuron, "layer": layer, "unit": unit,
                "tests": {title: table[attribute][neuron] for title, table in tests.items()},
                "interval": intervals.get((attribute, neuron)), "values": profiles[:, neuron]})
    page["summary"].append(f"The model has {size:,} neurons in {num_layers} layers; {len(ranks)} attributes and "
                           f"{len(concepts)} concepts were compared.")
    return concepts, values


def add_accuracies(page: Page, flags: argparse.Namespace, prompts: Prompts) -> None:
    """How accurately prompts detect their concepts, from step 6 or else from step 1."""
    found, _ = drawing_masks.read_results(flags)
    others = {MEASURES[name]: table.groupby("sentiment")["best"].mean()
              for name, table in found.items() if name != "accuracy"}
    results = found.get("accuracy", pd.DataFrame(
        [(task.concept, prompt.best_acc) for task, prompt in prompts.items()], columns=["sentiment", "best"]))
    if results.empty:
        page["left_out"]["accuracies"] = ("no --results (eval_mask_neuron.py makes them), and "
                                          f"{flags.checkpoint_dir} has none of the prompts whose "
                                          "activations --activation_dir holds")
        return
    rows = [estimators.accuracy_interval(group.to_numpy())
            | {"concept": concept, "others": {measure: means[concept] for measure, means in others.items()}}
            for concept, group in results.groupby("sentiment")["best"]]
    page["accuracies"] = rows = sorted(rows, key=lambda row: -row["mean"])
    ends = (f"; best for {rows[0]['concept']} ({rows[0]['mean']:.1%}), worst for {rows[-1]['concept']} "
            f"({rows[-1]['mean']:.1%})" if len(rows) > 1 else "")
    page["summary"].append(f"Prompts tell a concept's comments from others with {results['best'].mean():.1%} accuracy "
                           f"on average{ends}.")


def add_layers(page: Page, flags: argparse.Namespace) -> None:
    """How many neurons step 4 found in which layers."""
    for _, criterion, counts in drawing.counts_by_layer(flags):
        page["layers"].append({"criterion": criterion, "counts": counts})
        total = counts.sum()
        without = (total == 0).sum()
        least = (f"none for {without} of {len(total)} attributes" if without else
                 f"fewest for {total.idxmin()} ({total.min():,})")
        found = f"most for {total.idxmax()} ({total.max():,}), {least}" if total.any() else "none"
        if total.any() and total.min() == total.max():
            found = f"{total.max():,} for {'each attribute' if len(total) > 1 else total.index[0]}"
        page["summary"].append(f"Neurons that resemble an attribute ({criterion}): {found}.")
    if not page["layers"]:
        table = rank_files.table_path(flags.ranks, "significant_by_layer")
        page["left_out"]["layers"] = f"no {table.name} beside --ranks"


def add_masks(page: Page, flags: argparse.Namespace) -> None:
    """What masks of step 6 cost, by measure and size; placebos; doses."""
    found, folder = drawing_masks.read_results(flags)
    if not found:
        page["left_out"]["masks"] = "no --results (eval_mask_neuron.py makes them)"
        return
    drawing_masks.say_of_other_ranks(flags)
    for measure, results in ((MEASURES[name], results) for name, results in found.items()):
        sizes, intervention = drawing_masks.sizes_of(results, folder, flags.intervention)
        pairs = inference.pair_conditions(results)
        pairs = pairs[pairs["intervention"] == intervention]
        by = {name: drawing_masks.drops(results, name, flags.test, intervention)
              for name in ("emotion", "attribute", "overall")}
        done = in_words(sizes[0].method, sizes[0].value)
        baseline = drawing_masks.baseline_of(flags, sizes)
        page["intervention"], page["random"] = done, masking.RANDOM[baseline]
        page["k_shown"] = drawing_masks.choose_k([size.k for size in sizes], folder, None)
        for name in ("emotion", "attribute"):
            means = pairs.groupby([name, "k"], as_index=False)["specific"].mean()
            # The check of each row by sign flips has its own column on the page.
            check = by[name]["test"].str.extract(r"p = ([^)]*)\)$")[0].astype(float)
            table = by[name].assign(check=check, test=by[name]["test"].str.replace(r" \(sign flips.*", "", regex=True))
            table = table.merge(means, "left", on=[name, "k"])  # NaN where nothing was measured
            table["random"] = table["specific"] + table["drop"]  # of the random masks that the drop compares with
            for k, of_k in table.groupby("k"):
                page["masks"].setdefault((measure, k), {})[name] = of_k.sort_values("drop", ascending=False)
        page["summary"].append(masking.in_words(by, page["k_shown"], measure, done, baseline))
        tested = inference.placebo(results)
        for (name, test), of in tested[tested["intervention"] == intervention].groupby(["by", "test"], sort=False):
            page["placebo"].append({"measure": measure.name, "by": name, "test": test, "tests": len(of),
                                    "share": (of["p"] < SIGNIFICANT).mean()})
        seeds = set(results["seed"])
    say_who_chose(page, flags, seeds)
    page["doses"] = [{"measure": MEASURES[name], "k": page["k_shown"], "table": table}
                     for name, table in drawing_masks.doses(flags, page["k_shown"]).items()]


def add_kinds(page: Page, flags: argparse.Namespace) -> None:
    """What masks of neurons chosen in different ways cost, by measure."""
    for measure in drawing_masks.measures_of(flags, *known.KINDS):
        found = drawing_masks.loss_of_kinds(flags, measure)
        if found is not None:
            loss, done = found
            page["kinds"].append({"measure": MEASURES[measure], "done": done,
                                  "table": loss.pivot_table("value", "k", "kind")})
            kinds = set(loss["kind"])
            page["kinds_in_words"] = (effects.kinds_in_words(kinds, drawing_masks.chosen_by_tested(flags))
                                      + effects.fairer_in_words(kinds))


def say_who_chose(page: Page, flags: argparse.Namespace, seeds: set[int]) -> None:
    """One line where the prompts that chose the neurons were also tested."""
    tested = drawing_masks.first_record(flags.results) if flags.results else Record("", {})
    # The ranks behind the masks chose the neurons; those shown may be newer.
    chose = tested.get("seeds_that_chose") or Record.read(flags.ranks).get("seeds", ())
    if same := seeds.intersection(chose):
        page["warnings"].append(
            f"The prompts of {len(same)} of {len(seeds)} seeds chose the neurons and were tested with them masked, "
            "too. To test with other prompts than those that chose, name different seeds with --seed in steps 4 and 6.")


def add_effects(page: Page, flags: argparse.Namespace, activity: tuple[list[str], np.ndarray]) -> None:
    """Whether the neurons that resemble an attribute are those whose loss costs most."""
    if not (flags.effects and flags.attributes):
        page["left_out"]["effects"] = "no --effects (get_neuron_effect.py makes them), or no --attributes"
        return
    *_, relation = drawing_masks.relation_to_effects(flags, activity)
    page["effects"] = relation.to_dict("records")
    significant = relation[relation["q"] < SIGNIFICANT]
    found = ", ".join(significant["attribute"] + significant["r"].map(" (r = {:.2f})".format)) or "no attribute"
    found += "" if relation["q"].notna().any() else " (none is testable)"
    page["summary"].append(f"How well a neuron mirrors an attribute correlates with what is lost without it (q < "
                           f"{SIGNIFICANT}, two-sided) for {found}.")


def add_stability(page: Page, flags: argparse.Namespace) -> None:
    """How far the top neurons depend on the seeds and concepts of the study."""
    paths = {name: rank_files.table_path(flags.ranks, name) for name in ("reliability", "stability")}
    tables = []
    for name, path in paths.items():
        if path.exists():
            table = read_table(path, words=None, of=flags.ranks)  # cells are empty where nothing could be computed
            numbers = table.drop(columns="attribute").apply(pd.to_numeric, errors="coerce")
            if name == "stability":
                page["stability_k"] = int(drawing_masks.choose_k(list(numbers["k"]), path, None))
                numbers = numbers[numbers["k"] == page["stability_k"]]
            tables.append(numbers.assign(attribute=table["attribute"]).set_index("attribute"))
    if not tables:
        page["left_out"]["stability"] = (f"no {paths['stability'].name} beside --ranks; step 4 makes it from 8 "
                                         "concepts on")
        return
    page["stability"] = pd.concat(tables, axis=1).rename_axis("attribute").reset_index().to_dict("records")


def add_settings(page: Page, flags: argparse.Namespace, prompts: Prompts) -> None:
    """What each step recorded; the records of all prompts, and those of all results, are merged into one."""
    def settings_of(record):
        return {name: value for name, value in record.as_dict().items() if name != "sha256"}

    evaluated = {task.name: settings_of(result_files.read(path).record) for task, path in
                 (names.task_files(flags.results, ".json") if flags.results else {}).items()}
    for settings in evaluated.values():
        settings.pop("prompt", None)  # a digest of the one prompt
    trained = {task.name: settings_of(prompt.record) for task, prompt in prompts.items()}

    def add_all(folder, what, records):
        if any(of.get("made_by") or len(of) > 1 for of in records.values()):
            page["settings"][f"{folder}: all {len(records)} {what}"] = pages.shared_settings(records)

    add_all(flags.checkpoint_dir, "prompts", trained)
    masks = flags.masks
    if masks and flags.results and (reason := drawing_masks.other_masks(flags)):
        page["left_out"]["settings of masks"], masks = reason, None
    for output in filter(None, (flags.activation_dir, flags.effects, flags.ranks, masks)):
        if record_path(output).exists():
            page["settings"][str(record_path(output))] = settings_of(Record.read(output))
    add_all(flags.results, "results", evaluated)


def add_comments(page: Page, flags: argparse.Namespace, prompts: Prompts) -> dict[str, Any]:
    """The comments that drive each of these neurons most; returns the fingerprints of model and data."""
    if not flags.comments:
        page["left_out"]["comments"] = "--comments 0"
        return {}
    # Slow to import.
    from framework.model import comments, loading
    from framework.model.device import resolve

    first = next(iter(prompts.values())).record if prompts else Record("", {})
    name = flags.pretrained_model or first.get("pretrained_model") or "roberta-base"
    dataset = flags.dataset or first.get("dataset") or texts.default_dataset()
    words = flags.label_words or first.get("label_words") or LABEL_WORDS  # not used here, but `load` needs a pair
    device, dtype = resolve(flags.device, flags.precision)
    split = texts.read(dataset, flags.split)
    loaded = loading.load(name, words, str(device), dtype)
    model = loaded.model
    read_by = Record.read(flags.activation_dir).get("backbone")
    if read_by not in (None, loaded.fingerprint) or tuple(model.shape) != tuple(page["shape"]):
        raise UserError(f"--pretrained_model {name}: {flags.activation_dir} was made with another model or version of "
                        "it; name the model that step 3 used, or leave the comments out with --comments 0")
    loading.prepare(model.device)
    chosen = np.unique([row["neuron"] for row in page["neurons"]])
    rows_of = {text: row for row, text in reversed([*enumerate(split.texts)])}
    unique = list(dict.fromkeys(split.texts))  # duplicate comments are shown once
    rows = model.encode(unique, model.fit_length(0, flags.max_length))
    with tqdm(total=len(unique), desc="reading comments", unit="comment", dynamic_ncols=True) as bar:
        found = comments.peaks(model, unique, rows, chosen, bar.update)
    for row in page["neurons"]:
        column = np.searchsorted(chosen, row["neuron"])
        row["comments"] = []
        for i in comments.strongest(found.largest[:, column], flags.comments):
            text = unique[i]
            start, end = comments.whole_word(text, found.spans[i, column])
            row["comments"].append({
                "parts": [text[:start], text[start:end], text[end:]], "value": found.largest[i, column],
                "labels": [split.concepts[j] for j in np.flatnonzero(split.labels[rows_of[text]])]})
    return {"backbone": loaded.fingerprint, "data": texts.fingerprint(split)}
