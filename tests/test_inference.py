"""Step 6's statistics: against independent computations, on made-up results, and on the published accuracies."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from framework.analysis import estimators, inference
from framework.analysis.masks import MaskName
from framework.files import results as result_files
from framework.interventions import METHODS, Method, in_words

EMOTIONS, SEEDS = ["fear", "grief", "joy", "love"], [1, 3, 5, 7, 9, 11]


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def published(published_accuracy, shared):
    return result_files.read_published(published_accuracy / "attribute", published_accuracy / "random",
                                       shared / "data/published/accuracy.csv")


def results_of(rows):
    return pd.DataFrame(rows, columns=["sentiment", "seed", "best", "joy_top10", "joy_top10_random", "odd_top3_top20",
                                       "odd_top3_top20_random1", "odd_top3_top20_random2"])


def simulate(generator, names, seeds=SEEDS, emotions=EMOTIONS):
    """Results in which names mean nothing: every mask has effects of its own, overall, by emotion and by seed."""
    count, masks = (len(emotions), len(seeds)), len(names)
    values = (0.7 + generator.normal(0, 0.05, masks) + generator.normal(0, 0.02, (count[0], 1, masks))
              + generator.normal(0, 0.02, (1, count[1], masks)) + generator.normal(0, 0.03, (*count, 1))
              + generator.normal(0, 0.03, (*count, masks)))
    tasks = pd.DataFrame(itertools.product(emotions, seeds), columns=["sentiment", "seed"]).assign(best=0.8)
    return tasks.join(pd.DataFrame(values.reshape(-1, masks), columns=list(map(str, names))))


def names_of(attributes=6, single=0, own=0, pool=0, k=10):
    made = []
    for attribute in range(attributes):
        name = MaskName(f"a{attribute}", k)
        made += [name, *[name._replace(control=True)] * single,
                 *(name._replace(control=True, draw=draw + 1) for draw in range(own))]
    return made + [MaskName("random", k, True, draw + 1) for draw in range(pool)]


# ----------------------------------------------------------------------------------------------------------- estimators

def test_a_mask_in_a_large_pool_is_ranked():
    pool = np.arange(99) / 100
    found = estimators.pool_estimate(np.array([-1.0, 0.0, 0.5, 2.0]), pool, exact=True)
    assert found.p.tolist() == [0.01, 0.02, 0.52, 1.0]
    assert np.isnan(found.t).all() and np.isnan(found.df).all()
    # The interval leaves out 0 where fewer than 2 random masks are as extreme: 2.5% of 100 on either side.
    assert found.ci_low[0] == pytest.approx(0.01 + 1) and found.ci_high[0] == pytest.approx(0.97 + 1)
    assert found.ci_low[1] > 0 > found.ci_low[2]


def test_a_mask_and_a_small_pool_are_two_samples_of_which_one_is_single():
    pool = np.random.default_rng(0).normal(size=7)
    found = estimators.pool_estimate(np.array([-1.5]), pool, exact=False)
    independent = scipy_stats.ttest_ind(pool, [-1.5], alternative="greater")
    assert (found.t[0], found.p[0], found.df[0]) == pytest.approx((independent.statistic, independent.pvalue, 6))
    assert [found.ci_low[0], found.ci_high[0]] == pytest.approx(list(
        scipy_stats.ttest_ind(pool, [-1.5]).confidence_interval(0.95)))


def test_matched_masks_share_one_standard_deviation():
    statsmodels = pytest.importorskip("statsmodels.api")
    generator = np.random.default_rng(1)
    specific, matched = generator.normal(size=3), [generator.normal(a, 1, 4 + a) for a in range(3)]
    found = estimators.matched_estimate(specific, matched)
    # The same as a regression with a mean for each attribute and a difference for each specific mask.
    values = np.concatenate([*matched, specific])
    attribute = np.concatenate([np.repeat([0, 1, 2], [4, 5, 6]), [0, 1, 2]])
    is_specific = np.arange(18) >= 15
    design = np.stack([(attribute == a) & chosen for chosen in (True, is_specific) for a in range(3)], 1)
    fit = statsmodels.OLS(values, design.astype(float)).fit()
    assert found.df.tolist() == [12] * 3 and fit.df_resid == 12
    np.testing.assert_allclose(found.drop, -fit.params[3:])
    np.testing.assert_allclose(found.se, fit.bse[3:])
    np.testing.assert_allclose(np.stack([found.ci_low, found.ci_high]), -fit.conf_int()[3:, ::-1].T)
    np.testing.assert_allclose(found.p, scipy_stats.t.sf(-fit.tvalues[3:], 12))


def test_crossed_effects_are_those_of_a_mixed_model():
    formula = pytest.importorskip("statsmodels.formula.api")
    generator = np.random.default_rng(2)
    drops = 0.3 + generator.normal(0, 1, (12, 1)) + generator.normal(0, 2, (1, 14)) + generator.normal(0, 1, (12, 14))
    found = estimators.crossed_estimate(drops)
    long = pd.DataFrame({"drop": drops.ravel(), "seed": np.repeat(np.arange(12), 14), "one": 1,
                         "attribute": np.tile(np.arange(14), 12)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = formula.mixedlm("drop ~ 1", long, groups="one", re_formula="0",
                              vc_formula={"seed": "0 + C(seed)", "attribute": "0 + C(attribute)"}).fit(reml=True)
    assert fit.converged
    # With positive components, REML on a balanced table equals the solution from mean squares.
    assert found.drop == pytest.approx(fit.params["Intercept"]) and found.se == pytest.approx(
        fit.bse["Intercept"], rel=1e-3)
    # Satterthwaite, written out.
    a, b, square = 12, 14, {}
    square["a"], square["b"] = b * drops.mean(1).var(ddof=1), a * drops.mean(0).var(ddof=1)
    square["e"] = (drops.var() * a * b - square["a"] * 11 - square["b"] * 13) / (11 * 13)
    total = square["a"] + square["b"] - square["e"]
    df = total ** 2 / (square["a"] ** 2 / 11 + square["b"] ** 2 / 13 + square["e"] ** 2 / (11 * 13))
    assert (found.se, found.df) == pytest.approx((np.sqrt(total / 168), df))


@pytest.mark.parametrize("seed_sd, attribute_sd, df", [(5, 0, 4), (0, 5, 2), (0, 0, 8)])
def test_components_that_are_not_positive_are_dropped(seed_sd, attribute_sd, df):
    # Each row and each column of this noise sums to 0, so a component without an effect of its own is negative.
    noise = np.array([[1, -1, 0], [-1, 1, 0], [0, 1, -1], [1, 0, -1], [-1, -1, 2.0]])
    drops = noise + seed_sd * np.arange(5)[:, None] + attribute_sd * np.arange(3)
    found = estimators.crossed_estimate(drops)
    assert found.df == df
    by_hand = {4: drops.mean(1).std(ddof=1) / np.sqrt(5), 2: drops.mean(0).std(ddof=1) / np.sqrt(3),
               8: np.sqrt((noise ** 2).sum() / 8 / 15)}[df]
    assert found.se == pytest.approx(by_hand)


def test_the_mean_of_a_pool_has_an_error_too():
    drops = np.random.default_rng(0).normal(size=(5, 6)) + np.arange(6) / 3
    alone, noisy = estimators.crossed_estimate(drops), estimators.crossed_estimate(drops, 0.04, 9)
    assert noisy.se ** 2 == pytest.approx(alone.se ** 2 + 0.04)
    assert min(alone.df, 9) < noisy.df < alone.df + 9
    assert estimators.crossed_estimate(drops, 1e6, 9).df == pytest.approx(9, rel=1e-3)


def test_sign_flips_are_all_patterns_of_signs():
    values = np.random.default_rng(3).normal(0.4, 1, (4, 7))
    for row, p in zip(values, estimators.sign_flip_p(values)):
        means = [np.mean(row * signs) for signs in itertools.product([1, -1], repeat=7)]
        assert p == np.mean(np.array(means) >= row.mean() - 1e-12)
    many = np.random.default_rng(0).normal(0.5, 1, 25)
    independent = scipy_stats.permutation_test((many,), np.mean, permutation_type="samples", alternative="greater",
                                               n_resamples=50_000, rng=1).pvalue
    assert estimators.sign_flip_p(many) == pytest.approx(independent, abs=0.002)
    assert estimators.sign_flip_p(np.full(20, 0.1)) >= 1 / (2 ** 16 + 1)


def test_a_concept_and_its_own_mask_are_one_observation():
    costs = np.random.default_rng(3).normal(size=(5, 5)) + np.diag(np.full(5, 0.5))

    def means(rows):
        kept = costs[np.ix_(rows, rows)]
        own, others = np.diagonal(kept).mean(), kept[~np.eye(len(rows), dtype=bool)].mean()
        return np.array([own, others, own - others])

    left = np.array([means([row for row in range(5) if row != without]) for without in range(5)])
    found = estimators.own_estimates(costs)
    for what, mean, se in zip(("own", "others", "difference"), means(range(5)), np.sqrt(4) * left.std(axis=0)):
        assert [found[what].drop, found[what].se, found[what].df] == pytest.approx([mean, se, 4])
    assert found["own"].se == pytest.approx(np.diagonal(costs).std(ddof=1) / np.sqrt(5))
    traces = [sum(costs[row, column] for row, column in enumerate(order))
              for order in itertools.permutations(range(5))]
    assert found["difference"].p == np.mean(np.array(traces) >= np.trace(costs) - 1e-12)

    # What every mask costs this concept, and what this mask costs every concept, says nothing of its own mask.
    moved = estimators.own_estimates(costs + np.arange(5)[:, None] - 3.0 * np.arange(5) ** 2)["difference"]
    assert [float(moved.drop), moved.p] == pytest.approx([float(found["difference"].drop), found["difference"].p])
    shared, unknown = estimators.own_estimates(costs, 0.04, 9), estimators.own_estimates(costs, np.nan, 1)
    for what in ("own", "others"):
        assert shared[what].se ** 2 == pytest.approx(found[what].se ** 2 + 0.04)
        assert min(4, 9) < shared[what].df < 4 + 9 and np.isnan(unknown[what].ci_low)
    assert shared["difference"].se == unknown["difference"].se == found["difference"].se
    two = estimators.own_estimates(costs[:2, :2])
    assert two["difference"].p in (0.5, 1) and np.isnan(two["others"].se) and two["own"].se > 0


def test_one_random_mask_leaves_own_masks_without_an_interval():
    results = simulate(np.random.default_rng(0), ["random_top10_1"])
    concepts = sorted(set(results["sentiment"]))
    for place, concept in enumerate(concepts):
        results[f"{concept}_top10"] = results["random_top10_1"] - 0.1 * (results["sentiment"] == concept) - place / 50
    _, overall = inference.own_and_others(results, next(inference.conditions(results)))
    overall = overall.set_index("what")
    assert overall.loc[["own", "others"], "ci_low"].isna().all() and overall["mean"].notna().all()
    assert overall.loc["difference", "p"] < 1


def test_a_concept_that_lacks_an_answer_has_no_cost_of_its_own_mask():
    """Its mean over the other seeds would be of other prompts than those of all other concepts."""
    results = simulate(np.random.default_rng(0), [*names_of(attributes=0, pool=3), *(f"{c}_top10" for c in EMOTIONS)])
    results.loc[results["sentiment"] == EMOTIONS[0], f"{EMOTIONS[0]}_top10"] = [0.1, *[np.nan] * (len(SEEDS) - 1)]
    results.loc[0, f"{EMOTIONS[2]}_top10"] = np.nan
    concepts, _ = inference.own_and_others(results, next(inference.conditions(results)))
    assert concepts["emotion"].tolist() == list(EMOTIONS[1:])


def test_concepts_count_alike_in_the_overall_mean_even_if_some_lack_seeds():
    results = simulate(np.random.default_rng(0), names_of(own=2))
    first = results["sentiment"] == EMOTIONS[0]
    some = results[first | (results["seed"] == SEEDS[0])]
    of_emotion = inference.accuracy_drop(some, "emotion")["drop"]
    found = inference.accuracy_drop(some, "overall")
    assert found["unit"].str.endswith("some tasks are missing").all()
    assert found["drop"].item() == pytest.approx(of_emotion.mean())


def test_an_own_mask_is_found_among_masks_that_cost_much():
    generator = np.random.default_rng(0)
    costs = generator.normal(size=(12, 12)) + 5 * generator.normal(size=12)  # masks differ more than concepts do
    assert estimators.own_estimates(costs)["difference"].p > 0.05
    found = estimators.own_estimates(costs + np.diag(np.full(12, 1.5)))["difference"]
    assert found.p < 0.01 and found.p >= 1 / 2 ** 16


def test_estimates_are_of_arrays_of_any_shape():
    drops = np.random.default_rng(0).normal(size=(2, 3, 5, 6))
    found = estimators.crossed_estimate(drops)
    assert found.p.shape == (2, 3) and found.p[1, 2] == estimators.crossed_estimate(drops[1, 2]).p


def test_q_values_are_over_the_tests_that_could_be_made():
    # Benjamini and Hochberg's step-up by hand: 4 tests, p * 4 / rank, then the smallest from the right.
    assert estimators.false_discovery_q([0.01, np.nan, 0.04, 0.03, 0.5]) == pytest.approx(
        [0.04, np.nan, 0.16 / 3, 0.16 / 3, 0.5], nan_ok=True)
    assert np.isnan(estimators.false_discovery_q([np.nan])).all()


def test_intervals_of_accuracies_are_possible_ones():
    few = estimators.accuracy_interval([0.6, 0.96])  # the t interval is from -1.5 to 3.1
    assert few["mean"] == 0.78 and few["n"] == 2 and np.isnan([few["ci_low"], few["ci_high"]]).all()
    high = estimators.accuracy_interval([1, 1, 1, 1, 0.9])
    assert 0.9 < high["ci_low"] < high["mean"] and high["ci_high"] == 1
    assert estimators.accuracy_interval([0, 0, 0, 0, 0.1])["ci_low"] == 0


# -------------------------------------------------------------------------------------------------------------- pairing

def test_pairs_compare_with_the_mean_of_the_random_masks():
    pairs = inference.pair_conditions(results_of([["fear", 1, 0.9, 0.5, 0.6, 0.4, 0.6, 0.9]]))
    assert pairs.drop(columns="intervention").to_numpy().tolist() == [
        ["fear", 1, "joy", 10, 0.6, 0.5], ["fear", 1, "odd_top3", 20, 0.75, 0.4]]


def test_an_attribute_without_random_masks_of_its_own_is_compared_with_the_pool():
    results = pd.DataFrame({"sentiment": ["joy"], "seed": [1], "best": 0.9, "a_top10": 0.5, "b_top10": 0.4,
                            "b_top10_random1": 0.6, "b_top10_random2": 0.7, "random_top10_1": 0.8,
                            "random_top10_2": 0.9, "c_top20": 0.3, "random_top30_1": 0.3, "of their own_top": 1})
    pairs = inference.pair_conditions(results).set_index(["attribute", "k"])
    assert pairs["random"].to_dict() == pytest.approx({("a", 10): 0.85, ("b", 10): 0.65})


def test_interventions_are_told_apart_and_samples_averaged():
    results = pd.DataFrame({
        "sentiment": ["joy"], "seed": [1], "best": 0.9, "a_top10": 0.5, "a_top10_random": 0.6, "a_top10_scale2": 0.1,
        "a_top10_random_scale2": 0.2, "a_top10_resample1": 0.3, "a_top10_resample2": 0.5,
        "a_top10_random_resample1": 0.4, "a_top10_random_resample2": 0.8, "a_top10_mean": 0.7})
    pairs = inference.pair_conditions(results).set_index("intervention")
    assert pairs["specific"].to_dict() == pytest.approx({"": 0.5, "scale2": 0.1, "resample": 0.4})
    assert pairs["random"].to_dict() == pytest.approx({"": 0.6, "scale2": 0.2, "resample": 0.6})
    drop = inference.accuracy_drop(results, "attribute", "study")
    assert list(drop.columns[:3]) == ["attribute", "intervention", "k"]
    assert drop["intervention"].tolist() == ["", "scale2", "resample"]


def test_masks_without_random_ones_are_not_compared():
    results = pd.DataFrame({"sentiment": ["joy"], "seed": [1], "best": 0.9, "joy_top10": 0.5})
    assert inference.pair_conditions(results).empty
    assert inference.accuracy_drop(results, "attribute").empty and inference.placebo(results).empty


# ---------------------------------------------------------------------------------------------------------------- tests

COLUMNS = ["k", "drop", "ci_low", "ci_high", "t", "df", "p", "q", "se", "test", "unit"]


def test_the_mask_is_the_unit_by_attribute():
    results = simulate(np.random.default_rng(0), names_of(pool=99))
    table = inference.accuracy_drop(results, "attribute")
    assert list(table.columns) == ["attribute", *COLUMNS]
    means = results.mean(numeric_only=True)
    pool = means[means.index.str.startswith("random_")]
    assert table["p"].tolist() == [(1 + (pool <= means[f"a{a}_top10"]).sum()) / 100 for a in range(6)]
    assert (table["test"] == "rank in a pool of 99 random masks, no p below 0.01, one-sided").all()
    assert (table["unit"] == "mask").all()

    results = simulate(np.random.default_rng(0), names_of(own=3))
    table, means = inference.accuracy_drop(results, "attribute"), results.mean(numeric_only=True)
    own = np.array([[means[f"a{a}_top10_random{draw}"] for draw in (1, 2, 3)] for a in range(6)])
    t = (own.mean(1) - [means[f"a{a}_top10"] for a in range(6)]) / np.sqrt(own.var(1, ddof=1).mean() * 4 / 3)
    assert table["t"].tolist() == pytest.approx(t.tolist()) and (table["df"] == 12).all()


def test_seeds_and_attributes_are_the_units_by_emotion():
    results = simulate(np.random.default_rng(1), names_of(pool=20))
    table = inference.accuracy_drop(results, "emotion").set_index("emotion")
    assert list(table.columns) == COLUMNS and (table["unit"] == "seed and attribute, 6 x 6").all()
    rows = results[results["sentiment"] == "joy"]
    pool = rows[[f"random_top10_{draw}" for draw in range(1, 21)]].to_numpy()
    drops = pool.mean(1, keepdims=True) - rows[[f"a{a}_top10" for a in range(6)]].to_numpy()
    by_hand = estimators.crossed_estimate(drops, pool.mean(0).var(ddof=1) / 20, 19)
    assert table.loc["joy", ["drop", "se", "df", "p"]].tolist() == pytest.approx(
        [float(value) for value in (by_hand.drop, by_hand.se, by_hand.df, by_hand.p)])
    assert "sign flips" not in table.loc["joy", "test"]  # all drops share the error of the pool's mean
    own = simulate(np.random.default_rng(1), names_of(own=3))
    of_joy = next(inference.conditions(own))
    drops = (of_joy.base - of_joy.specific)[own["sentiment"] == "joy"]
    tested = inference.accuracy_drop(own, "emotion").set_index("emotion").loc["joy", "test"]
    assert f"sign flips over attributes: p = {estimators.sign_flip_p(drops.mean(0)):.3g}" in tested
    np.testing.assert_allclose(table["q"], scipy_stats.false_discovery_control(table["p"]))

    overall = inference.accuracy_drop(results, "overall").iloc[0]
    assert overall["drop"] == pytest.approx(table["drop"].mean())
    assert "one-sided" in overall["test"] and overall["se"] < table["se"].max()


def test_the_study_s_test_is_one_sided_and_its_interval_two_sided():
    generator = np.random.default_rng(0)
    random = generator.uniform(0.6, 0.8, 40)
    worse, better = random - generator.normal(0.05, 0.05, 40), random + generator.normal(0.05, 0.05, 40)
    results = pd.DataFrame({"sentiment": ["worse"] * 40 + ["better"] * 40, "seed": [*range(40)] * 2, "best": 0.9,
                            "a_top10_random": np.tile(random, 2), "a_top10": np.concatenate([worse, better])})
    drop = inference.accuracy_drop(results, "emotion", "study").set_index("emotion")
    independent = scipy_stats.ttest_rel(random, worse, alternative="greater")
    assert drop.loc["worse", ["t", "p"]].tolist() == pytest.approx([independent.statistic, independent.pvalue])
    assert drop.loc["better", "p"] > 0.999
    low, high = scipy_stats.bootstrap((random - worse,), np.mean, rng=0, method="percentile").confidence_interval
    assert drop.loc["worse", ["ci_low", "ci_high"]].tolist() == pytest.approx([low, high], abs=0.002)
    assert drop["test"].str.startswith("the study's").all()


def test_q_values_of_the_study_are_within_each_k_and_ours_over_all():
    results = simulate(np.random.default_rng(5), names_of(single=1)).merge(
        simulate(np.random.default_rng(6), names_of(single=1, k=20)), on=["sentiment", "seed", "best"])
    alone = results[[column for column in results if "top20" not in column]]
    both = inference.accuracy_drop(results, "emotion", "study")
    assert both[both["k"] == 10]["q"].tolist() == inference.accuracy_drop(alone, "emotion", "study")["q"].tolist()
    ours = inference.accuracy_drop(results, "emotion")
    np.testing.assert_allclose(ours["q"], scipy_stats.false_discovery_control(ours["p"]))


def test_margins_are_tested_like_accuracies():
    results = simulate(np.random.default_rng(5), names_of(pool=20))
    margins = results.copy()
    margins[margins.columns[3:]] = 5 * results[results.columns[3:]] - 4
    for by in ("emotion", "attribute", "overall"):
        accuracy, margin = inference.accuracy_drop(results, by), inference.accuracy_drop(margins, by)
        np.testing.assert_allclose(margin["p"], accuracy["p"])
        np.testing.assert_allclose(margin["drop"], 5 * accuracy["drop"])


# -------------------------------------------------------------------------------------------------- what cannot be told

@pytest.mark.parametrize("masks, by, reason", [
    (names_of(attributes=1, single=1), "attribute", "not testable: one random mask"),
    (names_of(pool=1), "attribute", "not testable: one random mask; gen_mask.py --random_draws makes more"),
    (names_of(own=1), "attribute", "not testable: one random mask an attribute"),
    (names_of(attributes=1, single=1), "emotion", "not testable: one attribute"),
    (names_of(pool=1), "emotion", "not testable: one random mask, whose own error is unknown"),
])
def test_too_few_masks_are_not_testable_and_the_table_says_why(masks, by, reason):
    results = simulate(np.random.default_rng(0), masks)
    table = inference.accuracy_drop(results, by)
    assert table["drop"].notna().all() and table[["ci_low", "ci_high", "t", "df", "p", "q", "se"]].isna().all(axis=None)
    assert table["test"].str.startswith(reason).all()
    inference.placebo(results)


@pytest.mark.parametrize("by", ["emotion", "overall"])
def test_with_one_seed_attributes_are_the_only_sample_and_the_table_says_so(by):
    results = simulate(np.random.default_rng(0), names_of(own=3), seeds=[1])
    table = inference.accuracy_drop(results, by)
    assert table["test"].str.startswith("t over attributes, for this seed alone").all()
    assert (table["unit"] == "attribute, for one seed, 1 x 6").all()
    pairs = inference.pair_conditions(results).assign(drop=lambda pair: pair["random"] - pair["specific"])
    for number, (_, of) in enumerate(pairs.groupby("emotion", sort=False) if by == "emotion" else [("all", pairs)]):
        by_hand = scipy_stats.ttest_1samp(of.groupby("attribute")["drop"].mean(), 0)
        assert tuple(table.iloc[number][["t", "df", "ci_low", "ci_high"]]) == pytest.approx(
            (by_hand.statistic, 5, *by_hand.confidence_interval()))
    assert {"emotion", "attribute"} == set(inference.placebo(results).query("test == 'masks'")["by"])


@pytest.mark.parametrize("kind", [{"single": 1}, {"own": 3}, {"pool": 8}, {"pool": 99}])
def test_what_is_missing_is_not_testable_where_it_is_missing(kind):
    results = simulate(np.random.default_rng(0), names_of(**kind))
    results.loc[3, "a2_top10"] = np.nan
    attributes = inference.accuracy_drop(results, "attribute").set_index("attribute")
    assert attributes.loc["a2", "test"] == "not testable: 1 of 24 values are missing"
    assert attributes["p"].isna().sum() == 1 and attributes["drop"].notna().all()
    emotions = inference.accuracy_drop(results, "emotion").set_index("emotion")
    assert emotions.loc["fear", "test"] == "not testable: 1 of 36 values are missing"
    assert emotions["p"].isna().sum() == 1 and emotions["drop"].notna().all()
    assert "1 of 144 values are missing" in inference.accuracy_drop(results, "overall")["test"][0]
    assert len(inference.pair_conditions(results)) == 24 * 6 - 1
    assert inference.accuracy_drop(results, "emotion", "study").set_index("emotion").loc["fear", "df"] == 34
    inference.placebo(results)


def test_a_random_mask_that_was_not_measured_for_every_task_is_left_out_of_its_pool():
    results = simulate(np.random.default_rng(0), names_of(pool=9))
    without = results.drop(columns="random_top10_4")
    results.loc[3, "random_top10_4"] = np.nan
    said = " (1 more left out, without answers for some task)"
    for by in ("attribute", "emotion", "overall"):
        table = inference.accuracy_drop(results, by)
        assert table["test"].str.endswith(said).all() == (by == "attribute")
        table["test"] = table["test"].str.removesuffix(said)
        pd.testing.assert_frame_equal(table, inference.accuracy_drop(without, by))
    pd.testing.assert_frame_equal(inference.placebo(results), inference.placebo(without))
    few = inference.accuracy_drop(without.drop(index=without.index[-1]), "overall")
    assert few["unit"].str.endswith("some tasks are missing").all()


@pytest.mark.parametrize("test, said", [("masks", "values are missing"), ("study", "no pair was measured")])
def test_nothing_measured_is_said(test, said):
    results = simulate(np.random.default_rng(0), names_of(own=2))
    results[results.columns[3:]] = np.nan
    for by in ("attribute", "emotion", "overall"):
        table = inference.accuracy_drop(results, by, test)
        assert len(table) and table["test"].str.contains(said).all() and table["drop"].isna().all()


@pytest.mark.parametrize("kind", [{"own": 2}, {"pool": 3}])
def test_random_masks_none_of_which_was_measured_for_every_task_are_not_called_too_few(kind):
    results = simulate(np.random.default_rng(0), names_of(**kind))
    for row, name in enumerate([name for name in results if "random" in name]):
        results.loc[row, name] = np.nan
    table = inference.accuracy_drop(results, "attribute")
    assert (table["test"] == "not testable: no random mask was measured for every task").all()
    assert table["drop"].notna().all()


def test_a_pool_none_of_which_was_measured_everywhere_has_no_placebo():
    results = simulate(np.random.default_rng(0), names_of(pool=99))
    results.loc[0, [name for name in results if "random" in name]] = np.nan
    tested = inference.placebo(results)
    assert not ((tested["by"] == "attribute") & (tested["test"] == "masks")).any()


@pytest.mark.parametrize("kind", [{"single": 1}, {"own": 3}, {"pool": 8}, {"pool": 99}])
def test_values_that_are_all_the_same_do_not_fail(kind):
    results = simulate(np.random.default_rng(0), names_of(**kind))
    results[results.columns[3:]] = 0.1
    assert inference.accuracy_drop(results, "emotion")["test"].eq("not testable: the drops are all the same").all()
    attributes = inference.accuracy_drop(results, "attribute")
    assert (attributes["drop"].abs() < 1e-12).all()
    assert (attributes["p"] == 1).all() if kind == {"pool": 99} else attributes["test"].eq(
        "not testable: the random masks cost the same").all()
    assert inference.accuracy_drop(results, "emotion", "study")["p"].isna().all()
    inference.placebo(results)


def test_one_pair_is_not_testable_by_the_study_s_test():
    drop = inference.accuracy_drop(results_of([["fear", 1, 0.9, 0.5, 0.6, np.nan, 0.6, 0.9]]), "emotion", "study")
    drop = drop[drop["k"] == 10]
    assert drop["test"].tolist() == ["not testable: one pair"] and drop["drop"].tolist() == pytest.approx([0.1])


# -------------------------------------------------------------------------------------------------------------- placebo

def test_placebo_tests_each_random_mask_as_if_it_were_specific():
    results = simulate(np.random.default_rng(7), names_of(pool=12))
    tested = inference.placebo(results)
    assert tested.groupby(["by", "test"]).size().to_dict() == {
        ("attribute", "masks"): 12, ("attribute", "study"): 12, ("emotion", "masks"): 400, ("emotion", "study"): 400}
    # The third random mask in the place of an attribute's, the others as its pool.
    renamed = results.drop(columns=[f"a{a}_top10" for a in range(6)]).rename(columns={"random_top10_3": "x_top10"})
    for test in ("masks", "study"):
        p = tested.query("by == 'attribute' and test == @test")["p"].iloc[2]
        assert p == pytest.approx(inference.accuracy_drop(renamed, "attribute", test)["p"][0])
    shares = inference.placebo_shares(tested)
    assert shares["tests"].tolist() == [12, 12, 400, 400]
    assert shares["share"][0] == (tested["p"][:12] < 0.05).mean() and (shares["sides"] == "one-sided").all()

    results = simulate(np.random.default_rng(7), names_of(own=4))
    tested = inference.placebo(results)
    assert tested.groupby(["by", "test"]).size().to_dict() == {
        ("attribute", "masks"): 24, ("attribute", "study"): 24, ("emotion", "masks"): 16, ("emotion", "study"): 16}
    renamed = results.drop(columns=[f"a{a}_top10" for a in range(6)]).rename(
        columns={f"a{a}_top10_random1": f"a{a}_top10" for a in range(6)})
    for by in ("attribute", "emotion"):
        expected = inference.accuracy_drop(renamed, by)["p"]
        found = tested.query("by == @by and test == 'masks'")["p"]
        assert set(np.round(expected, 12)) <= set(np.round(found, 12))


LEVELS = [{"single": 1}, {"own": 4}, {"pool": 14}, {"pool": 99}]


def level(kind, repetitions, **sizes):
    """The share of p <= .05 by attribute, by emotion and overall where there is nothing to find."""
    generator = np.random.default_rng(11)
    found = {by: [] for by in ("attribute", "emotion", "overall")}
    for _ in range(repetitions):
        results = simulate(generator, names_of(attributes=14, **kind), **sizes)
        for by, p in found.items():
            p += (inference.accuracy_drop(results, by)["p"] <= 0.05).tolist()
    return {by: np.mean(p) for by, p in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LEVELS, ids=str)
def test_tests_hold_their_level(kind):
    found = level(kind, 1000)
    assert all(abs(share - 0.05) < 0.015 for share in found.values()), found


@pytest.mark.parametrize("seeds, most", [(2, 0.09), (3, 0.065), (6, 0.065), (12, 0.065)])
def test_crossed_effects_hold_their_level_from_three_seeds_on(seeds, most):
    generator = np.random.default_rng(1)
    for seed_sd, attribute_sd in itertools.product([0, 0.3, 1, 3], repeat=2):
        drops = (seed_sd * generator.normal(size=(4000, seeds, 1)) + attribute_sd * generator.normal(size=(4000, 1, 14))
                 + generator.normal(size=(4000, seeds, 14)))
        assert (estimators.crossed_estimate(drops).p <= 0.05).mean() < most


def test_tests_hold_their_level_roughly_and_the_study_s_does_not():
    assert max(level({"own": 4}, 40).values()) < 0.12
    assert max(level({"pool": 14}, 40, seeds=[1]).values()) < 0.12
    shares = [inference.placebo_shares(inference.placebo(simulate(np.random.default_rng(i), names_of(14, single=1))))
              for i in range(4)]
    shares = pd.concat(shares).groupby(["by", "test"])["share"].mean()
    assert shares["attribute", "study"] > 0.3 and shares["emotion", "study"] > 0.12
    assert shares["attribute", "masks"] < 0.12 and shares["emotion", "masks"] < 0.12


# --------------------------------------------------------------------------------------------- the published accuracies

def test_the_study_s_table_is_reproduced(published):
    drop = inference.accuracy_drop(published, "emotion", "study")
    drop = drop[drop["k"] == 4000].sort_values("drop", ascending=False).set_index("emotion")
    assert drop.loc["remorse", ["drop", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [0.0813, 0.0362, 0.1264], abs=5e-5)
    assert (drop["df"] == 12 * 14 - 1).all()
    # Order and stars of the study's figure.
    assert " ".join(drop.index) == (
        "remorse annoyance confusion disgust amusement excitement approval fear caring anger joy optimism sadness love "
        "admiration curiosity disappointment gratitude pride disapproval desire surprise grief nervousness realization "
        "embarrassment relief")
    assert drop.index[drop["q"] < 0.05].tolist() == drop.index[:20].tolist()


def test_what_of_the_study_s_finding_stands(published):
    emotions = inference.accuracy_drop(published, "emotion")
    emotions = emotions[emotions["k"] == 4000].set_index("emotion")
    assert (emotions["q"] < 0.05).sum() == 0
    assert (100 * emotions.loc["remorse", ["drop", "se"]].astype(float)).round(2).tolist() == [8.13, 5.88]
    overall = inference.accuracy_drop(published, "overall").set_index("k").loc[4000]
    assert (100 * overall[["drop", "ci_low", "ci_high"]].astype(float)).round(2).tolist() == [2.87, -2.23, 7.97]

    attributes = inference.accuracy_drop(published, "attribute")
    assert (attributes["df"] == 13).all()
    found = attributes[attributes["q"] < 0.05].groupby("k")["attribute"].apply(set).to_dict()
    assert found == {1500: {"happy-face", "fear-face"}, 2000: {"happy-face", "fear-face", "valence"},
                     2500: {"happy-face", "fear-face", "valence", "control"}, 4000: {"happy-face"}}
    assert attributes.set_index(["attribute", "k"]).loc[("control", 2000), "q"] == pytest.approx(0.057, abs=5e-4)


def test_random_against_random_masks_of_the_study(published):
    shares = inference.placebo_shares(inference.placebo(published)).set_index(
        ["by", "test", "k"])["share"].sort_index()
    assert shares["attribute", "study", 4000] == pytest.approx(0.434, abs=5e-4)
    assert 0.2 < shares["emotion", "study"].mean() < 0.3
    assert shares["emotion", "masks"].mean() < 0.05 and shares["attribute", "masks"].mean() < 0.1


def test_published_attributes_have_the_names_of_the_ratings(published, shared):
    ratings = pd.read_csv(shared / "data/human/attribute_ratings.csv")
    drop = inference.accuracy_drop(published, "attribute")
    assert drop["attribute"].unique().tolist() == ratings.columns[1:].tolist()


# ----------------------------------------------------------------------------------------------------------------- dose

def test_dose_is_a_mean_over_masks(monkeypatch):
    monkeypatch.setitem(METHODS, "scaled", Method("scaled", "set to one length", ""))  # another than `scale`
    assert in_words("scaled") == "set to one length" and in_words("scale", 0.5) == "multiplied by 0.5"
    results = pd.DataFrame({"sentiment": ["joy", "fear"], "seed": 1, "best": 0.9,
                            "a_top10_scale2": [0.1, 0.3], "b_top10_scale2": [0.3, 0.5], "random_top10_1_scale2": 0.6,
                            "random_top10_2_scale2": 0.8, "a_top10": 0.5, "random_top10_1": 0.6,
                            "a_top10_scaled": 0.2, "random_top10_1_scaled": 0.6})
    dose = inference.accuracy_by_dose(results).set_index("condition")
    assert dose["mean"].to_dict() == pytest.approx({"random": 0.7, "attribute-specific": 0.3, "a": 0.2, "b": 0.4})
    assert (dose["scale"] == 2).all() and dose["n"].tolist() == [2, 2, 1, 1] and np.isnan(dose.loc["a", "ci_low"])
