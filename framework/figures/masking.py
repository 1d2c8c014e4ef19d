"""Figures of step 6: what masks cost, by concept, by attribute, by size and by dose; a placebo."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy.stats import kendalltau

from framework.analysis.inference import ONE_SEED, WORDS, Conditions
from framework.figures.style import (
    COLOURS,
    GREY,
    MARKERS,
    SIGNIFICANT,
    WIDTH,
    caption,
    intervals,
    label,
    label_points,
    legend_above,
    name_rows,
    panel,
    panel_grid,
    percent,
    row_figure,
    styled,
)
from framework.measures import MEASURES, Measure

CONDITIONS = {"w/o": ("no mask", "no mask"), "random": ("random", "random masks"),
              "attribute-specific": ("attribute", "attributes' masks")}  # in tables -> colour, words
ACCURACY = MEASURES["accuracy"]
# How random masks were drawn, `--random_baseline` of step 5 ("matched" where nothing says by what) -> their neurons.
RANDOM = {"uniform": "random neurons", "matched": "random neurons matched to the attribute's",
          "layer_matched": "random neurons of the same layers",
          "activation_matched": "random neurons of the same layers and activity"}


def spread_over_masks(results: pd.DataFrame, sizes: Iterable[Conditions]) -> pd.DataFrame:
    """Each concept's mean under each condition, and how far single masks lie from it.

    `sizes` are the `analysis.inference.conditions` of `results` that share one intervention, one for each k.

    Returns
    -------
    pandas.DataFrame
        `emotion`, `k` (0 without a mask), `condition` ("w/o", "random", "attribute-specific"), `mean`, `low` and `high`
        (the middle 95% of masks, each averaged over seeds; without a mask, of seeds) and `units` (how many masks, or
        seeds, with answers).
    """
    sizes, rows = list(sizes), []
    for emotion, tasks in results.groupby("sentiment", sort=False).indices.items():
        units = [(0, "w/o", results["best"].to_numpy()[tasks])]
        for size in sizes:
            units += [(size.k, "random", np.concatenate([size.uniform, *size.matched], axis=1)[tasks].mean(axis=0)),
                      (size.k, "attribute-specific", size.specific[tasks].mean(axis=0))]
        for k, condition, values in units:
            measured = values[~np.isnan(values)]  # a mask under which numbers get too large has no answers
            found = [measured.mean(), *np.quantile(measured, [0.025, 0.975])] if len(measured) else [np.nan] * 3
            rows.append((emotion, k, condition, *found, len(measured)))
    return pd.DataFrame(rows, columns=["emotion", "k", "condition", "mean", "low", "high", "units"])


@styled
def accuracy_after_masking(
        spread: pd.DataFrame, drop: pd.DataFrame, k: int, measure: Measure = ACCURACY, done: str = "masked",
        baseline: str = "uniform",
) -> Figure:
    """The study's figure (b): accuracy without a mask, under random and under attributes' masks; beside it the drop.

    `spread` is from `spread_over_masks`, `drop` is `analysis.inference.accuracy_drop` by emotion. `done`, what
    was done to neurons, is from `interventions.in_words`; `baseline` is a key of `RANDOM`.
    """
    shown = _sorted(drop, k)
    names = shown["emotion"].tolist()
    figure, (above, beside) = row_figure(len(names), 2, sharey=True, width_ratios=[1.25, 1])
    place = dict(zip(names, range(len(names))))
    for offset, (condition, (colour, words)) in zip((-0.24, 0, 0.24), CONDITIONS.items()):
        of = spread[(spread["condition"] == condition) & spread["k"].isin([0, k]) & spread["emotion"].isin(names)]
        rows = of["emotion"].map(place) + offset
        mean, low, high = of[["mean", "low", "high"]].to_numpy(float).T * measure.scale
        intervals(above, mean, rows, low, high, colour, legend=words)
    above.axvline(measure.chance, color="black", linewidth=0.8, linestyle=":", label="chance")
    above.set_xlabel(measure.axis)
    legend_above(above, columnspacing=0.8, handletextpad=0.2, handlelength=1.2)
    name_rows(above, names)
    _drop_panel(beside, shown, "emotion", measure, baseline)
    figure.suptitle(f"{k:,} neurons {done}", fontsize=8.5)
    units = spread[spread["k"].isin([0, k]) & spread["emotion"].isin(names)].groupby("condition")["units"]
    fewest, most = units.min(), units.max()
    many = {condition: f"{most[condition]}" if fewest[condition] == most[condition] else
            f"{fewest[condition]} to {most[condition]}" for condition in most.index}
    unmasked = f", and without a mask the middle 95% of {many['w/o']} seeds" if most["w/o"] > 1 else ""
    return caption(figure, (
        "Concepts are in the order of the drop, the largest first. Left: means; lines hold the middle 95% of "
        f"{many['random']} random masks and of {many['attribute-specific']} attributes' masks, each averaged over "
        f"seeds{unmasked}. Right: {measure.name} under "
        f"{random_masks(baseline)} minus under attributes' masks, with its 95% interval. {_said_of_test(shown)}"))


def random_masks(baseline: str, called: str = "masks") -> str:
    """Random masks, or matched ones; `baseline` is a key of `RANDOM`."""
    return f"random {called}" if baseline == "uniform" else f"matched random {called}"


def _sorted(drop, k):
    return drop[drop["k"] == k].sort_values("drop", ascending=False, kind="stable")


def in_words(by: dict[str, pd.DataFrame], k: int, measure: Measure = ACCURACY, done: str = "masked",
             baseline: str = "uniform") -> str:
    """One sentence: what masks of one size cost; `by` is `accuracy_drop` by "overall", "emotion" and "attribute"."""
    tables = {name: table[table["k"] == k] for name, table in by.items()}
    if tables["overall"]["drop"].isna().all():  # true of no rows, too
        return f"{k:,} neurons {done}: nothing was measured that can be compared."
    drop, low, high = (tables["overall"][["drop", "ci_low", "ci_high"]].to_numpy(float)[0] * measure.scale)
    digits = measure.digits
    alone = " over attributes alone" if tables["overall"]["unit"].str.startswith(ONE_SEED).all() else ""
    interval = "" if np.isnan(low) else f" (95% interval{alone} {low:.{digits}f} to {high:.{digits}f})"
    q = {words: tables[name]["q"] for name, words in (("emotion", "concepts"), ("attribute", "attributes"))}
    found = " and ".join(f"{(of < SIGNIFICANT).sum()} of {tested} {words}" if (tested := of.notna().sum()) else
                         f"no {words[:-1]} (none is testable)" for words, of in q.items())
    some = [f"{missing} {words[:-1] if missing == 1 else words}" for words, of in q.items()
            if 0 < (missing := of.isna().sum()) < len(of)]
    untested = f" (not testable: {' and '.join(some)})" if some else ""
    study = " by the study's test, which treats pairs as independent"
    said = study if tables["overall"]["test"].str.startswith("the study's").any() else ""
    drop = round(drop, digits) + 0
    numbers = (f"{drop:.{digits}f} {measure.unit} of {measure.name} more than {random_masks(baseline, 'ones')}"
               f"{interval}").replace("-", "\u2212")
    return (f"{k:,} neurons {done}: attributes' masks cost {numbers}; one-sided q < {SIGNIFICANT} for "
            f"{found}{said}{untested}.")


def _said_of_test(shown: pd.DataFrame) -> str:
    """Name the test and its unit."""
    tested = shown[shown["p"].notna()]
    if tested.empty:
        return f"{shown['test'].iloc[0].capitalize()}." if len(shown) else ""
    # The check in brackets differs by row; it is in the table.
    test, unit = tested["test"].str.replace(r" \(.*", "", regex=True).mode()[0], tested["unit"].mode()[0]
    few = " (some rows: fewer; see the table)" if (tested["unit"] != unit).any() else ""
    return f"Test: {test}. Unit: {unit}{few}."


def _drop_panel(axes: Axes, shown: pd.DataFrame, by: str, measure: Measure, baseline: str) -> None:
    """Drops with their intervals, one row each in the order of `shown`; filled where q < 0.05."""
    significant = (shown["q"] < SIGNIFICANT).to_numpy()  # NaN, where nothing could be tested, is not
    tested = shown["q"].notna().to_numpy()
    scaled = shown[["drop", "ci_low", "ci_high"]].to_numpy(float) * measure.scale
    intervals(axes, scaled[:, 0], np.arange(len(shown)), scaled[:, 1], scaled[:, 2], "attribute", significant)
    untested = "#d0d0d0"
    axes.plot(scaled[~tested, 0], np.flatnonzero(~tested), "o", markersize=3.6, color=COLOURS["attribute"],
              markerfacecolor=untested, markeredgewidth=0.9)
    axes.axvline(0, color=GREY, linewidth=0.8, zorder=0)
    axes.margins(x=0.08)
    axes.set_xlabel(f"Drop against {random_masks(baseline)} ({measure.unit})")
    colour = COLOURS["attribute"]
    handles = [Line2D([], [], color=colour, marker="o", markersize=3.6, markerfacecolor=face, label=words)
               for face, words, there in ((colour, f"q < {SIGNIFICANT}", significant.any()),
                                          ("white", f"q \u2265 {SIGNIFICANT}", (tested & ~significant).any()),
                                          (untested, "not testable", not tested.all())) if there]
    legend_above(axes, handles)
    name_rows(axes, shown[by])


@styled
def accuracy_drop_by_attribute(
        drop: pd.DataFrame, k: int, measure: Measure = ACCURACY, done: str = "masked", baseline: str = "uniform",
) -> Figure:
    """How much each attribute's mask costs beyond random masks, over all concepts.

    `drop` is `analysis.inference.accuracy_drop` by attribute; `done` and `baseline` are as for
    `accuracy_after_masking`.
    """
    shown = _sorted(drop, k)
    figure, (axes,) = row_figure(len(shown), width=4.2)
    _drop_panel(axes, shown, "attribute", measure, baseline)
    own = "" if baseline == "uniform" else " Each attribute has random masks of its own."
    return caption(figure, (
        f"{measure.title} with {k:,} {RANDOM[baseline]} {done}, minus with the attribute's {k:,}, over all "
        f"concepts and seeds, with its 95% interval. The largest drop is first.{own} {_said_of_test(shown)}"))


@styled
def accuracy_by_threshold(spread: pd.DataFrame, measure: Measure = ACCURACY, done: str = "masked") -> Figure:
    """Accuracy against the number of changed neurons, one panel per concept; `spread` is from `spread_over_masks`."""
    unmasked = spread[spread["condition"] == "w/o"].set_index("emotion")["mean"]
    concepts = unmasked.sort_values(ascending=False, kind="stable").index
    masked, one_size = done == "masked", spread["k"].nunique() == 2  # 0 stands for no mask
    figure, panels = panel_grid(len(concepts), 5, (WIDTH / 5, 1.2), (0, 0.9), 3.6,
                                f"Neurons {'masked' if masked else 'changed'}", measure.axis, shared=True)
    for axes, concept in zip(panels, concepts):
        axes.set_title(label(concept, 24), fontsize=8, pad=3)
        axes.axhline(measure.chance, color="black", linewidth=0.8, linestyle=":", label="chance")
        axes.axhline(unmasked[concept] * measure.scale, color=COLOURS["no mask"], linestyle="--", linewidth=1,
                     label="no mask")
        for condition, side in (("random", -1), ("attribute-specific", 1)):
            colour, words = CONDITIONS[condition]
            curve = spread[(spread["emotion"] == concept) & (spread["condition"] == condition)].sort_values("k")
            k = curve["k"] * (1 + 0.04 * side * one_size)
            low, high = curve["low"] * measure.scale, curve["high"] * measure.scale
            if one_size:  # a band would have no width, and one line would hide the other
                axes.vlines(k, low, high, color=COLOURS[colour], linewidth=1)
            axes.fill_between(k, low, high, color=COLOURS[colour], alpha=0.22, linewidth=0)
            axes.plot(k, curve["mean"] * measure.scale, color=COLOURS[colour], marker=MARKERS[colour],
                      markersize=2.5, label=words)
        axes.tick_params(labelsize=7)
    panels[0].set_xlim(0, spread["k"].max() * 1.08)
    panels[0].xaxis.set_major_locator(MaxNLocator(3, integer=True, steps=[1, 2, 3, 5, 10]))
    figure.legend(*panels[0].get_legend_handles_labels(), ncols=4 if len(panels) > 2 else 2,
                  loc="outside upper center")
    how = "" if masked else f" Neurons are {done}."
    return caption(figure, f"Means over seeds and masks; {'lines' if one_size else 'bands'} hold the middle 95% of "
                           f"masks, each averaged over seeds. Concepts are in the order of their {measure.name} "
                           f"without a mask.{how}")


@styled
def drop_against_people(both: pd.DataFrame, k: int, measure: Measure = ACCURACY, done: str = "masked",
                        baseline: str = "uniform") -> Figure:
    """Each attribute's drop against its weight in people's judgements, with Kendall's tau between the two.

    `both` has one row per attribute: `attribute`; `drop`, `ci_low` and `ci_high`; `tau` of the attribute's RDM with
    people's judgements, `ci_low_people` and `ci_high_people`.
    """
    figure, axes = panel(5.7, 4.2)
    both = both[both["drop"].notna()]  # a mask without any answer has no drop
    x, (y, low, high) = both["tau"].to_numpy(), both[["drop", "ci_low", "ci_high"]].to_numpy(float).T * measure.scale
    left, right = both[["ci_low_people", "ci_high_people"]].to_numpy(float).T
    axes.hlines(y, left, right, color="#b0b0b0", linewidth=0.8)  # few random masks: a drop may lie outside its interval
    axes.vlines(x, low, high, color="#b0b0b0", linewidth=0.8)
    axes.plot(x, y, "o", color=COLOURS["attribute"], markersize=4, zorder=3)  # above the names' white edges
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    axes.margins(x=0.2)  # room for names
    axes.set_xlabel("Weight in people's similarity judgements (tau)")
    axes.set_ylabel(f"Drop against {random_masks(baseline)} ({measure.unit})")
    said = ""
    if len(both) > 2 and np.ptp(x) > 0 and np.ptp(y) > 0:
        tau = f"{kendalltau(x, y).statistic:.2f}".replace("-", "\u2212")
        said = (f" Kendall's tau between the two is {tau} over {len(both)} attributes; no p, since attributes share "
                "people, concepts and neurons.")
    caption(figure, f"{k:,} neurons {done}. Lines are 95% intervals.{said}")
    named = np.sort(np.argsort(-np.abs(y), kind="stable")[:40])  # more names would not be legible
    arms = np.nan_to_num(np.concatenate([np.stack([left, y, right, y], 1), np.stack([x, low, x, high], 1)]))
    label_points(axes, x[named], y[named], both["attribute"].to_numpy()[named], intervals=arms)
    return figure


@styled
def placebo(tested: pd.DataFrame) -> Figure:
    """The p-values of random masks that are tested as if they were attributes': `analysis.inference.placebo`."""
    figure, axes = panel(4.4, 3.2)
    looks = {("attribute", "masks"): ("random", "-"), ("emotion", "masks"): ("layer_matched", "-"),
             ("attribute", "study"): ("random", (0, (4, 1.5))), ("emotion", "study"): ("layer_matched", (0, (4, 1.5)))}
    for (by, test), (colour, line) in looks.items():
        p = tested.loc[(tested["by"] == by) & (tested["test"] == test), "p"].to_numpy()
        if len(p):
            axes.ecdf(p, color=COLOURS[colour], linestyle=line,
                      label=f"By {WORDS[by]}, {WORDS[test]}: {percent(round(np.mean(p < 0.05), 3))} below 0.05")
    axes.plot([0, 1], [0, 1], color="black", linewidth=1, linestyle=":", label="A valid test: 5% below 0.05")
    axes.axvline(0.05, color=GREY, linewidth=0.6)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="p-value (one-sided) of a placebo",
             ylabel="Share with this p or a smaller one")
    axes.yaxis.set_major_formatter(percent)
    legend_above(axes, ncols=1)
    sizes = " Masks of all sizes are counted together." if len(set(tested["k"])) > 1 else ""
    return caption(figure, "Placebos are random masks tested as if they were attributes' masks: there is nothing to "
                           "find. A test that holds its level follows the dotted line; one above it finds too much. "
                           f"The grey line is at p = 0.05.{sizes}")


@styled
def dose(doses: dict[str, pd.DataFrame], k: int) -> Figure:
    """Each measure against the factor that k neurons are multiplied by.

    `doses` holds `analysis.inference.accuracy_by_dose` by name of a measure in `MEASURES`.
    """
    figure = Figure(figsize=(3.5 * len(doses) + 0.1, 2.9))
    panels = figure.subplots(1, len(doses), squeeze=False)[0]
    for axes, (name, table) in zip(panels, doses.items()):
        measure, table = MEASURES[name], table[table["k"] == k]
        scales = np.sort(table["scale"].unique())
        curves = table.pivot(index="scale", columns="condition", values=["mean", "ci_low", "ci_high", "n"])
        attributes = [condition for condition in curves["mean"] if condition not in CONDITIONS]
        place = np.arange(len(scales))
        axes.plot(place, curves["mean"][attributes] * measure.scale, color=COLOURS["attribute"], linewidth=0.5,
                  alpha=0.5)
        for condition in ("random", "attribute-specific"):
            if condition not in curves["mean"]:
                continue
            colour, words = CONDITIONS[condition]
            mean, low, high = (curves[name][condition] * measure.scale for name in ("mean", "ci_low", "ci_high"))
            axes.fill_between(place, low, high, color=COLOURS[colour], alpha=0.2, linewidth=0)
            axes.plot(place, mean, color=COLOURS[colour], marker=MARKERS[colour],
                      markersize=4, linewidth=1.6, label=f"{words} ({curves['n'][condition].max():.0f})")
        axes.axhline(measure.chance, color="black", linewidth=0.8, linestyle=":", label="chance")
        axes.set_xticks(place, [f"{scale:g}" for scale in scales])
        axes.set_xlabel(f"{k:,} neurons multiplied by")
        axes.set_ylabel(measure.axis)
        legend_above(axes, ncols=3, columnspacing=0.7, handletextpad=0.3, fontsize=7)
    return caption(figure, "Means over concepts and seeds, with 95% intervals over masks (in brackets: how many); thin "
                           "lines are single attributes. Doses stand at equal steps; at 1 nothing is changed.")
