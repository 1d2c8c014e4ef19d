"""The figures and the script that draws them, on small made-up runs and on the published results."""

import json
import shutil
import sys
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.path import Path
from matplotlib.text import Annotation, Text
from scipy.stats import rankdata, spearmanr

import plot_results
import rsa_searchlight
from framework.analysis import concepts, effects, inference, rsa
from framework.analysis.estimators import false_discovery_q
from framework.errors import UserError
from framework.figures import concepts as concept_figures
from framework.figures import effects as effect_figures
from framework.figures import masking, neurons, style
from framework.files import activations, masks, opening, ranks, results
from framework.files.names import task_files
from framework.files.record import Output, Record
from framework.measures import MEASURES
from framework.running import drawing_masks, rdms
from framework.running import flags as known
from framework.tasks import Task

ATTRIBUTES = ["valence", r"$\frac{$", "fear_of_it"]  # the second would be read as mathematics by matplotlib
CONCEPTS = ["joy", "love", "anger", "embarrassment", "remorse"]
LAYERS, UNITS = 2, 20


def numbers(generator, taken, attributes):
    """Accuracies and margins under masks of method zero and scale, of a pool of 4 draws and one mask an attribute."""
    found = {}
    for k in (2, 4):
        for method in ("", "_scale0.5", "_scale1", "_scale2"):
            for i, attribute in enumerate(attributes):
                found[f"{attribute}_top{k}{method}"] = 0.7 - taken * i * k + 0.01 * generator.random()
            for draw in range(1, 5):
                found[f"random_top{k}_{draw}{method}"] = 0.7 + 0.01 * generator.random()
    return {"best": 0.8, **found}


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A small run: 3 attributes, 40 neurons in 2 layers, 5 concepts, 2 seeds; the last attribute's masks cost most."""
    folder = tmp_path_factory.mktemp("run")
    generator = np.random.default_rng(0)
    tau = pd.DataFrame(generator.normal(0, 0.2, (LAYERS * UNITS, 3)), columns=ATTRIBUTES)
    with Output(folder / "rank.csv", Record("rsa_searchlight.py", {"emotions": CONCEPTS})) as output:
        ranks.write(output, (-tau).rank(), {
            "tau": tau, "permutation_max": pd.DataFrame(generator.uniform(0.1, 0.3, (50, 3)), columns=ATTRIBUTES),
            "significant_by_layer": pd.DataFrame({"layer": [0, 0, 0, 1, 1, 1], "attribute": ATTRIBUTES * 2,
                                                  "count": [0, 1, 2, 3, 4, 3], "count_fwe": 0})})
    tasks = [Task(concept, seed) for concept in CONCEPTS for seed in (1, 3)]
    with Output(folder / "masks.pkl", Record("gen_mask.py", {})) as output:
        made = {name: torch.from_numpy(generator.random((LAYERS, UNITS)).round().astype(np.int8))
                for name in numbers(generator, 0, ATTRIBUTES) if name != "best"}
        masks.write(output, made | {"valence_top2": torch.rand(2, LAYERS, UNITS)})
    for name, taken in (("results", 0.02), ("effect", 0.03), ("layer_matched", 0.01)):
        record = Record("eval_mask_neuron.py", {"masks": opening.sha256(folder / "masks.pkl")})
        with results.Folder(folder / name, record) as output:
            for task in tasks:
                accuracies = numbers(generator, taken, CONCEPTS if name == "effect" else ATTRIBUTES)
                if name == "effect":
                    accuracies |= {f"{concept}_top{k}_random": 0.1 for concept in CONCEPTS for k in (2, 4)}
                if name == "layer_matched":
                    accuracies |= {f"{attribute}_top{k}_random{draw}": 0.65 for attribute in ATTRIBUTES for k in (2, 4)
                                   for draw in (1, 2)}
                output.write(task, {"accuracy": accuracies, "AUC": accuracies,
                                    "margin": {mask: 10 * value - 5 for mask, value in accuracies.items()}})
    for name, scale in (("activations", 1), ("effects", 0.001)):
        record = Record("test", {"kind": name, "num_layers": LAYERS, "split": "test"})
        with Output(folder / name, record, names=activations.output_names(tasks)) as output:
            for task in tasks:
                activations.write_effect(output, task, scale * generator.normal(size=(2, LAYERS * UNITS)), "digest")
    ratings = pd.DataFrame(generator.random((5, 3)), index=pd.Index(CONCEPTS, name="concept"), columns=ATTRIBUTES)
    ratings.to_csv(folder / "ratings.csv")
    pd.DataFrame({"attribute": ATTRIBUTES, "tau": [0.1, 0.2, 0.3], "ci_low": [0.0, 0.1, 0.2],
                  "ci_high": [0.2, 0.3, 0.4]}).to_csv(folder / "weights.csv", index=False)
    return folder


def test_a_named_file_that_is_missing_is_said_even_if_no_figure_needs_it(monkeypatch, run_folder, tmp_path):
    with pytest.raises(UserError, match="typo.pkl: no such file"):
        call(monkeypatch, "--attributes", run_folder / "ratings.csv", "--masks", tmp_path / "typo.pkl",
             "--simulations=0", "--formats=png", "--output_dir", tmp_path / "pic")
    assert not (tmp_path / "pic").exists()


def test_files_named_beside_a_study_go_on_to_its_page(monkeypatch, run_folder, published_accuracy, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run_folder / "results", f"mine/{known.PLACES['results']}")
    flags = "--study", "mine", "--simulations", 0, "--formats", "png"
    call(monkeypatch, *flags)
    assert "next: python make_report.py --study mine\n" in capsys.readouterr().out
    shutil.copytree(run_folder / "results", "others")
    call(monkeypatch, *flags, "--results", "others")
    assert "next: python make_report.py --study mine --results others\n" in capsys.readouterr().out
    call(monkeypatch, *flags, "--attribute_results", published_accuracy / "attribute", "--random_results",
         published_accuracy / "random")
    assert "next: python make_report.py --study mine --attribute_results " in capsys.readouterr().out
    shutil.copytree(run_folder / "effect", f"mine/{known.PLACES['effect_results']}")
    call(monkeypatch, *flags, "--attribute_results", published_accuracy / "attribute", "--random_results",
         published_accuracy / "random")
    assert "left out accuracy_drop_own_and_others: no --effect_results" in capsys.readouterr().out
    place = known.PLACES["results"]
    shutil.copytree(run_folder / "results", place)
    call(monkeypatch, "--ranks", run_folder / "rank.csv", "--results", place, *flags[2:])  # the page takes all named
    assert f"next: python make_report.py --ranks {run_folder}/rank.csv --results {place}\n" in capsys.readouterr().out


def call(monkeypatch, *flags):
    monkeypatch.setattr(sys, "argv", ["plot_results.py", *map(str, flags)])
    plot_results.main()


def every_input(folder):
    return ["--ranks", folder / "rank.csv", "--results", folder / "results", "--k=4", "--permutations=20",
            "--attributes", folder / "ratings.csv", "--weights", folder / "weights.csv", "--effects",
            folder / "effects", "--activation_dir", folder / "activations", "--masks", folder / "masks.pkl",
            "--simulations", 1, "--effect_results", folder / "effect",
            "--layer_matched_results", folder / "layer_matched"]


def test_every_figure_of_a_small_run(script, run_folder, tmp_path):
    out = script("plot_results.py", *every_input(run_folder), "--formats", "png", "svg").stdout
    names = ["Neurons_Correspond_Selectively_to_Emotional_Attributes", "significant_neurons_by_layer",
             "significant_neurons_by_layer_permutation", "permutation_null", "Acc_after_masking_correspond_neuron",
             "accuracy_by_threshold", "accuracy_drop_by_attribute", "accuracy_drop_against_people", "placebo", "dose",
             "accuracy_lost_by_kind", "accuracy_drop_own_and_others", "effect_against_resemblance", "additivity",
             "rdm_model", "rdm_attributes", "concept_map", "false_positives"]
    for name in names:
        assert f"wrote pic/{name}.csv .png .svg" in out
        assert (tmp_path / f"pic/{name}.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in (tmp_path / "pic").iterdir()} == {
        "plot_results.yaml", "settings.json", "accuracy_drop_by_emotion.csv",
        "accuracy_drop_overall.csv", "accuracy_drop_own_and_others_overall.csv",
        *(f"{name}.{end}" for name in names for end in ("csv", "png", "svg"))}
    assert "left out rdm_people_and_model: no --similarity" in out
    assert "placebo by attribute, the mask as the unit" in out
    assert "additivity: " in out and "was measured on other rows than" in out
    assert "next: python make_report.py" in out

    table = results.read_all(run_folder / "results")
    drop = pd.read_csv(tmp_path / "pic/accuracy_drop_by_attribute.csv").set_index(["attribute", "k"])
    by_hand = table[[f"random_top4_{draw}" for draw in range(1, 5)]].mean(axis=1) - table["fear_of_it_top4"]
    assert drop.loc[("fear_of_it", 4), "drop"] == pytest.approx(by_hand.mean())
    assert drop.loc[("fear_of_it", 4), "unit"] == "mask" and drop.loc[("fear_of_it", 4), "df"] == 3
    assert list(drop.columns) == ["drop", "ci_low", "ci_high", "t", "df", "p", "q", "se", "test", "unit"]
    losses = pd.read_csv(tmp_path / "pic/accuracy_lost_by_kind.csv").set_index(["kind", "mask", "k"])["value"]
    lost = losses.groupby("kind").mean()
    assert lost["effect"] > lost["attribute"] > lost["random"] and lost["layer_matched"] == pytest.approx(0.15)
    by_effect = results.read_all(run_folder / "effect").groupby("sentiment").mean()
    love = by_effect.loc["love"]
    assert losses["effect", "love", 4] == pytest.approx(love["best"] - love["love_top4"])  # love's own rows
    drops = pd.read_csv(tmp_path / "pic/accuracy_drop_own_and_others.csv").set_index("emotion")
    others = [f"{concept}_top4" for concept in CONCEPTS if concept != "love"]
    random = [name for name in by_effect if name.startswith("random_top4_") and name.count("_") == 2]
    random = love[random + [f"{concept}_top4_random" for concept in CONCEPTS]].mean()
    assert drops.loc["love", "own"] == pytest.approx(random - love["love_top4"])
    assert drops.loc["love", "others"] == pytest.approx(random - love[others].mean())
    overall = pd.read_csv(tmp_path / "pic/accuracy_drop_own_and_others_overall.csv").set_index("what")
    assert overall.loc["difference", "mean"] == pytest.approx((drops["own"] - drops["others"]).mean())
    assert f"one-sided p = {overall.loc['difference', 'p']:.2g}" in out
    assert losses["attribute", "valence", 4] == pytest.approx((table["best"] - table["valence_top4"]).mean())
    summed = pd.read_csv(tmp_path / "pic/additivity.csv").set_index("mask")
    zeroed, added = (np.mean([pd.read_csv(run_folder / f"effects/{task.sentiment}-{task.seed}{end}").to_numpy()[0]
                              for task in table.itertuples()], axis=0) for end in activations.EFFECT_ENDS)
    made = masks.read(run_folder / "masks.pkl")
    at_zero = made["valence_top4"].numpy().ravel() == 0
    assert summed.loc["valence_top4", "summed"] == pytest.approx(-zeroed[at_zero].sum())
    multiply, add = made["valence_top2"].numpy().reshape(2, -1)
    assert summed.loc["valence_top2", "summed"] == pytest.approx(-((1 - multiply) * zeroed + add * added).sum())
    measured = 10 * (table["best"] - table["valence_top4"]).mean()
    assert summed.loc["valence_top4", "measured"] == pytest.approx(measured)
    assert set(summed["rows"]) == {"split"}

    assert "holds no study" in script("plot_results.py", "--study", "empty", status=2).stderr


def test_effects_of_other_seeds_than_those_under_masks_leave_out_their_sums(monkeypatch, run_folder, tmp_path, capsys):
    """Half of the seeds often choose neurons by effect, and the other half is masked."""
    shutil.copytree(run_folder / "results", tmp_path / "results")
    for file in (tmp_path / "results").glob("*-1.json"):
        file.unlink()
    shutil.copytree(run_folder / "effects", tmp_path / "effects")
    for file in (tmp_path / "effects").glob("*-3*.csv"):
        file.unlink()
    flags = every_input(run_folder)
    call(monkeypatch, *flags, "--results", tmp_path / "results", "--effects", tmp_path / "effects", "--formats=png",
         "--output_dir", tmp_path / "pic")
    assert f"left out additivity: {tmp_path}/results has no task of {tmp_path}/effects" in capsys.readouterr().out
    assert (tmp_path / "pic/effect_against_resemblance.png").exists()
    assert not (tmp_path / "pic/additivity.png").exists()


@pytest.mark.parametrize("notes", [{}, {"methods_of_masks": "zero"}])
def test_an_intervention_that_results_by_effect_lack_leaves_them_out(monkeypatch, run_folder, tmp_path, capsys, notes):
    with results.Folder(tmp_path / "effect", Record("eval_mask_neuron.py", {}, notes)) as output:
        for task, path in task_files(run_folder / "effect", ".json").items():
            measured = results.read(path).measured
            output.write(task, {measure: {mask: value for mask, value in of.items() if "scale0.5" not in mask}
                                for measure, of in measured.items()})
    call(monkeypatch, *every_input(run_folder), "--intervention=scale0.5", "--formats=png", "--effect_results",
         tmp_path / "effect", "--output_dir", tmp_path / "pic")
    assert f"left out accuracy_drop_own_and_others: {tmp_path}/effect has no results of scale0.5" in (
        capsys.readouterr().out)
    assert (tmp_path / "pic/accuracy_drop_by_attribute.png").exists()


def test_zero_and_float_are_told_apart_by_the_masks_record(monkeypatch, run_folder, tmp_path):
    """The names of their masks are the same."""
    record = Record("eval_mask_neuron.py", {}, {"methods_of_masks": "float"})
    with results.Folder(tmp_path / "float", record) as output:
        for task, path in task_files(run_folder / "layer_matched", ".json").items():
            output.write(task, results.read(path).measured)
    flags = "--results", tmp_path / "float", "--simulations=0", "--formats=png", "--output_dir", tmp_path / "pic"
    call(monkeypatch, *flags, "--intervention=float")
    with pytest.raises(UserError, match="--intervention zero: .* has results of float"):
        call(monkeypatch, *flags, "--intervention=zero")


def test_own_masks_are_shown_with_what_was_done_and_their_controls():
    concepts = pd.DataFrame({"emotion": ["joy", "fear"], "k": 4, "own": 0.2, "others": 0.1, "low": 0.0, "high": 0.3,
                             "difference": 0.1})
    overall = pd.DataFrame({"what": ["own", "others", "difference"], "k": 4, "n": 2, "mean": 0.1, "ci_low": 0.0,
                            "ci_high": 0.2, "p": 0.5})
    figure = effect_figures.own_and_others(concepts, overall, done="multiplied by 2", baseline="matched")
    assert figure.axes[0].get_xlabel() == "Drop against matched random masks, 4 neurons multiplied by 2 (points)"
    assert "more than matched random ones" in " ".join(" ".join(words_of(figure)).split())


def test_ranks_by_effect_mirror_no_attribute(monkeypatch, tmp_path):
    with Output(tmp_path / "effect.csv", Record("get_neuron_effect.py", {"kind": "effect"})) as output:
        output.write_table(tmp_path / "effect.csv", pd.DataFrame({"joy": np.arange(1, 9)}))
    with pytest.raises(UserError, match="ranks neurons by effect; give ranks by attribute"):
        call(monkeypatch, "--ranks", tmp_path / "effect.csv", "--output_dir", tmp_path / "pic")


def test_a_folder_of_results_that_is_still_empty_leaves_the_other_figures_alone(monkeypatch, run_folder, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("results", "effect_results"):
        (tmp_path / "mine" / known.PLACES[name]).mkdir(parents=True)
    shutil.copytree(run_folder / "activations", f"mine/{known.PLACES['activation_dir']}")
    call(monkeypatch, "--study=mine", "--simulations=0", "--formats=png")
    assert (tmp_path / "mine/pic/rdm_model.png").exists()


def test_effects_of_seeds_that_some_concepts_lack_are_left_out_with_a_line(run_folder, tmp_path, capsys):
    shutil.copytree(run_folder / "activations", tmp_path / "some")
    for path in (tmp_path / "some").glob(f"{CONCEPTS[0]}-3*.csv"):
        path.unlink()
    assert {task.seed for task in rdms.tasks_and_values(tmp_path / "some", effects=False)[0]} == {1}
    assert "some: only the seeds that all concepts have are used (1)" in capsys.readouterr().out


def test_figures_of_two_concepts(monkeypatch, run_folder, tmp_path, capsys):
    """They have no order of distances, but masks by effect and their results are there."""
    (tmp_path / "activations").mkdir()
    for concept in CONCEPTS[:2]:
        for path in (run_folder / "activations").glob(f"{concept}-?.csv"):
            shutil.copy(path, tmp_path / "activations")
    call(monkeypatch, "--results", run_folder / "results", "--activation_dir", tmp_path / "activations",
         "--formats=png", "--simulations=0", "--output_dir", tmp_path / "pic")
    assert "left out rdm_model, concept_map: the model has fewer than 3 concepts" in capsys.readouterr().out
    assert (tmp_path / "pic/accuracy_drop_by_attribute.png").exists()


def test_margins_and_the_study_s_test(monkeypatch, run_folder, tmp_path, capsys):
    call(monkeypatch, "--results", run_folder / "results", "--k=4", "--simulations=0", "--formats=png", "--measure",
         "margin", "--test=study", "--intervention=scale0.5", "--output_dir", tmp_path / "pic")
    drop = pd.read_csv(tmp_path / "pic/margin_drop_by_attribute.csv").set_index(["attribute", "k"])
    table = results.read_all(run_folder / "results", "margin")
    random = table[[f"random_top4_{draw}_scale0.5" for draw in range(1, 5)]].mean(axis=1)
    assert drop.loc[("fear_of_it", 4), "drop"] == pytest.approx((random - table["fear_of_it_top4_scale0.5"]).mean())
    assert "the study's" in drop.loc[("fear_of_it", 4), "test"] and drop.loc[("fear_of_it", 4), "df"] == 9
    assert "logits of margin more than random ones" in capsys.readouterr().out
    assert (tmp_path / "pic/Margin_after_masking_correspond_neuron.png").exists()


def test_figures_say_what_was_done_to_neurons(run_folder):
    flags = SimpleNamespace(
        measure="accuracy", test="unit", k=4, intervention="scale2", results=run_folder / "results",
        attribute_results=None, random_results=None, accuracy=None, weights=run_folder / "weights.csv", masks=None)
    said = {name: " ".join(" ".join(words_of(figure)).split())
            for name, figure, _ in drawing_masks.of_results(flags) if figure}
    for name in ("Acc_after_masking_correspond_neuron", "accuracy_by_threshold", "accuracy_drop_by_attribute",
                 "accuracy_drop_against_people"):
        assert "multiplied by 2" in said[name] and "neurons masked" not in said[name].lower(), name


def test_figures_say_what_matched_random_masks_have_in_common(run_folder, tmp_path):
    flags = SimpleNamespace(results=run_folder / "layer_matched", masks=None)
    sizes = list(inference.conditions(results.read_all(flags.results)))
    assert drawing_masks.baseline_of(flags, sizes) == "matched"  # as far as the names of the masks tell
    with Output(tmp_path / "masks.pkl", Record("gen_mask.py", {"random_baseline": "activation_matched"})) as output:
        masks.write(output, {"valence_top4": torch.zeros(LAYERS, UNITS, dtype=torch.int8)})
    flags.masks, record = tmp_path / "masks.pkl", Record("", {"masks": opening.sha256(tmp_path / "masks.pkl")})
    with results.Folder(tmp_path / "results", record) as output:
        output.write(Task("joy", 1), dict.fromkeys(MEASURES, {"best": 0.9, "valence_top4": 0.6}))
    flags.results = tmp_path / "results"
    baseline = drawing_masks.baseline_of(flags, [])
    figure = masking.accuracy_drop_by_attribute(drop_table(), 5, baseline=baseline)
    said = " ".join(" ".join(words_of(figure)).split())
    assert "5 random neurons of the same layers and activity masked, minus" in said and "against matched random" in said
    assert "matched" not in " ".join(words_of(masking.accuracy_drop_by_attribute(drop_table(), 5)))


def test_margins_are_looked_for_in_results_alone(run_folder, tmp_path):
    folder = tmp_path / "results"
    shutil.copytree(run_folder / "results", folder)
    (folder / "a-note.json").write_text("[]")
    assert list(results.read_each(folder)) == [*MEASURES]


@pytest.mark.parametrize("test, q, said", [
    ("masks", [0.01, 0.2, 0.3], "q < 0.05 for 1 of 3 concepts and 1 of 3 attributes."),
    ("masks", [np.nan] * 3, "for no concept (none is testable) and no attribute (none is testable)."),
    ("the study's: paired t", [0.01, 0.02, np.nan], "2 of 2 attributes by the study's test, which treats pairs")])
def test_what_masks_cost_is_said_with_the_test_that_was_made(test, q, said):
    table = pd.DataFrame({"k": 4, "drop": 0.1, "ci_low": -0.1, "ci_high": 0.3, "q": q, "test": test,
                          "unit": "seed and attribute, 3 x 3"})
    words = masking.in_words(dict.fromkeys(("overall", "emotion", "attribute"), table), 4)
    assert said in words and "(95% interval \u221210.0 to 30.0); one-sided" in words


def test_of_one_seed_sentence_and_figure_say_that_attributes_alone_are_the_sample():
    names = ["a_top4", "b_top4", "c_top4", *(f"random_top4_{draw}" for draw in range(1, 6))]
    found = pd.DataFrame(np.random.default_rng(0).random((3, 8)), columns=names)
    found = found.assign(sentiment=["joy", "fear", "anger"], seed=5, best=0.8)
    by = {name: inference.accuracy_drop(found, name) for name in ("overall", "emotion", "attribute")}
    assert "(95% interval over attributes alone" in masking.in_words(by, 4)
    spread = masking.spread_over_masks(found, inference.conditions(found))
    figure = masking.accuracy_after_masking(spread, by["emotion"], 4)
    said = " ".join(" ".join(words_of(figure)).split())
    assert "Test: t over attributes, for this seed alone, one-sided. Unit: attribute, for one seed, 1 x 3." in said


def test_a_mask_without_answers_leaves_the_others_their_place():
    found = pd.DataFrame(np.random.default_rng(0).random((2, 5)),
                         columns=["a_top4", "b_top4", *(f"random_top4_{draw}" for draw in range(1, 4))])
    found = found.assign(sentiment=["joy", "fear"], seed=5, best=0.8, a_top4=np.nan)
    spread = masking.spread_over_masks(found, inference.conditions(found)).set_index(["emotion", "condition"])
    assert spread.loc[("joy", "attribute-specific"), ["mean", "units"]].tolist() == [found["b_top4"][0], 1]
    assert spread.loc[("joy", "random"), "units"] == 3


def test_answers_that_were_not_to_be_had_are_not_testable(monkeypatch, run_folder, tmp_path, capsys):
    table = results.read_all(run_folder / "results")
    table[[name for name in table if name.endswith("scale2")]] = np.nan
    with results.Folder(tmp_path / "results", Record("eval_mask_neuron.py", {})) as output:
        for row in table.to_dict("records"):
            output.write(Task(row.pop("sentiment"), row.pop("seed")), dict.fromkeys(MEASURES, row))
    flags = ["--results", tmp_path / "results", "--simulations=0", "--formats=png", "--output_dir", tmp_path / "pic"]
    call(monkeypatch, *flags, "--intervention=scale2")
    said = capsys.readouterr()
    assert "nothing was measured that can be compared" in said.out and "nan" not in said.out
    for by in ("by_attribute", "by_emotion", "overall"):
        test = pd.read_csv(tmp_path / f"pic/accuracy_drop_{by}.csv")["test"]
        assert test.str.fullmatch(r"not testable: (\d+) of \1 values are missing").all()
    call(monkeypatch, *flags)
    assert pd.read_csv(tmp_path / "pic/accuracy_drop_by_attribute.csv")["p"].notna().all()


def test_a_row_that_cannot_be_tested_is_named_beside_others():
    table = drop_table()
    table.loc[0, ["p", "q"]] = np.nan
    words = words_of(masking.accuracy_drop_by_attribute(table, 5))
    assert "not testable" in words and any(word.startswith("q ") for word in words)


def test_weights_of_other_attributes_leave_out_their_figure(monkeypatch, run_folder, tmp_path, capsys):
    """As those of a study whose masks are of concepts, by effect."""
    weights = pd.read_csv(run_folder / "weights.csv").assign(attribute=["a", "b", "c"])
    weights.to_csv(tmp_path / "weights.csv", index=False)
    call(monkeypatch, "--results", run_folder / "results", "--weights", tmp_path / "weights.csv", "--simulations=0",
         "--formats=png", "--output_dir", tmp_path / "pic")
    assert "left out accuracy_drop_against_people: " in capsys.readouterr().out
    assert (tmp_path / "pic/accuracy_drop_by_attribute.png").exists()


def test_activations_are_no_effects_and_the_reverse(monkeypatch, run_folder, tmp_path):
    for name in ("activations", "effects"):
        made_by = {"activations": "get_active_neuron.py", "effects": "get_neuron_effect.py"}[name]
        with Output(tmp_path / name, Record(made_by, {}), names=["joy-1.csv", "love-1.csv"]) as output:
            for concept in ("joy", "love"):
                activations.write(output, Task(concept, 1), np.arange(LAYERS * UNITS))
    ratings = ["--attributes", run_folder / "ratings.csv"]
    with pytest.raises(UserError, match="--effects .*activations: holds activations; get_neuron_effect"):
        call(monkeypatch, *ratings, "--effects", tmp_path / "activations", "--activation_dir", tmp_path / "effects")
    with pytest.raises(UserError, match="effects: holds effects of neurons, not activations"):
        call(monkeypatch, *ratings, "--activation_dir", tmp_path / "effects")
    with pytest.raises(UserError, match="nothing: holds no effects .*; get_neuron_effect.py makes them"):
        call(monkeypatch, "--effects", tmp_path / "nothing")
    monkeypatch.setattr(sys, "argv", ["rsa_searchlight.py", *map(str, ratings), "--activation_dir",
                                      str(tmp_path / "effects"), "--ranks", str(tmp_path / "ranks.csv")])
    with pytest.raises(UserError, match="effects: holds effects of neurons, not activations"):
        rsa_searchlight.main()


def test_effects_and_an_attribute_that_does_not_vary(monkeypatch, run_folder, tmp_path, capsys):
    ratings = pd.read_csv(run_folder / "ratings.csv").assign(flat=0.5)
    drawn = tmp_path / "pic/effect_against_resemblance.csv"
    for columns in (list(ratings), [ratings.columns[0], "flat"]):
        ratings[columns].to_csv(tmp_path / "ratings.csv", index=False)
        call(monkeypatch, "--attributes", tmp_path / "ratings.csv", "--effects", run_folder / "effects",
             "--activation_dir", run_folder / "activations", "--output_dir", tmp_path / "pic", "--simulations=0")
        if len(columns) > 2:
            relation = pd.read_csv(drawn, index_col="attribute")["q"]
            assert relation.isna().to_dict() == {name: name == "flat" for name in relation.index}
    assert "left out effect_against_resemblance: no attribute in" in capsys.readouterr().out


def test_effects_that_nobody_knows_the_layers_of(monkeypatch, run_folder, tmp_path):
    """The published model has twelve, which is taken for granted where no record says otherwise."""
    for path in (run_folder / "effects").glob("*.csv"):
        shutil.copy(path, tmp_path)
    with pytest.raises(UserError, match=f"has {LAYERS * UNITS} neurons, which cannot be divided among 12 layers"):
        call(monkeypatch, "--attributes", run_folder / "ratings.csv", "--effects", tmp_path, "--activation_dir",
             run_folder / "activations")


def test_a_study_s_folder_is_drawn_without_naming_its_files(monkeypatch, run_folder, tmp_path, capsys):
    places = {"results": "eval_mask_neuron_result/RSA_14property_top_500_6000", "effects": "neuron_effect_csv"}
    for name, place in places.items():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).symlink_to(run_folder / name)
    call(monkeypatch, "--study", tmp_path, "--k=4", "--simulations=0", "--formats=png")
    first = (tmp_path / "pic/Acc_after_masking_correspond_neuron.png").read_bytes()
    assert "left out effect_against_resemblance: no" in capsys.readouterr().out
    call(monkeypatch, "--study", tmp_path, "--k=2", "--simulations=0", "--formats=png")  # our own figures are redrawn
    assert (tmp_path / "pic/Acc_after_masking_correspond_neuron.png").read_bytes() != first
    (tmp_path / "pic/dose.csv").write_text("mine\n")
    with pytest.raises(UserError, match="dose.csv: was changed since it was written"):
        call(monkeypatch, "--study", tmp_path, "--k=4", "--simulations=0", "--formats=png")


def test_a_single_seed_and_attribute_are_drawn_and_not_tested(monkeypatch, tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results/joy-1.json").write_text(json.dumps({
        "sentiment": "joy", "seed": 1, "best": 0.8, "valence_top5": 0.6, "valence_top5_random": 0.7}))
    call(monkeypatch, "--results", tmp_path / "results", "--k=5", "--simulations=0", "--formats=png",
         "--output_dir", tmp_path / "pic")
    drop = pd.read_csv(tmp_path / "pic/accuracy_drop_by_emotion.csv")
    assert drop["drop"].tolist() == pytest.approx([0.1]) and drop[["ci_low", "t", "p", "q"]].isna().all(axis=None)
    assert drop["test"].iloc[0].startswith("not testable: one attribute")


@pytest.mark.parametrize("flags, message", [
    ([], "nothing to draw"),
    (["--results", "results", "--k=3"], "--k 3: .*results for 2 4; choose one of them"),
    (["--results", "results", "--k=4", "--intervention=mean"], "--intervention mean: results has results of zero, sca"),
    (["--ranks", "rank.csv", "--k=99"], "--k 99: .*rank.csv ranks 40 neurons; give a --k from 1 to 40"),
    (["--rank", "rank_tau.csv", "--k=2"], "rank_tau.csv: .*does not hold ranks"),
    (["--attribute_results", "results"], "give --attribute_results and --random_results together, and without"),
    (["--results", "results", "--accuracy", "x.csv"], "--accuracy needs --attribute_results"),
    (["--attribute_results", "results", "--random_results", "results", "--measure=margin"],
     "hold only accuracies; use --measure accuracy"),
    (["--results", "absent"], "absent"),
    (["--similarity", "rank.csv"], "rank.csv: .*--concept_order"),
    (["--similarity", "ratings.csv"], "--similarity ratings.csv: must have one column"),
    (["--results", "results", "--k=4", "--weights", "rank.csv"], "rank.csv: has no column 'attribute'"),
])
def test_bad_input_is_one_line_and_leaves_no_files(monkeypatch, run_folder, tmp_path, flags, message):
    monkeypatch.chdir(run_folder)
    with pytest.raises(UserError, match=message) as error:
        call(monkeypatch, *flags, "--output_dir", tmp_path / "pic")
    assert "\n" not in str(error.value) and not (tmp_path / "pic").exists()


def test_attributes_may_be_called_as_columns_are(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    attributes = ["neuron", "layer", "labels", "emotion_1"]
    generator = np.random.default_rng(0)
    tau = pd.DataFrame(generator.normal(0, 0.2, (6, 4)), columns=attributes)
    with Output("rank.csv", Record("rsa_searchlight.py", {})) as output:
        ranks.write(output, (-tau).rank(), {"tau": tau, "permutation_max": tau, "significant_by_layer": pd.DataFrame(
            {"layer": 0, "attribute": attributes, "count": 1, "count_fwe": 0})})
    pd.DataFrame(generator.random((5, 4)), columns=attributes).assign(concept=CONCEPTS).to_csv("r.csv", index=False)
    call(monkeypatch, "--ranks", "rank.csv", "--attributes", "r.csv", "--k", 3, "--simulations", 0, "--formats", "png")
    headers = [path.read_text().split("\n")[0] for path in (tmp_path / "pic").glob("*.csv")]
    assert sum(f"{first},{','.join(attributes)}" in headers for first in ("neuron", "layer", "labels")) == 3
    assert f"emotion_1,emotion_2,{','.join(attributes)}" in headers


def test_neurons_are_shown_once_in_the_first_attribute_they_are_among_the_top_of():
    top = neurons.rank_selective_neurons({"arousal": np.array([3.0, 1, 2, 4, 5, 6]),
                                          "valence": np.array([1.0, 2, 6, 5, 3, 4])}, 3)
    assert top.index.tolist() == [1, 2, 0, 4]
    assert top["arousal"].tolist()[:3] == [1, 2, 3] and np.isnan(top["arousal"].iloc[3])
    assert top["valence"].fillna(0).tolist() == [2, 0, 1, 3]


def words_of(figure):
    """All that stands in a figure, once it is laid out."""
    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible()]


def test_no_significant_neuron_is_said(run_folder):
    counts = pd.DataFrame(0, index=range(3), columns=["a", "b"])
    figure = neurons.significant_neurons(counts, 64, "p < 0.05")
    assert "none" in words_of(figure)
    assert figure.axes[0].images[0].norm.vmin == 0 and figure.axes[0].images[0].norm.vmax > 0
    counts.loc[1, "b"] = 5
    assert "none" not in words_of(neurons.significant_neurons(counts, 64, "p < 0.05"))


def test_counts_stand_in_the_cells_of_deep_models_where_they_fit():
    counts = pd.DataFrame(0, index=range(30), columns=["a", "b"])
    counts.loc[18, "b"] = 123
    figure = neurons.significant_neurons(counts, 1536, "p < 0.05", "27 concepts and 2 seeds")
    assert "123" in words_of(figure) and "27 concepts and 2 seeds" in " ".join(words_of(figure)[-1].split())
    counts.loc[18, "b"] = 1234
    assert "1234" not in words_of(neurons.significant_neurons(counts, 1536, "p < 0.05"))


def drop_table(attribute=("valence", "arousal")):
    return pd.DataFrame({"attribute": attribute, "k": 5, "drop": [0.1, 0.2], "ci_low": [0.0, 0.1],
                         "ci_high": [0.2, 0.3], "p": 0.1, "q": [0.2, 0.01], "test": "t, one-sided", "unit": "mask"})


@pytest.mark.parametrize("chose, same", [([1, 5], True), ([5], False)])
def test_what_losses_by_kind_of_mask_are_means_over_is_said(run_folder, tmp_path, chose, same):
    shutil.copytree(run_folder / "layer_matched", tmp_path / "matched")
    record = Record("eval_mask_neuron.py", {}, {"seeds_that_chose": chose})
    with results.Folder(tmp_path / "effect", record) as output:
        for seed in (1, 3):
            found = {"best": 0.9, "joy_top4": 0.6, "joy_top4_random": 0.8}
            output.write(Task("joy", seed), dict.fromkeys(MEASURES, found))
    flags = SimpleNamespace(measure="accuracy", intervention=None, results=None, attribute_results=None,
                            random_results=None, accuracy=None, effect_results=tmp_path / "effect",
                            layer_matched_results=tmp_path / "matched", activation_matched_results=None)
    (_, figure, _), = drawing_masks.of_kinds(flags)
    said = " ".join(" ".join(words_of(figure)).split())
    assert "counts for the seeds of this concept alone" in said and ("The same prompts chose" in said) == same


def test_every_mask_is_shown_where_all_are_of_one_size():
    loss = pd.DataFrame({"kind": ["random"] * 12 + ["effect"] * 3, "k": 5, "mask": "", "value": np.arange(15) / 100})
    axes = effect_figures.loss_by_kind(loss).axes[0]
    dots = {tuple(np.round(x, 6)) for line in axes.lines if line.get_marker() == "." for x in [line.get_xdata()]}
    assert dots == {tuple(range(12)), (12, 13, 14)}  # points
    assert [name.get_text() for name in axes.get_yticklabels()] == ["random (12)", "largest effects (3)"]


def test_results_that_were_measured_otherwise_are_left_out_and_the_line_says_why(tmp_path, capsys):
    usual = {"data": "0" * 64, "split": "dev", "backbone": "a" * 64, "precision": "float32", "max_length": 256,
             "label_words": ["negative", "positive"]}

    def write(name, tasks=(("joy", 1),), ranks=None, **other):
        record = Record("eval_mask_neuron.py", usual | other, {"dataset": f"data/of_{name}", "ranks_of_masks": ranks})
        with results.Folder(tmp_path / name, record) as output:
            for lost, task in enumerate(tasks, 1):
                found = {"best": 0.9, "joy_top4": 0.9 - lost / 10, "joy_top4_random": 0.8}
                output.write(Task(*task), dict.fromkeys(MEASURES, found))

    def loss(matched, other, mine=None):
        flags = SimpleNamespace(intervention=None, results=mine, attribute_results=None, random_results=None,
                                accuracy=None, effect_results=tmp_path / "effect",
                                layer_matched_results=tmp_path / matched, activation_matched_results=tmp_path / other)
        return drawing_masks.loss_of_kinds(flags, "accuracy")[0], capsys.readouterr().out

    write("effect", [("joy", 1), ("joy", 3)])
    differences = {"data": "1" * 64, "split": "test", "backbone": "b" * 64, "precision": "bfloat16", "max_length": 64,
                   "label_words": ["no", "yes"]}
    for name, value in differences.items():
        write(name, **{name: value})
    _, said = loss("data", "split")
    assert (f"left out {tmp_path / 'data'} of accuracy_lost_by_kind: {tmp_path / 'effect'} was measured differently"
            ) in said
    assert '(data differs: dataset "data/of_effect" there and "data/of_data" here)' in said
    assert '(split is "dev" there and "test" here)' in said and "0" * 64 not in said
    _, said = loss("backbone", "precision")
    assert "(backbone differs)" in said and '(precision is "float32" there and "bfloat16" here)' in said
    _, said = loss("max_length", "label_words")
    assert "(max_length is 256 there and 64 here)" in said and "(label_words is " in said

    for name, letter in (("mine", "a"), ("same", "a"), ("newer", "b")):
        write(name, ranks=64 * letter)
    _, said = loss("same", "newer", tmp_path / "mine")
    assert f"{tmp_path / 'mine'} was measured differently (its masks are of other ranks)" in said
    assert said.count(f"left out {tmp_path}") == 1 and f"left out {tmp_path / 'newer'}" in said

    write("more", [("fear", 3), ("joy", 3)])
    write("none", [("joy", 5)])
    table, said = loss("more", "none")
    assert f"left out {tmp_path / 'none'} of accuracy_lost_by_kind: " in said and "(no task in common)" in said
    assert "left out 2 tasks of accuracy_lost_by_kind: some of the results lack them\n" in said
    assert table.set_index("kind").loc["effect", "value"] == pytest.approx(0.2)  # of joy-3 alone


def test_effects_and_results_of_two_models_are_not_added_up(run_folder, tmp_path):
    """A user's own masks have no record that names their model."""
    shutil.copytree(run_folder / "effects", tmp_path / "effects")
    record = json.loads((tmp_path / "effects/settings.json").read_text())
    (tmp_path / "effects/settings.json").write_text(json.dumps(record | {"backbone": "a" * 64}))
    with results.Folder(tmp_path / "results", Record("eval_mask_neuron.py", {"backbone": "b" * 64})) as output:
        found = {"best": 0.9, "valence_top4": 0.6}
        output.write(Task("joy", 1), dict.fromkeys(MEASURES, found))
    flags = SimpleNamespace(effects=tmp_path / "effects", activation_dir=None, attributes=None, attribute_results=None,
                            masks=run_folder / "masks.pkl", results=tmp_path / "results")
    with pytest.raises(UserError, match="effects: are effects in another model than that of .*results"):
        list(drawing_masks.of_effects(flags))


def test_masks_that_change_nothing_have_no_panel():
    masks = pd.DataFrame({
        "mask": [f"valence_top{k}_scale{factor}" for k in (4, 8) for factor in ("0.5", "1", "2")], "rows": "the same",
        "intervention": ["scale0.5", "scale1", "scale2"] * 2, "k": [4] * 3 + [8] * 3,
        "summed": [0.5, 0, -0.5, 1, 0, -1], "measured": [0.4, 0, -0.3, 0.8, 1e-8, -0.9]})
    titles = [axes.get_title().partition(" ")[0] for axes in effect_figures.additivity(masks).axes]
    assert [title for title in titles if title] == ["scale0.5", "scale2"]


def test_same_numbers_same_bytes():
    for form in ("png", "pdf", "svg"):
        content, again = (style.picture(masking.accuracy_drop_by_attribute(drop_table(), 5), form) for _ in range(2))
        assert content == again
        assert b"CreationDate" not in content and b"<dc:date>" not in content


def test_names_are_plain_text_and_figures_grow_with_their_number():
    table = drop_table([r"$\frac{$", "x" * 100])
    figure = masking.accuracy_drop_by_attribute(table, 5)
    style.picture(figure, "png")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["x" * 31 + "\u2026", r"$\frac{$"]
    many = pd.concat([table.assign(attribute=[f"{i} a", f"{i} b"]) for i in range(50)])
    larger = masking.accuracy_drop_by_attribute(many, 5)
    assert larger.get_figheight() > 0.14 * len(many) and larger.get_figwidth() == figure.get_figwidth()
    assert any("Unit: mask" in text for text in words_of(larger)), "the caption names the unit"


def test_names_of_crowded_points_do_not_overlap():
    generator = np.random.default_rng(3)
    tau, drop = generator.normal(0.2, 0.05, 14), generator.normal(0, 0.02, 14)
    figure = masking.drop_against_people(pd.DataFrame({
        "attribute": [f"attribute-{i}" for i in range(14)], "tau": tau, "ci_low_people": tau - 0.1,
        "ci_high_people": tau + 0.1, "drop": drop, "ci_low": drop - 0.1, "ci_high": drop + 0.1}), 5)
    figure.draw_without_rendering()
    names = [text for text in figure.axes[0].texts if isinstance(text, Annotation)]
    for text in names:
        text.arrowprops, text.arrow_patch = None, None  # the box of the name without its line
    boxes = [text.get_window_extent() for text in names]
    assert len(boxes) == 14
    assert all(boxes[i].count_overlaps(boxes[:i]) == 0 for i in range(14))


def test_names_stand_at_their_own_points_and_lines_do_not_cross():
    x, y = np.random.default_rng(2).normal(size=(2, 25))
    figure, axes = style.panel(3.5, 3.5)
    axes.plot(x, y, "o", zorder=3)
    style.label_points(axes, x, y, [f"concept {i}" for i in range(25)])
    figure.draw_without_rendering()
    points, lines = axes.transData.transform(np.stack([x, y], 1)), []
    for i, text in enumerate(sorted(axes.texts, key=lambda text: int(text.get_text().split()[1]))):
        if text.arrow_patch:
            line = text.arrow_patch
            lines.append(Path(line.get_transform().transform(line.get_path().vertices)))
        else:
            box = text.get_window_extent()
            away = np.linalg.norm(points - np.clip(points, box.min, box.max), axis=1)
            assert away.argmin() == i
    assert len(lines) > 2
    assert not any(one.intersects_path(other, filled=False) for one, other in combinations(lines, 2))


def test_every_concept_is_named_in_the_matrices_of_many_attributes():
    names = [f"concept {i}" for i in range(27)]
    rdms = {f"attribute {i}": rdm for i, rdm in enumerate(np.random.default_rng(0).random((14, 351)))}
    figure = concept_figures.rdm_matrices(rdms, names, np.arange(27), "people's judgements")
    named = [text for text in figure.findobj(Text) if text.get_text() in names]
    assert {text.get_text() for text in named} == {*names} and min(text.get_size() for text in named) > 6


def test_random_masks_have_their_own_colour_where_effects_add_up():
    found = pd.DataFrame({"mask": ["valence_top4", "random_top4_1", "valence_top4_random2"], "intervention": "zero",
                          "k": 4, "rows": "the same", "summed": [0.5, 0.1, 0.2], "measured": [0.4, 0.1, 0.3]})
    figure = effect_figures.additivity(found)
    random, attribute = figure.axes[0].collections
    assert len(random.get_offsets()) == 2 and len(attribute.get_offsets()) == 1
    assert {"random masks", "attributes' masks"} <= {*words_of(figure)}


def test_the_line_of_a_permutation_test_is_where_p_falls_below_5_percent():
    generator = np.random.default_rng(0)
    for permutations in (23, 99, 300, 999):
        largest = generator.random((permutations, 1))
        figure = neurons.permutation_null(largest, np.array([0.5]), ["valence"])
        line, = (points for points in figure.axes[0].collections if points.get_label() == "limit of p < 0.05")
        at, _ = line.get_offsets()[0]
        beyond, on = ((1 + (largest >= value).sum()) / (permutations + 1) for value in (np.nextafter(at, 1), at))
        assert beyond < 0.05 <= on
    words = words_of(neurons.permutation_null(generator.random((15, 1)), np.array([0.5]), ["valence"]))
    assert any("no p can be below 0.05" in text for text in words)


def test_a_drop_outside_its_interval_is_drawn():
    """With few different random masks, the interval may not hold the drop from their mean."""
    both = pd.DataFrame({"attribute": list("abc"), "tau": [0.1, 0.2, 0.3], "ci_low_people": 0.0, "ci_high_people": 0.5,
                         "drop": [0.01, 0.02, 0.03], "ci_low": 0.0, "ci_high": [0.02, 0.02, 0.02]})
    assert "c" in words_of(masking.drop_against_people(both, 5))


def test_an_attribute_without_a_drop_is_left_out_of_its_relation_to_people():
    both = pd.DataFrame({"attribute": list("abcd"), "tau": [0.1, 0.2, 0.3, 0.4], "ci_low_people": 0.0,
                         "ci_high_people": 0.5, "drop": [0.02, 0.01, 0.04, np.nan], "ci_low": np.nan,
                         "ci_high": np.nan})
    words = words_of(masking.drop_against_people(both, 5))
    assert any("is 0.33 over 3 attributes" in text for text in words) and "d" not in words
    assert not any("nan" in text for text in words_of(masking.drop_against_people(both.assign(drop=0.0), 5)))


def test_captions_stand_below_everything_else():
    """No axis, label or legend runs into the caption; nothing is cut off at the edges."""
    spread = pd.DataFrame([(f"concept {i}", k, condition, 0.7, 0.6, 0.8, 5) for i in range(7) for k, condition in
                           ((0, "w/o"), (5, "random"), (5, "attribute-specific"))],
                          columns=["emotion", "k", "condition", "mean", "low", "high", "units"])
    by_emotion = pd.concat([drop_table(["concept 0", "concept 1"])]).rename(columns={"attribute": "emotion"})
    tau = pd.DataFrame(np.random.default_rng(0).normal(size=(64, 3)), columns=list("abc"))
    relation = pd.DataFrame({"attribute": list("abc"), "r": [0.1, -0.2, np.nan], "q": [0.5, 0.01, np.nan]})
    for figure in (masking.accuracy_by_threshold(spread), masking.accuracy_after_masking(spread, by_emotion, 5),
                   effect_figures.effect_against_resemblance(tau, tau["a"].to_numpy() ** 3, relation, 99),
                   neurons.significant_neurons(pd.DataFrame(3, index=range(12), columns=["a", "b"]), 64, "p < 0.05")):
        figure.draw_without_rendering()
        caption = figure.texts[-1].get_window_extent()
        for axes in figure.axes:
            box = axes.get_tightbbox()
            if axes.get_visible() and box is not None:
                assert box.y0 >= caption.y1 - 1 and box.x0 >= -1 and box.x1 <= figure.bbox.x1 + 1
                assert box.y1 <= figure.bbox.y1 + 1
        assert caption.x1 <= figure.bbox.x1


def test_like_concepts_stand_beside_each_other():
    place = np.array([5.0, 1.0, 4.0, 2.0, 3.0])
    rdm = np.abs(place[:, None] - place)[np.triu_indices(5, 1)]
    order = concepts.similarity_order(rdm)
    assert place[order].tolist() in ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1])
    places, fit = concepts.similarity_maps([rdm, 3 * rdm])
    assert np.allclose(places[0], places[1], atol=1e-6) and (fit > 0.9).all()
    line = places[0][order]
    assert np.argsort(np.linalg.norm(line - line[0], axis=1)).tolist() == [0, 1, 2, 3, 4]
    figure = concept_figures.concept_map(dict(zip(("People", "Model"), places)), fit, [*"abcde"], order)
    assert {text for text in words_of(figure) if text in "abcde" and text} == set("abcde")


def test_resemblance_and_loss_by_brute_force():
    generator = np.random.default_rng(0)
    values, attribute = generator.normal(size=(2, 6, 30)), rsa.attribute_rdms(generator.random((6, 2)))
    neuron_rdms = rsa.NeuronRDMs(values)
    tau, _ = rsa.kendall_tau(neuron_rdms, attribute)
    layers = np.repeat([0, 1, 2], 10)
    r, p = effects.resemblance_and_loss(neuron_rdms, attribute, tau[:, 0] + 10 * layers, 3, 50)
    assert r[0] == pytest.approx(1) and p[0] == pytest.approx(1 / 51) and p[1] > 1 / 51
    lost = generator.normal(size=30)
    r, _ = effects.resemblance_and_loss(neuron_rdms, attribute, lost, 3, 1)
    within = np.concatenate([rankdata(lost[layers == layer]) for layer in range(3)])
    of_tau = np.concatenate([rankdata(tau[layers == layer, 0]) for layer in range(3)])
    assert r[0] == pytest.approx(np.corrcoef(within, of_tau)[0, 1])
    r, _ = effects.resemblance_and_loss(neuron_rdms, attribute, lost, 1, 1)
    assert r[1] == pytest.approx(spearmanr(lost, tau[:, 1]).statistic)
    _, p = effects.resemblance_and_loss(  # four concepts have 24 orders, and no more can be drawn
        rsa.NeuronRDMs(values[:, :4]), rsa.attribute_rdms(generator.random((4, 1))), lost, 3, 999)
    assert (24 * p).round(9) % 1 == 0
    values[:, :, 3], tau[3] = 0, 0  # a neuron that is always the same resembles nothing, and takes nothing from others
    r, _ = effects.resemblance_and_loss(rsa.NeuronRDMs(values), attribute, lost, 1, 1)
    assert r[1] == pytest.approx(spearmanr(lost, tau[:, 1]).statistic)


def test_one_of_the_study_s_attributes_alone_can_stand_out_by_default():
    parser = known.Parser("figures", title="figures")
    known.add_comparison_flags(parser)
    permutations = parser.parse([]).permutations
    p = [1 / (permutations + 1), *[1] * 13]
    relation = pd.DataFrame({"attribute": range(14), "r": 0.1, "p": p, "q": false_discovery_q(np.array(p))})
    assert relation["q"].min() < 0.05
    tau = pd.DataFrame(np.random.default_rng(0).normal(size=(64, 14)))
    figure = effect_figures.effect_against_resemblance(tau, tau[0].to_numpy(), relation, permutations)
    assert f"cannot have q below {relation['q'].min():.2g}" in " ".join(" ".join(words_of(figure)).split())


def test_published_results_give_the_study_s_figure(published_accuracy):
    table = results.read_published(published_accuracy / "attribute", published_accuracy / "random")
    sizes = list(inference.conditions(table))
    spread = masking.spread_over_masks(table, sizes).set_index(["emotion", "k", "condition"])
    means = [spread.loc[("remorse", *key), "mean"] for key in ((0, "w/o"), (4000, "random"),
                                                               (4000, "attribute-specific"))]
    assert means == pytest.approx([0.892, 0.724, 0.643], abs=0.001)  # as measured on the published picture
    drop = inference.accuracy_drop(table, "emotion")
    figure = masking.accuracy_after_masking(spread.reset_index(), drop, 4000)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()][:3] == ["remorse", "annoyance", "confusion"]
    assert any("random effects" in text for text in words_of(figure))
    legend = [text.get_text() for text in right.get_legend().get_texts()]
    assert legend == ["q \u2265 0.05"], "with the honest test, no concept is significant"


def test_published_files_through_the_script(script, published_accuracy, shared, tmp_path):
    human = shared / "data/human"
    out = script(
        "plot_results.py", "--rank", shared / "data/published/neurons_rank_4_of_14_attributes.csv",
        "--attribute_results", published_accuracy / "attribute", "--random_results", published_accuracy / "random",
        "--accuracy", shared / "data/published/accuracy.csv", "--attributes", human / "attribute_distances.csv",
        "--emotion_order", human / "emotion_order.txt", "--similarity", human / "similarity_judgment_mean.csv",
        "--simulations=0", "--formats=png").stdout
    assert "cost 2.9 points of accuracy more than random ones (95% interval \u22122.2 to 8.0)" in out
    assert "one-sided q < 0.05 for 0 of 27 concepts and 1 of 14 attributes" in out
    top = pd.read_csv(tmp_path / "pic/Neurons_Correspond_Selectively_to_Emotional_Attributes.csv")
    # Each attribute adds the neurons that those before it lack: measured on the published picture, 4,000 for arousal
    # and 3,680 for valence.
    assert top["arousal"].notna().sum() == 4000 and top["arousal"][:4000].is_monotonic_increasing
    assert top["valence"][4000:].notna().sum() == pytest.approx(3680, abs=30)
    assert (tmp_path / "pic/rdm_attributes.png").exists() and (tmp_path / "pic/rdm_people.png").exists()
