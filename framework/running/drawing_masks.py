"""From files to figures: what masks cost, and what single neurons do. Each function yields (name, figure, table)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from framework.analysis import effects as analysis
from framework.analysis import inference, rsa
from framework.analysis.estimators import false_discovery_q
from framework.analysis.masks import MaskName
from framework.analysis.permutation import count_orders
from framework.errors import UserError
from framework.figures import effects, masking
from framework.files import activations, names, opening
from framework.files import masks as mask_files
from framework.files import results as files
from framework.files.record import Record
from framework.files.tables import read_table
from framework.interventions import METHODS, in_words
from framework.measures import MEASURES
from framework.running import flags as known
from framework.running import rdms
from framework.running.drawing import Drawn, left_out
from framework.running.script import counted

ROWS = "split", "data", "max_rows", "negatives"  # the settings that say which rows were measured
MODEL = "backbone", "label_words", "precision", "max_length"  # and those that say which model answered
TESTS = {"unit": "masks", "study": "study"}  # the flag's words -> `inference.accuracy_drop`'s


def read_results(flags: argparse.Namespace) -> tuple[dict[str, pd.DataFrame], Path]:
    """Results under masks by measure, our own or published (none if no flag names any), and their folder for errors."""
    published = flags.attribute_results, flags.random_results
    if any(published) and (flags.results or not all(published)):
        raise UserError("give --attribute_results and --random_results together, and without --results")
    if flags.accuracy and not any(published):
        raise UserError("--accuracy needs --attribute_results and --random_results")
    if any(published):
        return {"accuracy": files.read_published(*published, flags.accuracy)}, flags.attribute_results
    return (files.read_each(flags.results), flags.results) if flags.results else ({}, Path())


def say_of_other_ranks(flags: argparse.Namespace) -> None:
    """Say so if `--results` was measured under masks of other ranks than `--ranks`."""
    ranked = first_record(flags.results).get("ranks_of_masks") if flags.results else None
    if ranked and flags.ranks and ranked != opening.sha256(flags.ranks):
        print(f"{flags.results}: its masks were made from other ranks than {flags.ranks}; if these are newer, run "
              "gen_mask.py and eval_mask_neuron.py again")


def measures_of(flags: argparse.Namespace, *kinds: str) -> list[str]:
    """The measures that all results named by flags have; accuracy alone if the published ones are among them."""
    if flags.attribute_results:
        return ["accuracy"]
    there = [files.read_each(folder) for name in ("results", *kinds) if (folder := getattr(flags, name))]
    return [name for name in MEASURES if all(name in of for of in there)]


def first_record(folder: Path) -> Record:
    """The record of the first result in a folder; an empty one of published results."""
    return next((files.read(path).record for path in names.task_files(folder, ".json").values()), Record("", {}))


def sizes_of(results: pd.DataFrame, folder: Path, asked: str | None = None,
             required: bool = True) -> tuple[list[inference.Conditions], str]:
    """The conditions of one intervention, by k, and which one that is: as asked, else the study's, else the first.

    `folder` is for errors. Unless it is `required`, an intervention that is not there counts as not asked for.
    """
    sizes = sorted(inference.conditions(results), key=lambda size: size.k)
    if not sizes:
        raise UserError(f"{folder}: has no results under both an attribute's mask and random ones (valence_top4000 and "
                        "valence_top4000_random, or random_top4000_1); gen_mask.py makes both")
    there = list(dict.fromkeys(size.intervention for size in sizes))
    shown = _in_names(asked)
    if shown is None or not (required or shown in there):
        shown = "" if "" in there else there[0]
    if shown not in there or (required and shown == "" and asked and asked != _unnamed(first_record(folder), asked)):
        raise UserError(f"--intervention {asked}: {folder} has results of "
                        f"{', '.join(name or _unnamed(first_record(folder)) for name in there)}; choose one of them")
    return [size for size in sizes if size.intervention == shown], shown


def _unnamed(record: Record, otherwise: str = "zero") -> str:
    """Which method results are of whose masks' names tell none, if their record says so."""
    return next((name for name in (record.get("methods_of_masks") or "").split()
                 if name in METHODS and not METHODS[name].in_names), otherwise)


def _in_names(intervention):
    """An intervention of `--intervention` as the names of masks write it."""
    return "" if intervention in METHODS and not METHODS[intervention].in_names else intervention


def drops(results: pd.DataFrame, by: str, test: str, intervention: str) -> pd.DataFrame:
    """`inference.accuracy_drop` of one intervention; `test` is the flag's word."""
    shown = [name for name in results if not (mask := MaskName.parse(name)) or mask.intervention == intervention]
    return inference.accuracy_drop(results[shown], by, TESTS[test]).drop(columns="intervention", errors="ignore")


def of_results(flags: argparse.Namespace) -> Drawn:
    """What step 6 wrote."""
    found, folder = read_results(flags)
    if not found:
        return left_out(f"{_after_masking(flags.measure)}, {flags.measure}_by_threshold, "
                        f"{flags.measure}_drop_by_attribute, {flags.measure}_drop_against_people, "
                        f"{_placebo(flags.measure)}", "neither --results nor --attribute_results and --random_results")
    say_of_other_ranks(flags)
    if flags.attribute_results and flags.measure not in found:
        raise UserError(f"--measure {flags.measure}: the published results hold only accuracies; use "
                        "--measure accuracy")
    measure = MEASURES[flags.measure]
    results = found[measure.name] if measure.name in found else files.read_all(folder, measure.name)  # raises why
    sizes, intervention = sizes_of(results, folder, flags.intervention)
    k = choose_k([size.k for size in sizes], folder, flags.k)
    spread = masking.spread_over_masks(results, sizes)
    by = {name: drops(results, name, flags.test, intervention) for name in ("emotion", "attribute", "overall")}
    done, baseline = in_words(sizes[0].method, sizes[0].value), baseline_of(flags, sizes)
    yield (_after_masking(measure.name),
           masking.accuracy_after_masking(spread, by["emotion"], k, measure, done, baseline),
           spread[spread["k"].isin([0, k])])
    yield f"{measure.name}_drop_by_emotion", None, by["emotion"]
    yield f"{measure.name}_drop_overall", None, by["overall"]
    yield f"{measure.name}_by_threshold", masking.accuracy_by_threshold(spread, measure, done), spread
    yield (f"{measure.name}_drop_by_attribute",
           masking.accuracy_drop_by_attribute(by["attribute"], k, measure, done, baseline), by["attribute"])
    print(masking.in_words(by, k, measure, done, baseline))

    tested = inference.placebo(results)
    tested = tested[tested["intervention"] == intervention]
    if tested.empty:
        left_out(_placebo(measure.name), "too few random masks to test one against others; gen_mask.py --random_draws "
                 "makes more")
    else:
        yield _placebo(measure.name), masking.placebo(tested), inference.placebo_shares(tested)
        for line in inference.placebo_in_words(tested):
            print(line)

    if not flags.weights:
        return left_out(f"{measure.name}_drop_against_people", "no --weights")
    weights = read_table(flags.weights, ["attribute", "tau", "ci_low", "ci_high"], words=["attribute"],
                         made_by="compare_people.py")
    both = by["attribute"][by["attribute"]["k"] == k].merge(weights, on="attribute", suffixes=("", "_people"))
    if both.empty:
        return left_out(f"{measure.name}_drop_against_people",
                        f"{flags.weights} has none of the attributes in {folder}")
    yield (f"{measure.name}_drop_against_people",
           masking.drop_against_people(both, k, measure, done, baseline), both)


def _after_masking(measure: str) -> str:
    name = "Acc" if measure == "accuracy" else MEASURES[measure].title  # the study's
    return f"{name}_after_masking_correspond_neuron"


def _placebo(measure: str) -> str:
    return "placebo" if measure == "accuracy" else f"placebo_{measure}"


def baseline_of(flags: argparse.Namespace, sizes: Sequence[inference.Conditions]) -> str:
    """How the random masks were drawn, a key of `masking.RANDOM`: from the masks' record, or else from their names."""
    if flags.results and flags.masks and first_record(flags.results).get("masks") == opening.sha256(flags.masks):
        made = Record.read(flags.masks).get("random_baseline")
        if made in masking.RANDOM:
            return made
    return _baseline_in_names(sizes)


def _baseline_in_names(sizes):
    """How the random masks were drawn, as far as their names tell."""
    return "matched" if any(draws.shape[1] for size in sizes for draws in size.matched) else "uniform"


def other_masks(flags: argparse.Namespace) -> str:
    """That `--results` was measured with other masks than `--masks`, in words; empty if not, or unknown."""
    measured_with = first_record(flags.results).get("masks")
    return ("" if measured_with in (None, opening.sha256(flags.masks)) else
            f"{flags.results} was measured with other masks than {flags.masks}")


def choose_k(there: Sequence[int], folder: Path, asked: int | None) -> int:
    """The number of changed neurons to show: as asked, else the study's 4,000 if it is there, else the most."""
    if asked and asked not in there:
        raise UserError(f"--k {asked}: {folder} has results for {' '.join(map(str, there))}; choose one of them")
    return asked or (4000 if 4000 in there else max(there))


def doses(flags: argparse.Namespace, k: int | None) -> dict[str, pd.DataFrame]:
    """By measure, `inference.accuracy_by_dose` of k neurons, where there are two doses or more."""
    found = {}
    for measure, results in (files.read_each(flags.results) if flags.results else {}).items():
        table = inference.accuracy_by_dose(results)
        if k or len(table):
            table = table[table["k"] == (k or choose_k(table["k"].unique(), flags.results, None))]
        if len(table["scale"].unique()) > 1:
            found[measure] = table
    return found


def of_doses(flags: argparse.Namespace) -> Drawn:
    """Each measure against the factor of method `scale`."""
    found = doses(flags, flags.k)
    if not found:
        return left_out("dose", "no --results with several factors for the same number of neurons; gen_mask.py "
                        "--mask_method scale --scale 0 0.5 1 2 makes such masks")
    k = next(iter(found.values()))["k"].iloc[0]
    yield "dose", masking.dose(found, k), pd.concat(found, names=["measure", None]).reset_index("measure")


def loss_of_kinds(flags: argparse.Namespace, measure: str) -> tuple[pd.DataFrame, str] | None:
    """`analysis.effects.loss_by_mask` of masks of all kinds that flags name, and what they do to neurons, in words.

    None without one of `known.KINDS`.
    """
    folders = {name.removesuffix("_results"): path for name in known.KINDS if (path := getattr(flags, name))}
    if not folders:
        return None
    found, folder = read_results(flags)
    sources = [(found[measure], folder, "attribute")] if found else []
    for kind, path in folders.items():
        sources.append((files.read_all(path, measure), path, kind))
    alike: list[tuple] = []
    common: set[tuple[str, int]] = set()
    there: set[tuple[str, int]] = set()
    compared = None
    for of_kind, path, kind in sources:
        _, intervention = sizes_of(of_kind, path, flags.intervention, required=compared is None)
        record = first_record(path)
        made = Record("", {"intervention": intervention or _unnamed(record)})
        if path != flags.attribute_results:  # published results have no record
            made = Record("", made.settings | {name: record.get(name) for name in MODEL + ROWS}, {
                "dataset": record.get("dataset"), "ranks": None if kind == "effect" else record.get("ranks_of_masks")})
        compared = compared or made
        unknown = {*MODEL, *ROWS} - (made.settings.keys() & compared.settings.keys())
        tasks = set(zip(of_kind["sentiment"], of_kind["seed"]))
        difference = made.difference(compared, unknown)
        if not difference and alike and not common & tasks:
            difference = "no task in common"
        if not difference and len({made.get("ranks"), compared.get("ranks")} - {None}) > 1:
            difference = "its masks are of other ranks"  # so these are no controls of the same neurons
        if difference:
            print(f"left out {path} of {measure}_lost_by_kind: {sources[0][1]} was measured differently ({difference})")
        else:
            common, there = common & tasks if alike else tasks, there | tasks
            alike.append((of_kind, path, kind))
    if there != common:
        print(f"left out {counted(len(there - common), 'task')} of {measure}_lost_by_kind: some of the results lack "
              "them")
    losses: list[pd.DataFrame] = []
    for of_kind, path, kind in alike:
        of_kind = of_kind[[task in common for task in zip(of_kind["sentiment"], of_kind["seed"])]]
        sizes, _ = sizes_of(of_kind, path, flags.intervention)
        lost = analysis.loss_by_mask(of_kind, sizes, kind)
        has_random = any("random" in of["kind"].to_numpy() for of in losses)
        losses.append(lost[lost["kind"] != "random"] if has_random else lost)  # random masks of the first folder alone
    return pd.concat(losses, ignore_index=True), in_words(sizes[0].method, sizes[0].value)


def chosen_by_tested(flags: argparse.Namespace) -> bool:
    """Whether seeds that chose the masks of `--effect_results` are among those tested there."""
    if not flags.effect_results:
        return False
    chose = first_record(flags.effect_results).get("seeds_that_chose") or ()
    return any(task.seed in chose for task in names.task_files(flags.effect_results, ".json"))


def of_kinds(flags: argparse.Namespace) -> Drawn:
    """What masks of neurons chosen in different ways cost."""
    found = loss_of_kinds(flags, flags.measure)
    if found is None:
        return left_out(f"{flags.measure}_lost_by_kind", "no --effect_results, --layer_matched_results, ...")
    loss, done = found
    yield (f"{flags.measure}_lost_by_kind",
           effects.loss_by_kind(loss, MEASURES[flags.measure], chosen_by_tested(flags), done), loss)


def of_own_masks(flags: argparse.Namespace) -> Drawn:
    """What masks of a concept's largest effects cost this concept and others."""
    name = f"{flags.measure}_drop_own_and_others"
    if not flags.effect_results:
        return left_out(name, "no --effect_results")
    results = files.read_all(flags.effect_results, flags.measure)
    sizes, intervention = sizes_of(results, flags.effect_results, flags.intervention, required=False)
    asked, record = flags.intervention, first_record(flags.effect_results)
    if asked and (intervention != _in_names(asked) or not intervention and _unnamed(record, asked) != asked):
        return left_out(name, f"{flags.effect_results} has no results of {asked}")
    there = [size.k for size in sizes]
    k = choose_k(there, flags.effect_results, flags.k if flags.k in there else None)
    shown = next(size for size in sizes if size.k == k)
    concepts, overall = inference.own_and_others(results, shown)
    if concepts.empty:
        return left_out(name, f"{flags.effect_results} has no two concepts that were measured under the masks of both")
    measure = MEASURES[flags.measure]
    done = in_words(shown.method, shown.value)
    baseline = _baseline_in_names([shown])
    yield (name, effects.own_and_others(concepts, overall, measure, chosen_by_tested(flags), done, baseline), concepts)
    yield f"{name}_overall", None, overall
    print(effects.own_and_others_in_words(overall, measure, done, baseline))


def check_model(effects: Path, neurons: int, other: Path, others: int) -> None:
    """Refuse effects of a model other than that of `other`, as the number of neurons or the records tell."""
    if neurons != others:
        raise UserError(f"{effects}: has {neurons} neurons, {other} has {others}; give effects of the same model")
    check_backbone(effects, other, Record.read(other))


def check_backbone(effects: Path, other: Path, made: Record) -> None:
    """Refuse effects of a model other than that in `made`, the record of the other output."""
    if len({Record.read(effects).get("backbone"), made.get("backbone")} - {None}) > 1:
        raise UserError(f"{effects}: are effects in another model than that of {other}; give effects in the same model")


def relation_to_effects(
    flags: argparse.Namespace, activity: tuple[list[str], np.ndarray] | None = None
) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Each neuron's tau [N, A], the margin lost without it [N], and the correlation of the two by attribute.

    `activity` is concepts [E] and values [S, E, N] of `--activation_dir`, if they have been read already.
    """
    # An effect is the change in margin when a neuron is set to zero; the loss is its negative.
    lost = -rdms.tasks_and_values(flags.effects, effects=True)[2].mean(axis=(0, 1))
    concepts, values = activity or rdms.activity_of_ranks(flags)
    check_model(flags.effects, len(lost), flags.activation_dir, values.shape[2])
    found = rdms.read(flags, (concepts, values))
    neurons = rsa.NeuronRDMs(values[:, [concepts.index(concept) for concept in found.concepts]])
    attribute_rdms = np.array([*found.attributes.values()])
    tau = pd.DataFrame(rsa.kendall_tau(neurons, attribute_rdms)[0], columns=[*found.attributes])
    layers = Record.read(flags.effects).get("num_layers", 12)
    if len(lost) % layers:  # without a record
        raise UserError(f"{flags.effects}: has {len(lost)} neurons, which cannot be divided among {layers} layers, and "
                        "no record of the number of layers; make it again with get_neuron_effect.py")
    r, p = analysis.resemblance_and_loss(neurons, attribute_rdms, lost, layers, flags.permutations, progress=True)
    orders = count_orders(len(found.concepts), flags.permutations)
    return tau, lost, pd.DataFrame({
        "attribute": [*tau], "r": r, "p": p, "q": false_discovery_q(p), "permutations": orders,
        "test": f"Spearman, within layers; concepts' labels permuted, no p below {1 / (orders + 1):.2g}, two-sided"})


def of_effects(flags: argparse.Namespace) -> Drawn:
    """Effects of neurons against their resemblance to attributes, and their sums against the losses under masks."""
    if not flags.effects:
        return left_out("effect_against_resemblance, additivity", "no --effects; get_neuron_effect.py makes them")
    activations.check_are_effects(flags.effects)
    if flags.activation_dir and flags.attributes:
        tau, lost, relation = relation_to_effects(flags)
        if tau.notna().any(axis=None):
            figure = effects.effect_against_resemblance(tau, lost, relation, relation["permutations"].iloc[0])
            yield "effect_against_resemblance", figure, relation
        else:
            left_out("effect_against_resemblance", f"no attribute in {flags.attributes} varies over the concepts")
    else:
        left_out("effect_against_resemblance", "no --activation_dir, or no --attributes")
    if not (flags.masks and flags.results and "margin" in measures_of(flags)):
        return left_out("additivity", "no --masks, or no --results with margins")
    if reason := other_masks(flags):
        return left_out("additivity", reason)
    found, measured = Record.read(flags.effects), first_record(flags.results)
    check_backbone(flags.effects, flags.results, measured)  # masks without a record do not name their model
    other = ", ".join(name for name in ROWS if found.get(name) != measured.get(name))
    if other:
        print(f"additivity: {flags.effects} was measured on other rows than {flags.results} ({other})")
    table = additivity(flags)
    if table.empty:
        return left_out("additivity", f"{flags.results} has no task of {flags.effects} under a mask of {flags.masks}")
    if not table["summed"].any():
        return left_out("additivity", f"{flags.masks} changes nothing that has an effect")
    table["rows"] = other or "the same"
    yield "additivity", effects.additivity(table), table


def additivity(flags: argparse.Namespace) -> pd.DataFrame:
    """For each mask, the sum of its neurons' losses and the margin lost under it, averaged over the tasks with both."""
    tasks, _, values = rdms.tasks_and_values(flags.effects, effects=True)
    results = files.read_all(flags.results, "margin").set_index(["sentiment", "seed"])
    measured = [row for row, task in enumerate(tasks) if tuple(task) in results.index]
    masks = [(name, text, mask) for text, mask in mask_files.read(flags.masks).items()
             if text in results and (name := MaskName.parse(text))]
    if not measured or not masks:
        return pd.DataFrame()
    zeroed = -values.reshape(len(tasks), -1)[measured].mean(axis=0)
    adding = any(mask.dim() == 3 for _, _, mask in masks)
    added = -activations.read_added(flags.effects, [tasks[row] for row in measured]).mean(axis=0) if adding else None
    results = results.loc[[tuple(tasks[row]) for row in measured]]
    check_model(flags.effects, len(zeroed), flags.masks, masks[0][2].shape[-2:].numel())
    rows = []
    for name, text, mask in masks:
        summed = analysis.summed_loss(mask.numpy(), zeroed, added)
        unnamed = "zero" if ((mask == 0) | (mask == 1)).all() else "float"
        rows.append((text, name.intervention or unnamed, name.k, summed,
                     (results["best"] - results[text]).mean(skipna=False)))
    table = pd.DataFrame(rows, columns=["mask", "intervention", "k", "summed", "measured"])
    if missing := table["measured"].isna().sum():
        print(f"additivity: left out {counted(missing, 'mask')} without answers for some task")
    return table.dropna()
