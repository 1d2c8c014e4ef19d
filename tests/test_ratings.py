"""People's ratings -> attributes."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import prepare_attributes
from framework.analysis import ratings as people
from framework.errors import UserError
from framework.files import writing
from framework.files.people import read_attributes, read_ratings

SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)


@pytest.mark.parametrize("model, single, mean, interval, f, p", [  # intervals, F and p: psych::ICC in R, pingouin
    (1, 0.17, 0.44, (-0.133, 0.72), 1.79, 0.1648),
    (2, 0.29, 0.62, (0.019, 0.76), 11.03, 0.0001),
    (3, 0.71, 0.91, (0.342, 0.95), 11.03, 0.0001),
])
def test_shrout_and_fleiss_1979(model, single, mean, interval, f, p):
    result = people.intraclass_correlation(SHROUT_FLEISS, model)
    assert result.single == pytest.approx(single, abs=0.005) and result.mean == pytest.approx(mean, abs=0.005)
    assert (result.single_low, result.single_high) == pytest.approx(interval, abs=0.005)
    assert round(result.f, 2) == f and round(result.p, 4) == p
    assert result.raters == 4


def test_participants_without_ratings_and_their_order_change_nothing():
    wide = np.column_stack([SHROUT_FLEISS[:, [2, 0]], np.full(6, np.nan), SHROUT_FLEISS[:, [3, 1]]])
    for model in (1, 2, 3):
        np.testing.assert_allclose(people.intraclass_correlation(wide, model),
                                   people.intraclass_correlation(SHROUT_FLEISS, model), rtol=1e-12)


def test_one_way_with_unequal_numbers_is_the_analysis_of_variance():
    generator = np.random.default_rng(3)
    groups = [generator.normal(emotion / 3, 1, size) for emotion, size in enumerate((2, 5, 1, 9, 4))]
    wide = np.full((5, 21), np.nan)
    for emotion, (group, start) in enumerate(zip(groups, np.cumsum([0, 2, 5, 1, 9]))):
        wide[emotion, start:start + len(group)] = group
    result = people.intraclass_correlation(wide, 1)
    assert (result.f, result.p) == pytest.approx(tuple(stats.f_oneway(*groups)))


def test_two_way_with_missing_cells_is_the_comparison_of_nested_linear_models():
    generator = np.random.default_rng(4)
    wide = generator.normal(size=(6, 5)) + np.arange(6)[:, None]
    wide[generator.random(wide.shape) < 0.3] = np.nan
    emotion, participant = np.nonzero(~np.isnan(wide))

    def residual(*factors):
        dummies = np.column_stack([factor[:, None] == np.unique(factor) for factor in factors]).astype(float)
        rating = wide[emotion, participant]
        return ((rating - dummies @ np.linalg.pinv(dummies) @ rating)**2).sum()

    full, df2 = residual(emotion, participant), len(emotion) - 10
    result = people.intraclass_correlation(wide, 2)
    assert result.f == pytest.approx((residual(participant) - full) / 5 / (full / df2))
    assert (result.df1, result.df2) == (5, df2)


@pytest.mark.parametrize("model", [1, 2, 3])
def test_incomplete_ratings_give_unbiased_reliability_with_intervals_that_hold(model):
    # Variances of emotions, participants and error, and the reliability of one rating that follows from them.
    emotion, participant, error = 1.0, 0.0 if model == 1 else 0.5, 1.5
    truth = emotion / (emotion + error + (participant if model == 2 else 0))
    generator = np.random.default_rng(5)
    runs = []
    for _ in range(400):
        wide = (generator.normal(0, emotion**0.5, (27, 1)) + generator.normal(0, participant**0.5, (1, 20))
                + generator.normal(0, error**0.5, (27, 20)))
        wide[generator.random(wide.shape) < 0.4] = np.nan
        runs.append(people.intraclass_correlation(wide, model))
    # 0.02: four standard errors of the mean of 400; coverage of 0.95 has a standard error of 0.011.
    assert np.mean([run.single for run in runs]) == pytest.approx(truth, abs=0.02)
    assert np.mean([run.single_low < truth < run.single_high for run in runs]) == pytest.approx(0.95, abs=0.035)


def test_unreliable_ratings_are_called_so_at_the_nominal_rate():
    generator = np.random.default_rng(6)
    p = []
    for _ in range(400):
        wide = generator.normal(size=(1, 12)) + generator.normal(size=(9, 12))
        wide[generator.random(wide.shape) < 0.4] = np.nan
        p.append(people.intraclass_correlation(wide, 2).p)
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.035)


def test_perfect_agreement_is_1_and_groups_without_common_emotions_are_refused():
    perfect = np.repeat(np.arange(5.0)[:, None], 3, axis=1)
    assert [people.intraclass_correlation(perfect, model).single for model in (1, 2, 3)] == [1, 1, 1]
    apart = np.full((4, 4), np.nan)
    apart[:2, :2], apart[2:, 2:] = [[1, 2], [3, 5]], [[4, 1], [2, 6]]
    with pytest.raises(UserError, match="too few concepts in common"):
        people.intraclass_correlation(apart, 2)
    with pytest.raises(UserError, match="too few ratings"):
        people.intraclass_correlation(np.array([[1, np.nan], [np.nan, 2]]), 1)


def test_varimax_finds_the_best_of_all_rotations():
    loadings = np.random.default_rng(10).normal(size=(8, 2)) * [2, 1]

    def criterion(rotated):  # Kaiser's: the variance of the squared loadings, each item of length 1
        return ((rotated / np.linalg.norm(rotated, axis=1, keepdims=True))**2).var(axis=0).sum()

    angles = np.linspace(0, np.pi, 20001)
    turns = np.moveaxis(np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]]), 2, 0)
    rotated, rotation = people.varimax(loadings)
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(loadings @ rotation, rotated)
    assert criterion(rotated) == pytest.approx(max(criterion(loadings @ turn) for turn in turns), rel=1e-7)
    assert criterion(rotated) > 1.05 * criterion(loadings)


@pytest.fixture
def items():
    """300 participants' ratings of 9 items that measure 3 things, every tenth missing."""
    generator = np.random.default_rng(7)
    things = generator.normal(size=(300, 3)) * [3, 2, 1.5]
    values = np.repeat(things, 3, axis=1) * [1, 1, -1, 1, 1, 1, 1, 1, 1] + generator.normal(size=(300, 9))
    values[generator.random(values.shape) < 0.1] = np.nan
    return pd.DataFrame(values, columns=list("abcdefghi")), things


def test_components_are_as_many_as_there_are_things_and_measure_them(items):
    table, things = items
    found = people.principal_components(table, draws=100)
    assert found.loadings.shape == (9, 3)
    assert list(found.loadings.abs().idxmax(axis=1)) == ["PC1"] * 3 + ["PC2"] * 3 + ["PC3"] * 3
    assert (np.abs(np.corrcoef(found.scores.T, things.T)[:3, 3:]).max(axis=1) > 0.85).all()
    # A loading is the correlation of item and component; the means stand in for missing values.
    both = np.corrcoef(table.fillna(table.mean()).T, found.scores.T)
    np.testing.assert_allclose(both[:9, 9:], found.loadings, atol=1e-9)
    np.testing.assert_allclose(both[9:, 9:], np.eye(3), atol=1e-9)
    pd.testing.assert_frame_equal(people.principal_components(table, draws=100).loadings, found.loadings)


def test_unrelated_items_have_no_components():
    noise = pd.DataFrame(np.random.default_rng(8).normal(size=(300, 8)))
    with pytest.raises(UserError, match="no component explains more than chance"):
        people.principal_components(noise, draws=100)


def ratings_of(cube):
    """Rows of `valid_ratings` from values [participants, concepts, items]."""
    participant, concept, item = np.indices(cube.shape).reshape(3, -1)
    return pd.DataFrame({"participant": [f"p{i}" for i in participant], "emotion": [f"c{i}" for i in concept],
                         "attribute": [f"a{i}" for i in item], "rating": cube.ravel()}).dropna()


def test_concepts_and_participants_make_no_components_of_unrelated_items():
    """Rows of one concept are alike in each item, and those of one participant in all: neither relates items."""
    generator = np.random.default_rng(9)
    cube = generator.normal(size=(1, 12, 6)) + generator.normal(size=(30, 12, 6)) + generator.normal(size=(30, 1, 1))
    cube += generator.normal(size=(30, 12, 1))  # and a participant's impression of a concept colours all items
    with pytest.raises(UserError, match="not correlated over the concepts"):
        people.replace_by_components(ratings_of(cube), [], 60)
    related = cube + 2 * generator.normal(size=(1, 12, 1))
    assert people.replace_by_components(ratings_of(related), [], 60)[1].loadings.shape == (6, 1)


def test_components_need_participants_who_rate_most_attributes():
    cube = np.random.default_rng(9).normal(size=(1, 12, 1)) + np.zeros((30, 12, 3))
    cube[np.arange(30) % 3 != 0, :, 0] = cube[np.arange(30) % 3 != 1, :, 1] = np.nan
    with pytest.raises(UserError, match="--pca: where participants rate a concept, 33% of the ratings of a0"):
        people.replace_by_components(ratings_of(cube), [], 20)


def test_consistency_needs_every_participant_s_ratings():
    cube = np.random.default_rng(9).normal(size=(10, 12, 1))
    people.reliability_table(ratings_of(cube), 3)
    cube[0, 0] = np.nan
    with pytest.raises(UserError, match="--icc 3: not every participant rates the a0 of every concept"):
        people.reliability_table(ratings_of(cube), 3)


def test_components_of_items_named_twice_and_in_the_way_of_an_attribute(rating_file):
    once, twice = (people.replace_by_components(rating_file, items, draws=20)[0] for items in (ITEMS, 2 * ITEMS))
    pd.testing.assert_frame_equal(once, twice)
    taken = rating_file.replace({"attribute": {"noise": "PC1"}})
    with pytest.raises(UserError, match="--pca: the attribute PC1 has the name of a component"):
        people.replace_by_components(taken, ITEMS, draws=20)


def test_a_check_goes_by_its_name_in_any_case():
    ratings = pd.DataFrame({"participant": ["a", "b"], "emotion": "joy", "attribute": "attention", "rating": [5, 3]})
    left, failed = people.pass_checks(ratings, {"Attention": 5}, 0)
    assert left.empty and failed.to_dict() == {"b": 1}


@pytest.fixture
def rating_file(tmp_path):
    """Ratings of 9 emotions: 12 participants rate two attributes of each, 90 others nine items of one each."""
    generator = np.random.default_rng(9)
    emotions = [f"emotion{i}" for i in range(9)]
    rows = []
    for participant in range(12):
        for attribute, truth in (("valence", np.arange(9)), ("noise", np.full(9, 4))):
            rating = np.clip(np.round(truth + generator.normal(1, 1.5, 9)), 1, 9)
            rows += [(f"p{participant}", emotion, attribute, value) for emotion, value in zip(emotions, rating)]
        rows.append((f"p{participant}", "check", "valence", 3 if participant == 5 else 9))
    things = generator.normal(size=(9, 3))
    for participant in range(90):
        own = np.repeat(things[participant % 9] + generator.normal(0, 0.7, 3), 3) + generator.normal(0, 0.4, 9)
        rating = np.clip(np.round(5 + 1.5 * own), 1, 9)
        rows += [(f"q{participant}", emotions[participant % 9], f"item{i}", value) for i, value in enumerate(rating)]
    table = pd.DataFrame(rows, columns=["participant", "emotion", "attribute", "rating"])
    table.loc[3, "rating"] = np.nan
    table.to_csv(tmp_path / "ratings.csv", index=False)
    return table


ITEMS = [f"item{i}" for i in range(9)]


def test_script_from_ratings_to_the_table_of_step_4(script, rating_file, tmp_path):
    flags = ["--ratings=ratings.csv", "--check", "check=9", "--pca_draws=50", "--drop_unreliable", "--pca", *ITEMS]
    said = script("prepare_attributes.py", *flags).stdout
    assert "participants left out for failed attention checks: p5\n" in said and "and left out: noise\n" in said
    assert ("next: python rsa_searchlight.py --attributes ratings/attribute_ratings.csv --ranks neuron_rank/ratings.csv"
            ) in said
    folder = tmp_path / "ratings"
    table = pd.read_csv(folder / "attribute_ratings.csv")
    assert table.columns.tolist() == ["emotion", "valence", "PC1", "PC2", "PC3"]
    assert sorted(table["emotion"]) == [f"emotion{i}" for i in range(9)]
    assert (table.iloc[:, 1:].min() == 0).all() and (table.iloc[:, 1:].max() == 1).all()

    kept = rating_file[(rating_file["attribute"] == "valence") & (rating_file["participant"] != "p5")]
    mean = kept[kept["emotion"] != "check"].groupby(kept["emotion"])["rating"].mean()[table["emotion"]]
    np.testing.assert_allclose(table["valence"], (mean - mean.min()) / (mean.max() - mean.min()))
    reliability = pd.read_csv(folder / "attribute_ratings_reliability.csv", index_col="attribute")
    assert reliability["model"].to_dict() == {"valence": 2, "noise": 2, "PC1": 1, "PC2": 1, "PC3": 1}
    assert reliability.loc["valence", ["participants", "ratings"]].tolist() == [11, 98]
    assert reliability.index[~reliability["reliable"]].tolist() == ["noise"]
    assert pd.read_csv(folder / "attribute_ratings_loadings.csv")["item"].tolist() == ITEMS
    for name in ("means", "reliability", "components"):
        assert (folder / f"attribute_ratings_{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / f"attribute_ratings_{name}.pdf").read_bytes().startswith(b"%PDF")


def test_the_flags_that_a_run_leaves_are_taken(rating_file, tmp_path, monkeypatch):
    """Those without a value among them."""
    kept = ~rating_file["attribute"].isin(ITEMS) & (rating_file["emotion"] != "check")
    rating_file[kept].to_csv(tmp_path / "ratings.csv", index=False)
    monkeypatch.chdir(tmp_path)
    for flags in (["--ratings=ratings.csv", "--output=x.csv"], ["--config=x.yaml"]):
        monkeypatch.setattr("sys.argv", ["prepare_attributes.py", *flags])
        prepare_attributes.main()


def test_a_second_process_on_one_table_is_refused(rating_file, tmp_path, monkeypatch):
    rating_file[~rating_file["attribute"].isin(ITEMS)].to_csv(tmp_path / "ratings.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["prepare_attributes.py", "--ratings=ratings.csv", "--check", "check=9",
                                     "--output=x.csv"])
    with writing.lock(".", "x.json"), pytest.raises(UserError, match="x.csv: another process"):
        prepare_attributes.main()


@pytest.mark.parametrize("name", ["means.csv", "reliability.csv", "means.png", "reliability.pdf"])
def test_what_is_in_the_way_is_said_before_anything_is_written(name, rating_file, tmp_path, monkeypatch):
    rating_file[~rating_file["attribute"].isin(ITEMS)].to_csv(tmp_path / "ratings.csv", index=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / f"out/x_{name}").write_text("mine")
    monkeypatch.setattr("sys.argv", ["prepare_attributes.py", "--ratings=ratings.csv", "--check", "check=9",
                                     "--output=out/x.csv"])
    with pytest.raises(UserError, match=f"x_{name}: exists already"):
        prepare_attributes.main()
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"x_{name}"]


def test_a_table_of_means_belongs_to_step_4(tmp_path):
    (tmp_path / "means.csv").write_text("Concept,warmth\ncare,3\nawe,1\n")
    with pytest.raises(UserError, match="it has Concept, warmth; if these are means already, give the file to rsa_sea"):
        read_ratings(tmp_path / "means.csv")
    assert read_attributes(tmp_path / "means.csv")[:2] == (["warmth"], ["care", "awe"])


@pytest.mark.parametrize("edit, flags, said", [
    (None, ["--check", "trap=9"], "--check trap=9: no row has trap"),
    (None, ["--check", "check=nine"], "--check: 'check=nine': give a name, = and a number"),
    (None, ["--check", "7"], "--check: '7': give a name, = and a number"),
    (None, ["--check", "check=nan"], "--check: 'check=nan': give a name, = and a number"),
    (None, ["--scale", "1", "7"], "outside the scale 1 to 7"),
    (None, ["--scale", "9", "1"], "--scale 9 1: give the lowest value first"),
    (None, ["--pca", "missing"], "--pca: no row has the attribute missing"),
    (None, ["--q=0", "--drop_unreliable"], "no attribute is reliable"),
    (None, ["--output", "table.txt"], "--output table.txt: must end in .csv"),
    ("p1,emotion1,valence,4", [], "participant p1 rates the valence of emotion1 a second time"),
    ("p1,emotion99,valence,4", [], "nobody rates the noise of emotion99"),
    ("p1,emotion99,valence,high", [], "column 'rating' holds 'high' in row"),
    (",emotion1,valence,4", [], "column 'participant' is empty in row"),
    ("p1,emotion1,concept,4", [], "an attribute is called 'concept', as a column of concepts is"),
    ("p1,emotion1,Concept,4", [], "an attribute is called 'Concept', as a column of concepts is"),
    ("P1,emotion1,valence,4", [], "'p1' and 'P1' differ only in capital letters"),
    ("p1,emotion1,duty,", [], "no rating of duty is left: its answers are missing"),
    ("p5,emotion99,valence,4", [], "no rating of emotion99 is left: its answers are missing, or of participants who"),
])
def test_what_cannot_be_used_is_refused_in_one_line(rating_file, tmp_path, monkeypatch, edit, flags, said):
    kept = rating_file[~rating_file["attribute"].isin(ITEMS)]
    text = kept.to_csv(index=False) + (f"{edit}\n" if edit else "")
    (tmp_path / "ratings.csv").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["prepare_attributes.py", "--ratings=ratings.csv", "--check", "check=9", *flags])
    with pytest.raises(UserError) as error:
        prepare_attributes.main()
    assert said in str(error.value) and "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["ratings.csv"]
