"""Step 4 and the comparison with people, as commands."""

import os
import re
import shutil
import sys
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, kendalltau, rankdata

import compare_people
import rsa_searchlight
from framework import artifacts, cli, sweep
from framework.analysis import rsa
from framework.errors import UserError

EMOTIONS = ["fear", "joy", "pride", "grief", "love", "anger"]
PAIRS = [(i, j) for i in range(6) for j in range(i + 1, 6)]
RANKS = "neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv"
TABLES = {"tau", "p", "q", "significant_by_layer", "reliability"}


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A small study in the current folder: 6 emotions x 3 seeds x 24 neurons, ratings and distances of 2 attributes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", sys.argv)  # `command` replaces it
    generator = np.random.default_rng(0)
    values = generator.normal(size=(3, 6, 24)).astype(np.float32)
    values[:, :, 7] = 0.5  # a neuron that never changes
    for i, seed in enumerate((1, 42, 100)):
        for j, emotion in enumerate(EMOTIONS):
            artifacts.write_activations(f"neurons/{emotion}-{seed}.csv", values[i, j])
    for emotion in EMOTIONS:
        artifacts.write_sum_over_seeds("neurons", emotion)
    ratings = pd.DataFrame(generator.random((6, 2)).round(2), columns=["valence", "arousal"])
    ratings.insert(0, "emotion", EMOTIONS)
    ratings.to_csv("ratings.csv", index=False)
    distances = pd.DataFrame(rsa.attribute_rdms(ratings.iloc[:, 1:]).T, columns=["valence", "arousal"])
    distances.to_csv("distances.csv", index=False)
    (tmp_path / "order.txt").write_text("\n".join(EMOTIONS) + "\n")
    individual = distances["valence"].to_numpy() + generator.random((9, 15))
    pd.DataFrame(individual).to_csv("individual.csv", index=False)
    pd.DataFrame({"mean": individual.mean(axis=0)}).to_csv("mean.csv", index=False)
    return values.astype(float), ratings


def command(module, *flags):
    """Run a script's `main` in this process, which spares the seconds that a new one needs to start."""
    sys.argv = [f"{module.__name__}.py", *map(str, flags)]
    module.main()


def searchlight(*flags, attributes="ratings.csv"):
    command(rsa_searchlight, "--activation_dir", "neurons", "--attributes", attributes, *flags)


def read(table=None, ranks=RANKS):
    return pd.read_csv(artifacts.searchlight_path(ranks, table) if table else ranks, float_precision="round_trip")


def test_every_table_is_what_scipy_makes_of_the_activations(study, script, tmp_path):
    values, ratings = study
    process = script("rsa_searchlight.py", "--activation_dir=neurons", "--attributes=ratings.csv", cwd=tmp_path)
    assert "next: python gen_mask.py" in process.stdout
    tau, p = np.zeros((24, 2)), np.ones((24, 2))
    for neuron in range(24):
        distances = np.mean([[abs(seed[i, neuron] - seed[j, neuron]) for i, j in PAIRS] for seed in values], axis=0)
        for k, name in enumerate(["valence", "arousal"]):
            if neuron != 7:
                of_people = [round(abs(ratings[name][i] - ratings[name][j]), 9) for i, j in PAIRS]
                tau[neuron, k] = kendalltau(distances, of_people).statistic
    np.testing.assert_allclose(read("tau"), tau, atol=1e-12)
    assert list(read().columns) == ["valence", "arousal"]
    tau[7] = -1  # comes last
    np.testing.assert_array_equal(read(), rankdata(-tau, axis=0))
    p = read("p").to_numpy()
    assert (p[7] == 1).all() and ((p > 0) & (p <= 1)).all()
    np.testing.assert_allclose(read("q"), false_discovery_control(p.ravel()).reshape(p.shape))
    layers = read("significant_by_layer")
    assert list(layers.columns) == ["layer", "attribute", "count"] and len(layers) == 12 * 2
    reliability = read("reliability")
    assert list(reliability["attribute"]) == ["valence", "arousal"]
    assert (reliability["lowest"] <= reliability["reliability"]).all()
    written = {path.name for path in (tmp_path / "neuron_rank").iterdir()}
    stem = RANKS.removeprefix("neuron_rank/").removesuffix(".csv")
    assert written == {f"{stem}.csv", f"{stem}.json", f"{stem}.yaml", *(f"{stem}_{table}.csv" for table in TABLES)}


def test_distances_give_the_ranks_of_the_ratings_they_come_from(study):
    searchlight()
    searchlight("--emotion_order=order.txt", "--CSV_Path=other/ranks.csv", attributes="distances.csv")
    pd.testing.assert_frame_equal(read(), read(ranks="other/ranks.csv"))


def test_the_order_of_emotions_in_the_ratings_does_not_matter(study):
    searchlight()
    pd.read_csv("ratings.csv").iloc[::-1].to_csv("reversed.csv", index=False)
    searchlight("--CSV_Path=other/ranks.csv", attributes="reversed.csv")
    pd.testing.assert_frame_equal(read(), read(ranks="other/ranks.csv"))


def test_permutations_are_written_beside_the_ranks(study):
    values, ratings = study
    searchlight("--permutations=19", "--permutation_seed=5")
    rdms = rsa.attribute_rdms(ratings.iloc[:, 1:])
    expected = rsa.permutation_test(rsa.NeuronRDMs(values), rdms, 19, seed=5)
    for name, table in zip(("permutation_p", "permutation_p_fwe", "permutation_max"), expected):
        np.testing.assert_array_equal(read(name), table)
    assert read("permutation_max").shape == (19, 2)
    layers = read("significant_by_layer")
    assert layers["count_fwe"].sum() == (expected[1] < 0.05).sum()


def test_3spaces(study):
    names = [name for space in rsa.SPACES.values() for name in space]
    ratings = pd.DataFrame(np.random.default_rng(1).random((6, 14)), columns=names)
    ratings.insert(3, "emotion", EMOTIONS)
    ratings.to_csv("fourteen.csv", index=False)
    searchlight("--mode=3Spaces", attributes="fourteen.csv")
    ranks = read(ranks="neuron_rank/neuron_rank_by_searchlight_RSA_3space.csv")
    assert list(ranks.columns) == ["affective", "basic-emotions", "appraisal"] and len(ranks) == 24


def test_a_second_run_agrees_or_is_refused(study, capsys):
    searchlight("--permutations=5")
    searchlight("--permutations=5")
    with pytest.raises(artifacts.UserError, match="permutations is 5 there and 0 here.*--overwrite"):
        searchlight()
    assert artifacts.searchlight_path(RANKS, "permutation_p").exists()
    searchlight("--overwrite")
    assert not artifacts.searchlight_path(RANKS, "permutation_p").exists()  # it would belong to other ranks
    artifacts.write_activations("neurons/joy-1.csv", np.arange(24))
    with pytest.raises(artifacts.UserError, match="activations_sha256"):
        searchlight()


def test_emotions_that_were_not_activated_are_left_out_and_named(study, tmp_path, capsys):
    for path in (tmp_path / "neurons").glob("pride-*"):
        path.unlink()
    searchlight()
    assert "without pride: no activations in neurons" in capsys.readouterr().out
    rest = pd.read_csv("ratings.csv").query("emotion != 'pride'")
    rest.to_csv("rest.csv", index=False)
    searchlight("--CSV_Path=other/ranks.csv", attributes="rest.csv")
    pd.testing.assert_frame_equal(read("p"), read("p", "other/ranks.csv"))
    assert artifacts.read_json(artifacts.settings_path(RANKS))["emotions"] == [e for e in EMOTIONS if e != "pride"]


def test_layers_are_those_that_step_3_recorded(study, tmp_path):
    artifacts.write_json("neurons/settings.json", {"num_layers": 4})
    searchlight()
    assert read("significant_by_layer")["layer"].max() == 3
    assert artifacts.read_ranks(RANKS)[1]["num_layers"] == 4
    with pytest.raises(artifacts.UserError, match="--num_layers 6: .* 4 layers"):
        searchlight("--num_layers=6")


def test_one_seed_has_no_reliability(study, tmp_path):
    for seed in (42, 100):
        for emotion in EMOTIONS:
            artifacts.activation_path("neurons", emotion, seed).unlink()
    searchlight()
    assert not artifacts.searchlight_path(RANKS, "reliability").exists()


def edit(path, old, new):
    """Replace a piece of a file, or all of it for `old` None."""
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(new if old is None else text.replace(old, new, 1))


def rewrite(path, change):
    """Change a table."""
    change(pd.read_csv(path)).to_csv(path, index=False)


JOY = "neurons/joy-42.csv"
DISTANCES = ["--attributes=distances.csv", "--emotion_order=order.txt"]
FAULTS = {  # what is done to the study, the flags, and what the one line says
    "one task is missing": (lambda: os.unlink(JOY), [], f"{JOY}: no such file; run get_active"),
    "wrong number of neurons": (lambda: artifacts.write_activations(JOY, np.arange(23)), [], f"{JOY}: has 23 neurons"),
    "NaN": (lambda: artifacts.write_activations(JOY, [np.nan, *range(23)]), [], f"{JOY}: neuron 0 has no"),
    "infinite": (lambda: artifacts.write_activations(JOY, [*range(23), "inf"]), [], f"{JOY}: neuron 23"),
    "empty field": (lambda: artifacts.write_activations(JOY, [1, "", *range(22)]), [], f"{JOY}: holds something"),
    "no number": (lambda: artifacts.write_activations(JOY, ["x", *range(23)]), [], f"{JOY}: holds something"),
    "field missing": (lambda: edit(JOY, "0,1,", "0,1,2,"), [], f"{JOY}: has 24 .* for 25 neurons"),
    "cut off within the last number": (lambda: edit(JOY, None, Path(JOY).read_text()[:-4]), [], f"{JOY}: .* cut off"),
    "cut off after the names": (lambda: edit(JOY, None, "0,1,2\n"), [], f"{JOY}: .* cut off"),
    "empty file": (lambda: edit(JOY, None, ""), [], f"{JOY}: .* cut off"),
    "every neuron the same for all emotions": (
        lambda: [artifacts.write_activations(f"neurons/{e}-{s}.csv", [s] * 24) for e in EMOTIONS for s in (1, 42, 100)],
        [], "neurons: no neuron differs between emotions"),
    "empty folder": (lambda: shutil.rmtree("neurons"), [], "neurons: holds no activations"),
    "too few emotions in common": (
        lambda: [shutil.move(f"neurons/{e}-{s}.csv", ".") for e in EMOTIONS[:3] for s in (1, 42, 100)], [],
        "neurons: has activations for 3 of the 6 emotions"),
    "no attributes file": (lambda: None, ["--attributes=nowhere.csv"], "nowhere.csv: no such file"),
    "distances without emotions": (lambda: None, DISTANCES[:1], "distances.csv: .*--emotion_order must"),
    "distances of other emotions": (
        lambda: edit("order.txt", "joy\n", ""), DISTANCES,
        "distances.csv: has 15 rows, the 5 emotions of --emotion_order make 10 pairs"),
    "negative distance": (
        lambda: edit("distances.csv", "\n0.", "\n-0."), DISTANCES, "distances.csv: has a distance below 0"),
    "unknown emotion": (lambda: edit("ratings.csv", "joy", "hapiness"), [], "ratings.csv: 'hapiness' is not one of"),
    "emotion twice": (lambda: edit("ratings.csv", "joy", "fear"), [], "ratings.csv: has 'fear' more than once"),
    "unknown emotion in the order": (
        lambda: edit("order.txt", "joy", "hapiness"), DISTANCES, "order.txt: 'hapiness' is not one of"),
    "rating missing": (
        lambda: rewrite("ratings.csv", lambda table: table.assign(valence=[*range(5), None])), [],
        "ratings.csv: column 'valence' has a missing or infinite value in row 6"),
    "rating is no number": (lambda: edit("ratings.csv", "fear,", "fear,x"), [], "ratings.csv: column 'valence' holds"),
    "attribute without a name": (lambda: edit("ratings.csv", "valence", ""), [], "ratings.csv: every column but"),
    "all emotions rated alike": (
        lambda: pd.DataFrame({"emotion": EMOTIONS, "valence": 1}).to_csv("ratings.csv", index=False), [],
        "ratings.csv: all distances of 'valence' are the same"),
    "3Spaces without the 14": (lambda: None, ["--mode=3Spaces"], "ratings.csv: has no 'happy-face', --mode 3Spaces"),
    "layers that do not divide": (lambda: None, ["--num_layers=5"], "--num_layers 5: 24 neurons"),
    "ranks that somebody else made": (
        lambda: artifacts.write_text(RANKS, "valence\n1\n"), [], "RSA_14property.csv: is there already.*--overwrite"),
    "ranks that are no CSV": (lambda: None, ["--CSV_Path=ranks.txt"], "--CSV_Path ranks.txt: must end in .csv"),
    "permutations below 0": (lambda: None, ["--permutations=-1"], "--permutations.*'-1' is not a whole number"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_written(fault, study, tmp_path, capsys):
    spoil, flags, message = FAULTS[fault]
    spoil()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    with pytest.raises(SystemExit) as leave:
        cli.run(lambda: searchlight(*flags))
    assert leave.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error), error
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}


def test_a_fault_ends_the_command_with_status_2(study, script, tmp_path):
    process = script("rsa_searchlight.py", "--attributes=ratings.csv", status=2, cwd=tmp_path)
    assert process.stderr == (
        "rsa_searchlight.py: ./active_neuron_before_relu_csv: holds no activations (emotion-seed.csv); "
        "get_active_neuron.py makes them, --activation_dir says where they are\n")


def test_activations_are_read_to_the_bit(tmp_path):
    values = np.random.default_rng(0).normal(size=(2, 4, 500)) * 10.0 ** np.random.default_rng(1).integers(-20, 9, 500)
    for i, seed in enumerate((3, 11)):
        for emotion, row in zip(EMOTIONS, values[i]):
            artifacts.write_activations(tmp_path / f"{emotion}-{seed}.csv", row.tolist())
    ours, seeds = artifacts.read_activations(tmp_path, EMOTIONS[:4])
    np.testing.assert_array_equal(ours, values)
    assert seeds == [3, 11]
    backwards, _ = artifacts.read_activations(tmp_path, EMOTIONS[:4], [11, 3])
    np.testing.assert_array_equal(backwards, values[::-1])


PEOPLE = ["--attributes=ratings.csv", "--emotion_order=order.txt", "--similarity=mean.csv",
          "--individual=individual.csv", "--activation_dir=neurons"]


def test_people_are_compared_with_attributes_and_model(study, script, tmp_path):
    values, _ = study
    process = script("compare_people.py", *PEOPLE, "--count_dir=neurons", "--permutations=99", cwd=tmp_path)
    assert "people/attributes.csv" in process.stdout
    mean, distances = pd.read_csv("mean.csv")["mean"], pd.read_csv("distances.csv")
    table = pd.read_csv("people/attributes.csv").set_index("attribute")
    for attribute in ("valence", "arousal"):
        assert table["tau"][attribute] == pytest.approx(kendalltau(mean, distances[attribute]).statistic)
        assert table["ci_low"][attribute] < table["tau"][attribute] < table["ci_high"][attribute]
    assert table["permutation_p"]["valence"] < table["permutation_p"]["arousal"]
    model = pd.read_csv("people/model.csv").set_index("model")
    total = values.sum(axis=0)
    euclidean = [np.mean([np.linalg.norm(seed[i] - seed[j]) for seed in values]) for i, j in PAIRS]
    correlation = [1 - np.corrcoef(total[i], total[j])[0, 1] for i, j in PAIRS]
    assert model["tau"]["activations"] == pytest.approx(kendalltau(mean, euclidean).statistic)
    assert model["tau"]["counts"] == pytest.approx(kendalltau(mean, correlation).statistic)


def people(*flags):
    command(compare_people, *PEOPLE, "--permutations=9", *flags)


def test_a_second_comparison_with_people_at_once_is_refused(study):
    with sweep.alone("people/attributes.csv"), pytest.raises(UserError, match="attributes.csv: another process"):
        people()


def test_people_may_have_judged_the_emotions_in_another_order(study):
    people()
    pd.read_csv("ratings.csv").iloc[[3, 0, 5, 1, 4, 2]].to_csv("ratings.csv", index=False)
    people("--output_dir=other")
    first, other = (pd.read_csv(f"{folder}/attributes.csv") for folder in ("people", "other"))
    # The permutations are of the emotions in the order that they come in.
    pd.testing.assert_frame_equal(first.drop(columns="permutation_p"), other.drop(columns="permutation_p"))


@pytest.mark.parametrize("spoil, message", [
    (lambda: edit("mean.csv", None, "mean\n1\n2\n"), "mean.csv: has 2 rows, the 6 emotions .* make 15 pairs"),
    (lambda: rewrite("mean.csv", lambda table: table.iloc[::-1]), "mean.csv: is not the mean of the people"),
    (lambda: rewrite("individual.csv", lambda table: table.iloc[:1]), "individual.csv: has one row"),
    (lambda: rewrite("individual.csv", lambda table: table.iloc[:, 1:]), "individual.csv: has 14 columns"),
    (lambda: rewrite("individual.csv", lambda table: table * 0), "individual.csv: row 1 has the same judgement"),
])
def test_faulty_judgements_are_refused(study, spoil, message):
    spoil()
    with pytest.raises(artifacts.UserError, match=message):
        people()


@pytest.fixture
def search_published(shared, script, tmp_path):
    """Step 4 on the published activations, with the flags given; returns where the ranks are."""
    published, human = shared / "data" / "published", shared / "data" / "human"
    with tarfile.open(published / "active_neuron_before_relu_csv.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    folder = next(tmp_path.rglob("joy-1.csv")).parent

    def run(*flags):
        script("rsa_searchlight.py", "--activation_dir", folder, "--attributes", human / "attribute_distances.csv",
               "--emotion_order", human / "emotion_order.txt", "--CSV_Path=ranks.csv", *flags, cwd=tmp_path)
        return tmp_path / "ranks.csv"

    return run


def test_the_published_ranks(shared, search_published, tmp_path):
    ours = pd.read_csv(search_published())
    theirs = pd.read_csv(shared / "data" / "published" / "neurons_rank_4_of_14_attributes.csv")
    ours_of_4 = ours[theirs.columns]
    assert round((ours_of_4 == theirs).to_numpy().mean(), 3) == 0.982  # what the README says, as the next two
    assert (ours_of_4 - theirs).abs().to_numpy().max() == 293
    for attribute in theirs:
        for k in (1500, 4000, 6000):
            assert set(ours[attribute].nsmallest(k).index) == set(theirs[attribute].nsmallest(k).index), (attribute, k)
    counts = pd.read_csv(tmp_path / "ranks_significant_by_layer.csv").groupby("attribute")["count"].sum()
    q = pd.read_csv(tmp_path / "ranks_q.csv")
    assert (counts[q.columns] == (q < 0.01).sum()).all()


@pytest.mark.slow
def test_the_readme_counts_what_permutation_finds_in_the_published_activations(search_published):
    found = pd.read_csv(artifacts.searchlight_path(search_published("--permutations=1000"), "significant_by_layer"))
    found = found.groupby("attribute")["count_fwe"].sum()
    assert found.sum() == 1154 and found[["valence", "happy-face"]].sum() == 937
