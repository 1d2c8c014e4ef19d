"""Step 5: masks from ranks."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import gen_mask
from framework import artifacts
from framework.analysis import masks, rsa
from framework.errors import UserError

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
def refused(tmp_path, monkeypatch):
    """Run the script in this process with flags it must refuse; returns the line it says."""

    def run(*flags):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["gen_mask.py", "--CSV_Path=rank.csv", *map(str, flags)])
        with pytest.raises(UserError) as error:
            gen_mask.main()
        assert "\n" not in str(error.value)
        return str(error.value)

    return run


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


def test_a_mask_does_not_depend_on_what_else_is_made(ranks):
    small = masks.make_masks({"arousal": ranks["arousal"]}, [20], L, draws=2, seed=3)
    large = masks.make_masks(ranks, [10, 20, 30], L, draws=4, seed=3)
    for name, mask in small.items():
        np.testing.assert_array_equal(mask, large[name])
    assert len({mask.tobytes() for mask in large.values()}) == len(large)
    single, other = (masks.make_masks(ranks, [20], L, seed=seed) for seed in (3, 4))
    assert (other["arousal_top20_random"] != single["arousal_top20_random"]).any()


def test_script_writes_masks_overlap_and_settings(script, rank_file, ranks, tmp_path):
    flags = ["--CSV_Path=rank.csv", "--mode=14Properties", "--mask_method=1", "--PKL_File=out/masks.pkl",
             "--thresholds", 10, 20, "--num_layers", L]
    said = script("gen_mask.py", *flags).stdout
    assert "--maskPath=out/masks.pkl" in said
    made = artifacts.read_masks(tmp_path / "out/masks.pkl")
    assert list(made) == [f"{attribute}_top{k}{suffix}" for attribute in ranks for k in (10, 20)
                          for suffix in ("", "_random")]
    assert (np.flatnonzero(made["arousal_top10"].numpy() == 0) == np.sort(np.argsort(ranks["arousal"])[:10])).all()
    assert set(pd.read_csv(tmp_path / "out/masks_matching.csv")["k"]) == {10, 20}
    settings = json.loads((tmp_path / "out/masks.json").read_text())
    assert settings["num_layers"] == L and settings["num_units"] == D and settings["names"] == list(made)

    # The other spelling of the method, another run: the same bytes.
    first = (tmp_path / "out/masks.pkl").read_bytes()
    script("gen_mask.py", *flags, "--mask_method=BINARY_MASK", "--PKL_File=other/masks.pkl")
    assert (tmp_path / "out/masks.pkl").read_bytes() == (tmp_path / "other/masks.pkl").read_bytes() == first

    # Other settings do not replace it unless they are told to.
    refused = script("gen_mask.py", *flags, "--mask_seed=1", status=2).stderr
    assert "mask_seed is 0 there and 1 here" in refused and (tmp_path / "out/masks.pkl").read_bytes() == first
    script("gen_mask.py", *flags, "--mask_seed=1", "--overwrite")
    assert (tmp_path / "out/masks.pkl").read_bytes() != first


def test_script_takes_the_layers_and_the_paths_of_3_spaces_from_step_4(script, refused, ranks, tmp_path):
    (tmp_path / "neuron_rank").mkdir()
    spaces = pd.DataFrame(dict.fromkeys(rsa.SPACES, next(iter(ranks.values()))))
    spaces.to_csv(tmp_path / "neuron_rank/neuron_rank_by_searchlight_RSA_3space.csv", index=False)
    record = tmp_path / "neuron_rank/neuron_rank_by_searchlight_RSA_3space.json"
    record.write_text(json.dumps({"num_layers": 5, "mode": "3Spaces"}))
    script("gen_mask.py", "--mode=3Spaces", "--thresholds", 10, "--mask_method=FLOAT_MASK")
    made = artifacts.read_masks(tmp_path / "masks/RSA_3space_top_500_6000.pkl")
    assert made["affective_top10_random"].shape == (5, N // 5)
    where = f"--CSV_Path={record.with_suffix('.csv')}"
    assert "has ranks of 5 layers" in refused(where, "--num_layers=3", "--mode=3Spaces")
    assert "was made with --mode 3Spaces" in refused(where)


@pytest.mark.parametrize("flags, said", [
    (["--thresholds", 0], "--thresholds"),
    (["--thresholds", 10, 121], "--thresholds 121: must be from 1 to the number of neurons, 120"),
    (["--num_layers=7"], "--num_layers 7: 120 neurons cannot be divided"),
    (["--num_layers=0"], "--num_layers"),
    (["--mask_seed=-1"], "--mask_seed"),
    (["--random_draws=0"], "--random_draws"),
    (["--mask_method=3"], "--mask_method"),
    (["--PKL_File=masks"], "--PKL_File masks: must end in .pkl"),
    (["--CSV_Path=none.csv"], "none.csv: no such file"),
])
def test_bad_flags_are_refused_in_one_line(refused, rank_file, tmp_path, flags, said):
    assert said in refused("--thresholds", 10, *flags)
    assert not (tmp_path / "masks").exists()


@pytest.mark.parametrize("text, said", [
    ("valence\n1\n\n3\n", "to the number of neurons, 2"),  # an empty line is no row
    ("valence,arousal\n1,2\n2,\n", "rank.csv: column 'arousal' has a missing or infinite value in row 2"),
    ("valence\n1\nfirst\n", "rank.csv: column 'valence' holds something that is not a number"),
    ("valence\n0.3\n-0.2\n", "rank.csv: column 'valence' holds no ranks"),
    ("valence\n0.03\n1\n", "rank.csv: column 'valence' holds no ranks"),
    (",valence\n0,1\n1,2\n", "rank.csv: has a column without a name"),
    ("valence,arousal\n", "rank.csv: has no rows"),
])
def test_what_is_no_table_of_ranks_is_refused(refused, tmp_path, text, said):
    (tmp_path / "rank.csv").write_text(text)
    assert said in refused("--num_layers=1", "--thresholds=10")
    assert not (tmp_path / "masks").exists()


def test_published_ranks_give_the_published_sets(script, shared, tmp_path):
    path = shared / "data/published/neurons_rank_4_of_14_attributes.csv"
    script("gen_mask.py", f"--CSV_Path={path}", "--PKL_File=masks.pkl", "--random_baseline=layer_matched")
    made = artifacts.read_masks(tmp_path / "masks.pkl")
    assert len(made) == 4 * 9 * 2 and made["valence_top4000"].shape == (12, 3072)
    table = pd.read_csv(path)
    for k in (500, 6000):
        best = np.argsort(table["novelty"].to_numpy(), kind="stable")[:k]
        np.testing.assert_array_equal(np.flatnonzero(made[f"novelty_top{k}"].numpy() == 0), np.sort(best))
        assert (made[f"novelty_top{k}"].sum(1) == made[f"novelty_top{k}_random1"].sum(1)).all()
