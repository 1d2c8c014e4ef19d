"""People's judgements: tau, intervals, noise ceiling, and compare_people.py as a command."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau, rankdata

import compare_people
from framework.analysis import people, rsa, stability
from framework.errors import UserError
from framework.files.people import read_judgements
from framework.files.writing import lock
from tests.test_rsa import rdms_of
from tests.test_rsa_searchlight import CONCEPTS, PAIRS, command, edit, make_study, rewrite, write_activations


def test_intervals_over_people_are_the_jackknifes_and_t():
    generator = np.random.default_rng(0)
    individual = generator.random(28) + generator.random((12, 28))
    rdms = rdms_of(8, 3, 10**9)
    table = people.tau_with_people(rdms, individual.mean(axis=0), individual)
    for k, rdm in enumerate(rdms):
        tau = kendalltau(rdm, individual.mean(axis=0)).statistic
        others = [np.delete(individual, person, axis=0).mean(axis=0) for person in range(12)]
        pseudo = np.array([12 * tau - 11 * kendalltau(rdm, mean).statistic for mean in others])  # Tukey's pseudo-values
        t = 2.2009851600830  # quantile 0.975, 11 degrees of freedom
        assert table["tau"][k] == pytest.approx(tau, abs=1e-12)
        assert table["people_ci_high"][k] - tau == pytest.approx(t * pseudo.std(ddof=1) / 12**0.5)
        assert table["people_ci_low"][k] - tau == pytest.approx(-t * pseudo.std(ddof=1) / 12**0.5)
        own = np.array([kendalltau(rdm, person).statistic for person in individual])
        assert table["individual_tau"][k] == pytest.approx(own.mean())
        assert table["individual_ci_high"][k] == pytest.approx(own.mean() + t * own.std(ddof=1) / 12**0.5)


def test_the_interval_of_a_share_of_the_ceiling_is_the_jackknife_s():
    generator = np.random.default_rng(0)
    individual, rdm = generator.random(28) + generator.random((12, 28)), generator.random(28)
    found = people.share_of_ceiling(rdm[None], individual)

    def share(judged):
        return np.mean([kendalltau(rdm, person).statistic for person in judged]) / people.noise_ceiling(judged)[0]

    left_out = [share(np.delete(individual, person, axis=0)) for person in range(12)]
    pseudo = 12 * share(individual) - 11 * np.array(left_out)
    half = 2.2009851600830 * pseudo.std(ddof=1) / 12**0.5  # quantile 0.975, 11 degrees of freedom
    assert found["share_of_ceiling"] == pytest.approx(share(individual))
    assert (found["share_ci_low"], found["share_ci_high"]) == pytest.approx(
        (share(individual) - half, share(individual) + half))
    of_two = people.share_of_ceiling(rdm[None], individual[:2])
    assert of_two["share_of_ceiling"] == pytest.approx(share(individual[:2])) and np.isnan(of_two["share_ci_low"])


@pytest.mark.filterwarnings("ignore:Noise ceiling for tau based on averaged ranks")
def test_the_noise_ceiling_is_rsatoolbox_s():
    inference = pytest.importorskip("rsatoolbox.inference")
    generator = np.random.default_rng(0)
    individual = np.round(generator.random(15) + generator.random((7, 15)), 2)
    ranks = rankdata(individual, axis=1)  # rsatoolbox takes the mean of ranks, ours that of the judgements themselves
    expected = inference.boot_noise_ceiling(rsatoolbox_rdms(individual), method="tau-b")
    np.testing.assert_allclose(people.noise_ceiling(ranks), expected)


def test_intervals_over_people_and_concepts_are_rsatoolbox_s():
    compare = pytest.importorskip("rsatoolbox.rdm").compare
    generator = np.random.default_rng(0)
    individual, rdms = generator.random((5, 21)), rdms_of(7, 2, 10**9)
    low, high = people.bootstrap_people_and_concepts(rdms, individual, draws=30, seed=4)
    generator = np.random.default_rng(4)
    taus = []
    for _ in range(30):
        drawn = rsatoolbox_rdms(individual).subsample("index", generator.integers(5, size=5))
        mean, concepts = drawn.get_vectors().mean(axis=0), generator.integers(7, size=7)
        taus.append(compare(*(rsatoolbox_rdms(each).subsample_pattern("index", concepts) for each in (mean, rdms)),
                            method="tau-b")[0])
    np.testing.assert_allclose([low, high], np.quantile(taus, [0.025, 0.975], axis=0))


def test_judgements_of_many_concepts_are_read(tmp_path):
    individual = pd.DataFrame(np.random.default_rng(0).integers(1, 10, (3, 142 * 141 // 2)))
    individual.to_csv(tmp_path / "individual.csv", index=False)
    individual.mean().to_csv(tmp_path / "mean.csv", index=False, header=["judgement"])
    concepts = [f"concept{number}" for number in range(142)]
    _, read = read_judgements(tmp_path / "mean.csv", tmp_path / "individual.csv", concepts)
    np.testing.assert_array_equal(read, individual)


def rsatoolbox_rdms(rdms):
    from rsatoolbox.rdm import RDMs

    return RDMs(np.atleast_2d(rdms))


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The study of `make_study` in the current folder, and nine people's judgements, which follow valence."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", sys.argv)  # `command` replaces it
    made = make_study()
    distances = pd.read_csv("distances.csv")["valence"].to_numpy()
    individual = distances + np.random.default_rng(1).random((9, 15))
    pd.DataFrame(individual).to_csv("individual.csv", index=False)
    pd.DataFrame({"mean": individual.mean(axis=0)}).to_csv("mean.csv", index=False)
    return made


PEOPLE = ["--attributes=ratings.csv", "--emotion_order=order.txt", "--similarity=mean.csv",
          "--individual=individual.csv", "--activation_dir=neurons"]


def test_people_are_compared_with_attributes_and_model(study, script, tmp_path):
    values, ratings = study
    process = script("compare_people.py", *PEOPLE, "--count_dir=neurons", "--read_over_dir=neurons",
                     "--permutations=99", cwd=tmp_path)
    assert "people/attributes.csv" in process.stdout
    mean, distances = pd.read_csv("mean.csv")["mean"], pd.read_csv("distances.csv")
    table = pd.read_csv("people/attributes.csv").set_index("attribute")
    for attribute in ("valence", "arousal"):
        assert table["tau"][attribute] == pytest.approx(kendalltau(mean, distances[attribute]).statistic)
        assert table["ci_low"][attribute] < table["tau"][attribute] < table["ci_high"][attribute]
    assert table["permutation_p"]["valence"] < table["permutation_p"]["arousal"]
    assert table["test"].str.contains("one-sided").all()
    lower, upper = people.noise_ceiling(pd.read_csv("individual.csv").to_numpy())
    np.testing.assert_allclose(table["ceiling_low"], lower)
    np.testing.assert_allclose(table["ceiling_high"], upper)
    np.testing.assert_allclose(table["share_of_ceiling"], table["individual_tau"] / lower)
    assert (table["share_ci_low"] < table["share_of_ceiling"]).all()
    model = pd.read_csv("people/model.csv").set_index("model")
    total = values.sum(axis=0)
    euclidean = [np.mean([np.linalg.norm(seed[i] - seed[j]) for seed in values]) for i, j in PAIRS]
    correlation = [1 - np.corrcoef(total[i], total[j])[0, 1] for i, j in PAIRS]
    assert model["tau"]["activations"] == pytest.approx(kendalltau(mean, euclidean).statistic)
    assert model["tau"]["read_over"] == model["tau"]["activations"]
    rdms = rsa.attribute_rdms(ratings[["valence", "arousal"]].to_numpy())
    assert model["reliability"]["read_over"] == pytest.approx(stability.split_half_reliability(values, rdms).mean())
    assert model["tau"]["counts"] == pytest.approx(kendalltau(mean, correlation).statistic)


def compare(*flags):
    command(compare_people, *PEOPLE, "--permutations=9", "--bootstraps=20", *flags)


def test_a_reading_with_comments_is_not_taken_for_the_one_without(study):
    Path("neurons/settings.json").write_text(json.dumps({"made_by": "get_active_neuron.py", "kind": "read_over 10"}))
    with pytest.raises(UserError, match="--activation_dir neurons: was read with comments .read_over 10."):
        compare()


@pytest.mark.parametrize("wrong, said", [
    ({"backbone": "b" * 64}, "backbone differs"), ({"prompts": {f"{CONCEPTS[0]}-1": "other"}}, "prompts differs"),
    ({}, r"seeds is \[.*\] there and \[1\] here")])
def test_two_readings_are_of_the_same_prompts(study, wrong, said):
    made = {"made_by": "get_active_neuron.py", "backbone": "a" * 64, "prompts": {f"{CONCEPTS[0]}-1": "one"}}
    shutil.copytree("neurons", "over")
    if not wrong:
        for path in [*Path("over").glob("*-42.csv"), *Path("over").glob("*-100.csv")]:
            path.unlink()
    Path("neurons/settings.json").write_text(json.dumps(made))
    Path("over/settings.json").write_text(json.dumps(made | {"kind": "read_over 10"} | wrong))
    with pytest.raises(UserError, match=f"--read_over_dir over: cannot be compared with .* neurons .{said}"):
        compare("--read_over_dir=over")


def test_a_second_comparison_with_people_at_once_is_refused(study):
    with lock("people", "attributes.json"), pytest.raises(UserError, match="attributes.csv: another process"):
        compare()


def test_people_who_do_not_agree_leave_no_share_of_the_ceiling(study, capsys):
    individual = pd.DataFrame([np.arange(15), 30 - 2 * np.arange(15)])
    individual.to_csv("individual.csv", index=False)
    individual.mean().to_csv("mean.csv", index=False, header=["mean"])
    compare()
    assert pd.read_csv("people/attributes.csv")["share_of_ceiling"].isna().all()
    assert "there is no share of it, since people do not agree" in capsys.readouterr().out


def test_a_person_who_tells_no_pair_of_these_concepts_apart_is_left_out(study, capsys):
    """The file may hold many more concepts, and this person may have told those apart."""
    individual = pd.read_csv("individual.csv")
    individual.loc[4, [name for name, pair in zip(individual, PAIRS) if 5 not in pair]] = 9
    individual.to_csv("individual.csv", index=False)
    individual.mean().to_csv("mean.csv", index=False, header=["mean"])
    rewrite("ratings.csv", lambda table: table[:5])
    compare()
    assert "left out: 1 of 9 people (the same judgement for all pairs of these concepts)" in capsys.readouterr().out
    assert pd.read_csv("people/attributes.csv").notna().all(axis=None)


def test_seeds_that_every_concept_has_are_named_where_one_lacks_some(study):
    """A prompt that diverged leaves such a gap."""
    Path(f"neurons/{CONCEPTS[2]}-42.csv").unlink()
    with pytest.raises(UserError, match=f"{CONCEPTS[2]}-42.csv: no such file; .*, or name with --sentiment and --seed"):
        compare()
    seeds = sorted({int(path.stem.partition("-")[2]) for path in Path("neurons").glob("*-[0-9]*.csv")} - {42})
    compare("--seed", *map(str, seeds), "--count_dir=neurons")
    for path in Path("neurons").glob("*-42.csv"):
        path.unlink()
    for path in Path("neurons").glob("*-all.csv"):
        write_activations(path, sum(np.loadtxt(f"neurons/{path.stem[:-4]}-{seed}.csv", delimiter=",", skiprows=1)
                                    for seed in seeds))
    compare("--output_dir=other", "--count_dir=neurons")
    pd.testing.assert_frame_equal(*map(pd.read_csv, ("people/model.csv", "other/model.csv")))


def test_concepts_that_are_named(study, capsys):
    compare("--sentiment", *CONCEPTS[:4])
    assert "left out" not in capsys.readouterr().out
    with pytest.raises(UserError, match="for 3 of the concepts .* or name more with --sentiment"):
        compare("--sentiment", *CONCEPTS[:3])


def test_people_may_have_judged_the_concepts_in_another_order(study):
    compare()
    pd.read_csv("ratings.csv").iloc[[3, 0, 5, 1, 4, 2]].to_csv("ratings.csv", index=False)
    compare("--output_dir=other")
    first, other = (pd.read_csv(f"{folder}/attributes.csv") for folder in ("people", "other"))
    # Permutations and draws depend on the order of the concepts.
    drawn = ["permutation_p", "ci_low", "ci_high"]
    pd.testing.assert_frame_equal(first.drop(columns=drawn), other.drop(columns=drawn))


@pytest.mark.parametrize("spoil, message", [
    (lambda: edit("mean.csv", None, "mean\n1\n2\n"), "mean.csv: has 2 rows, but the 6 concepts .* make 15 pairs"),
    (lambda: rewrite("mean.csv", lambda table: table.iloc[::-1]), "mean.csv: does not hold the means over the people"),
    (lambda: rewrite("individual.csv", lambda table: table.iloc[:1]),
     "individual.csv: has the judgements of one person"),
    (lambda: rewrite("individual.csv", lambda table: table.iloc[:, 1:]), "individual.csv: has 14 columns"),
    (lambda: rewrite("individual.csv", lambda table: table * 0),
     "individual.csv: row 1 gives all pairs the same judgement"),
])
def test_faulty_judgements_are_refused(study, spoil, message):
    spoil()
    with pytest.raises(UserError, match=message):
        compare()


