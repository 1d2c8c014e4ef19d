"""Step 6's statistics: what masks cost, tested with the mask as the unit. Frames in, frames out.

`results` is always a frame with one row per task: `sentiment`, `seed`, `best` (without a mask) and one column per mask,
named by `analysis.masks.MaskName`; accuracies in 0..1, or margins. Several samples of a method are averaged first.
Random masks are either an attribute's own (``valence_top4000_random3``) or uniform ones that all attributes share: the
pool (``random_top4000_17``) and, as in the study, a single mask drawn for each attribute (``valence_top4000_random``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from framework.analysis import estimators
from framework.analysis.estimators import Estimate
from framework.analysis.masks import POOL, MaskName

SPLITS = 100  # random splits of a pool into placebos and controls
ONE_SEED = "attribute, for one seed"  # how the unit begins where a single seed was measured
# What is tested, and by which test: in tables -> for readers.
WORDS = {"emotion": "concept", "attribute": "attribute", "masks": "the mask as the unit", "study": "the study's test"}


class Conditions(NamedTuple):
    """What was measured with masks of one size and one intervention, for T tasks and A attributes."""

    intervention: str  # of `MaskName`, as are `method`, `value` and `k`
    method: str
    value: float  # 0 for samples, which are averaged
    k: int
    attributes: list[str]  # those with a mask of their own and something to compare it with
    specific: np.ndarray  # [T, A]
    matched: list[np.ndarray]  # for each attribute [T, R], its numbered random masks; R may be 0
    uniform: np.ndarray  # [T, R], uniform random masks: the pool's, then the single ones
    left_out: int  # random masks of the pool that lack answers for a task, where others have all
    # What each attribute is compared with, task by task: the mean of its own random masks if it has some (numbered or
    # single), else of the uniform ones.
    base: np.ndarray  # [T, A]
    shared: float  # the share of attributes compared with the mean of the uniform ones


def conditions(results: pd.DataFrame) -> Iterator[Conditions]:
    """Group the masks of `results` by intervention and size; columns that name no mask are left out."""
    names = {column: name for column in results.columns if (name := MaskName.parse(column))}
    samples: dict[MaskName, list[np.ndarray]] = {}
    for name, values in zip(names.values(), results[list(names)].to_numpy(float).T):
        samples.setdefault(name._replace(value=0) if name.is_sample else name, []).append(values)
    sizes: dict[tuple[str, str, float, int], dict[MaskName, np.ndarray]] = {}
    for name, same in samples.items():
        size = name.intervention, name.method, name.value, name.k
        sizes.setdefault(size, {})[name] = same[0] if len(same) == 1 else np.mean(same, axis=0)

    def complete(draws):
        """The draws that were measured for every task, or all of them if none was."""
        return [draw for draw in draws if not np.isnan(draw).any()] or draws

    nothing = np.empty((len(results), 0))
    for (intervention, method, value, k), of_size in sizes.items():
        specific, single, pool = {}, {}, []
        matched: dict[str, list[np.ndarray]] = {}
        for name, values in of_size.items():
            if name.attribute == POOL:
                pool.append(values)
            elif not name.control:
                specific[name.attribute] = values
            elif not name.draw:
                single[name.attribute] = values
            else:
                matched.setdefault(name.attribute, []).append(values)
        drawn, pool = len(pool), complete(pool)
        matched = {attribute: complete(draws) for attribute, draws in matched.items()}
        own = single | {attribute: np.mean(draws, axis=0) for attribute, draws in matched.items()}
        attributes = [attribute for attribute in specific if pool or attribute in own]
        if attributes:
            uniform = np.stack([*pool, *single.values()], 1) if pool or single else nothing
            yield Conditions(
                intervention, method, value, k, attributes,
                np.stack([specific[attribute] for attribute in attributes], 1),
                [np.stack(matched[attribute], 1) if attribute in matched else nothing for attribute in attributes],
                uniform, drawn - len(pool),
                np.stack([own[attribute] if attribute in own else uniform.mean(1) for attribute in attributes], 1),
                float(np.mean([attribute not in own for attribute in attributes])))


def pair_conditions(results: pd.DataFrame) -> pd.DataFrame:
    """Put each task's accuracy under an attribute's mask beside its accuracy under random ones.

    One row for each task, attribute, k and intervention with both conditions: `emotion`, `seed`, `attribute`, `k`,
    `random` (`Conditions.base`), `specific` and `intervention`. Attributes are in the order of the columns.
    """
    task = results[["sentiment", "seed"]].set_axis(["emotion", "seed"], axis=1)
    pairs = [task.assign(attribute=attribute, k=size.k, random=size.base[:, a], specific=size.specific[:, a],
                         intervention=size.intervention)
             for size in conditions(results) for a, attribute in enumerate(size.attributes)]
    empty = pd.DataFrame(columns=["emotion", "seed", "attribute", "k", "random", "specific", "intervention"])
    return pd.concat(pairs or [empty]).dropna().reset_index(drop=True)


# ---------------------------------------------------------------------------------------------------------------- tests

def own_and_others(results: pd.DataFrame, size: Conditions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What its own mask costs each concept, beside what the other concepts' masks cost it.

    Meant for masks by effect, which are named after concepts. Costs are means over seeds, against each mask's own
    numbered random masks where there are any, else against the mean of all uniform ones.

    Returns
    -------
    concepts : pandas.DataFrame
        One row for each concept that has a mask and was measured under every concept's: `emotion`, `k`, `own` (the drop
        under its own mask), `others` (the mean drop under the other concepts' masks), `low` and `high` (the middle 95%
        of those drops) and `difference`. Empty where these are fewer than two concepts.
    overall : pandas.DataFrame
        One row each for `own`, `others` and `difference`, by `estimators.own_estimates`: `what`, `k`, `n` concepts,
        `mean`, `se`, `ci_low` and `ci_high` (two-sided 95%) and, for the difference, `p` (one-sided, own > others) and
        `test`.
    """
    numbered = any(draws.shape[1] for draws in size.matched)
    base = size.base if numbered else size.uniform.mean(1, keepdims=True)
    emotions = results["sentiment"].to_numpy()
    drops = pd.DataFrame(base - size.specific, columns=size.attributes)
    drops = drops.groupby(emotions, sort=False).apply(lambda of_one: of_one.mean(skipna=False))  # no mean of a part
    both = [emotion for emotion in drops.index if emotion in drops.columns]
    while (missing := drops.loc[both, both].isna().to_numpy()).any():  # a concept goes with its mask
        both.pop((missing.sum(0) + missing.sum(1)).argmax())
    rows = []
    for emotion in both if len(both) > 1 else []:
        others = drops.loc[emotion, both].drop(emotion)
        rows.append((emotion, size.k, drops.loc[emotion, emotion], others.mean(), *others.quantile([0.025, 0.975])))
    concepts = pd.DataFrame(rows, columns=["emotion", "k", "own", "others", "low", "high"])
    concepts["difference"] = concepts["own"] - concepts["others"]
    if concepts.empty:
        return concepts, pd.DataFrame()
    noise, noise_df = 0.0, np.inf
    if not numbered:
        pool = pd.DataFrame(size.uniform).groupby(emotions).mean().loc[both].mean()
        noise, noise_df = (pool.var() / len(pool), len(pool) - 1) if len(pool) > 1 else (np.nan, 1)
    found = estimators.own_estimates(drops.loc[both, both].to_numpy(), noise, noise_df)
    numbers = {"mean": "drop", "se": "se", "ci_low": "ci_low", "ci_high": "ci_high", "p": "p"}
    overall = pd.DataFrame([
        {"what": what, "k": size.k, "n": len(both)}
        | {name: float(getattr(estimate, field)) for name, field in numbers.items()}
        for what, estimate in found.items()])
    overall["test"] = ["", "", "which mask belongs to which concept shuffled, one-sided"]
    return concepts, overall


def accuracy_drop(results: pd.DataFrame, by: str, test: str = "masks") -> pd.DataFrame:
    """Test whether attribute-specific masks cost more than random ones.

    By attribute, its mask is one sample, compared with random masks: by `pool_estimate` with uniform ones, by
    `matched_estimate` with the attribute's own. By emotion and overall, attributes and seeds are both samples:
    `crossed_estimate` of the drop against `Conditions.base`. Where each attribute has random masks of its own, so that
    the drops share none, `sign_flip_p` over attributes is a check. With one seed, attributes are the only sample.

    Parameters
    ----------
    by : {"emotion", "attribute", "overall"}
        "overall" averages over emotions, which count alike even if some lack seeds.
    test : {"masks", "study"}
        "study" is the published test: paired, over seeds and attributes for each emotion, and over seeds and emotions
        for each attribute, as if pairs that share a prompt or a mask were independent.

    Returns
    -------
    pandas.DataFrame
        One row for each name and k: `by`, `k`, `drop` (random minus specific), `ci_low` and `ci_high` (two-sided 95%
        interval of the drop), `t`, `df`, `p` (one-sided, drop > 0), `q` (Benjamini-Hochberg over all rows; for the
        study's test, over rows of the same intervention and k), `se`, `test` (which, or "not testable: " and why; then
        all but `drop` are NaN) and `unit` (what the sample is). Where masks have other interventions than the study's,
        `intervention` stands before `k`. Empty where nothing can be compared.
    """
    rows = []
    for size in conditions(results):
        if test == "study":
            found = _study_rows(size, results, by)
        else:
            found = _attribute_rows(size) if by == "attribute" else _crossed_rows(size, results, by)
        rows += [{by: name, "intervention": size.intervention, "k": size.k} | row for name, row in found]
    columns = [by, "intervention", "k", *Estimate._fields[:-1], "q", "se", "test", "unit"]
    table = pd.DataFrame(rows, columns=columns)
    order = [table.groupby(column, sort=False).ngroup() for column in (by, "intervention")]  # that of the masks
    table = table.iloc[np.lexsort([table["k"], *order[::-1]])].reset_index(drop=True)
    if test == "study":
        table["q"] = table.groupby(["intervention", "k"])["p"].transform(estimators.false_discovery_q)
    else:
        table["q"] = estimators.false_discovery_q(table["p"])
    return table[columns if (table["intervention"] != "").any() else columns[:1] + columns[2:]]


def _row(estimate: Estimate, test: str, unit: str, otherwise: str) -> dict:
    """A row of `accuracy_drop`; `otherwise` says why an estimate has no p-value."""
    values = {name: float(value) for name, value in estimate._asdict().items()}
    return values | {"test": f"not testable: {otherwise}" if np.isnan(values["p"]) else test, "unit": unit}


def _untested(drops: np.ndarray) -> Estimate:
    """The mean of what was measured, and nothing else."""
    measured = drops[~np.isnan(drops)]
    return estimators.t_estimate(measured.mean() if measured.size else np.nan, np.nan, np.nan)


def _missing(values: np.ndarray) -> str:
    missing = np.isnan(values).sum()
    return f"{missing} of {values.size} values are missing" if missing else ""


def _attribute_rows(size: Conditions) -> Iterator[tuple[str, dict]]:
    specific = size.specific.mean(0)
    # Compare only with random masks that were measured for every task.
    uniform, *own = ([mean for mean in draws.mean(0) if not np.isnan(mean)] for draws in (size.uniform, *size.matched))
    whole = [a for a, draws in enumerate(own) if draws]
    matched = {}
    if any(len(own[a]) > 1 for a in whole):
        found = estimators.matched_estimate(specific[whole], [np.array(own[a]) for a in whole])
        matched = {a: Estimate(*values) for a, values in zip(whole, zip(*found))}
    for a, attribute in enumerate(size.attributes):
        if size.matched[a].shape[1]:
            test = "t against its own random masks, SD pooled over attributes, one-sided"
            estimate, draws, few = matched.get(a), len(own[a]), "one random mask an attribute"
        else:
            exact, draws = len(uniform) >= estimators.EXACT, len(uniform)
            test = (f"rank in a pool of {draws} random masks, no p below {1 / (draws + 1):.2g}, one-sided" if exact else
                    f"t against a pool of {draws} random masks, one-sided")
            if size.left_out:
                test += f" ({size.left_out} more left out, without answers for some task)"
            estimate = estimators.pool_estimate(specific[a], np.array(uniform), exact) if draws > 1 else None
            few = "one random mask"
        missing = _missing(size.specific[:, a])
        reason = missing or ("the random masks cost the same" if estimate else
                             f"{few}; gen_mask.py --random_draws makes more" if draws else
                             "no random mask was measured for every task")
        if missing or not estimate:
            estimate = _untested(size.base[:, a] - size.specific[:, a])
        yield attribute, _row(estimate, test, "mask", reason)


def _crossed_rows(size: Conditions, results: pd.DataFrame, by: str) -> Iterator[tuple[str, dict]]:
    drops, seed = size.base - size.specific, results["seed"].to_numpy()
    groups = {"all": np.arange(len(drops))} if by == "overall" else results.groupby("sentiment", sort=False).indices
    for name, tasks in groups.items():
        table = pd.DataFrame(drops[tasks]).groupby(seed[tasks]).mean().to_numpy()  # overall, a seed has many emotions
        seeds, attributes = table.shape
        whole = seeds * results["sentiment"].iloc[tasks].nunique()
        if len(tasks) < whole:  # the emotions of seeds differ, too
            frame = pd.DataFrame(drops)
            of_emotion = frame.groupby(results["sentiment"].to_numpy())
            table = (frame - of_emotion.transform("mean")).groupby(seed).mean().to_numpy()
            table += of_emotion.mean().mean().to_numpy() - table.mean(0)
        pool = size.uniform[tasks].mean(0)
        estimate, check = None, ""
        reason = _missing(drops[tasks]) or ("one attribute" if attributes < 2 else "")
        if len(tasks) < 0.9 * whole:  # else seeds are comparable
            reason = reason or "too many tasks are missing"
        if not reason and size.shared and len(pool) < 2:
            reason = "one random mask, whose own error is unknown; gen_mask.py --random_draws makes more"
        if not reason:
            noise = size.shared ** 2 * pool.var(ddof=1) / len(pool) if size.shared else 0.0
            estimate = estimators.crossed_estimate(table, noise, max(len(pool) - 1, 1))
            if not size.shared:  # else all drops share the error of the pool's mean, and their signs go together
                check = f" (sign flips over attributes: p = {estimators.sign_flip_p(table.mean(0)):.3g})"
        some = "" if len(tasks) == whole else ", some tasks are missing"
        test, unit = f"crossed random effects of seed and attribute, one-sided{check}", "seed and attribute"
        if seeds == 1:
            test, unit = f"t over attributes, for this seed alone, one-sided{check}", ONE_SEED
        yield name, _row(estimate or _untested(table), test, f"{unit}, {seeds} x {attributes}{some}",
                         reason or "the drops are all the same")


def _study_rows(size: Conditions, results: pd.DataFrame, by: str) -> Iterator[tuple[str, dict]]:
    drops = size.base - size.specific
    groups = {"attribute": [(name, drops[:, a]) for a, name in enumerate(size.attributes)],
              "emotion": [(name, drops[results["sentiment"] == name]) for name in results["sentiment"].unique()],
              "overall": [("all", drops)]}[by]
    for name, values in groups:
        values = values[~np.isnan(values)]
        estimate = estimators.paired_estimate(values) if values.size else _untested(values)
        few = {0: "no pair was measured", 1: "one pair"}.get(values.size, "the drops are all the same")
        yield name, _row(estimate, "the study's: paired t, pairs treated as independent, one-sided",
                         f"pair of masks, {values.size}", few)


# -------------------------------------------------------------------------------------------------------------- placebo

def placebo(results: pd.DataFrame) -> pd.DataFrame:
    """Test random masks as if they were specific, to see what each test calls significant where there is nothing.

    By attribute, each random mask is compared with the others of its pool, or of its attribute. By emotion, random
    masks take the attributes' places. Of uniform ones, a random half (no more than there are attributes) is compared
    with the others, `SPLITS` times. Of matched ones, each attribute's d-th is compared with its others.

    One row per test that could be made: `by` ("attribute" or "emotion"), `test` ("masks" or "study", as for
    `accuracy_drop`), `intervention`, `k`, `p`. `placebo_shares` sums it up.
    """
    rows = [(by, test, size.intervention, size.k, p) for size in conditions(results) for by, test, found in
            [*_placebo_by_attribute(size), *_placebo_by_emotion(size, results["sentiment"])]
            for p in np.ravel(found) if not np.isnan(p)]
    return pd.DataFrame(rows, columns=["by", "test", "intervention", "k", "p"])


def placebo_shares(tested: pd.DataFrame) -> pd.DataFrame:
    """The share of one-sided p below 0.05: `by`, `test`, `intervention`, `k`, `tests` (how many), `share`, `sides`."""
    groups = tested.assign(share=tested["p"] < 0.05).groupby(["by", "test", "intervention", "k"], sort=False)["share"]
    return groups.agg(tests="size", share="mean").reset_index().assign(sides="one-sided")


def placebo_in_words(tested: pd.DataFrame, **others: pd.DataFrame) -> Iterator[str]:
    """One sentence per test: what it finds among placebos, over all sizes of masks.

    `others` are the same tests by further measures, under the measures' names.
    """
    kinds = ["by", "test", "intervention"]
    by_measure = {measure: dict(iter(other.groupby(kinds)["p"])) for measure, other in others.items()}
    for kind, of in tested.groupby(kinds, sort=False):
        by, test, intervention = kind
        done = f" ({intervention})" if intervention else ""
        yield (f"placebo by {WORDS[by]}{done}, {WORDS[test]}: random masks, tested as if they were masks of "
               f"attributes, have a one-sided p < 0.05 in {(of['p'] < 0.05).mean():.1%} of {len(of):,} tests"
               + "".join(f", by {measure} in {(found[kind] < 0.05).mean():.1%}" for measure, found in
                         by_measure.items() if kind in found))


def _placebo_by_attribute(size: Conditions) -> Iterator[tuple[str, str, np.ndarray]]:
    draws = size.uniform.shape[1]
    others = [[other for other in range(draws) if other != draw] for draw in range(draws)]
    if draws > 2:
        means = size.uniform.mean(0)
        yield "attribute", "masks", estimators.pool_estimate(means, means[others], draws >= estimators.EXACT).p
    if draws > 1:
        # The study pairs a mask with one random mask, or with the mean of a pool.
        against = ([size.uniform[:, other].mean(-1) for other in others] if size.shared else
                   [size.uniform[:, other] for other in others])
        for draw, other in enumerate(against):
            drops = other.reshape(len(other), -1) - size.uniform[:, [draw]]
            yield "attribute", "study", estimators.paired_estimate(drops.T).p
    for draw in range(max((of.shape[1] for of in size.matched), default=0)):
        having = [of for of in size.matched if of.shape[1] > max(draw, 1)]
        rest = [np.delete(of, draw, 1) for of in having]
        if having:
            specific = np.stack([of[:, draw] for of in having], 1)
            drops = np.stack([of.mean(1) for of in rest], 1) - specific
            yield "attribute", "study", estimators.paired_estimate(drops.T).p
            if any(of.shape[1] > 1 for of in rest):
                yield "attribute", "masks", estimators.matched_estimate(specific.mean(0), [of.mean(0) for of in rest]).p


def _placebo_by_emotion(size: Conditions, sentiment: pd.Series) -> Iterator[tuple[str, str, np.ndarray]]:
    emotions = [np.flatnonzero(sentiment == name) for name in sentiment.unique()]
    draws = size.uniform.shape[1]
    places = min(len(size.attributes), draws // 2)
    if places > 1:
        generator = np.random.default_rng(0)
        order = np.stack([generator.permutation(draws) for _ in range(SPLITS)])
        rest = order[:, places:] if size.shared else order[:, places:2 * places]
        for rows in emotions:
            values = size.uniform[rows]
            specific, control = values[:, order[:, :places]], values[:, rest]  # [S, SPLITS, places or R]
            noise = 0.0
            if size.shared:
                noise = control.mean(0).var(-1, ddof=1) / rest.shape[1]
                control = control.mean(-1, keepdims=True)
            yield from _placebo_drops((control - specific).swapaxes(0, 1), noise, rest.shape[1] - 1)
    having = [of for of in size.matched if of.shape[1] > 1]
    if len(having) > 1:
        drops = np.stack([np.stack([np.delete(of, draw, 1).mean(1) - of[:, draw] for of in having], 1)
                          for draw in range(min(of.shape[1] for of in having))])
        for rows in emotions:
            yield from _placebo_drops(drops[:, rows])


def _placebo_drops(
        drops: np.ndarray, noise: np.ndarray | float = 0.0, noise_df: float = np.inf,
) -> Iterator[tuple[str, str, np.ndarray]]:
    yield "emotion", "masks", estimators.crossed_estimate(drops, noise, noise_df).p
    yield "emotion", "study", estimators.paired_estimate(drops.reshape(len(drops), -1)).p


# --------------------------------------------------------------------------------------------------------- descriptions

def accuracy_by_dose(results: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy under masks that multiply by a factor (method "scale"), against the factor.

    Columns `k`, `scale`, `condition` (an attribute, "attribute-specific" for all of them, "random") and those of
    `mean_interval` over the condition's masks.
    """
    rows = []
    for size in conditions(results):
        if size.method == "scale":
            random = np.concatenate([size.uniform, *size.matched], 1)
            specific = size.specific.mean(0)
            groups = {"random": random.mean(0), "attribute-specific": specific} | {
                attribute: [mean] for attribute, mean in zip(size.attributes, specific)}
            rows += [{"k": size.k, "scale": size.value, "condition": condition}
                     | estimators.mean_interval(means) for condition, means in groups.items()]
    return pd.DataFrame(rows, columns=["k", "scale", "condition", "mean", "se", "ci_low", "ci_high", "n"])
