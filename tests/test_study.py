"""The page of the study we ran says what the answers kept in this repository give."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from conftest import ROOT
from framework.analysis import permutation, rsa
from framework.analysis.estimators import false_discovery_q, mean_interval
from framework.analysis.inference import accuracy_drop, conditions, own_and_others, placebo, placebo_shares
from framework.files import activations, prompts, results, texts
from study_rows import (
    KINDS,
    MEASURES,
    attributes_table,
    effect_table,
    interval,
    number,
    read,
    sequence_table,
    similar_as_one,
)

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


@pytest.mark.parametrize("made", [
    lambda: attributes_table("backbone"), lambda: attributes_table("smollm2"), sequence_table, effect_table],
    ids=["small model", "SmolLM2", "by seeds", "by effect"])
def test_the_tables_of_the_page_are_of_these_answers(made):
    for row in made():
        assert row in PAGE, row


def points_lost(of, measure="accuracy"):
    """What is lost under attributes' masks, compared with no mask."""
    size, = conditions(of[measure])
    return f"{100 * (of[measure]['best'].mean() - size.specific.mean()):.1f}"


def least_q(found, by="attribute"):
    return f"{accuracy_drop(found, by)['q'].min():.2f}"


def costs_more(found, by="attribute"):
    """The attributes whose masks cost significantly more, or the emotions that lose more; most first."""
    return accuracy_drop(found, by).query("q < 0.05").sort_values("drop", ascending=False).set_index(by)["drop"]


def test_the_page_of_the_study_says_what_masks_cost_the_small_model():
    of = {what: read(f"backbone/{what}") for what in KINDS}
    accuracy = of["zero"]["accuracy"]
    size, = conditions(accuracy)
    drop, low, high = mean_drop(accuracy)
    without = {name: found["best"].mean() for name, found in of["zero"].items()}
    assert (f"falls by {points_lost(of['zero'])} points from {without['accuracy']:.0%} (guessing: 50%), {drop} more "
            f"than with random masks ({low} to {high})") in README
    said_of_study(
        f"Without a mask, accuracy is {without['accuracy']:.0%}, margin {without['margin']:.2f} and AUC "
        f"{without['AUC']:.0%}",
        f"At zero, {points_lost(of['zero'], 'AUC')} points of it are lost, where {points_lost(of['zero'])} of accuracy "
        "are")
    averages = [accuracy_drop(found, "overall")["ci_low"].item() for each in of.values() for found in each.values()]
    assert len(averages) == 12 and min(averages) > 0
    as_one = {(what, name): similar_as_one(found) for what, each in of.items() for name, found in each.items()}
    assert [test for test in as_one if as_one[test].ci_low <= 0] == [("zero_matched", "margin")]
    ends = interval(*as_one["zero_matched", "margin"][:3], "margin").partition("(")[2]
    said_of_study(f"at zero beside matched masks: {ends}")

    more, by_margin = costs_more(accuracy), set(costs_more(of["zero"]["margin"]).index)
    named = [f"{name} ({100 * lost:.1f}" for name, lost in more.items()]
    assert len(named) == 6 and by_margin == {
        "arousal", "anger-face", "disgust-face", "self-relativity", "fairness", "other-relativity"}
    assert set(costs_more(of["zero_matched"]["margin"]).index) == {"arousal", "anger-face", "disgust-face", "fairness"}
    (first, most), (second, next_most) = costs_more(accuracy, "emotion").items()
    tested = placebo_shares(placebo(of["zero_matched"]["accuracy"])).query("by == 'attribute' and test == 'masks'")
    doubled = of["amplified_matched"]["accuracy"]
    drops = accuracy_drop(doubled, "attribute").set_index("attribute")["drop"].sort_values()
    at_mean, = conditions(of["mean"]["accuracy"])
    assert drops.index[-2:].tolist() == ["disgust-face", "anger-face"] and len(costs_more(doubled)) == 8
    assert least_q(of["zero_matched"]["accuracy"]) == least_q(of["zero_matched"]["accuracy"], "emotion")
    said_of_study(
        f"six do by accuracy: {named[0]} points), {'), '.join(named[1:-1])}) and {named[-1]})",
        f"Two emotions lose more: {first} ({100 * most:.1f}) and {second} ({100 * next_most:.1f})",
        f"none does by accuracy (smallest q = {least_q(of['zero_matched']['accuracy'])}, by emotion also)",
        f"p < .05 to {round((tested['share'] * tested['tests']).item())} of 70 random masks",
        f"anger-face ({100 * drops.iloc[-1]:.1f} points) and disgust-face ({100 * drops.iloc[-2]:.1f}) most",
        f"The other twelve cost {100 * drops.iloc[:-2].mean():.1f} points more than controls on average",
        f"no attribute costs significantly more accuracy (smallest q = {least_q(of['mean']['accuracy'])})",
        f"Random neurons cost {100 * (without['accuracy'] - at_mean.base.mean()):.1f} points when set to their mean, "
        f"and {100 * (without['accuracy'] - size.base.mean()):.1f} when set to zero")


def test_the_page_of_the_study_says_which_attributes_cost_more_in_both_models():
    every = {(model, what): read(f"{model}/{what}") for model in ("backbone", "smollm2") for what in KINDS}
    both = {(what, name): set(costs_more(every["backbone", what][name]).index) & set(
        costs_more(every["smollm2", what][name]).index) for what in KINDS for name in MEASURES}
    assert {test: found for test, found in both.items() if found} == {
        ("zero", "accuracy"): {"arousal", "surprise-face"}, ("zero_matched", "margin"): {"anger-face"},
        ("zero_matched", "AUC"): {"anger-face"}}
    happy = [accuracy_drop(found["accuracy"], "attribute").set_index("attribute").loc["happy-face"]
             for found in every.values()]
    drops = [100 * row["drop"] for row in happy]
    assert min(row["q"] for row in happy) > 0.05
    doubled = accuracy_drop(every["backbone", "amplified_matched"]["AUC"], "attribute").set_index("attribute")
    lost, q = doubled.loc["happy-face", ["drop", "q"]]
    table = ROOT / "neuron_rank/study/smollm2/neuron_rank_by_searchlight_RSA_14property_reliability.csv"
    reliability = pd.read_csv(table, index_col="attribute")["reliability"]
    expected = accuracy_drop(every["smollm2", "amplified_matched"]["accuracy"], "attribute").set_index("attribute")
    said_of_study(
        f"has masks that do not cost significantly more accuracy than controls in either ({min(drops):.1f} to "
        f"{max(drops):.1f} points)",
        f"Doubled in the small model, they cost {100 * lost:.1f} points more of AUC (q = {q:.3f})",
        f"The map of expectedness has a reliability over seeds of {reliability['expectedness']:.2f}, that of arousal "
        f"{reliability['arousal']:.2f} (anger-face: {reliability['anger-face']:.2f})",
        f"expectedness costs no more ({100 * expected.loc['expectedness', 'drop']:.1f} points)")


def test_the_page_of_the_study_says_what_shared_labels_explain(shared, here, tmp_path):
    order = (shared / "data/human/emotion_order.txt").read_text().split()
    people = pd.read_csv(shared / "data/human/similarity_judgment_mean.csv").to_numpy()[:, 0]
    carried = texts.read(str(shared / "data/goemotions"), "train")
    labels = np.stack([carried.column(concept) for concept in order]).astype(int)
    together = labels @ labels.T
    pairs = np.triu_indices(len(order), 1)
    share = (together / np.minimum.outer(together.diagonal(), together.diagonal()))[pairs]
    here("get_active_neuron.py", "--checkpoint_dir", ROOT / "backbone/prompts", "--pretrained_model=backbone",
         "--activation_dir", tmp_path / "neurons")
    model = rsa.population_rdm(activations.read(tmp_path / "neurons", order)[0])
    with_people, with_labels, people_and_labels = (
        stats.kendalltau(one, other).statistic for one, other in ((model, people), (model, -share), (people, -share)))
    partial = (with_people - with_labels * people_and_labels) / np.sqrt(
        (1 - with_labels**2) * (1 - people_and_labels**2))
    p = permutation.permutation_test(model[None], -share[None], 5000, 0).p[0, 0]
    few = share < 0.01
    said_of_study(
        f"alike people find them (tau {people_and_labels:.2f})", f"holds them ({with_labels:.2f}; p = {p:.3f},",
        f"tau with people is {partial:.2f} instead of {with_people:.2f}",
        f"Over the {few.sum()} of {len(few)} pairs that share less than 1%, it is "
        f"{stats.kendalltau(model[few], people[few]).statistic:.2f}")


def test_the_page_of_the_study_says_which_of_smollm2_s_results_stand_out():
    of = {what: read(f"smollm2/{what}") for what in KINDS}
    p = [accuracy_drop(found, "overall")["p"].item() for measured in of.values() for found in measured.values()]
    tests = [(what, name) for what in KINDS for name in MEASURES]
    q = dict(zip(tests, false_discovery_q(p)))
    assert {test for test in tests if q[test] < 0.05} == {
        *(("mean", name) for name in MEASURES), ("zero_matched", "accuracy"), ("zero_matched", "AUC"), ("zero", "AUC")}
    as_one = dict(zip(tests, false_discovery_q([float(similar_as_one(of[what][name]).p) for what, name in tests])))
    assert [test for test in tests if as_one[test] < 0.05] == [("mean", "accuracy")]
    zero, to_mean = of["zero"], of["mean"]
    tested = accuracy_drop(zero["accuracy"], "attribute").query("q < 0.05")
    assert set(tested["attribute"]) == {"surprise-face", "arousal", "expectedness"}
    assert set(tested["p"]) == {0.01} and (tested["q"].round(3) == 0.047).all()
    assert costs_more(to_mean["AUC"], "emotion").empty
    losing = {len(seeds): len(costs_more(to_mean["accuracy"][to_mean["accuracy"]["seed"].isin(seeds)], "emotion"))
              for seeds in ([5], [5, 7, 9], [5, 7, 9, 11])}
    sizes = {what: next(conditions(of[what]["accuracy"])) for what in KINDS}
    at_half = [f"{(answers == 0.5).mean():.0%}" for what in ("mean", "zero")
               for answers in (sizes[what].specific, sizes[what].uniform)]
    sd, sd_at_mean = (f"{100 * sizes[what].uniform.mean(0).std(ddof=1):.1f}" for what in ("zero", "mean"))
    without = {name: found["best"].mean() for name, found in zero.items()}
    more, more_at_mean = (
        (100 * accuracy_drop(of[what]["accuracy"], "attribute").set_index("attribute")["drop"]).round(1)
        for what in ("zero", "mean"))
    doubled = of["amplified_matched"]
    least = {name: accuracy_drop(doubled[name], "attribute").set_index("attribute")["q"].idxmin() for name in doubled}
    chance = {name: placebo_shares(placebo(found)).query("by == 'attribute' and test == 'masks'")
              for name, found in doubled.items()}
    called = {name: round((share["share"] * share["tests"]).item()) for name, share in chance.items()}
    said_of_study(
        f"Without a mask, accuracy is {without['accuracy']:.0%}, margin {without['margin']:.2f} and AUC "
        f"{without['AUC']:.0%}",
        "exactly 50% in {} of cases (a prompt under a mask) under attributes' masks, and in {} under random ones; at "
        "zero, in {} and {}".format(*at_half),
        f"surprise-face costs {more['surprise-face']} points more, arousal {more['arousal']}, "
        f"expectedness {more['expectedness']}, fairness {more['fairness']}, anger-face {more['anger-face']}, "
        f"disgust-face {more['disgust-face']} and fear-face {more['fear-face']}",
        f"(standard deviation {sd} points; the sampling",
        "surprise-face, arousal and expectedness (p = .01 and q = .047 each)",
        "two such p instead of three, q would be .07",
        f"By margin (smallest q = {least_q(zero['margin'])}) and AUC ({least_q(zero['AUC'])}) none does",
        f"({-more['novelty']} and {-more['other-relativity']} points less)",
        f"Happy-face, which has most significant neurons, costs {-more['happy-face']} points less",
        f"No single emotion loses significantly more (smallest q = {least_q(zero['accuracy'], 'emotion')}; by margin "
        f"{least_q(zero['margin'], 'emotion')}, by AUC {least_q(zero['AUC'], 'emotion')})",
        f"Doubled, no attribute costs significantly more than matched masks (smallest q = "
        f"{least_q(doubled['accuracy'])}, {least['accuracy']}; by margin {least_q(doubled['margin'])}, "
        f"{least['margin']})",
        f"Of 42 random masks, {called['accuracy']} have p < .05, but {called['margin']} by margin",
        f"At their mean, disgust-face costs {more_at_mean['disgust-face']} points more, anger-face "
        f"{more_at_mean['anger-face']}, arousal {more_at_mean['arousal']}, expectedness "
        f"{more_at_mean['expectedness']} and fairness {more_at_mean['fairness']}",
        f"(standard deviation {sd_at_mean} points)",
        f"only the mean by accuracy has ({as_one['mean', 'accuracy']:.3f})",
        f"five of them narrowly ({sorted(q.values())[5]:.3f})",
        f"No attribute has q < .05 (smallest {least_q(to_mean['accuracy'])}; by margin {least_q(to_mean['margin'])}, "
        f"by AUC {least_q(to_mean['AUC'])})",
        "{4} of the 27 emotions lose more (q < .05; by margin and AUC none); with seed 5 alone, {1} did, with seeds 5, "
        "7 and 9, {3}".format(*[losing.get(seeds) for seeds in range(5)]))
    assert costs_more(to_mean["margin"], "emotion").empty


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
    expected, anger = ([f"{value:.2f}" for value in q.loc[name]] for name in ("expectedness", "anger-face"))
    assert anger[1] == anger[2]
    said_of_study(
        "expectedness ({:.1f} points; q = {}, by margin {}, by AUC {})".format(drop["expectedness"], *expected),
        "anger-face ({:.1f} points; q = {}, by margin and AUC {})".format(drop["anger-face"], *anger),
        "disgust-face, which shares 3,103 with anger-face, costs only {:.1f} points more (q = {:.2f})".format(
            drop["disgust-face"], q.loc["disgust-face", "accuracy"]),
        f"With seed 5 alone there was none (smallest q = {first['accuracy'].min():.2f}, expectedness)",
        f"by each measure (q from {later.loc[two].min(axis=None):.2f} to {later.loc[two].max(axis=None):.2f}; by "
        f"accuracy also arousal, q = {later.loc['arousal', 'accuracy']:.3f})",
        f"excitement (q = {by_emotion['accuracy'].min():.3f})")


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


def test_the_page_of_the_study_says_what_more_epochs_do():
    two, five = (read(f"smollm2/epochs_{epochs}") for epochs in (2, 5))
    before, after = ({measure: answers.groupby("sentiment")["best"].mean() for measure, answers in found.items()}
                     for found in (two, five))
    points = {}
    for measure in ("accuracy", "AUC"):
        gain = mean_interval(after[measure] - before[measure])
        points[measure] = [number(gain[of], measure) for of in ("mean", "ci_low", "ci_high")]
    said_of_study(
        "accuracy rises from {:.0f} to {:.0%}".format(100 * before["accuracy"].mean(), after["accuracy"].mean())
        + " (by {} points, 95% interval over emotions {} to {})".format(*points["accuracy"]),
        "margin from {:.2f} to {:.2f}".format(before["margin"].mean(), after["margin"].mean()),
        "AUC from {:.0f} to {:.0%}".format(100 * before["AUC"].mean(), after["AUC"].mean())
        + " (by {} points, {} to {})".format(*points["AUC"]), "All three rise for each of the nine", under="Two epochs")
    assert all((after[measure] > before[measure]).all() and len(after[measure]) == 9 for measure in MEASURES)
    tasks = five["accuracy"][["sentiment", "seed"]].itertuples(index=False)
    of_prompts = [prompts.read(ROOT / "data/prompts/smollm2_5_epochs" / f"{concept}-{seed}.pt")
                  for concept, seed in tasks]
    last = sum(prompt.epoch == 5 for prompt in of_prompts)
    said_of_study(f"For {last} of the {len(of_prompts)} prompts, the fifth epoch was the best", under="Two epochs")
    said_of_study(f"two seeds are better after five (by {points['accuracy'][0]} points on test comments)")
    assert (f"nine emotions' prompts reach {after['accuracy'].mean():.0%} on test comments instead of "
            f"{before['accuracy'].mean():.0%}") in README


def costs_by_effect(what, measure="accuracy"):
    """What masks by effect cost beyond random ones: rows own, others, difference; mean and 95% interval, in points."""
    found = results.read_all(ROOT / "masks/study" / what, measure)
    _, means = own_and_others(found, *conditions(found))
    return (1 if measure == "margin" else 100) * means[["mean", "ci_low", "ci_high"]].to_numpy()


def test_the_page_of_the_study_says_what_an_emotion_s_own_neurons_cost():
    found = results.read_all(ROOT / "masks/study/backbone/effect")
    size, = conditions(found)
    concepts, _ = own_and_others(found, size)
    own, others, difference = costs_by_effect("backbone/effect").round(1)
    said_of_study(
        "loses {} points more than with as many random neurons at zero (95% interval over emotions {} to {})".format(
            *own),
        "loses {} points more than with random ones ({} to {})".format(*others),
        "The difference is {} points ({} to {}), and".format(*difference),
        f"positive for {(concepts['difference'] > 0).sum()} of the 27 emotions. So on average",
        "own masks cost {:.1f} points more than random ones ({:.1f} to {:.1f}), others' {:.1f} ({:.1f} to "
        "{:.1f})".format(*costs_by_effect("backbone/effect", "AUC")[:2].ravel()))
    by_auc = results.read_all(ROOT / "masks/study/backbone/effect", "AUC")
    size, = conditions(by_auc)
    own = by_auc["sentiment"].to_numpy()[:, None] == size.attributes
    said_of_study(f"AUC is {size.specific[own].mean():.0%} under own masks and {size.specific[~own].mean():.0%} under "
                  "others'")


def test_the_page_of_the_study_says_what_is_lost_without_an_emotion_s_ten_neurons():
    accuracy = results.read_all(ROOT / "masks/study/smollm2/effect_10")
    concepts = sorted(set(accuracy["sentiment"]))
    at_half = accuracy[[f"{concept}_top10" for concept in concepts]].to_numpy() == 0.5
    own = accuracy["sentiment"].to_numpy()[:, None] == concepts
    random = accuracy.filter(like="random_") == 0.5
    needed = pd.read_csv(ROOT / "neuron_rank/study/smollm2/neuron_rank_by_effect_most_needed.csv")
    (first, most), (second, next_most), (third, least) = needed.groupby("concept").head(10).groupby(
        ["layer", "unit"]).size().nlargest(3).items()
    said_of_study(
        f"in {at_half[own].mean():.0%} of cases under own masks, in {at_half[~own].mean():.0%} under others' and in "
        f"{random.to_numpy().mean():.0%} under random ones",
        "{}:{} was chosen for {} of the 27 emotions, {}:{} for {}, {}:{} for {}".format(
            *first, most, *second, next_most, *third, least))


@pytest.mark.parametrize("what, without, said", [
    ("effect_10", [], "own ten cost more accuracy than others' ten for {positive} of the 27 emotions"),
    ("effect_500", [], "Own masks cost more accuracy for {positive} of the 27 emotions"),
    ("effect_500", ["grief", "fear", "relief"], "it is {mean} points ({low} to {high}; one-sided p = {p})"),
    ("effect", ["grief"], "without grief {mean}, {low} to {high}")])
def test_the_page_of_the_study_says_how_smollm2_s_emotions_differ(what, without, said):
    found = results.read_all(ROOT / "masks/study/smollm2" / what)
    found = found[~found["sentiment"].isin(without)]
    concepts, means = own_and_others(found, *conditions(found))
    row = means.iloc[-1]
    low, mean, high = (f"{100 * row[name]:.1f}" for name in ("ci_low", "mean", "ci_high"))
    said_of_study(said.format(positive=(concepts["difference"] > 0).sum(), mean=mean, low=low, high=high,
                              p=f"{row['p']:.2f}"))


def test_the_page_of_the_study_says_how_much_is_left_of_what_smollm2_s_emotions_differ():
    differences, by_seed = {}, {}
    for what in ("effect_10", "effect_500", "effect"):
        for name, found in read(f"smollm2/{what}").items():
            differences[what, name] = own_and_others(found, *conditions(found))[1]["p"].iloc[-1]
    for name, found in read("smollm2/effect_500").items():
        for later in (False, True):
            some = found[(found["seed"] != 5) == later]
            by_seed[name, later] = 100 * own_and_others(some, *conditions(some))[1]["mean"].iloc[-1]
    mean, low, high = 100 * own_and_others(found, *conditions(found))[1][["mean", "ci_low", "ci_high"]].to_numpy()[-1]
    q = dict(zip(differences, false_discovery_q(list(differences.values()))))
    said_of_study(
        f"gave a difference of {by_seed['accuracy', False]:.1f} points, the later seeds "
        f"{by_seed['accuracy', True]:.1f}",
        f"the difference is {mean:.1f} points, with seed 5 alone {by_seed['AUC', False]:.1f}, with the later seeds "
        f"{by_seed['AUC', True]:.1f}", f"by AUC alone ({mean:.1f} points, {low:.1f} to {high:.1f})",
        f"Corrected for this table's differences, q is {q['effect_500', 'AUC']:.2f} by AUC and "
        f"{q['effect_500', 'accuracy']:.2f} by accuracy")


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
