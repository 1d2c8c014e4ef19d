"""Step 6's statistics: paired tests and intervals over tasks, false discovery rate. Frames in, frames out."""

import re
import warnings

import numpy as np
import pandas as pd
from scipy import stats

_MASK = re.compile(r"(?P<attribute>.+)_top(?P<k>\d+)(?P<random>_random\d*)?")  # the names that `analysis.masks` gives


def false_discovery_q(p: np.ndarray) -> np.ndarray:
    """Benjamini-Hochberg q-values (Benjamini & Hochberg, 1995, J. R. Stat. Soc. B 57) over every p-value given.

    Parameters
    ----------
    p : array of float
        Any shape; NaN where there was nothing to test.

    Returns
    -------
    array of float
        Same shape; NaN stays NaN and does not count as a test.
    """
    p = np.asarray(p, float)
    q = np.full(p.shape, np.nan)
    tested = ~np.isnan(p)
    if tested.any():
        q[tested] = stats.false_discovery_control(p[tested])
    return q


def mean_interval(values: np.ndarray) -> dict[str, float]:
    """Mean, its standard error and its two-sided 95% t interval.

    Parameters
    ----------
    values : array [n]

    Returns
    -------
    dict
        `mean`, `se`, `ci_low`, `ci_high`, `n`; a single value has NaN for error and interval.
    """
    values = np.asarray(values, float)
    n = len(values)
    mean = values.mean()
    se = values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    half_width = stats.t.ppf(0.975, n - 1) * se if n > 1 else np.nan
    return {"mean": mean, "se": se, "ci_low": mean - half_width, "ci_high": mean + half_width, "n": n}


def accuracy_interval(accuracies: np.ndarray) -> dict[str, float]:
    """`mean_interval` of accuracies: cut off at 0 and 1, and NaN of fewer than 5, where it is too wide to say anything.

    Parameters
    ----------
    accuracies : array [n]
        0..1.

    Returns
    -------
    dict
        As of `mean_interval`.
    """
    found = mean_interval(accuracies)
    bounds = np.clip([found["ci_low"], found["ci_high"]], 0, 1) if found["n"] >= 5 else (np.nan, np.nan)
    return found | dict(zip(("ci_low", "ci_high"), bounds))


def pair_conditions(results: pd.DataFrame) -> pd.DataFrame:
    """Put each task's accuracy under an attribute's mask beside its accuracy under the random baseline.

    Parameters
    ----------
    results : pandas.DataFrame
        One row a task: `sentiment`, `seed` and one column a mask, named as `analysis.masks.make_masks` names them.

    Returns
    -------
    pandas.DataFrame
        One row for each task, attribute and k with both conditions: `emotion`, `seed`, `attribute`, `k`, `random`
        (mean over the random draws) and `specific`; accuracies in 0..1. Attributes are in the order of the columns.
    """
    masks: dict[tuple[str, int], dict[str, list[str]]] = {}
    for name in results.columns:
        if match := _MASK.fullmatch(name):
            conditions = masks.setdefault((match["attribute"], int(match["k"])), {"random": [], "specific": []})
            conditions["random" if match["random"] else "specific"].append(name)
    pairs = [results[["sentiment", "seed"]].assign(
        attribute=attribute, k=k, **{name: results[columns].mean(axis=1) for name, columns in conditions.items()})
        for (attribute, k), conditions in masks.items() if all(conditions.values())]
    pairs = pd.concat(pairs or [pd.DataFrame(columns=["sentiment", "seed", "attribute", "k", "random", "specific"])])
    return pairs.rename(columns={"sentiment": "emotion"}).dropna().reset_index(drop=True)


def accuracy_drop(pairs: pd.DataFrame, by: str) -> pd.DataFrame:
    """Test whether attribute-specific masks cost more accuracy than random ones: paired one-sided t-tests.

    As in the study, each pair counts as a sample of its own, although pairs that share a prompt or a mask are not
    independent.

    Parameters
    ----------
    pairs : pandas.DataFrame
        From `pair_conditions`.
    by : {"emotion", "attribute"}
        A test for each emotion (over seeds and attributes) or for each attribute (over seeds and emotions), at each k.

    Returns
    -------
    pandas.DataFrame
        `by`, `k`, `drop` (mean of random minus attribute-specific accuracy), `ci_low` and `ci_high` (two-sided 95% t
        interval of the drop), `t`, `df`, `p` (one-sided, drop > 0) and `q` (Benjamini-Hochberg over the rows of the
        same k). A single pair leaves all but `drop` and `df` NaN.
    """
    rows = []
    for name, of_name in pairs.groupby(by, sort=False):
        for k, pair in of_name.groupby("k"):
            interval = mean_interval(pair["random"] - pair["specific"])
            with warnings.catch_warnings():  # scipy warns of too few pairs, and of drops that are all the same
                warnings.simplefilter("ignore", RuntimeWarning)
                test = stats.ttest_rel(pair["random"], pair["specific"], alternative="greater")
            rows.append({by: name, "k": k, "drop": interval["mean"], "ci_low": interval["ci_low"],
                         "ci_high": interval["ci_high"], "t": test.statistic, "df": len(pair) - 1, "p": test.pvalue})
    table = pd.DataFrame(rows)
    return table.assign(q=table.groupby("k")["p"].transform(false_discovery_q))


def accuracy_by_condition(results: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Each emotion's mean accuracy without a mask and at each k under random and attribute-specific masks.

    Parameters
    ----------
    results : pandas.DataFrame
        One row a task: `sentiment`, `seed` and `best`, the accuracy without a mask.
    pairs : pandas.DataFrame
        From `pair_conditions`.

    Returns
    -------
    pandas.DataFrame
        `emotion`, `k` (0 without a mask), `condition` ("w/o", "random", "attribute-specific") and the columns of
        `mean_interval`, over seeds and, with a mask, attributes.
    """
    long = pd.concat([
        results[["sentiment", "best"]].set_axis(["emotion", "accuracy"], axis=1).assign(k=0, condition="w/o"),
        *(pairs[["emotion", "k", column]].rename(columns={column: "accuracy"}).assign(condition=condition)
          for column, condition in (("random", "random"), ("specific", "attribute-specific")))])
    return pd.DataFrame([dict(zip(("emotion", "k", "condition"), key)) | mean_interval(accuracy)
                         for key, accuracy in long.groupby(["emotion", "k", "condition"], sort=False)["accuracy"]])
