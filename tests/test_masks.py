"""Step 5: masks from ranks."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import gen_mask
from framework.analysis import masks, rsa
from framework.analysis.masks import POOL, MaskName
from framework.errors import UserError
from framework.files import masks as mask_files
from framework.files.record import Output, Record

L, D = 3, 40
N = L * D


@pytest.fixture
def ranks():
    generator = np.random.default_rng(5)
    return {name: generator.permutation(N) + 1.0 for name in ("valence", "arousal")}


@pytest.fixture
def rank_file(ranks, tmp_path):
    path = tmp_path / "rank.csv"
    pd.DataFrame(ranks).to_csv(path, index=False)
    return path


@pytest.fixture
def statistics():
    """Neurons whose mean |a| grows with their number in a layer, so bins are runs of units."""
    frame = pd.DataFrame({"mean": np.arange(N) / N - 0.5, "sd": 1.0, "mean_abs": np.tile(np.arange(D), L) + 1.0,
                          "share_above_0": 0.5})
    return frame.assign(sample1=np.arange(N) + 0.25, sample2=np.arange(N) + 0.75)


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Run the script in this process, in an empty folder; returns its masks."""

    def run(*flags, ranked_by="RSA_14property"):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["gen_mask.py", *map(str, flags)])
        gen_mask.main()
        return mask_files.read(tmp_path / f"masks/{ranked_by}_top_500_6000.pkl")

    return run


@pytest.fixture
def refused(call):
    """Run the script with flags that it must refuse; returns the error."""

    def run(*flags):
        with pytest.raises(UserError) as error:
            call("--ranks=rank.csv", *flags)
        assert "\n" not in str(error.value)
        return str(error.value)

    return run


# ---------------------------------------------------------------------------------------------------------------- names

@pytest.mark.parametrize("text, name", [
    ("valence_top4000", MaskName("valence", 4000)),
    ("valence_top4000_random", MaskName("valence", 4000, control=True)),
    ("valence_top4000_random3", MaskName("valence", 4000, True, 3)),
    ("random_top4000_17", MaskName(POOL, 4000, True, 17)),
    ("valence_top4000_mean", MaskName("valence", 4000, method="mean")),
    ("valence_top4000_random_resample1", MaskName("valence", 4000, True, 0, "resample", 1)),
    ("random_top4000_17_scale0.5", MaskName(POOL, 4000, True, 17, "scale", 0.5)),
    ("valence_top10_scale-2", MaskName("valence", 10, method="scale", value=-2)),
    ("odd_top3_top20", MaskName("odd_top3", 20)),  # an attribute may look like a name
    ("random_top5_top20_random", MaskName("random_top5", 20, True)),
    ("a_random_top20", MaskName("a_random", 20)),
])
def test_names_are_written_and_read(text, name):
    assert str(name) == text and MaskName.parse(text) == name


@pytest.mark.parametrize("text", [
    "valence", "valence_top", "_top10", "random_top10", "random_top10_random", "valence_top10_3", "valence_top010",
    "valence_top10_random03", "valence_top10_scale", "valence_top10_scale1e999", "valence_top10_scalenan",
    "valence_top10_scale0.50", "valence_top10_resample", "valence_top10_resample1.5", "valence_top10_mean2", "best",
    "valence_top١٠", "valence_top0", f"valence_top{10**20}", f"random_top10_{10**20}"])
def test_what_is_no_name_of_ours_is_none(text):
    assert MaskName.parse(text) is None


@pytest.mark.parametrize("baseline", ["uniform", "layer_matched"])
def test_more_masks_than_a_file_may_hold_are_not_made(baseline):
    with pytest.raises(UserError, match="masks of 96 neurons, more than a file of masks may hold"):
        masks.make_masks({"valence": np.arange(96)}, [4], 2, baseline=baseline, draws=10**9)


@given(st.text(min_size=1), st.integers(1, 10 ** 6), st.booleans(), st.integers(0, 99),
       st.sampled_from(["", "mean", "resample", "scale"]), st.floats(allow_nan=False, allow_infinity=False))
def test_any_name_is_read_as_it_was_written(attribute, k, control, draw, method, value):
    value = {"resample": draw + 1, "scale": value}.get(method, 0)
    name = MaskName(attribute, k, control, draw if control else 0, method, value)
    if attribute != POOL:
        assert MaskName.parse(str(name)) == name


def test_interventions_have_names():
    assert [MaskName.parse(f"a_b_top10_random{change}").intervention for change in
            ("", "_mean", "_resample1", "_resample2", "_scale0.5")] == ["", "mean", "resample", "resample", "scale0.5"]


@pytest.mark.parametrize("attribute", ["random", ""])
def test_an_attribute_that_cannot_be_told_from_the_pool_is_refused(ranks, attribute):
    with pytest.raises(UserError, match=f"attribute '{attribute}': .*rename it"):
        masks.make_masks({"valence": ranks["valence"], attribute: ranks["arousal"]}, [10], L)


# ---------------------------------------------------------------------------------------------------------------- masks

@given(st.lists(st.integers(1, 5), min_size=1, max_size=30), st.data())
def test_exactly_k_of_the_best_are_masked_whatever_the_ties(values, data):
    rank = stats.rankdata(values)
    k = data.draw(st.integers(1, len(rank)))
    mask = masks.make_masks({"fairness": rank}, [k], 1)[f"fairness_top{k}"][0]
    assert mask.dtype == np.int8 and (mask == 0).sum() == k
    assert rank[mask == 0].max() <= rank[mask == 1].min(initial=np.inf)
    at_boundary = np.flatnonzero(rank == rank[mask == 0].max())
    assert (np.diff(mask[at_boundary]) >= 0).all()  # of tied neurons the first are taken


def test_units_of_a_layer_stand_in_its_row():
    rank = np.full(N, 99.0)
    rank[2 * D + 7] = 1
    mask = masks.make_masks({"valence": rank}, [1], L)["valence_top1"]
    assert mask.shape == (L, D) and np.argwhere(mask == 0).tolist() == [[2, 7]]


def test_float_masks_scale_the_same_neurons_by_random_numbers(ranks):
    binary = masks.make_masks(ranks, [50], L)
    scaled = masks.make_masks(ranks, [50], L, method="float")
    assert list(scaled) == list(binary)
    for name, mask in scaled.items():
        assert mask.dtype == np.float32
        np.testing.assert_array_equal(mask != 1, binary[name] == 0)
        values = mask[mask != 1]
        assert 0 <= values.min() and values.max() < 1 and len(np.unique(values)) > 40


def test_random_masks_draw_from_all_neurons(ranks):
    made = masks.make_masks(ranks, [60], L, draws=400)
    drawn = np.stack([made[f"random_top60_{draw}"] == 0 for draw in range(1, 401)])
    assert (drawn.sum((1, 2)) == 60).all()
    # Each neuron is masked in half of the draws, the attribute's own too: 0.5 with a standard error of 0.025.
    assert abs(drawn.mean(0) - 0.5).max() < 0.125
    assert abs(drawn[:, made["valence_top60"] == 0].mean() - 0.5) < 0.01


def test_layer_matched_masks_have_as_many_in_each_layer_and_none_of_the_attributes(ranks):
    rank = ranks["valence"].copy()
    rank[:15] /= 1000  # gathers the top neurons in layer 0
    made = masks.make_masks({"valence": rank}, [24], L, baseline="layer_matched", draws=5)
    top = made["valence_top24"] == 0
    for draw in range(1, 6):
        random = made[f"valence_top24_random{draw}"] == 0
        assert random.sum(1).tolist() == top.sum(1).tolist()
        assert not (random & top).any()
    assert len({mask.tobytes() for mask in made.values()}) == 6


def test_layer_matched_says_which_layer_has_not_enough_left():
    with pytest.raises(UserError, match="21 of the 40 neurons of layer 0 are among the top 21"):
        masks.make_masks({"valence": np.arange(1.0, N + 1)}, [21], L, baseline="layer_matched")


def test_activation_matched_masks_have_as_many_in_each_layer_and_bin(ranks, statistics):
    made = masks.make_masks(ranks, [12], L, baseline="activation_matched", draws=5, statistics=statistics)
    bins = masks.activation_bins(statistics["mean_abs"], L)
    assert (bins == np.tile(np.arange(D) // 2, (L, 1))).all()

    def counts(mask):
        return np.bincount((bins + 20 * np.arange(L)[:, None])[mask == 0], minlength=20 * L)

    enough = counts(made["valence_top12"]) == 1  # of the 2 neurons in a bin
    for draw in range(1, 6):
        random = made[f"valence_top12_random{draw}"]
        assert not ((random == 0) & (made["valence_top12"] == 0)).any()
        assert (counts(random) == counts(made["valence_top12"]))[enough].all() and (random == 0).sum() == 12


def test_a_bin_that_has_too_few_others_takes_from_the_nearest():
    rank = np.full(N, 99.0)
    rank[[8, 9, 10]] = 1  # both neurons in bin 4 of layer 0, and one of the two in bin 5
    made = masks.make_masks({"valence": rank}, [3], L, baseline="activation_matched", draws=20,
                            statistics={"mean_abs": np.tile(np.arange(D), L)})
    drawn = [np.flatnonzero(made[f"valence_top3_random{draw}"] == 0) for draw in range(1, 21)]
    assert all(11 in neurons for neurons in drawn)  # bin 5 has enough, and comes first
    # Bin 4 takes both of bin 3: nothing nearer is left.
    assert {tuple(sorted(neurons)) for neurons in drawn} == {(6, 7, 11)}


def test_mean_and_resampled_values_take_the_neurons_place(ranks, statistics):
    made = masks.make_masks(ranks, [10], L, "mean", statistics=statistics)
    zero = masks.make_masks(ranks, [10], L)
    assert list(made) == [f"{name}_mean" for name in zero]
    for name, mask in zero.items():
        multiply, add = made[f"{name}_mean"]
        assert made[f"{name}_mean"].dtype == np.float32
        np.testing.assert_array_equal(multiply, mask)
        mean = statistics["mean"].to_numpy(np.float32).reshape(L, D)
        np.testing.assert_array_equal(add, np.where(mask == 0, mean, 0))

    made = masks.make_masks(ranks, [10], L, "resample", draws=2, resamples=2, statistics=statistics)
    assert list(made)[:2] == ["valence_top10_resample1", "valence_top10_resample2"]
    for sample in (1, 2):
        multiply, add = made[f"random_top10_2_resample{sample}"]
        np.testing.assert_array_equal(multiply == 0, made["random_top10_2_resample1"][0] == 0)
        assert set(add[multiply == 0] % 1) == {(0.25, 0.75)[sample - 1]} and (add[multiply == 1] == 0).all()


def test_factors_change_the_same_neurons(ranks):
    made = masks.make_masks(ranks, [10], L, "scale", draws=3, scales=[0, -0.0, 0.5, 1, 4])
    assert list(made)[:4] == [f"valence_top10_scale{scale}" for scale in ("0", "0.5", "1", "4")]
    assert len(made) == (2 + 3) * 4 and made["valence_top10_scale1"].dtype == np.float32
    pool = masks.make_masks(ranks, [10], L, draws=3)
    for name, mask in pool.items():
        for scale in ("0", "0.5", "4"):
            np.testing.assert_array_equal(made[f"{name}_scale{scale}"], np.where(mask == 0, np.float32(scale), 1))


def test_zero_masks_are_those_of_every_version(ranks):
    """The study's form; the seed sets what its random masks draw, which must not change."""
    made = masks.make_masks(ranks, [5], L)
    assert list(made) == ["valence_top5", "valence_top5_random", "arousal_top5", "arousal_top5_random"]
    assert all(mask.dtype == np.int8 and mask.shape == (L, D) for mask in made.values())
    own = np.random.SeedSequence(0, spawn_key=(5, 1, *b"arousal"))
    drawn = np.random.default_rng(own).choice(N, 5, replace=False)
    np.testing.assert_array_equal(np.flatnonzero(made["arousal_top5_random"] == 0), np.sort(drawn))


def test_a_mask_does_not_depend_on_what_else_is_made(ranks):
    small = masks.make_masks({"arousal": ranks["arousal"]}, [20], L, draws=2, seed=3)
    large = masks.make_masks(ranks, [10, 20, 30], L, draws=4, seed=3)
    for name, mask in small.items():
        np.testing.assert_array_equal(mask, large[name])
    assert len({mask.tobytes() for mask in large.values()}) == len(large)
    single, other = (masks.make_masks(ranks, [20], L, seed=seed) for seed in (3, 4))
    assert (other["arousal_top20_random"] != single["arousal_top20_random"]).any()


def test_matching_counts_and_weighs_what_is_masked(ranks, statistics):
    made = masks.make_masks(ranks, [12], L, draws=300)
    table = masks.matching(made, statistics["mean_abs"]).set_index(["attribute", "k", "layer"])
    assert len(table) == 2 * (L + 1) and (table["draws"] == 300).all()
    top = made["valence_top12"] == 0
    of_all = table.loc[("valence", 12, "all")]
    assert (of_all["top"], of_all["controls"]) == (12, 12)
    assert of_all["mean_abs_top"] == statistics["mean_abs"].to_numpy().reshape(L, D)[top].mean()
    assert of_all["mean_abs_controls"] == pytest.approx(20.5, abs=0.6)
    assert table.loc[("valence", 12, 1), "top"] == top[1].sum()
    assert table.loc[("valence", 12, 1), "controls"] == pytest.approx(4, abs=0.3)

    matched = masks.make_masks(ranks, [12], L, "mean", "activation_matched", draws=5, statistics=statistics)
    table = masks.matching(matched, statistics["mean_abs"])
    assert (table["top"] == table["controls"]).all() and (table["draws"] == 5).all()
    close = table[table["layer"] == "all"]
    np.testing.assert_allclose(close["mean_abs_top"], close["mean_abs_controls"], atol=1.5)
    assert masks.matching(made)["mean_abs_top"].isna().all()


# --------------------------------------------------------------------------------------------------------------- script

def test_script_writes_masks_matching_and_record(script, rank_file, ranks, tmp_path):
    flags = ["--CSV_Path=rank.csv", "--mode=14Properties", "--mask_method=1", "--PKL_File=out/masks.pkl",
             "--thresholds", 10, 20, "--num_layers", L]
    said = script("gen_mask.py", *flags).stdout
    assert "next: python eval_mask_neuron.py --masks out/masks.pkl" in said
    made = mask_files.read(tmp_path / "out/masks.pkl")
    assert list(made) == [f"{attribute}_top{k}{suffix}" for attribute in ranks for k in (10, 20)
                          for suffix in ("", "_random")]
    assert (np.flatnonzero(made["arousal_top10"].numpy() == 0) == np.sort(np.argsort(ranks["arousal"])[:10])).all()
    assert set(pd.read_csv(tmp_path / "out/masks_matching.csv")["k"]) == {10, 20}
    settings = json.loads((tmp_path / "out/masks.json").read_text())
    assert settings["num_layers"] == L and settings["num_units"] == D and settings["names"] == list(made)


def test_old_spellings_and_another_run_make_the_same_bytes(call, rank_file, tmp_path):
    flags = ["--CSV_Path=rank.csv", f"--num_layers={L}", "--thresholds=10"]
    call(*flags, "--mask_method=BINARY_MASK")
    call(*flags, "--mask_method=zero", "--maskPath=again.pkl")
    first, again = tmp_path / "masks/RSA_14property_top_500_6000.pkl", tmp_path / "again.pkl"
    assert first.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(("neurons", "sizes"), [
    (120, {7, 15}), (4096, {500}), (36864, {500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000})])
def test_by_default_as_many_neurons_as_fit_the_model(call, neurons, sizes, tmp_path):
    pd.DataFrame({"valence": np.arange(neurons) + 1}).to_csv(tmp_path / "rank.csv", index=False)
    made = call("--ranks=rank.csv", "--num_layers=4")
    assert {int((mask == 0).sum()) for mask in made.values()} == sizes


def test_masks_of_other_settings_are_replaced_only_when_told(call, refused, rank_file):
    first = call("--ranks=rank.csv", f"--num_layers={L}", "--thresholds=10")
    assert "mask_seed is 0 there and 1 here" in refused(f"--num_layers={L}", "--thresholds=10", "--mask_seed=1")
    assert "mask_method is" in refused(f"--num_layers={L}", "--thresholds=10", "--mask_method=2")
    second = call("--ranks=rank.csv", f"--num_layers={L}", "--thresholds=10", "--mask_seed=1", "--overwrite")
    assert (first["valence_top10_random"] != second["valence_top10_random"]).any()


def test_script_takes_the_layers_and_the_paths_of_3_spaces_from_step_4(call, refused, ranks, tmp_path):
    (tmp_path / "neuron_rank").mkdir()
    spaces = pd.DataFrame(dict.fromkeys(rsa.SPACES, next(iter(ranks.values()))))
    spaces.to_csv(tmp_path / "neuron_rank/neuron_rank_by_searchlight_RSA_3space.csv", index=False)
    record = tmp_path / "neuron_rank/neuron_rank_by_searchlight_RSA_3space.json"
    record.write_text(json.dumps({"num_layers": 5, "mode": "3Spaces"}))
    made = call("--mode=3Spaces", "--thresholds", 10, "--mask_method=FLOAT_MASK", ranked_by="RSA_3space")
    assert made["affective_top10_random"].shape == (5, N // 5)
    where = f"--ranks={record.with_suffix('.csv')}"
    assert "is of a model of 5 layers" in refused(where, "--num_layers=3", "--mode=3Spaces")
    assert "was made with --mode 3Spaces" in refused(where)


def test_ranks_by_effect_go_in_unchanged(call, ranks, tmp_path):
    (tmp_path / "neuron_rank").mkdir()
    path = tmp_path / "neuron_rank/neuron_rank_by_effect.csv"
    with Output(path, Record("get_neuron_effect.py", {"num_layers": L}, {"prompts": {"fear-1": "a1"}})) as output:
        output.write_table(path, pd.DataFrame({"fear": ranks["valence"], "joy": ranks["arousal"]}))
    made = call("--ranks", path, "--thresholds", 10, ranked_by="effect")
    assert list(made) == ["fear_top10", "fear_top10_random", "joy_top10", "joy_top10_random"]
    # The record says which prompts chose the neurons.
    assert Record.read(tmp_path / "masks/effect_top_500_6000.pkl").get("prompts") == {"fear-1": "a1"}


def test_many_ties_at_the_last_place_are_said(call, tmp_path, capsys):
    """A few concepts give a few different ranks, and those of the first layers are taken."""
    pd.DataFrame({"valence": [1.0] * 4 + [16.5] * (N - 4), "arousal": np.arange(1, N + 1)}).to_csv(
        tmp_path / "ties.csv", index=False)
    call("--ranks", tmp_path / "ties.csv", "--num_layers", L, "--thresholds", 4, 10)
    assert "6 of the 10 neurons of valence have the same rank as neurons left out" in capsys.readouterr().out


@pytest.fixture
def statistics_file(statistics, tmp_path):
    def write(rows=N, **settings):
        path = tmp_path / "active_neuron_statistics.csv"
        with Output(path, Record("get_active_neuron.py", settings), overwrite=True) as output:
            output.write_table(path, statistics[:rows])
        return path

    return write


def test_every_method_and_baseline_through_the_script(call, rank_file, statistics_file, tmp_path):
    path = statistics_file()
    flags = ["--ranks=rank.csv", f"--num_layers={L}", "--thresholds=5", "--overwrite"]
    made = call(*flags, "--mask_method=resample", "--resamples=2", "--random_draws=3")
    assert made["random_top5_3_resample2"].shape == (2, L, D) and len(made) == (2 + 3) * 2
    made = call(*flags, "--scale", 0, 2, "--random_baseline=activation_matched", "--random_draws=2")
    assert list(made)[:6] == [f"valence_top5{control}_scale{scale}" for control in ("", "_random1", "_random2")
                              for scale in (0, 2)]
    assert pd.read_csv(tmp_path / "masks/RSA_14property_top_500_6000_matching.csv")["mean_abs_top"].notna().any()
    made = call(*flags, "--mask_method=mean")
    assert made["valence_top5_random_mean"][1].any()
    record = Record.read(tmp_path / "masks/RSA_14property_top_500_6000.pkl")
    assert record.get("statistics_sha256") and record.get("mask_method") == "mean"
    together = call(*flags, "--mask_method", "zero", "mean", "scale", "--scale", 2)
    assert len(together) == 3 * len(made) and all(together[name].equal(mask) for name, mask in made.items())
    path.with_suffix(".json").unlink()  # then nothing says which model they are from, as with these ranks
    assert all(mask.equal(made[name]) for name, mask in call(*flags, "--mask_method=mean").items())


def test_statistics_that_do_not_fit_are_refused(refused, rank_file, statistics_file, tmp_path):
    flags = [f"--num_layers={L}", "--thresholds=5"]
    assert "active_neuron_statistics.csv: " in refused(*flags, "--mask_method=mean")  # none there
    statistics_file()
    assert "has no column 'sample3'" in refused(*flags, "--mask_method=resample", "--resamples=3")
    statistics_file(rows=N - 1)
    assert "are of another model than rank.csv" in refused(*flags, "--mask_method=mean")
    statistics_file(backbone="a" * 64)
    (tmp_path / "rank.json").write_text(json.dumps({"backbone": "b" * 64}))
    assert "are of another model than rank.csv" in refused(*flags, "--random_baseline=activation_matched")
    assert not (tmp_path / "masks").exists()


@pytest.mark.parametrize("flags, said", [
    (["--thresholds", 0], "--thresholds"),
    (["--thresholds", 10, 121], "--thresholds 121: must be from 1 to the number of neurons, 120"),
    (["--num_layers=7"], "--num_layers 7: 120 neurons cannot be divided"),
    (["--num_layers=0"], "--num_layers"),
    (["--mask_seed=-1"], "--mask_seed"),
    (["--random_draws=0"], "--random_draws"),
    (["--mask_method=3"], "--mask_method"),
    (["--mask_method", 1, "float"], "--mask_method zero float: their masks have the same names"),
    (["--mask_method=scale"], "--scale C and --mask_method scale need each other"),
    (["--mask_method=zero", "--scale", 0.5], "--scale C and --mask_method scale need each other"),
    (["--scale", "inf"], "--scale"), (["--scale", "1e39"], "--scale"),
    (["--PKL_File=masks"], "--masks masks: must end in .pkl"),
    (["--ranks=none.csv"], "none.csv: no such file"),
])
def test_bad_flags_are_refused_in_one_line(refused, rank_file, tmp_path, flags, said):
    assert said in refused("--thresholds", 10, *flags)
    assert not (tmp_path / "masks").exists()


def test_masks_of_all_methods_must_fit_one_file(refused, rank_file, monkeypatch):
    from framework.analysis import masks

    monkeypatch.setattr(masks, "MOST_BYTES", 7000)
    flags = "--mask_method", "scale", "--scale", 0.5, 2
    assert "--random_draws 1: that is" in refused("--thresholds", 10, *flags)
    monkeypatch.setattr(masks, "MOST_BYTES", 12_000)
    flags = "--mask_method", "zero", *flags[1:]
    assert "together these are more than a file of masks may hold" in refused("--thresholds", 10, *flags)


@pytest.mark.parametrize("text, said", [
    ("valence\n1\n\n3\n", "to the number of neurons, 2"),  # an empty line is no row
    ("valence,arousal\n1,2\n2,\n", "rank.csv: column 'arousal' has a missing or infinite value in row 2"),
    ("valence\n1\nfirst\n", "rank.csv: column 'valence' holds 'first' in row 2, which is not a number"),
    ("valence\n0.3\n-0.2\n", "rank.csv: column 'valence' does not hold ranks"),
    ("valence\n0.03\n1\n", "rank.csv: column 'valence' does not hold ranks"),
    (",valence\n0,1\n1,2\n", "rank.csv: column 1 has no name"),
    ("valence,arousal\n", "rank.csv: has no rows"),
])
def test_what_is_no_table_of_ranks_is_refused(refused, tmp_path, text, said):
    (tmp_path / "rank.csv").write_text(text)
    assert said in refused("--num_layers=1", "--thresholds=10")
    assert not (tmp_path / "masks").exists()


def test_published_ranks_give_the_published_sets(call, shared):
    path = shared / "data/published/neurons_rank_4_of_14_attributes.csv"
    made = call(f"--ranks={path}", "--random_baseline=layer_matched")
    assert len(made) == 4 * 9 * 2 and made["valence_top4000"].shape == (12, 3072)
    table = pd.read_csv(path)
    for k in (500, 6000):
        best = np.argsort(table["novelty"].to_numpy(), kind="stable")[:k]
        np.testing.assert_array_equal(np.flatnonzero(made[f"novelty_top{k}"].numpy() == 0), np.sort(best))
        assert (made[f"novelty_top{k}"].sum(1) == made[f"novelty_top{k}_random1"].sum(1)).all()
