"""Step 6's estimators and tests: arrays in, arrays out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from framework.analysis.permutation import label_orders

EXACT = 99  # with this many random masks, ranks alone can give a p-value of .01


class Estimate(NamedTuple):
    """What masks cost beyond random ones: arrays of one shape, NaN where an estimator gives no such value.

    `ci_low` and `ci_high` are the two-sided 95% interval of `drop`, `p` is one-sided (drop > 0).
    """

    drop: np.ndarray
    ci_low: np.ndarray
    ci_high: np.ndarray
    t: np.ndarray
    df: np.ndarray
    p: np.ndarray
    se: np.ndarray


def t_estimate(drop: np.ndarray | float, se: np.ndarray | float, df: np.ndarray | float) -> Estimate:
    """Compare drops with 0 by Student's t; all but the drop are NaN where the standard error is 0 or unknown."""
    drop, se, df = np.broadcast_arrays(*(np.asarray(value, float) for value in (drop, se, df)))
    se = np.where((se > 1e-12) & (df > 0), se, np.nan)  # equal drops may differ by rounding
    t, half_width = drop / se, se * stats.t.ppf(0.975, df)
    return Estimate(drop, drop - half_width, drop + half_width, t, np.where(np.isnan(se), np.nan, df),
                    stats.t.sf(t, df), se)


def pool_estimate(specific: np.ndarray, pool: np.ndarray, exact: bool) -> Estimate:
    """Compare each mask with a pool of random masks; under the null it is one of them.

    Exact: p = (1 + #{random <= specific}) / (R + 1), and the interval is the pool's central 95% minus the specific
    mask [1]_. Else t = (mean - specific) / (s sqrt(1 + 1/R)) with R - 1 degrees of freedom [2]_.

    Parameters
    ----------
    specific : array [...]
        Mean accuracy under each specific mask.
    pool : array [..., R]
        The same under random masks of its size, R >= 2.
    exact : bool
        Test by rank: for pools of `EXACT` masks or more.

    References
    ----------
    .. [1] Phipson & Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9, 39.
    .. [2] Crawford & Howell (1998), Clin. Neuropsychol. 12, 482-486.
    """
    draws = pool.shape[-1]
    estimate = t_estimate(pool.mean(-1) - specific, pool.std(-1, ddof=1) * np.sqrt(1 + 1 / draws), draws - 1)
    if not exact:
        return estimate
    # Rounding: equal counts of right answers may have means that differ in the last digit.
    p = (1 + (pool <= np.asarray(specific)[..., None] + 1e-12).sum(-1)) / (draws + 1)
    p = np.where(np.isnan(estimate.drop), np.nan, p)  # not measured everywhere
    tail = max(1, int(0.025 * (draws + 1)))
    ordered, none = np.sort(pool, axis=-1), np.full(p.shape, np.nan)
    return estimate._replace(p=p, t=none, df=none, ci_low=ordered[..., tail - 1] - specific,
                             ci_high=ordered[..., -tail] - specific)


def matched_estimate(specific: np.ndarray, matched: list[np.ndarray]) -> Estimate:
    """Compare each attribute's mask with its own random masks, as `pool_estimate` does for small pools.

    The standard deviation is pooled over attributes, with sum(R_a - 1) degrees of freedom, since one attribute has too
    few masks to estimate it. Where random masks of one attribute differ far more than those of the others, its own p is
    too small, and theirs are too large.

    Parameters
    ----------
    specific : array [A]
    matched : list of A arrays [R_a]
        R_a >= 1, at least one of them >= 2.
    """
    df = sum(len(draws) - 1 for draws in matched)
    variance = sum(((draws - draws.mean()) ** 2).sum() for draws in matched) / max(df, 1)
    counts = np.array([len(draws) for draws in matched])
    means = np.array([draws.mean() for draws in matched])
    return t_estimate(means - specific, np.sqrt(variance * (1 + 1 / counts)), df)


def crossed_estimate(drops: np.ndarray, noise: np.ndarray | float = 0.0, noise_df: float = np.inf) -> Estimate:
    """The mean of a table whose rows (seeds) and columns (attributes) are both samples.

    Two-way random effects without replication. The variance of the mean is (MSa + MSb - MSe) / ab from ANOVA's mean
    squares [1]_; a component that is not positive is dropped, which leaves MSa / ab, MSb / ab or MSe / ab. The degrees
    of freedom are Satterthwaite's [2]_. Cells that share a row or a column are not independent [3]_. At a level of 5%,
    the false-positive rate is 1 to 6% from 3 x 3 cells up, and up to 8% where two rows or columns cross many of the
    others. A single row is no sample of rows: its estimate is of this row alone, with MSb / b.

    Parameters
    ----------
    drops : array [..., a, b]
        b >= 2.
    noise : array [...]
        A variance to add: that of the pool's mean, where every drop is measured against it.
    noise_df : float
        Its degrees of freedom.

    References
    ----------
    .. [1] Searle, Casella & McCulloch (1992), Variance Components, ch. 4.
    .. [2] Satterthwaite (1946), Biometrics Bull. 2, 110-114.
    .. [3] Clark (1973), J. Verb. Learn. Verb. Behav. 12, 335-359.
    """
    a, b = drops.shape[-2:]
    rows, columns = drops.mean(-1, keepdims=True), drops.mean(-2, keepdims=True)
    mean = rows.mean(-2, keepdims=True)
    df_a, df_b = max(a - 1, 1), b - 1  # of a single row, the squares of rows and of the rest are 0
    square_a = b * ((rows - mean) ** 2).sum((-2, -1)) / df_a
    square_b = a * ((columns - mean) ** 2).sum((-2, -1)) / df_b
    square_e = ((drops - rows - columns + mean) ** 2).sum((-2, -1)) / (df_a * df_b)
    has_a, has_b = square_a > square_e, square_b > square_e
    parts = np.stack([has_a * square_a, has_b * square_b, np.where(has_a == has_b, 1 - 2 * has_a, 0) * square_e])
    parts = np.concatenate([parts / (a * b), np.broadcast_to(noise, (1, *has_a.shape))])
    own_df = np.array([df_a, df_b, df_a * df_b, noise_df])
    variance = parts.sum(0)
    spread = np.tensordot(1 / own_df, parts ** 2, 1)
    df = np.divide(variance ** 2, spread, out=np.zeros_like(variance), where=spread > 0)
    return t_estimate(mean[..., 0, 0], np.sqrt(variance), df)


def own_estimates(costs: np.ndarray, noise: np.ndarray | float = 0.0, noise_df: float = np.inf) -> dict[str, Estimate]:
    """What concepts lose under their own masks, under those of the others, and the difference.

    A concept and its mask are one observation. So standard errors are the jackknife's, which leaves out a concept with
    its mask, and a mask that costs every concept much counts once. The p of the difference shuffles which mask belongs
    to which concept: every concept and every mask keeps its own mean. Up to 8 concepts, every order counts once; beyond
    that, 65,535 random ones and the observed one. Shuffling takes costs under own and others' masks to differ equally
    among themselves. Where those under own masks differ less, as when prompts are at guessing, p is too large.

    Parameters
    ----------
    costs : array [C, C]
        What concepts (rows) lose under masks (columns), in the same order; C >= 2.
    noise : float
        A variance to add to that of both means: that of the pool's mean, where every cost is measured against it.
    noise_df : float
        Its degrees of freedom.

    Returns
    -------
    dict of str to Estimate
        `own`, `others` and `difference`. p is one-sided, and of the difference alone. With two concepts, `others` and
        `difference` have no interval: nothing is left without one of them.
    """
    count = len(costs)
    own, every = np.trace(costs), costs.sum()
    # Without each concept, and without none.
    left = np.append(own - np.diagonal(costs), own)
    rest = np.append(every - costs.sum(0) - costs.sum(1) + np.diagonal(costs), every) - left
    counts = np.append(np.full(count, count - 1), count)
    means = {"own": left / counts, "others": rest / np.where(counts > 1, counts * (counts - 1), np.nan)}
    means["difference"] = means["own"] - means["others"]

    found = {}
    for what, values in means.items():
        variance = (count - 1) * values[:-1].var()
        added = 0.0 if what == "difference" else noise  # its two means have the same error
        spread = variance ** 2 / (count - 1) + added ** 2 / noise_df
        df = (variance + added) ** 2 / spread if spread > 0 else 0.0
        found[what] = t_estimate(values[-1], np.sqrt(variance + added), df)._replace(p=np.array(np.nan))
    centred = costs - costs.mean(0) - costs.mean(1, keepdims=True) + costs.mean()
    orders, = label_orders(count, 2 ** 16 - 1, 0, 2 ** 16)
    as_large = centred[np.arange(count), orders].sum(1) >= np.trace(centred) - 1e-9 * abs(centred).sum()
    p = (1 + as_large.sum()) / (1 + len(orders))
    return found | {"difference": found["difference"]._replace(p=p)}


def sign_flip_p(values: np.ndarray) -> np.ndarray:
    """One-sided p of the mean of values [..., n]: the share of sign flips under which it is as large.

    Up to 16 values, every pattern of signs counts once, which is exact for values symmetric around 0 (Fisher, 1935, The
    Design of Experiments, sec. 21). Beyond that, 65,536 random patterns and the observed one count.
    """
    n = values.shape[-1]
    if n <= 16:
        signs = 1 - 2 * (np.arange(2 ** n)[:, None] >> np.arange(n) & 1)
    else:
        signs = np.random.default_rng(0).choice([-1, 1], (2 ** 16 + 1, n))
        signs[0] = 1
    flat = values.reshape(-1, n)
    p = [(signs @ row >= row.sum() - 1e-9 * abs(row).sum()).mean() for row in flat]
    return np.reshape(p, values.shape[:-1])


def paired_estimate(drops: np.ndarray) -> Estimate:
    """The study's test: a paired t-test whose pairs [..., n] count as independent, although they share masks."""
    n = drops.shape[-1]
    return t_estimate(drops.mean(-1), drops.std(-1, ddof=1) / np.sqrt(n) if n > 1 else np.nan, n - 1)


def false_discovery_q(p: np.ndarray) -> np.ndarray:
    """Benjamini-Hochberg q-values (Benjamini & Hochberg, 1995, J. R. Stat. Soc. B 57) over every p-value given.

    NaN, where there was nothing to test, stays NaN and does not count as a test.
    """
    p = np.asarray(p, float)
    q = np.full(p.shape, np.nan)
    tested = ~np.isnan(p)
    if tested.any():
        q[tested] = stats.false_discovery_control(p[tested])
    return q


def mean_interval(values: np.ndarray) -> dict[str, float]:
    """The `mean` of values [n], its standard error `se`, its two-sided 95% t interval `ci_low` and `ci_high`, and `n`.

    Error and interval of a single value are NaN.
    """
    values = np.asarray(values, float)
    n = len(values)
    mean = values.mean()
    se = values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    half_width = stats.t.ppf(0.975, n - 1) * se if n > 1 else np.nan
    return {"mean": mean, "se": se, "ci_low": mean - half_width, "ci_high": mean + half_width, "n": n}


def accuracy_interval(accuracies: np.ndarray) -> dict[str, float]:
    """`mean_interval` of accuracies: the interval is clipped to 0 and 1, and NaN for fewer than 5, too few to tell."""
    found = mean_interval(accuracies)
    bounds = np.clip([found["ci_low"], found["ci_high"]], 0, 1) if found["n"] >= 5 else (np.nan, np.nan)
    return found | dict(zip(("ci_low", "ci_high"), bounds))
