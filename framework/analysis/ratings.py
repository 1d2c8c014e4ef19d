"""From people's ratings to attributes of concepts: exclusions, means, reliability, components.

Ratings are in long form: a data frame with the columns `participant`, `emotion` (the concept), `attribute` and
`rating`, one row per rating.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from framework.analysis.estimators import false_discovery_q
from framework.errors import UserError

# ------------------------------------------------------------------------------------------------- which ratings count


def pass_checks(ratings: pd.DataFrame, checks: dict[str, float], max_failed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Leave out participants who fail attention checks, and the checks themselves.

    Parameters
    ----------
    ratings : pandas.DataFrame
    checks : dict of str to float
        The right answer to each check, by its name in the column `emotion` or `attribute`.
    max_failed : int
        How many wrong or missing answers are forgiven. A check that a participant was never asked (no row) does not
        count.

    Returns
    -------
    ratings : pandas.DataFrame
        The rows of the other participants, without checks.
    failed : pandas.Series
        How many checks each excluded participant failed.
    """
    is_check = np.zeros(len(ratings), bool)
    wrong = np.zeros(len(ratings), bool)
    for name, answer in checks.items():
        asked = _rows_called(ratings, [name])
        if not asked.any():
            raise UserError(f"--check {name}={answer:g}: no row has {name} as its concept or attribute; name one "
                            "that the ratings have")
        is_check |= asked.to_numpy()
        wrong |= (asked & (ratings["rating"] != answer)).to_numpy()
    failed = ratings["participant"][wrong].value_counts(sort=False)
    failed = failed[failed > max_failed]
    return ratings[~is_check & ~ratings["participant"].isin(failed.index).to_numpy()], failed


def _rows_called(ratings, names):
    """Which rows have one of these names as their concept or attribute, in capital letters or not."""
    known = {name.lower() for name in names}
    return ratings[["emotion", "attribute"]].apply(lambda of: of.str.lower()).isin(known).any(axis=1)


def valid_ratings(ratings: pd.DataFrame, low: float, high: float) -> pd.DataFrame:
    """The rows with an answer; raises `UserError` if there is none, or one is off the scale or given twice."""
    ratings = ratings.dropna(subset="rating")
    if ratings.empty:
        raise UserError("no rating is left: there are no answers, or every participant failed --check (raise "
                        "--max_failed)")
    off = ratings[~ratings["rating"].between(low, high)]
    if len(off):
        raise UserError(f"row {off.index[0] + 1} has the rating {off['rating'].iloc[0]:g}, outside the scale {low:g} "
                        f"to {high:g}; give the ends of your scale with --scale, and leave missing answers empty")
    twice = ratings[ratings.duplicated(["participant", "emotion", "attribute"])]
    if len(twice):
        row = twice.iloc[0]
        raise UserError(f"row {twice.index[0] + 1}: participant {row['participant']} rates the {row['attribute']} of "
                        f"{row['emotion']} a second time; keep one of the rows")
    return ratings


def check_nothing_is_lost(before: pd.DataFrame, after: pd.DataFrame, checks: Collection[str]) -> None:
    """Raise `UserError` if a concept or attribute that is no check has no rating left."""
    kept = before[~_rows_called(before, checks)]
    for column in ("emotion", "attribute"):
        left = set(after[column])
        gone = [name for name in kept[column].unique() if name not in left]
        if gone:
            raise UserError(f"no rating of {gone[0]} is left: its answers are missing, or of participants who failed "
                            "--check; leave its rows out, or raise --max_failed")


# --------------------------------------------------------------------------------------------------------------- means


def mean_ratings(ratings: pd.DataFrame) -> pd.DataFrame:
    """Means over participants, [concepts, attributes] in order of appearance; every cell must have a rating."""
    means = ratings.groupby(["emotion", "attribute"], sort=False)["rating"].mean().unstack()
    means = means.loc[ratings["emotion"].unique(), ratings["attribute"].unique()]
    for attribute in means.columns[means.isna().any()]:
        concept = means.index[means[attribute].isna()][0]
        raise UserError(f"nobody rates the {attribute} of {concept}; every concept needs a rating on every attribute, "
                        "so add one or leave the attribute out")
    return means


def scale_to_unit(means: pd.DataFrame) -> pd.DataFrame:
    """Stretch each attribute so that its lowest concept is 0 and its highest 1, as the study did."""
    span = means.max() - means.min()
    if (span == 0).any():
        raise UserError(f"{span.index[span == 0][0]}: all concepts have the same mean rating; leave this attribute out")
    return (means - means.min()) / span


# --------------------------------------------------------------------------------------------------------- reliability


class Reliability(NamedTuple):
    """An intraclass correlation of model 1, 2 or 3 (see `intraclass_correlation`)."""

    model: int
    single: float  # reliability of one participant's ratings, with its 95% interval
    single_low: float
    single_high: float
    mean: float  # of the means over participants; this and its bounds are at least -1
    mean_low: float
    mean_high: float
    raters: float  # harmonic mean over concepts of the number of raters; `mean` is of means over so many
    f: float  # F-test that concepts do not differ
    df1: float
    df2: float
    p: float


def intraclass_correlation(ratings: np.ndarray, model: int) -> Reliability:
    """Intraclass correlation of one attribute's ratings, missing ratings allowed.

    Parameters
    ----------
    ratings : array [concepts, participants]
        NaN where a participant did not rate a concept.
    model : {1, 2, 3}
        1: one-way random, for participants who each rate different concepts (rating = concept + error). 2: two-way
        random, absolute agreement (rating = concept + participant + error; rating everything higher is an error). 3:
        the same, consistency (rating everything higher is no error).

    Raises
    ------
    UserError
        If fewer than two concepts are rated, no concept has a second rating, or for models 2 and 3 the participants
        fall into groups that have no concept in common.

    Notes
    -----
    If no cell is empty, coefficients and intervals are those of Shrout & Fleiss (1979, Psychol. Bull. 86). Otherwise,
    sums of squares for concepts are adjusted for participants and vice versa (Henderson's method 3: Searle, Casella &
    McCulloch, 1992, ch. 5), which gives unbiased variance components. Their coefficients in the expected mean squares
    then replace the numbers of raters and concepts in the formulas. The F-test stays exact; the intervals become
    approximate. The reliability of means follows by the Spearman-Brown formula.
    """
    ratings = np.asarray(ratings, float)
    concept, participant = np.nonzero(~np.isnan(ratings))
    rating = ratings[concept, participant]
    concept = np.unique(concept, return_inverse=True)[1]
    participant = np.unique(participant, return_inverse=True)[1]
    per_concept = np.bincount(concept)
    total, n, k = len(rating), len(per_concept), participant.max(initial=-1) + 1
    if n < 2 or total == n:
        raise UserError("too few ratings to say how well people agree: at least two concepts, and a second rating of "
                        "one of them, are needed (rsa_searchlight.py takes a table of means as it is)")

    # k0 and n0: participants per concept and concepts per participant; k and n if no cell is empty.
    df1 = n - 1
    if model == 1:
        within = (_centred(rating, concept)**2).sum()
        between = ((rating - rating.mean())**2).sum() - within
        df2 = total - n
        ms_concept, ms_error = between / df1, within / df2
        k0 = (total - (per_concept**2).sum() / total) / df1
    else:
        dummies = (concept[:, None] == np.arange(n)).astype(float)
        by_participant = _centred(rating, participant)
        within = _centred(dummies, participant)
        effects, _, rank, _ = np.linalg.lstsq(within, by_participant, rcond=1e-9)
        residual = ((by_participant - within @ effects)**2).sum()
        df2 = total - n - k + 1
        if k < 2 or df2 < 1 or rank < n - 1:
            raise UserError("participants have too few concepts in common to tell them and the concepts apart; "
                            "pass --icc 1 if each participant rated other concepts")
        ms_concept = ((by_participant**2).sum() - residual) / df1
        ms_participant = ((_centred(rating, concept)**2).sum() - residual) / (k - 1)
        ms_error = residual / df2
        k0, n0 = (total - k) / df1, (total - n) / (k - 1)

    with np.errstate(divide="ignore", invalid="ignore"):  # ratings without any error: F is infinite, or undefined
        f = ms_concept / ms_error
        if model == 2:
            single = (ms_concept - ms_error) / (
                ms_concept + (k0 - 1) * ms_error + k0 / n0 * (ms_participant - ms_error))
            # Satterthwaite's degrees of freedom for the sum of the two mean squares other than the concepts'.
            a = k0 * single * ms_participant
            b = (n0 * (1 + (k0 - 1) * single) - k0 * single) * ms_error
            df = (a + b)**2 / (a**2 / (k - 1) + b**2 / df2)
            low_f, high_f = stats.f.ppf(0.975, df1, df), stats.f.ppf(0.975, df, df1)
            other = k0 * ms_participant + (k0 * n0 - k0 - n0) * ms_error
            low = n0 * (ms_concept - low_f * ms_error) / (low_f * other + n0 * ms_concept)
            high = n0 * (high_f * ms_concept - ms_error) / (other + n0 * high_f * ms_concept)
        else:
            errors = ms_error * np.array([1, stats.f.ppf(0.975, df1, df2), 1 / stats.f.ppf(0.975, df2, df1)])
            single, low, high = (ms_concept - errors) / (ms_concept + (k0 - 1) * errors)
        raters = n / (1 / per_concept).sum()
        mean, mean_low, mean_high = (_spearman_brown(value, raters) for value in (single, low, high))
    p = stats.f.sf(f, df1, df2)
    return Reliability(model, single, low, high, mean, mean_low, mean_high, raters, f, df1, df2, p)


def _centred(values, group):
    """Values [rows] or [rows, columns] minus the mean of their group."""
    frame = pd.DataFrame(values)
    centred = (frame - frame.groupby(group).transform("mean")).to_numpy()
    return centred.reshape(values.shape)


def _spearman_brown(single, raters):
    denominator = 1 + (raters - 1) * single
    return max(-1.0, raters * single / denominator) if denominator > 0 else -1.0


def reliability_table(ratings: pd.DataFrame, model: int | None = None, alpha: float = 0.05) -> pd.DataFrame:
    """Intraclass correlation of every attribute, and which attributes are reliable.

    Parameters
    ----------
    ratings : pandas.DataFrame
        From `valid_ratings`.
    model : {1, 2, 3}, optional
        As for `intraclass_correlation`; by default 1 for an attribute that no participant rates for two concepts, else
        2.
    alpha : float
        An attribute is reliable if its F-test has a Benjamini-Hochberg q below this, over all attributes.

    Returns
    -------
    pandas.DataFrame
        One row per attribute: `attribute`, `emotions`, `participants`, `ratings` (counts), the fields of `Reliability`,
        `q`, `reliable` and `sides`.
    """
    rows = []
    for attribute, part in ratings.groupby("attribute", sort=False):
        wide = part.pivot(index="emotion", columns="participant", values="rating").to_numpy()
        crossed = (~np.isnan(wide)).sum(axis=0).max() > 1
        if model == 3 and np.isnan(wide).any():
            raise UserError(f"--icc 3: not every participant rates the {attribute} of every concept, so the means keep "
                            "differences between participants, which this model leaves out; leave --icc out")
        try:
            result = intraclass_correlation(wide, model or (2 if crossed else 1))
        except UserError as error:
            raise UserError(f"{attribute}: {error}") from None
        rows.append({"attribute": attribute, "emotions": wide.shape[0], "participants": wide.shape[1],
                     "ratings": len(part), **result._asdict()})
    table = pd.DataFrame(rows)
    table["q"] = false_discovery_q(table["p"])
    table["reliable"] = table["q"] < alpha
    table["sides"] = "one-sided"
    return table


# ---------------------------------------------------------------------------------------------------------- components


LEAST_FILLED = 0.8  # of an attribute's ratings, where participants rate a concept, for components


class Components(NamedTuple):
    """Rotated principal components."""

    loadings: pd.DataFrame  # [items, components]: correlations; the component that explains most first
    scores: pd.DataFrame  # [rows, components], standardised
    eigenvalues: np.ndarray  # [items], of the items' correlation matrix
    chance: np.ndarray  # [items], the 95th percentile of eigenvalues of unrelated items
    filled: int  # missing values, which are replaced by the mean of their item


def principal_components(items: pd.DataFrame, draws: int = 500, seed: int = 0) -> Components:
    """Reduce correlated items to principal components with varimax rotation.

    Components are kept, from the largest, while their eigenvalues exceed the 95th percentile of those of unrelated
    items (parallel analysis: Horn, 1965, Psychometrika 30; Glorfeld, 1995, Educ. Psychol. Meas. 55). Rows of one
    concept, and of one participant, are not independent: so each item's means of concepts are permuted, and all else
    stays. Without an index of both, rows are permuted.

    Parameters
    ----------
    items : pandas.DataFrame [rows, items]
        One row for each participant and concept, its index. A missing value is replaced by the mean of its item.
    draws : int
        Permutations of the parallel analysis.
    seed : int
        Of the permutations.

    Returns
    -------
    Components
        Named ``PC1``, ``PC2`` ...; signs make the loadings of each component have a positive sum.

    Raises
    ------
    UserError
        If there are fewer than two items or three rows, an item does not vary, or no component exceeds chance.
    """
    from sklearn.decomposition import PCA

    values = items.fillna(items.mean()).to_numpy()
    if len(values) < 3 or values.shape[1] < 2 or not (np.ptp(values, axis=0) > 0).all():
        raise UserError("--pca: needs at least two attributes, each with differing ratings, and three rows")
    values = stats.zscore(values, ddof=1)
    pca = PCA(whiten=True, svd_solver="covariance_eigh").fit(values)
    eigenvalues = pca.explained_variance_
    generator = np.random.default_rng(seed)
    unrelated = _unrelated(values, items.index, generator)
    chance = [np.linalg.eigvalsh(np.corrcoef(next(unrelated).T))[::-1] for _ in range(draws)]
    chance = np.quantile(chance, 0.95, axis=0)[:len(eigenvalues)]
    kept = int(np.logical_and.accumulate(eigenvalues > chance).sum())
    if kept == 0:
        raise UserError("--pca: no component explains more than chance, since these attributes are not correlated over "
                        "the concepts; leave it out")

    loadings, rotation = varimax(pca.components_[:kept].T * np.sqrt(eigenvalues[:kept]))
    scores = pca.transform(values)[:, :kept] @ rotation
    order = np.argsort(-(loadings**2).sum(axis=0), kind="stable")
    sign = np.where(loadings.sum(axis=0) < 0, -1, 1)[order]
    names = [f"PC{i + 1}" for i in range(kept)]
    return Components(pd.DataFrame(loadings[:, order] * sign, items.columns, names),
                      pd.DataFrame(scores[:, order] * sign, items.index, names), eigenvalues, chance,
                      int(items.isna().to_numpy().sum()))


def _unrelated(values, index, generator):
    """Yield values [rows, items] as if no two items were related over concepts: each item's concepts permuted."""
    if index.nlevels == 1:
        while True:
            yield generator.permuted(values, axis=0)
    concept = pd.factorize(index.get_level_values(1))[0]
    means = pd.DataFrame(values).groupby(concept).mean().to_numpy()
    left = values - means[concept]
    while True:
        yield left + generator.permuted(means, axis=0)[concept]


def varimax(loadings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotate loadings [items, components] so that each item loads on as few components as possible.

    Returns the rotated loadings and the orthogonal rotation [components, components]: rotated = loadings @ rotation.
    Kaiser's criterion (1958, Psychometrika 23) with Kaiser normalisation, by repeated singular value decompositions as
    in R's ``varimax``. scikit-learn rotates only its factor analysis, and does not normalise.
    """
    length = np.linalg.norm(loadings, axis=1, keepdims=True)
    unit = loadings / np.where(length > 0, length, 1)
    rotation, previous = np.eye(loadings.shape[1]), 0
    for _ in range(1000):
        rotated = unit @ rotation
        left, singular, right = np.linalg.svd(unit.T @ (rotated**3 - rotated * (rotated**2).mean(axis=0)))
        rotation = left @ right
        if singular.sum() <= previous * (1 + 1e-12):
            break
        previous = singular.sum()
    return loadings @ rotation, rotation


def replace_by_components(
    ratings: pd.DataFrame, items: Sequence[str], draws: int = 500, seed: int = 0
) -> tuple[pd.DataFrame, Components]:
    """Replace attributes, or all if `items` is empty, by their principal components.

    `ratings` are from `valid_ratings`; in the result, those of the other attributes come first. `draws` and `seed` are
    as for `principal_components`. Raises `UserError` if too many ratings are missing, since means stand in for them.
    """
    items = list(dict.fromkeys(items)) or list(ratings["attribute"].unique())
    for item in items:
        if item not in set(ratings["attribute"]):
            raise UserError(f"--pca: no row has the attribute {item}; name one that the ratings have")
    reduced = ratings["attribute"].isin(items)
    wide = ratings[reduced].pivot(index=["participant", "emotion"], columns="attribute", values="rating")[items]
    there = wide.notna().mean()
    if there.min() < LEAST_FILLED:
        raise UserError(f"--pca: where participants rate a concept, {int(100 * there.min())}% of the ratings of "
                        f"{there.idxmin()} are there, but at least {LEAST_FILLED:.0%} are needed to tell how "
                        "attributes go together; leave it out")
    components = principal_components(wide, draws, seed)
    if taken := set(components.scores) & set(ratings.loc[~reduced, "attribute"]):
        raise UserError(f"--pca: the attribute {min(taken)} has the name of a component; give it another name")
    scores = components.scores.stack().rename("rating").rename_axis(["participant", "emotion", "attribute"])
    return pd.concat([ratings[~reduced], scores.reset_index()], ignore_index=True), components
