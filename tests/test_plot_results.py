"""The figures and the script that draws them, on small made-up runs and on the published results."""

import io
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Annotation

import plot_results
from framework import artifacts
from framework.analysis import inference
from framework.errors import UserError
from framework.figures import results as figures

STUDY_ORDER = (  # of the emotions in the upper half of the study's second figure
    "gratitude love amusement admiration curiosity joy optimism anger desire caring disgust fear sadness remorse "
    "excitement confusion disapproval pride surprise annoyance grief embarrassment approval disappointment nervousness "
    "realization relief").split()


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A small run: 3 attributes, 8 neurons in 2 layers, 5 emotions; the anger mask hurts most. Two random draws."""
    folder = tmp_path_factory.mktemp("run")
    generator = np.random.default_rng(0)
    attributes, emotions = ["valence", "anger-face", "fear_of_it"], ["joy", "love", "anger", "embarrassment", "remorse"]
    rank = {name: generator.permutation(8) + 1.0 for name in attributes}
    artifacts.write_searchlight(folder / "rank.csv", pd.DataFrame(rank), {
        "tau": pd.DataFrame({name: 0.5 - 0.1 * values for name, values in rank.items()}),
        "permutation_max": pd.DataFrame(generator.uniform(0.1, 0.3, (50, 3)), columns=attributes),
        "significant_by_layer": pd.DataFrame({"layer": [0, 0, 0, 1, 1, 1], "attribute": attributes * 2,
                                              "count": [0, 1, 2, 3, 4, 3], "count_fwe": [0, 0, 0, 1, 0, 2]})})
    for emotion in emotions:
        for seed in (1, 3):
            masks = {}
            for i, attribute in enumerate(attributes):
                for k in (2, 4):
                    masks[f"{attribute}_top{k}"] = 0.7 - 0.02 * i * k + 0.01 * generator.random()
                    for draw in (1, 2):
                        masks[f"{attribute}_top{k}_random{draw}"] = 0.7 + 0.01 * generator.random()
            artifacts.write_json(folder / "results" / f"{emotion}-{seed}.json",
                                 {"sentiment": emotion, "seed": seed, "best": 0.8, **masks, "settings": {}})
    ratings = pd.DataFrame(generator.random((5, 3)), index=pd.Index(emotions, name="emotion"), columns=attributes)
    artifacts.write_table(folder / "ratings.csv", ratings.reset_index())
    artifacts.write_table(folder / "weights.csv", pd.DataFrame({
        "attribute": attributes, "tau": [0.1, 0.2, 0.3], "ci_low": [0.0, 0.1, 0.2], "ci_high": [0.2, 0.3, 0.4]}))
    return folder


def call(monkeypatch, *flags):
    monkeypatch.setattr(sys, "argv", ["plot_results.py", *map(str, flags)])
    plot_results.main()


def test_every_figure_of_a_small_run(script, run_folder, tmp_path):
    out = script("plot_results.py", "--rank", run_folder / "rank.csv", "--results", run_folder / "results", "--k=4",
                 "--attributes", run_folder / "ratings.csv", "--weights", run_folder / "weights.csv",
                 "--simulations", 1, "--formats", "png", "svg").stdout
    names = ["Neurons_Correspond_Selectively_to_Emotional_Attributes", "significant_neurons_by_layer",
             "significant_neurons_by_layer_permutation", "permutation_null", "Acc_after_masking_correspond_neuron",
             "accuracy_by_threshold", "accuracy_drop_by_attribute", "accuracy_drop_against_people", "rdm_attributes",
             "false_positives"]
    for name in names:
        assert f"wrote pic/{name}.csv .png .svg" in out
        assert (tmp_path / f"pic/{name}.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in (tmp_path / "pic").iterdir()} == {
        "plot_results.yaml", "settings.json", "accuracy_drop_by_emotion.csv",
        *(f"{name}.{end}" for name in names for end in ("csv", "png", "svg"))}
    assert "left out an RDM: no --similarity" in out
    assert "q < 0.05 for 0 of 5 emotions" in out

    results = artifacts.read_results(run_folder / "results")
    drop = pd.read_csv(tmp_path / "pic/accuracy_drop_by_attribute.csv").set_index(["attribute", "k"])
    by_hand = results[["fear_of_it_top4_random1", "fear_of_it_top4_random2"]].mean(axis=1) - results["fear_of_it_top4"]
    assert drop.loc[("fear_of_it", 4), "drop"] == pytest.approx(by_hand.mean())
    assert drop.loc[("fear_of_it", 4), "df"] == 3
    assert list(pd.read_csv(tmp_path / "pic/accuracy_drop_by_emotion.csv").columns) == [
        "emotion", "k", "drop", "ci_low", "ci_high", "t", "df", "p", "q", "se", "test", "unit"]


def test_a_single_seed_and_attribute_are_enough(monkeypatch, tmp_path):
    artifacts.write_json(tmp_path / "results/joy-1.json", {
        "sentiment": "joy", "seed": 1, "best": 0.8, "valence_top5": 0.6, "valence_top5_random": 0.7})
    call(monkeypatch, "--results", tmp_path / "results", "--k=5", "--simulations=0", "--formats=png",
         "--output_dir", tmp_path / "pic")
    drop = pd.read_csv(tmp_path / "pic/accuracy_drop_by_emotion.csv")
    assert drop["drop"].tolist() == pytest.approx([0.1]) and drop[["ci_low", "t", "p", "q"]].isna().all(axis=None)


@pytest.mark.parametrize("flags, message", [
    ([], "nothing to draw"),
    (["--results", "results", "--k=3"], "--k 3: .*results for 2 4; choose one of them"),
    (["--rank", "rank.csv", "--k=9"], "--k 9: .*rank.csv ranks 8 neurons; give a --k from 1 to 8"),
    (["--rank", "rank_tau.csv", "--k=2"], "rank_tau.csv: .*holds no ranks"),
    (["--attribute_results", "results"], "--attribute_results and --random_results go together"),
    (["--results", "results", "--accuracy", "x.csv"], "--accuracy goes with"),
    (["--results", "absent"], "absent: holds no results"),
    (["--similarity", "rank.csv"], "rank.csv: .*--emotion_order"),
    (["--similarity", "ratings.csv"], "--similarity ratings.csv: must have one column"),
    (["--results", "results", "--k=4", "--weights", "rank.csv"], "rank.csv: has no column 'tau'"),
])
def test_bad_input_is_one_line_and_leaves_no_files(monkeypatch, run_folder, tmp_path, flags, message):
    monkeypatch.chdir(run_folder)
    with pytest.raises(UserError, match=message) as error:
        call(monkeypatch, *flags, "--output_dir", tmp_path / "pic")
    assert "\n" not in str(error.value) and not (tmp_path / "pic").exists()


def test_neurons_are_shown_once_in_the_first_attribute_they_are_among_the_top_of():
    ranks = {"arousal": np.array([3.0, 1, 2, 4, 5, 6]), "valence": np.array([1.0, 2, 6, 5, 3, 4])}
    top = figures.rank_selective_neurons(ranks, 3)
    assert top.index.tolist() == [1, 2, 0, 4]
    assert top["arousal"].tolist()[:3] == [1, 2, 3] and np.isnan(top["arousal"].iloc[3])
    assert top["valence"].fillna(0).tolist() == [2, 0, 1, 3]


def test_same_numbers_same_bytes():
    drop = pd.DataFrame({"attribute": ["valence", "arousal"], "k": 5, "drop": [0.1, 0.2], "ci_low": [0.0, 0.1],
                         "ci_high": [0.2, 0.3], "q": [0.2, 0.01]})
    for form in ("png", "pdf", "svg"):
        files = [io.BytesIO(), io.BytesIO()]
        for file in files:
            figures.save(figures.accuracy_drop_by_attribute(drop, 5), file, form)
        content = files[0].getvalue()
        assert content == files[1].getvalue()
        assert b"CreationDate" not in content and b"<dc:date>" not in content


def test_names_of_crowded_points_do_not_overlap():
    generator = np.random.default_rng(3)
    tau, drop = generator.normal(0.2, 0.05, 14), generator.normal(0, 0.02, 14)
    figure = figures.drop_against_people(pd.DataFrame({
        "attribute": [f"attribute-{i}" for i in range(14)], "tau": tau, "ci_low_people": tau - 0.1,
        "ci_high_people": tau + 0.1, "drop": drop, "ci_low": drop - 0.1, "ci_high": drop + 0.1}), 5)
    figure.draw_without_rendering()
    names = [text for text in figure.axes[0].texts if isinstance(text, Annotation)]
    for text in names:
        text.arrowprops, text.arrow_patch = None, None  # the box of the name without its line
    boxes = [text.get_window_extent() for text in names]
    assert len(boxes) == 14
    assert all(boxes[i].count_overlaps(boxes[:i]) == 0 for i in range(14))


def test_published_results_give_the_study_s_figure(published_accuracy):
    results = artifacts.read_published_results(published_accuracy / "attribute", published_accuracy / "random")
    pairs = inference.pair_conditions(results)
    figure = figures.accuracy_after_masking(
        inference.accuracy_by_condition(results, pairs), inference.accuracy_drop(results, "emotion", "study"), 4000)
    above, below = figure.axes
    assert [label.get_text() for label in above.get_xticklabels()] == STUDY_ORDER
    heights = [bar.get_height() for bars in above.containers for bar in bars][13::27]  # w/o, random, specific: remorse
    assert heights == pytest.approx([0.892, 0.724, 0.643], abs=0.001)  # as measured on the published picture
    assert [label.get_text() for label in below.get_xticklabels()][:3] == ["remorse", "annoyance", "confusion"]
    assert len(below.texts) == 20  # stars


def test_published_files_through_the_script(script, published_accuracy, shared, tmp_path):
    human = shared / "data/human"
    script("plot_results.py", "--rank", shared / "data/published/neurons_rank_4_of_14_attributes.csv",
           "--attribute_results", published_accuracy / "attribute", "--random_results", published_accuracy / "random",
           "--accuracy", shared / "data/published/accuracy.csv", "--attributes", human / "attribute_distances.csv",
           "--emotion_order", human / "emotion_order.txt", "--similarity", human / "similarity_judgment_mean.csv",
           "--simulations=0", "--formats=png")
    drop = pd.read_csv(tmp_path / "pic/accuracy_drop_by_emotion.csv").set_index(["emotion", "k"])
    assert drop.loc[("remorse", 4000), ["drop", "ci_low", "ci_high"]].round(4).tolist() == [0.0813, -0.0444, 0.2070]
    top = pd.read_csv(tmp_path / "pic/Neurons_Correspond_Selectively_to_Emotional_Attributes.csv")
    # Each attribute adds the neurons that those before it lack: measured on the published picture, 4,000 for arousal
    # and 3,680 for valence.
    assert top["arousal"].notna().sum() == 4000 and top["arousal"][:4000].is_monotonic_increasing
    assert top["valence"][4000:].notna().sum() == pytest.approx(3680, abs=30)
    assert (tmp_path / "pic/rdm_attributes.png").exists() and (tmp_path / "pic/rdm_people_and_model.png").exists()
