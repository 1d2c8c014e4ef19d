"""Step 6's statistics, on small tables made up here and on the published accuracies."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from framework import artifacts
from framework.analysis import inference


def results_of(rows):
    return pd.DataFrame(rows, columns=["sentiment", "seed", "best", "joy_top10", "joy_top10_random", "odd_top3_top20",
                                       "odd_top3_top20_random1", "odd_top3_top20_random2"])


@pytest.fixture(scope="module")
def published(published_accuracy, shared):
    return artifacts.read_published_results(published_accuracy / "attribute", published_accuracy / "random",
                                            shared / "data/published/accuracy.csv")


def test_pairs_compare_with_the_mean_of_the_random_draws():
    pairs = inference.pair_conditions(results_of([["fear", 1, 0.9, 0.5, 0.6, 0.4, 0.6, 0.9]]))
    assert pairs.to_numpy().tolist() == [["fear", 1, "joy", 10, 0.6, 0.5], ["fear", 1, "odd_top3", 20, 0.75, 0.4]]


def test_what_was_not_measured_is_left_out_pair_by_pair():
    nan = float("nan")
    pairs = inference.pair_conditions(results_of([["fear", 1, 0.9, 0.5, 0.6, nan, 0.6, 0.9],
                                              ["fear", 3, 0.9, nan, 0.6, 0.4, nan, 0.5],
                                              ["fear", 5, 0.9, 0.5, 0.7, 0.4, nan, nan],
                                              ["love", 1, 0.9, 0.5, 0.5, nan, nan, nan]]))
    drop = inference.accuracy_drop(pairs, "emotion").set_index(["emotion", "k"])
    assert drop["df"].to_dict() == {("fear", 10): 1, ("fear", 20): 0, ("love", 10): 0}
    assert drop.loc[("fear", 10), "drop"] == pytest.approx(0.15)
    assert drop.loc[("fear", 20), "drop"] == pytest.approx(0.1)
    assert drop.loc[("fear", 10), ["t", "p", "q", "ci_low", "ci_high"]].notna().all()
    assert drop.loc[("fear", 20), ["t", "p", "q", "ci_low", "ci_high"]].isna().all()  # one pair tests nothing


def test_masks_without_a_random_baseline_make_no_pairs():
    results = pd.DataFrame({"sentiment": ["joy"], "seed": [1], "best": 0.9, "joy_top10": 0.5})
    assert inference.pair_conditions(results).empty


def test_the_test_is_one_sided_and_the_interval_two_sided():
    generator = np.random.default_rng(0)
    random = generator.uniform(0.6, 0.8, 40)
    worse, better = random - generator.normal(0.05, 0.05, 40), random + generator.normal(0.05, 0.05, 40)
    pairs = pd.DataFrame({"emotion": ["worse"] * 40 + ["better"] * 40, "seed": 1, "attribute": "valence", "k": 10,
                          "random": np.tile(random, 2), "specific": np.concatenate([worse, better])})
    drop = inference.accuracy_drop(pairs, "emotion").set_index("emotion")
    assert drop.loc["worse", "p"] < 0.001 and drop.loc["better", "p"] > 0.999
    low, high = scipy_stats.bootstrap((random - worse,), np.mean, rng=0, method="percentile").confidence_interval
    assert drop.loc["worse", ["ci_low", "ci_high"]].tolist() == pytest.approx([low, high], abs=0.002)


def test_intervals_of_accuracies_are_possible_ones():
    few = inference.accuracy_interval([0.6, 0.96])  # the t interval is from -1.5 to 3.1
    assert few["mean"] == 0.78 and few["n"] == 2 and np.isnan([few["ci_low"], few["ci_high"]]).all()
    high = inference.accuracy_interval([1, 1, 1, 1, 0.9])
    assert 0.9 < high["ci_low"] < high["mean"] and high["ci_high"] == 1
    assert inference.accuracy_interval([0, 0, 0, 0, 0.1])["ci_low"] == 0


def test_drops_that_are_all_the_same_do_not_fail():
    pairs = pd.DataFrame({"emotion": "joy", "seed": [1, 3], "attribute": "valence", "k": 10, "random": 0.5,
                          "specific": 0.5})
    drop = inference.accuracy_drop(pairs, "emotion").iloc[0]
    assert (drop["drop"], drop["ci_low"], drop["ci_high"]) == (0, 0, 0) and np.isnan(drop["q"])


def test_q_values_are_over_the_tests_that_could_be_made():
    # Benjamini and Hochberg's step-up by hand: 4 tests, p * 4 / rank, then the smallest from the right.
    assert inference.false_discovery_q([0.01, np.nan, 0.04, 0.03, 0.5]) == pytest.approx(
        [0.04, np.nan, 0.16 / 3, 0.16 / 3, 0.5], nan_ok=True)
    assert np.isnan(inference.false_discovery_q([np.nan])).all()


def test_q_values_are_within_each_k():
    pairs = pd.DataFrame([{"emotion": emotion, "seed": seed, "attribute": "valence", "k": k, "random": 0.6,
                           "specific": 0.6 - drop - 0.001 * seed}
                          for emotion, drop in (("joy", 0.1), ("love", 0.0)) for seed in (1, 3, 5) for k in (10, 20)])
    both = inference.accuracy_drop(pairs, "emotion")
    alone = inference.accuracy_drop(pairs[pairs["k"] == 10], "emotion")
    assert both[both["k"] == 10]["q"].tolist() == alone["q"].tolist()
    assert both[both["k"] == 10]["q"].tolist() != both[both["k"] == 10]["p"].tolist()


def test_published_drops_are_reproduced(published):
    drop = inference.accuracy_drop(inference.pair_conditions(published), "emotion")
    assert list(drop.columns) == ["emotion", "k", "drop", "ci_low", "ci_high", "t", "df", "p", "q"]
    drop = drop[drop["k"] == 4000].sort_values("drop", ascending=False).set_index("emotion")
    assert drop.loc["remorse", ["drop", "ci_low", "ci_high"]].round(4).tolist() == [0.0813, 0.0362, 0.1264]
    assert (drop["df"] == 12 * 14 - 1).all()
    # Order and stars of the study's figure.
    assert " ".join(drop.index) == (
        "remorse annoyance confusion disgust amusement excitement approval fear caring anger joy optimism sadness love "
        "admiration curiosity disappointment gratitude pride disapproval desire surprise grief nervousness realization "
        "embarrassment relief")
    assert drop.index[drop["q"] < 0.05].tolist() == drop.index[:20].tolist()


def test_published_attributes_have_the_names_of_the_ratings(published, shared):
    ratings = artifacts.read_table(shared / "data/human/attribute_ratings.csv", numeric=False)
    drop = inference.accuracy_drop(inference.pair_conditions(published), "attribute")
    assert drop["attribute"].unique().tolist() == ratings.columns[1:].tolist()
    assert (drop["df"] == 12 * 27 - 1).all()


def test_accuracies_without_a_mask_are_counted_once_a_task(published):
    accuracy = inference.accuracy_by_condition(published, inference.pair_conditions(published))
    unmasked = accuracy[accuracy["k"] == 0].set_index("emotion")
    assert (unmasked["n"] == 12).all() and unmasked["mean"].mean() == pytest.approx(0.8318, abs=5e-5)
    # The study draws one standard error from end to end: 3.9 points for remorse, measured on its picture.
    assert unmasked.loc["remorse", "se"] == pytest.approx(0.039, abs=0.001)
