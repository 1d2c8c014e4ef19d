"""The page of the study we ran says what the answers kept in this repository give."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from conftest import ROOT
from framework.analysis.estimators import false_discovery_q, mean_interval
from framework.analysis.inference import accuracy_drop, conditions, own_and_others, placebo, placebo_shares
from framework.files import results
from framework.files.names import task_files

PAGE = (ROOT / "docs/study.md").read_text(encoding="utf-8")
README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())


def said_of_study(*statements, under=""):
    """Assert that the study's page says this, or its paragraph that begins with `under`; it writes .07 for 0.07."""
    page = PAGE
    if under:
        page, = (part for part in page.split("\n\n") if part.startswith(f"**{under}"))
    page = " ".join(page.split())
    for said in statements:
        assert re.sub(r"(?<![\d.])0\.(?=\d\d)", ".", said) in page, said


def mean_drop(results):
    """The mean over attributes, in points, with its 95% interval: as the page writes the three."""
    row, = accuracy_drop(results, "overall").itertuples()
    return [f"{100 * value:.1f}" for value in (row.drop, row.ci_low, row.ci_high)]


def test_the_page_of_the_study_says_which_neurons_were_found():
    page = " ".join(PAGE.split())
    small, alone, new, decoder = (
        pd.read_csv(ROOT / f"neuron_rank/study/{place}/of_choosing_seeds_replication.csv")
        for place in ("backbone", "smollm2", "smollm2/tested_by_three_seeds", "smollm2/tested_by_four_seeds"))
    assert (f"choosing seeds find {len(small)} pairs. The other three find {(small['q'] < 0.05).sum()} of these again"
            in page)

    confirmed = decoder[decoder["q"] < 0.05].sort_values("neuron")
    assert f"{len(decoder)} of all 645,120 pairs of a neuron and an attribute are significant family-wise" in page
    assert f"find {len(confirmed)} of the {len(decoder)} pairs again" in page
    assert (f"two seeds find {len(decoder)} pairs; the other four find {len(confirmed)} again, mostly for happy-face"
            in README)
    for attribute, pairs in decoder.groupby("attribute"):
        again = confirmed[confirmed["attribute"] == attribute]
        units = ", ".join(f"{layer}:{unit}" for layer, unit in zip(again["layer"], again["unit"]))
        assert f"| {attribute} | {len(pairs)} | {len(again)} | {units}" in page
    tau, tau_again = (f"{decoder[name].mean():.2f}".removeprefix("0") for name in ("tau", "tau_again"))
    assert f"from {tau} on average to {tau_again} with the other four" in page
    assert f"In {(decoder['tau_again'] > 0).sum()} of {len(decoder)} pairs it is above 0" in page
    pairs = ["attribute", "neuron"]
    assert decoder[pairs].to_numpy().tolist() == alone[pairs].to_numpy().tolist()
    assert (f"seed 5 alone had found {(alone['q'] < 0.05).sum()} again; these three alone find "
            f"{(new['q'] < 0.05).sum()} again," in page)
    assert new.query("q >= 0.05").groupby("attribute").size().to_dict() == {
        "anger-face": 1, "fairness": 2, "happy-face": 2}

    tables = "neuron_rank/study/smollm2/neuron_rank_by_searchlight_RSA_14property_{}.csv"
    layers = pd.read_csv(ROOT / tables.format("significant_by_layer"))


    def by_attribute(layers, column):
        counts = layers.groupby("attribute")[column].sum().sort_values(ascending=False, kind="stable")
        return counts.sum(), [f"{attribute} {count}" for attribute, count in counts[counts > 0].items()]

    total, (*most, least) = by_attribute(layers, "count_fwe")
    assert f"With all six seeds, {total} pairs are significant: {', '.join(most)} and {least}." in page
    total, named = by_attribute(layers, "count_fwe_by_attribute")
    assert f"Corrected within each attribute only, {total} are ({', '.join(named)})" in page
    total, (*most, least) = by_attribute(
        pd.read_csv(ROOT / "neuron_rank/study/smollm2/over_48_comments_significant_by_layer.csv"), "count_fwe")
    assert (f"{total} pairs of a neuron and an attribute are significant family-wise, against "
            f"{layers['count_fwe'].sum()}: {', '.join(most)} and {least}.") in page
    reliability = pd.read_csv(ROOT / tables.format("reliability"), index_col="attribute")["reliability"]
    said = (f"from {reliability.min():.2f} ({reliability.idxmin()}) to {reliability.max():.2f} "
            f"({reliability.idxmax()})")
    assert said.replace("0.", ".") in page
    halves = pd.read_csv(ROOT / tables.format("stability")).drop_duplicates("attribute").set_index("attribute")
    assert set(halves.index[halves["halves_r_lowest"] > 0]) == {"anger-face", "disgust-face", "surprise-face"}


def test_the_page_of_the_study_says_what_masks_cost_the_small_model():
    accuracy = results.read_all(ROOT / "masks/study/backbone/zero")
    size, = conditions(accuracy)
    drop, low, high = mean_drop(accuracy)
    more = accuracy_drop(accuracy, "attribute").query("q < 0.05").sort_values("drop", ascending=False)
    named = [f"{of.attribute} ({100 * of.drop:.1f}" for of in more.itertuples()]
    lost = 100 * (accuracy["best"].mean() - size.specific.mean())
    assert (f"falls by {lost:.1f} points from {accuracy['best'].mean():.0%} (guessing: 50%), {drop} more than with "
            f"random masks ({low} to {high})") in README
    said_of_study(
        f"They cost {drop} points of accuracy more than 500 random ones, with a 95% interval over attributes and seeds "
        f"of {low} to {high}",
        f"(q < .05): {named[0]} points), {'), '.join(named[1:-1])}) and {named[-1]})")


COSTS = "an attribute's mask costs {drop} points more on average ({low} to {high})"
MATCHED = "No attribute costs significantly more (smallest q = {q}, {least}; by margin {q_margin}, {least_margin})"
LOST = {  # what the page says of each kind of mask, in which paragraph
    "backbone/mean": (
        "Set to their mean** over", "an attribute's neurons cost {drop} points more than random ones ({low} to {high})",
        "no single attribute costs significantly more (smallest q = {q})"),
    "backbone/zero_matched": (
        "Against neurons of the same layers", "It costs {drop} points more than these ({low} to {high})",
        "(smallest q = {q} for both)", "(smallest q = {q_emotion} for both)",
        "By margin, {more_by_margin} attributes cost more"),
    "backbone/amplified_matched": (
        "Doubling an attribute's", "doubling costs {drop} points more than its controls ({low} to {high})",
        "{more} attributes cost more (q < .05)", "{losing} emotions lose more (q < .05)"),
    "smollm2/zero": (
        "At zero", "falls to {pool}, so " + COSTS.replace("})", "}, over attributes and seeds;"),
        "(standard deviation {sd} points; the sampling", "By margin (smallest q = {q_margin})"),
    "smollm2/mean": (
        "Set to their mean, they",
        "with random ones, to {pool}. So " + COSTS.replace("})", "}, over attributes and seeds; 1.0 to 5.7 if"),
        "(standard deviation {sd} points)", "No attribute has q < .05 (smallest q = {q}; by margin {q_margin}, by AUC",
        "Of the 27 emotions, {emotions} lose more (q < .05; by margin none, by AUC nervousness alone); tested by "
        "emotion, {placebo} of"),
    "smollm2/zero_matched": (
        "Beside neurons of the same", COSTS.replace("})", "}, over attributes and seeds;")),
    "smollm2/amplified_matched": ("Doubled, they do", COSTS, MATCHED, "tested by emotion, {placebo} of random masks")}
NUMBERS = "No One Two Three Four Five Six Seven Eight Nine Ten".split()


@pytest.mark.parametrize("what", LOST)
def test_the_page_of_the_study_says_what_masks_cost(what):
    under, *statements = LOST[what]
    measured = results.read_each(ROOT / "masks/study" / what)
    accuracy, pool = measured["accuracy"], measured["accuracy"].filter(like="random_top4000")
    drop, low, high = mean_drop(accuracy)
    by, by_margin = (accuracy_drop(measured[name], "attribute").set_index("attribute")["q"]
                      for name in ("accuracy", "margin"))
    tested = placebo_shares(placebo(accuracy)).set_index(["by", "test"])["share"]
    by_emotion = {name: accuracy_drop(found, "emotion")["q"] for name, found in measured.items()}
    emotions = {name: (q < 0.05).sum() for name, q in by_emotion.items()}
    numbers = {"q_emotion": f"{by_emotion['accuracy'].min():.2f}", "losing": NUMBERS[min(emotions["accuracy"], 10)],
               "more": NUMBERS[(by < 0.05).sum()], "more_by_margin": NUMBERS[(by_margin < 0.05).sum()].lower(),
               "drop": drop, "low": low, "high": high, "q": f"{by.min():.2f}", "least": by.idxmin(),
               "q_margin": f"{by_margin.min():.2f}", "least_margin": by_margin.idxmin(),
               "emotions": emotions["accuracy"], "placebo": f"{tested['emotion', 'masks']:.0%}",
               "pool": f"{pool.to_numpy().mean():.0%}" if pool.size else "", "sd": f"{100 * pool.mean().std():.1f}"}
    said_of_study(*(said.format(**numbers) for said in statements), under=under)
    assert f"| {drop} ({low} to {high}) |" in PAGE
    if what.startswith("smollm2"):
        margin, = accuracy_drop(measured["margin"], "overall").itertuples()
        assert margin.ci_low < 0 < margin.ci_high
    assert what != "smollm2/mean" or emotions["margin"] == 0


def test_the_page_of_the_study_says_which_of_smollm2_s_results_stand_out():
    of = {what: results.read_each(ROOT / "masks/study/smollm2" / what)
          for what in ("zero", "mean", "zero_matched", "amplified_matched")}
    for what in ("zero", "mean", "amplified_matched"):  # seed 5's answers are older than AUC
        folder = ROOT / "masks/study/smollm2" / what
        later = [task for task in task_files(folder, ".json") if task.seed != 5]
        of[what]["AUC"] = results.read_each(folder, later)["AUC"]
    averages = {(what, name): accuracy_drop(found, "overall")["p"].item()
                for what, measured in of.items() for name, found in measured.items()}
    q = dict(zip(averages, false_discovery_q(list(averages.values()))))
    assert len(q) == 12 and [test for test in q if q[test] < 0.05] == [("mean", "accuracy")]
    said = {test: f"{value:.3f}".removeprefix("0") for test, value in q.items()}
    said_of_study(
        f"has q < .05 ({said['mean', 'accuracy']}). Zero with matched neurons has {said['zero_matched', 'accuracy']} "
        f"(accuracy), {said['zero_matched', 'AUC']} (AUC) and {said['zero_matched', 'margin']} (margin); zero with "
        f"random neurons {said['zero', 'accuracy']} (accuracy), {said['zero', 'AUC']} (AUC) and "
        f"{said['zero', 'margin']} (margin); the mean {said['mean', 'AUC']} (AUC) and {said['mean', 'margin']} "
        f"(margin); and doubling {said['amplified_matched', 'accuracy']} (accuracy)",
        under="By margin")
    said_of_study("it costs {} points more ({} to {})".format(*mean_drop(of["amplified_matched"]["AUC"])),
                  under="Doubled, they do")
    zero, first = of["zero"], of["zero"]["accuracy"]["seed"] == 5
    least_of = {by: {name: f"{accuracy_drop(found, by)['q'].min():.2f}".removeprefix("0")
                     for name, found in zero.items()} for by in ("emotion", "attribute")}
    said_of_study(
        "Seed 5, with which we tested first, gave {} ({} to {})".format(*mean_drop(zero["accuracy"][first])),
        "seeds 7, 9 and 11 alone, a mask costs {} points more ({} to {})".format(*mean_drop(zero["AUC"])),
        "surprise-face, arousal and expectedness (p = .01 and q = .047 each)",
        "two such p instead of three, q would be .07",
        "By margin (smallest q = {margin}) and AUC ({AUC}) no attribute does".format(**least_of["attribute"]),
        under="At zero")
    tested = accuracy_drop(zero["accuracy"], "attribute").query("q < 0.05")
    assert set(tested["attribute"]) == {"surprise-face", "arousal", "expectedness"}
    assert set(tested["p"]) == {0.01} and (tested["q"].round(3) == 0.047).all()
    share = placebo_shares(placebo(zero["accuracy"])).query("by == 'emotion' and test == 'masks'")["share"].item()
    said_of_study(
        f"Tested by emotion, {share:.0%} of random masks have p < .05",
        "No single emotion loses significantly more (smallest q = {accuracy}; by margin {margin}, by AUC {AUC})".format(
            **least_of["emotion"]))
    to_mean = of["mean"]
    first = to_mean["accuracy"]["seed"] == 5
    assert accuracy_drop(to_mean["AUC"], "emotion").query("q < 0.05")["emotion"].tolist() == ["nervousness"]
    margin, = accuracy_drop(to_mean["margin"], "overall").itertuples()
    said_of_study(
        "Seed 5, with which we tested first, gave {} ({} to {})".format(*mean_drop(to_mean["accuracy"][first])),
        "seeds 7 and 9 alone, a mask costs {} points more ({} to {})".format(*mean_drop(to_mean["AUC"])),
        f"By margin the interval includes 0 ({margin.ci_low:.3f} to {margin.ci_high:.3f})".replace("-0.", "-."),
        f"by AUC {accuracy_drop(to_mean['AUC'], 'attribute')['q'].min():.2f})",
        f"{(accuracy_drop(to_mean['accuracy'][first], 'emotion')['q'] < 0.05).sum()} emotions had q < .05",
        under="Set to their mean, they")
    zero, to_mean = (
        (100 * accuracy_drop(of[what]["accuracy"], "attribute").set_index("attribute")["drop"]).round(1)
        for what in ("zero", "mean"))
    said_of_study(
        f"surprise-face costs {zero['surprise-face']} points more than random masks, arousal {zero['arousal']}, "
        f"expectedness {zero['expectedness']}, fairness {zero['fairness']}, anger-face {zero['anger-face']}, "
        f"disgust-face {zero['disgust-face']} and fear-face {zero['fear-face']}",
        f"({-zero['novelty']} and {-zero['other-relativity']} points less)",
        f"Happy-face, which has most significant neurons, costs {-zero['happy-face']} points less",
        f"disgust-face {to_mean['disgust-face']}, anger-face {to_mean['anger-face']}, arousal {to_mean['arousal']}, "
        f"expectedness {to_mean['expectedness']} and fairness {to_mean['fairness']}, but novelty")


def test_the_page_of_the_study_says_which_attributes_cost_more_in_smollm2():
    """By each measure, with all testing seeds and with those that were tested later, but not with the first."""
    of = results.read_each(ROOT / "masks/study/smollm2/zero_matched")
    accuracy = of["accuracy"]
    assert set(of) == {"accuracy", "margin", "AUC"} and set(accuracy["seed"]) == {5, 7, 9, 11}

    def tested(by, seeds=(5, 7, 9, 11)):
        """q by attribute or emotion (rows) and measure (columns)."""
        return pd.DataFrame({name: accuracy_drop(found[found["seed"].isin(seeds)], by).set_index(by)["q"]
                             for name, found in of.items()})

    q, later, first = tested("attribute"), tested("attribute", [7, 9, 11]), tested("attribute", [5])
    two = ["anger-face", "expectedness"]
    for found in (q, later.drop("arousal")):
        assert ((found < 0.05).T == found.index.isin(two)).all(axis=None)
    assert first.min(axis=None) > 0.05 and first["accuracy"].idxmin() == "expectedness"
    by_emotion = tested("emotion")
    assert by_emotion["accuracy"].nsmallest(2).index[0] == "excitement" and (by_emotion < 0.05).sum().sum() == 1
    drop = 100 * accuracy_drop(accuracy, "attribute").set_index("attribute")["drop"]
    size, = conditions(accuracy)
    expected, anger = ([f"{value:.2f}" for value in q.loc[name]] for name in ("expectedness", "anger-face"))
    assert anger[1] == anger[2]
    low, high = (f"{end:.2f}" for end in accuracy_drop(of["margin"], "overall")[["ci_low", "ci_high"]].to_numpy()[0])
    shares = [placebo_shares(placebo(found)).query("by == 'attribute' and test == 'masks'") for found in of.values()]
    of_placebos = [round((share["share"] * share["tests"]).item()) for share in shares]
    said_of_study(
        f"falls from {accuracy['best'].mean():.0%} to {size.specific.mean():.0%} with an attribute's neurons at zero, "
        f"and to {size.base.mean():.0%} with matched ones",
        "expectedness ({:.1f} points; q = {}, by margin {}, by AUC {})".format(drop["expectedness"], *expected),
        "anger-face ({:.1f} points; q = {}, by margin and AUC {})".format(drop["anger-face"], *anger),
        "disgust-face, which shares 3,103 with anger-face, costs only {:.1f} points more (q = {:.2f})".format(
            drop["disgust-face"], q.loc["disgust-face", "accuracy"]),
        "By AUC it costs {} points more ({} to {})".format(*mean_drop(of["AUC"])),
        f"By margin the interval includes 0 ({low} to {high})".replace("-0.", "-."),
        "({}, {} to {})".format(*mean_drop(accuracy[accuracy["seed"] == 5])),
        f"no such attribute (smallest q = {first['accuracy'].min():.2f}, expectedness)",
        "of later tests alone give {} points ({} to {})".format(*mean_drop(accuracy[accuracy["seed"] != 5])),
        f"by each measure (q from {later.loc[two].min(axis=None):.2f} to {later.loc[two].max(axis=None):.2f}; by "
        f"accuracy also arousal, q = {later.loc['arousal', 'accuracy']:.3f})",
        f"excitement (q = {by_emotion['accuracy'].min():.3f};",
        "{} of 42 random masks have p < .05 (by margin {}, by AUC {})".format(*of_placebos),
        under="Beside neurons of the same layers and activity, they do")


def test_the_page_of_the_study_says_what_the_pooled_spread_of_controls_decides():
    def with_own_spread(what):
        size, = conditions(results.read_all(ROOT / "masks/study" / what))
        controls = np.stack([draws.mean(0) for draws in size.matched])
        draws = controls.shape[1]
        spread = controls.std(1, ddof=1)
        t = (controls.mean(1) - size.specific.mean(0)) / (spread * np.sqrt(1 + 1 / draws))
        return pd.DataFrame({"sd": 100 * spread, "q": false_discovery_q(stats.t.sf(t, draws - 1))},
                            size.attributes)

    small = with_own_spread("backbone/amplified_matched")
    said_of_study(
        f"(standard deviation {small['sd'].min():.1f} points for {small['sd'].idxmin()}, {small['sd'].max():.1f} for "
        f"{small['sd'].idxmax()})", "With each attribute's own spread in its place, ten attributes have q < .05")
    pooled = accuracy_drop(results.read_all(ROOT / "masks/study/backbone/amplified_matched"), "attribute")
    eight = set(pooled.loc[pooled["q"] < 0.05, "attribute"])
    found = set(small.index[small["q"] < 0.05])
    assert (len(eight), len(found), eight - found) == (8, 10, {"self-relativity"})
    decoder = with_own_spread("smollm2/zero_matched")
    said_of_study(f"no attribute has q < .05 (smallest {decoder['q'].min():.2f})")


@pytest.mark.parametrize("model, said", [
    ("backbone", "reach {:.0%} on average"), ("smollm2", "those of the four testing seeds reach {:.0%}")])
def test_the_page_of_the_study_says_how_well_prompts_do(model, said):
    accuracy = results.read_all(ROOT / "masks/study" / model / "zero").groupby("sentiment")["best"].mean()
    found = mean_interval(accuracy)
    low, high = (f"{100 * found[end]:.0f}" for end in ("ci_low", "ci_high"))
    four = "; four seeds" if model == "smollm2" else ""
    said_of_study(said.format(found["mean"]), f"95% interval over emotions of {low} to {high}%" if model == "backbone"
                  else f"(95% interval over emotions {low} to {high}%)", f"{found['mean']:.0%} ({low} to {high}{four})")


def costs_by_effect(what, measure="accuracy"):
    """What masks by effect cost beyond random ones: rows own, others, difference; mean and 95% interval, in points."""
    found = results.read_all(ROOT / "masks/study" / what, measure)
    _, means = own_and_others(found, *conditions(found))
    return (1 if measure == "margin" else 100) * means[["mean", "ci_low", "ci_high"]].to_numpy()


@pytest.mark.parametrize("what", ["backbone/effect", "smollm2/effect", "smollm2/effect_500", "smollm2/effect_10"])
def test_the_page_of_the_study_says_what_an_emotion_s_own_neurons_cost(what):
    own, others, difference = costs_by_effect(what).round(1)
    said_of_study(
        "loses {} points more than with as many random neurons at zero (95% interval over emotions {} to {})".format(
            *own),
        "loses {} points more than with random ones ({} to {})".format(*others),
        "The difference is {} points ({} to {})".format(*difference))
    if what == "smollm2/effect_10":
        measured = results.read_each(ROOT / "masks/study" / what)
        own, others, difference = costs_by_effect(what, "margin")
        said_of_study(
            f"of a margin of {measured['margin']['best'].mean():.2f}, own masks take " +
            "{:.2f} ({:.2f} to {:.2f}) and others' {:.2f} ({:.2f} to {:.2f})".format(*own, *others),
            "By margin it is {:.2f} ({:.2f} to {:.2f})".format(*difference))
        accuracy = measured["accuracy"]
        concepts = sorted(set(accuracy["sentiment"]))
        at_half = accuracy[[f"{concept}_top10" for concept in concepts]].to_numpy() == 0.5
        own = accuracy["sentiment"].to_numpy()[:, None] == concepts
        random = accuracy.filter(like="random_") == 0.5
        said_of_study(f"in {at_half[own].mean():.0%} of cases under own masks, in {at_half[~own].mean():.0%} under "
                      f"others' and in {random.to_numpy().mean():.0%} under random ones")
        needed = pd.read_csv(ROOT / "neuron_rank/study/smollm2/neuron_rank_by_effect_most_needed.csv")
        (first, most), (second, next_most), (third, least) = needed.groupby("concept").head(10).groupby(
            ["layer", "unit"]).size().nlargest(3).items()
        said_of_study("{}:{} was chosen for {} of the 27 emotions, {}:{} for {}, {}:{} for {}".format(
            *first, most, *second, next_most, *third, least))


@pytest.mark.parametrize("drawn, what", [
    ("backbone", "backbone/effect"), ("smollm2/zero", "smollm2/effect"), ("smollm2/effect_500", "smollm2/effect_500"),
    ("smollm2/effect_10", "smollm2/effect_10")])
def test_the_figures_of_own_masks_are_of_these_answers(drawn, what):
    found = results.read_all(ROOT / "masks/study" / what)
    _, means = own_and_others(found, *conditions(found))
    shown = pd.read_csv(ROOT / "pic/study" / drawn / "accuracy_drop_own_and_others_overall.csv")
    numbers = ["mean", "ci_low", "ci_high", "p"]
    np.testing.assert_allclose(shown[numbers], means[numbers], atol=1e-6)
    assert shown["test"].fillna("").tolist() == means["test"].tolist()


def shared_cost(measure, k, digits=1):
    """What the first k neurons of all emotions cost beyond random ones: mean and 95% interval, as the page writes."""
    found = results.read_all(ROOT / "masks/study/smollm2/shared", measure)
    found = found.groupby("sentiment").mean()
    row = mean_interval(found.filter(like=f"random_top{k}_").mean(axis=1) - found[f"shared_top{k}"])
    scale = 1 if measure == "margin" else 100
    return [f"{scale * row[name]:.{digits}f}" for name in ("mean", "ci_low", "ci_high")]


def test_the_page_of_the_study_says_what_shared_neurons_cost():
    said_of_study(
        "costs {} points of accuracy more than a random one ({} to {}), the first three {} ({} to {}), and the first "
        "ten {} ({} to {})".format(*(each for k in (1, 3, 10) for each in shared_cost("accuracy", k))),
        "(they cost {} points more than random ones, {} to {})".format(*shared_cost("AUC", 10)),
        "they take {} ({} to {})".format(*shared_cost("margin", 10, digits=2)),
        under="Without the ten neurons that emotions need")
    each = results.read_all(ROOT / "masks/study/smollm2/shared", "AUC")
    assert set(each["seed"]) == {5, 7, 9, 11}
    of = each.groupby("sentiment").mean()
    own = results.read_all(ROOT / "masks/study/smollm2/effect_10", "AUC").groupby("sentiment").mean()
    said_of_study(f"AUC falls from {of['best'].mean():.0%} to {of['shared_top10'].mean():.0%} without these ten")
    lost = 100 * (of.filter(like="random_top10_").mean(axis=1) - of["shared_top10"])
    more = mean_interval(100 * (of["shared_top10"] - [own.loc[concept, f"{concept}_top10"] for concept in of.index]))
    said_of_study(
        f"it falls for {(lost > 0).sum()} emotions and rises for {(lost < 0).sum()}",
        f"lose {more['mean']:.1f} points of AUC more than under these ({more['ci_low']:.1f} to {more['ci_high']:.1f})")
    by_seed = {seed: 100 * (found.filter(like="random_top10_").mean(axis=1) - found["shared_top10"])
               for seed, found in each.groupby("seed")}
    first, (least, *_, most) = mean_interval(by_seed.pop(5)), sorted(lost.mean() for lost in by_seed.values())
    said_of_study(
        "gave {mean:.1f} points of AUC for the ten ({ci_low:.1f} to {ci_high:.1f})".format(**first),
        f"The three later seeds give {least:.1f} to {most:.1f}")


@pytest.mark.parametrize("what, said", [
    ("zero", "Beyond random masks they cost {} points of AUC ({} to {}), and {} attributes have q < .05"),
    ("zero_matched", "Beyond neurons of the same layers and activity they cost {} points ({} to {}), and {} attributes "
                     "have q < .05"),
    ("amplified_matched", "Doubled, they cost {} points more than such neurons ({} to {}), and {} attributes have "
                          "q < .05"),
    ("mean", "Set to their mean, they cost {} points more than random ones ({} to {}), and {} attributes have q < "
             ".05")])
def test_the_page_of_the_study_says_what_masks_cost_by_auc(what, said):
    found = results.read_all(ROOT / "masks/study/backbone" / what, "AUC")
    significant = (accuracy_drop(found, "attribute")["q"] < 0.05).sum()
    said_of_study(said.format(*mean_drop(found), significant), under="By AUC, less is lost")


def test_the_readme_says_what_masks_cost_by_auc():
    costs = [mean_drop(results.read_all(ROOT / "masks/study/backbone" / what, "AUC"))[0]
             for what in ("zero", "zero_matched", "amplified_matched")]
    (small_own, *_), (small_others, *_), _ = costs_by_effect("backbone/effect", "AUC")
    (own, low, high), (others, *_), _ = costs_by_effect("smollm2/effect_10")
    (own_auc, *_), (others_auc, *_), _ = costs_by_effect("smollm2/effect_10", "AUC")
    shared, shared_auc = (shared_cost(measure, 10)[0] for measure in ("accuracy", "AUC"))
    readme = README
    for said in (
            f"leaves unchanged, these three differences are {costs[0]}, {costs[1]} and {costs[2]}.",
            f"(AUC: {small_own:.1f} and {small_others:.1f})",
            f"costs {own:.1f} points more ({low:.1f} to {high:.1f}), but others' 10 cost {others:.1f} (AUC: "
            f"{own_auc:.1f} and {others_auc:.1f}), and the 10 most needed on average {shared} (AUC: "
            f"{shared_auc})"):
        assert said in readme, said


@pytest.mark.parametrize("what, said", [
    ("backbone/effect", "own masks cost {:.1f} points more than random ones ({:.1f} to {:.1f}), others' {:.1f} "
                         "({:.1f} to {:.1f})"),
    ("smollm2/effect_10", "Own masks cost {:.1f} points of AUC more than random ones ({:.1f} to {:.1f}), others' "
                           "{:.1f} ({:.1f} to {:.1f}). The difference is {:.1f} ({:.1f} to {:.1f})")])
def test_the_page_of_the_study_says_what_own_neurons_cost_by_auc(what, said):
    said_of_study(said.format(*costs_by_effect(what, "AUC").ravel()))
