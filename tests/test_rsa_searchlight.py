"""Step 4, as a command."""

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

import rsa_searchlight
from framework.analysis import permutation, profiles, rsa
from framework.errors import UserError
from framework.files import ranks as rank_files
from framework.files.record import Record
from framework.running import script as running

CONCEPTS = ["fear", "joy", "pride", "grief", "love", "anger"]
PAIRS = [(i, j) for i in range(6) for j in range(i + 1, 6)]
RANKS = "neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv"
TABLES = {"tau", "p", "q", "significant_by_layer", "reliability"}


def write_activations(path, values):
    """A file of step 3's form, without a record, as the published ones are."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{','.join(map(str, range(len(values))))}\n{','.join(map(str, values))}\n")


def make_study(concepts=CONCEPTS, neurons=24, seeds=(1, 42, 100)):
    """Activations and ratings and distances of two attributes, in the current folder; returns values and ratings."""
    generator = np.random.default_rng(0)
    values = generator.normal(size=(len(seeds), len(concepts), neurons)).round(6)
    values[:, :, 7] = 0.5  # a neuron that never changes
    for i, seed in enumerate(seeds):
        for j, concept in enumerate(concepts):
            write_activations(f"neurons/{concept}-{seed}.csv", values[i, j])
    for j, concept in enumerate(concepts):
        write_activations(f"neurons/{concept}-all.csv", values[:, j].sum(axis=0))
    ratings = pd.DataFrame(generator.random((len(concepts), 2)).round(2), columns=["valence", "arousal"])
    ratings.insert(0, "emotion", concepts)
    ratings.to_csv("ratings.csv", index=False)
    distances = pd.DataFrame(rsa.attribute_rdms(ratings.iloc[:, 1:]).T, columns=["valence", "arousal"])
    distances.to_csv("distances.csv", index=False)
    Path("order.txt").write_text("\n".join(concepts) + "\n")
    return values, ratings


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A small study in the current folder: 6 concepts x 3 seeds x 24 neurons."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", sys.argv)  # `command` replaces it
    return make_study()


def command(module, *flags):
    """Run a script's `main` in this process, which spares the seconds that a new one needs to start."""
    sys.argv = [f"{module.__name__}.py", *map(str, flags)]
    module.main()


def searchlight(*flags, attributes="ratings.csv"):
    command(rsa_searchlight, "--activation_dir", "neurons", "--attributes", attributes, "--permutations=0", *flags)


def read(table=None, ranks=RANKS):
    return pd.read_csv(rank_files.table_path(ranks, table) if table else ranks, float_precision="round_trip")


def test_every_table_is_what_scipy_makes_of_the_activations(study, script, tmp_path):
    values, ratings = study
    process = script("rsa_searchlight.py", "--activation_dir=neurons", "--attributes=ratings.csv", "--permutations=0",
                     cwd=tmp_path)
    assert "warning: 6 concepts make only 15 pairs" in process.stdout
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


def test_the_order_of_concepts_in_the_ratings_does_not_matter(study):
    searchlight()
    pd.read_csv("ratings.csv").iloc[::-1].to_csv("reversed.csv", index=False)
    searchlight("--CSV_Path=other/ranks.csv", attributes="reversed.csv")
    pd.testing.assert_frame_equal(read(), read(ranks="other/ranks.csv"))


def test_permutations_are_written_beside_the_ranks(study, capsys):
    values, ratings = study
    searchlight("--permutations=19", "--permutation_seed=5")
    assert "19 permutations: no permutation p is below 0.05" in capsys.readouterr().out
    rdms = rsa.attribute_rdms(ratings.iloc[:, 1:])
    permuted = permutation.permute(rsa.NeuronRDMs(values), rdms, 19, seed=5)
    expected = permutation.permutation_p(permuted)
    for name, table in (("permutation_p", expected.p), ("permutation_p_fwe", expected.fwe),
                        ("permutation_p_fwe_by_attribute", expected.fwe_by_attribute),
                        ("permutation_max", permuted.largest)):
        np.testing.assert_array_equal(read(name), table)
    assert read("permutation_max").shape == (19, 2)
    layers = read("significant_by_layer")
    assert layers["count_fwe"].sum() == (expected.fwe < 0.05).sum()
    assert layers["count_fwe_by_attribute"].sum() == (expected.fwe_by_attribute < 0.05).sum()
    overlap = read("overlap")
    assert overlap[["attribute_1", "attribute_2"]].drop_duplicates().to_numpy().tolist() == [["valence", "arousal"]]
    top = [set(read()[name].nsmallest(3).index) for name in ("valence", "arousal")]
    assert overlap.set_index("k")["overlap"][3] == len(top[0] & top[1])
    assert overlap["test"].str.contains("one-sided").all()
    sides = Record.read(RANKS).get("p_values")
    assert sides["permutation_p_fwe"].startswith("one-sided") and "partial_p" not in sides


def test_unique_attributes_are_tested_beyond_those_given(study, capsys):
    values, ratings = study
    searchlight("--permutations=19", "--given", "valence")
    assert "beyond other attributes: 100%" in capsys.readouterr().err
    profile, numbers = values.mean(axis=0), ratings.iloc[:, 1:].to_numpy()
    expected = profiles.partial_correlations(profile, numbers, [[1, 0]], 19)
    for name, table in zip(("partial_r", "partial_p", "partial_p_fwe", "partial_p_fwe_by_attribute"), expected):
        assert list(read(name).columns) == ["arousal"]
        np.testing.assert_array_equal(read(name), table)
    searchlight("--permutations=19", "--given", "others", "--ranks=others/ranks.csv")
    assert list(read("partial_r", "others/ranks.csv").columns) == ["valence", "arousal"]
    np.testing.assert_array_equal(read("partial_r", "others/ranks.csv")["arousal"], expected.r[:, 0])


def test_seeds_that_rank_are_chosen_and_recorded(study):
    values, ratings = study
    searchlight("--random_seed", 42, 1, 42)  # one named twice counts once
    expected, _ = rsa.kendall_tau(rsa.NeuronRDMs(values[[1, 0]]), rsa.attribute_rdms(ratings.iloc[:, 1:]))
    np.testing.assert_allclose(read("tau"), np.nan_to_num(expected))
    assert Record.read(RANKS).get("seeds") == [42, 1]
    with pytest.raises(UserError, match="--seed 3: neurons has no file for it"):
        searchlight("--seed", 3)


def test_neurons_that_are_found_are_tested_again_with_other_seeds(study, capsys):
    concepts = [*CONCEPTS, "calm", "fury", "hope"]
    values, ratings = make_study(concepts)
    searchlight("--permutations=199", "--seed", 1, 42, "--replicate", 100, "--ranks=noise/ranks.csv")
    assert read("replication", "noise/ranks.csv").empty
    for number, name in enumerate(ratings):
        if number:  # neuron 1 mirrors valence under all seeds, neuron 2 arousal under those alone that choose
            values[:3 - (number == 2), :, number] = ratings[name]
    for i, seed in enumerate((1, 42, 100)):
        for j, concept in enumerate(concepts):
            write_activations(f"neurons/{concept}-{seed}.csv", values[i, j])
    searchlight("--permutations=199", "--seed", 1, 42, "--replicate", 100)
    found = read("replication").set_index(["attribute", "neuron"])
    expected = permutation.permute(rsa.NeuronRDMs(values[2:]), rsa.attribute_rdms(ratings.iloc[:, 1:]), 199)
    assert set(found.index) == {("valence", 1), ("arousal", 2)}
    assert found["tau_again"].tolist() == [expected.tau[2, 1], expected.tau[1, 0]]
    assert found["permutation_p"].tolist() == ((1 + expected.reached) / 200)[[2, 1], [1, 0]].tolist()
    assert "of 2 pairs of a neuron and an attribute found with these seeds, 1 are found again with seeds 100" in (
        capsys.readouterr().out)
    with pytest.raises(UserError, match="--replicate 42: this seed chooses the neurons, too"):
        searchlight("--permutations=19", "--replicate", 42)
    with pytest.raises(UserError, match="--replicate: neurons are found by permutations"):
        searchlight("--seed", 1, "--replicate", 42)


def test_eight_concepts_tell_how_far_the_ranks_depend_on_them(study):
    make_study([*CONCEPTS, "calm", "fury", "hope"])
    searchlight()
    stability = read("stability")
    assert len(stability) == 2 * 2 and stability["k"].tolist() == [1, 3, 1, 3]
    assert stability["without_3"].between(0, 1).all() and stability["halves_r"].between(-1, 1).all()
    assert (stability["without_3_lowest"] <= stability["without_3"]).all()
    top = read("top_neurons")
    assert (top.groupby("attribute")["neuron"].count() == 20).all() and (top["unit"] == top["neuron"] % 2).all()
    best = top.groupby("attribute")["neuron"].first()
    assert all(read()[attribute][neuron] == 1 for attribute, neuron in best.items())
    assert (top["ci_low"] <= top["ci_high"]).all()


@pytest.mark.parametrize("flags", [[], ["--permutations=5", "--given", "valence"]])
def test_every_table_in_the_way_is_said_before_the_work(study, flags, monkeypatch):
    make_study([*CONCEPTS, "calm", "fury", "hope"])
    searchlight(*flags)
    written = [path for path in Path(RANKS).parent.glob("*.csv") if path.name != Path(RANKS).name]
    monkeypatch.setattr(rsa_searchlight, "make_tables", None)
    for path in written:
        for other in Path(RANKS).parent.iterdir():
            other.unlink()
        path.write_text("mine")
        with pytest.raises(UserError, match=f"{path.name}: exists already"):
            searchlight(*flags)


def test_3spaces(study):
    names = [name for space in rsa.SPACES.values() for name in space]
    ratings = pd.DataFrame(np.random.default_rng(1).random((6, 14)), columns=names)
    ratings.insert(3, "emotion", CONCEPTS)
    ratings.to_csv("fourteen.csv", index=False)
    searchlight("--mode=3Spaces", attributes="fourteen.csv")
    ranks = read(ranks="neuron_rank/neuron_rank_by_searchlight_RSA_3space.csv")
    assert list(ranks.columns) == ["affective", "basic-emotions", "appraisal"] and len(ranks) == 24


def test_a_second_run_agrees_or_is_refused(study, capsys):
    searchlight("--permutations=5")
    searchlight("--permutations=5")
    with pytest.raises(UserError, match="permutations is 5 there and 0 here.*--overwrite"):
        searchlight()
    assert rank_files.table_path(RANKS, "permutation_p").exists()
    searchlight("--overwrite")
    assert not rank_files.table_path(RANKS, "permutation_p").exists()  # it would belong to other ranks
    write_activations("neurons/joy-1.csv", np.arange(24))
    with pytest.raises(UserError, match="activations differs"):
        searchlight()


def test_concepts_that_one_side_lacks_are_left_out_and_named(study, tmp_path, capsys):
    for path in (tmp_path / "neurons").glob("pride-*"):
        path.unlink()
    edit("ratings.csv", "fear", "hapiness")
    searchlight()
    said = capsys.readouterr().out
    assert "left out: hapiness, pride (no activations in neurons); fear (not in ratings.csv)\n" in said
    rest = pd.read_csv("ratings.csv").query("emotion not in ('pride', 'hapiness')")
    rest.rename(columns={"emotion": "concept"}).to_csv("rest.csv", index=False)
    searchlight("--CSV_Path=other/ranks.csv", attributes="rest.csv")
    pd.testing.assert_frame_equal(read("p"), read("p", "other/ranks.csv"))
    assert Record.read(RANKS).get("concepts") == ["joy", "grief", "love", "anger"]
    capsys.readouterr()
    searchlight("--ranks=chosen/ranks.csv", "--sentiment", "joy", "grief", "love", "anger")
    pd.testing.assert_frame_equal(read("p"), read("p", "chosen/ranks.csv"))
    assert "left out" not in capsys.readouterr().out


def test_layers_are_those_that_step_3_recorded(study, tmp_path):
    Path("neurons/settings.json").write_text('{"made_by": "get_active_neuron.py", "num_layers": 4}')
    searchlight()
    assert read("significant_by_layer")["layer"].max() == 3
    assert rank_files.read(RANKS)[1].get("num_layers") == 4
    with pytest.raises(UserError, match="--num_layers 6: .* 4 layers"):
        searchlight("--num_layers=6")


def test_one_seed_has_no_reliability(study, tmp_path):
    for seed in (42, 100):
        for emotion in CONCEPTS:
            Path(f"neurons/{emotion}-{seed}.csv").unlink()
    searchlight()
    assert not rank_files.table_path(RANKS, "reliability").exists()


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
    "one task is missing": (lambda: os.unlink(JOY), [], f"{JOY}: no such file; get_active"),
    "wrong number of neurons": (lambda: write_activations(JOY, np.arange(23)), [], f"{JOY}: has 23 neurons"),
    "NaN": (lambda: write_activations(JOY, [np.nan, *range(23)]), [], f"{JOY}: the activation of neuron 0 is NaN"),
    "infinite": (lambda: write_activations(JOY, [*range(23), "inf"]), [], f"{JOY}: the activation of neuron 23 is"),
    "empty field": (lambda: write_activations(JOY, [1, "", *range(22)]), [], f"{JOY}: holds something"),
    "no number": (lambda: write_activations(JOY, ["x", *range(23)]), [], f"{JOY}: holds something"),
    "field missing": (lambda: edit(JOY, "0,1,", "0,1,2,"), [], f"{JOY}: has 24 .* for 25 neurons"),
    "cut off within the last number": (lambda: edit(JOY, None, Path(JOY).read_text()[:-4]), [], f"{JOY}: .* cut off"),
    "cut off after the names": (lambda: edit(JOY, None, "0,1,2\n"), [], f"{JOY}: .* cut off"),
    "empty file": (lambda: edit(JOY, None, ""), [], f"{JOY}: .* cut off"),
    "every neuron the same for all concepts": (
        lambda: [write_activations(f"neurons/{e}-{s}.csv", [s] * 24) for e in CONCEPTS for s in (1, 42, 100)],
        [], "neurons: no neuron differs between concepts"),
    "empty folder": (lambda: shutil.rmtree("neurons"), [], "neurons: holds no activations"),
    "too few concepts in common": (
        lambda: [shutil.move(f"neurons/{e}-{s}.csv", ".") for e in CONCEPTS[:3] for s in (1, 42, 100)], [],
        "neurons: has activations for 3 of the 6 concepts in ratings.csv; step 4 needs at least 4"),
    "no attributes file": (lambda: None, ["--attributes=nowhere.csv"], "nowhere.csv: no such file"),
    "distances without concepts": (
        lambda: None, DISTANCES[:1], "distances.csv: .*give the file .* with --concept_order"),
    "distances of other concepts": (
        lambda: edit("order.txt", "joy\n", ""), DISTANCES,
        "distances.csv: has 15 rows, but the 5 concepts of --concept_order make 10 pairs"),
    "negative distance": (
        lambda: edit("distances.csv", "\n0.", "\n-0."), DISTANCES, "distances.csv: has a distance below 0"),
    "concept twice": (lambda: edit("ratings.csv", "joy", "fear"), [], "ratings.csv: has 'fear' more than once"),
    "rating missing": (
        lambda: rewrite("ratings.csv", lambda table: table.assign(valence=[*range(5), None])), [],
        "ratings.csv: column 'valence' has a missing or infinite value in row 6"),
    "rating is no number": (lambda: edit("ratings.csv", "fear,", "fear,x"), [], "ratings.csv: column 'valence' holds"),
    "attribute without a name": (
        lambda: edit("ratings.csv", "valence", ""), [], "ratings.csv: column 2 has no name"),
    "all concepts rated alike": (
        lambda: pd.DataFrame({"emotion": CONCEPTS, "valence": 1}).to_csv("ratings.csv", index=False), [],
        "ratings.csv: the distances of 'valence' are all the same"),
    "3Spaces without the 14": (
        lambda: None, ["--mode=3Spaces"], "ratings.csv: has no 'happy-face', but --mode 3Spaces"),
    "layers that do not divide": (lambda: None, ["--num_layers=5"], "--num_layers 5: 24 neurons"),
    "ranks that somebody else made": (
        lambda: (Path(RANKS).parent.mkdir(), Path(RANKS).write_text("valence\n1\n")), [],
        "RSA_14property.csv: exists already"),
    "ranks that are no CSV": (lambda: None, ["--CSV_Path=ranks.txt"], "--ranks ranks.txt: must end in .csv"),
    "given distances": (
        lambda: None, [*DISTANCES, "--permutations=9", "--given", "valence"], "--given: compares profiles with rat"),
    "given what is not there": (
        lambda: None, ["--permutations=9", "--given", "joy"], "--given joy: is no attribute of ratings.csv; name"),
    "given the only one": (
        lambda: rewrite("ratings.csv", lambda table: table[["emotion", "valence"]]),
        ["--permutations=9", "--given", "others"], "--given others: ratings.csv has no other attribute"),
    "given without permutations": (lambda: None, ["--given", "valence"], "--given: is tested by permutations"),
    "given more than the concepts bear": (
        lambda: rewrite("ratings.csv", lambda table: table.assign(**{name: np.arange(6) ** k for k, name in
                                                                     enumerate("cdef", 2)})),
        ["--permutations=9", "--given", "others"], "--given: 6 concepts allow 2 given attributes at most, not 5"),
    "given what decides it": (
        lambda: rewrite("ratings.csv", lambda table: table.assign(arousal=1 - table["valence"])),
        ["--permutations=9", "--given", "others"], "--given: 'valence' follows from the attributes given"),
    "a device that is not here": (
        lambda: None, ["--permutations=9", "--device=cuda:99"], "--device cuda:99: not available here"),
    "permutations below 0": (lambda: None, ["--permutations=-1"], "--permutations.*'-1' is not a whole number"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_written(fault, study, tmp_path, capsys):
    spoil, flags, message = FAULTS[fault]
    spoil()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    with pytest.raises(SystemExit) as leave:
        running.run(lambda: searchlight(*flags))
    assert leave.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error), error
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}


def test_a_fault_ends_the_command_with_status_2(study, script, tmp_path):
    process = script("rsa_searchlight.py", "--attributes=ratings.csv", status=2, cwd=tmp_path)
    assert process.stderr == (
        "rsa_searchlight.py: active_neuron_before_relu_csv: holds no activations (concept-seed.csv); "
        "get_active_neuron.py (step 3) makes them, --activation_dir says where they are\n")


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
    ours = pd.read_csv(search_published("--permutations=0"))
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
def test_what_permutation_finds_in_the_published_activations(search_published):
    ranks = search_published("--permutations=1000")
    layers = read("significant_by_layer", ranks).groupby("attribute")[["count_fwe_by_attribute", "count_fwe"]].sum()
    assert layers["count_fwe_by_attribute"].sum() == 1154
    assert layers["count_fwe_by_attribute"][["valence", "happy-face"]].sum() == 937
    # Studentised, over all 14. Spearman's correlation with the mean RDM finds about 700, the mean of each seed's own
    # Spearman's correlation about 910 (and 1,800 attribute by attribute).
    assert layers["count_fwe"].sum() == 691
    # Neither studentised: the smallest p over the attributes of each permutation.
    largest, p = read("permutation_max", ranks), read("permutation_p_fwe_by_attribute", ranks)
    smallest = np.sort((rankdata(-largest, axis=0, method="max") / 1001).min(axis=1))
    found = ((1 + np.searchsorted(smallest, p, side="right")) / 1001 < 0.05).sum(axis=0)
    assert {name: count for name, count in zip(p, found) if count} == {
        "valence": 99, "happy-face": 179, "anger-face": 10, "sad-face": 1, "fear-face": 5, "disgust-face": 15,
        "fairness": 11, "other-relativity": 3}
    overlap = read("overlap", ranks).query("k == 4000")
    assert 290 < overlap["sd"].mean() < 315  # two random sets would have 18.6
    stability = read("stability", ranks).query("k == 4000")
    assert stability["without_3"].between(0.52, 0.76).all() and stability["halves_r"].between(-0.1, 0.35).all()


@pytest.mark.slow
def test_few_neurons_are_unique_in_the_published_activations(search_published, shared):
    ratings = shared / "data" / "human" / "attribute_ratings.csv"
    ranks = search_published("--attributes", ratings, "--permutations=1000", "--given", "valence")
    p = read("partial_p_fwe_by_attribute", ranks)
    found = (p < 0.05).sum()
    assert found["happy-face"] == 0 and (found["anger-face"], found["disgust-face"]) == (8, 7)
