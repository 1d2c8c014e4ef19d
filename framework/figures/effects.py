"""Figures of the causal map: what neurons do, beside what they resemble."""

from __future__ import annotations

import textwrap
from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.stats import pearsonr

from framework.analysis.effects import share_that_adds_up
from framework.analysis.masks import MaskName
from framework.figures.masking import random_masks
from framework.figures.style import (
    COLOURS,
    GREY,
    MARKERS,
    caption,
    intervals,
    label,
    legend_above,
    name_rows,
    panel,
    panel_grid,
    row_figure,
    styled,
)
from framework.measures import MEASURES, Measure

CONTROLS = {"random": "random", "layer_matched": "random, same layers",
            "activation_matched": "random, same layers and activity",
            "attribute": "attributes", "effect": "largest effects"}  # kinds of masks -> words, least to most

CHOSEN_BY_TESTED = " The same prompts chose these neurons and were tested without them."


@styled
def effect_against_resemblance(
    tau: pd.DataFrame, lost: np.ndarray, relation: pd.DataFrame, permutations: int
) -> Figure:
    """What is lost without a neuron against its resemblance to an attribute, one panel per attribute.

    Parameters
    ----------
    tau : pandas.DataFrame [N, A]
    lost : array [N]
        The margin lost without each neuron, in logits: minus its effect, averaged over tasks.
    relation : pandas.DataFrame
        `attribute`, `r` and `p` (`analysis.effects.resemblance_and_loss`), and `q` over the attributes.
    permutations : int
        How many gave the p-values.
    """
    tau = tau.dropna(axis=1, how="all")  # an attribute that does not vary has no tau
    figure, panels = panel_grid(tau.shape[1], 4, (1.7, 1.5), (0.3, 0.7), 3.7, "Resemblance (tau)",
                                "Margin lost (logits)", shared=True)
    found = relation.set_index("attribute")
    # Effects have long tails on both sides, which would leave a plain axis empty but for its middle.
    spread = np.quantile(np.abs(lost), 0.5) or np.abs(lost).max() or 1
    ends = [np.nanmin(tau), np.nanmax(tau)], np.arcsinh(np.array([lost.min(), lost.max()]) / spread)
    ticks = _ticks(lost, spread)
    for axes, attribute in zip(panels, tau):
        known = tau[attribute].notna().to_numpy()
        x, y = tau[attribute].to_numpy()[known], lost[known]
        axes.hist2d(x, np.arcsinh(y / spread), bins=40, range=ends, cmap="Greys", norm=LogNorm(0.5), rasterized=True)
        axes.axhline(0, color=GREY, linewidth=0.5)
        parts = np.array_split(np.argsort(x, kind="stable"), min(12, len(x)))
        axes.plot([x[part].mean() for part in parts], [np.arcsinh(y[part].mean() / spread) for part in parts],
                  color=COLOURS["effect"], marker=MARKERS["effect"], markersize=3, linewidth=1.4,
                  label="mean over neurons of like tau")
        r, q = found.loc[attribute, ["r", "q"]]
        said = "not testable" if np.isnan(q) else f"r = {round(r, 2) + 0:.2f}, q = {q:.3f}".replace("-", "\u2212")
        axes.set_title(f"{label(attribute, 22)}\n{said}", fontsize=7.5, pad=3)
        axes.set_yticks(np.arcsinh(ticks / spread), [f"{tick:g}".replace("-", "\u2212") for tick in ticks])
        axes.tick_params(labelsize=6.5)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center")
    alone = relation["q"].notna().sum() / (permutations + 1)
    return caption(figure, (
        "The margin that is lost where a neuron is set to zero (first order, mean over concepts and seeds): above 0 "
        "the answer gets worse without it. Darker: more neurons; the axis is compressed away from 0. r is the rank "
        "correlation over neurons within layers; its p, two-sided, comes from permuting the concepts' labels, since "
        f"neurons are not independent, and q corrects it for the number of attributes. With {permutations:,} "
        f"permutations, an attribute that stands out alone cannot have q below {min(alone, 1):.2g}."))


def _ticks(values, spread):
    """0 and powers of ten on both sides, as far as the values reach."""
    most = 10.0 ** np.arange(np.floor(np.log10(spread)) + 1, np.log10(np.abs(values).max() or 1))[-2:]
    ticks = np.concatenate([-most[::-1], [0], most])
    return ticks[(values.min() <= ticks) & (ticks <= values.max())]


def kinds_in_words(kinds: Collection[str], chosen_by_tested: bool) -> str:
    """Say what losses by kinds of masks (keys of `CONTROLS`) are averaged over: for the figure and the page.

    `chosen_by_tested`: whether the prompts that chose the neurons of largest effects are among those tested without
    them.
    """
    words = "Lost against no mask: means over masks, and for each mask over all concepts and seeds."
    if "effect" in kinds:
        words += (" A mask of the largest effects is made for one concept, and counts for the seeds of this concept "
                  "alone.")
        words += CHOSEN_BY_TESTED if chosen_by_tested else ""
    return words


def fairer_in_words(kinds: Collection[str]) -> str:
    """Say which of the kinds of masks, if any, are the fairer controls: for the figure and the page."""
    alike = {"layer_matched", "activation_matched"}.intersection(kinds)
    return " Random neurons of the same layers are the fairer controls of attributes." if alike else ""


@styled
def loss_by_kind(
    loss: pd.DataFrame, measure: Measure = MEASURES["accuracy"], chosen_by_tested: bool = False, done: str = "masked"
) -> Figure:
    """What changing k neurons costs, for neurons chosen in different ways.

    Parameters
    ----------
    loss : pandas.DataFrame
        One row per mask: `kind` (a key of `CONTROLS`), `k`, `mask` and `value`, the mean over its tasks without a mask
        minus that under it.
    chosen_by_tested
        As for `kinds_in_words`.
    done : str
        What was done to neurons, from `interventions.in_words`.
    """
    there = [kind for kind in CONTROLS if (loss["kind"] == kind).any()]
    lost = f"{measure.title} lost ({measure.unit})"
    if loss["k"].min() == loss["k"].max():
        figure, axes = panel(4.8, 0.8 + 0.35 * len(there))
        for row, kind in enumerate(there):
            values = loss.loc[loss["kind"] == kind, "value"].to_numpy() * measure.scale
            aside = np.arange(len(values)) % 9 - 4  # so that dots of one value are told apart
            axes.plot(values, row + 0.06 * aside, ".", color=COLOURS[kind], alpha=0.6, markersize=4)
            axes.plot([values.mean()] * 2, [row - 0.4, row + 0.4], color="black", linewidth=1.2)
        name_rows(axes, there)
        axes.set_yticklabels([textwrap.fill(f"{CONTROLS[kind]} ({(loss['kind'] == kind).sum()})", 24)
                              for kind in there])
        axes.axvline(0, color=GREY, linewidth=0.6, zorder=0)
        axes.set_xlabel(f"{lost}, {loss['k'].iloc[0]:,} neurons {done}")
        how = "In brackets: how many masks; a dot each, and a line at their mean."
    else:
        figure, axes = panel(4.8, 3.2)
        for kind in there:
            groups = loss[loss["kind"] == kind].groupby("k")["value"]
            mean, low, high = (part * measure.scale for part in (groups.mean(), groups.quantile(0.025),
                                                                 groups.quantile(0.975)))
            axes.fill_between(mean.index, low, high, color=COLOURS[kind], alpha=0.15, linewidth=0)
            axes.plot(mean.index, mean, color=COLOURS[kind], marker=MARKERS[kind], markersize=4,
                      label=f"{CONTROLS[kind]} ({groups.size().max()})")
        axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
        axes.set_xlim(0)
        axes.set_xlabel(f"Neurons {done}")
        axes.set_ylabel(lost)
        legend_above(axes, axes.get_legend_handles_labels()[0][::-1], ncols=2)
        how = "In brackets: how many masks of one size; bands hold the middle 95% of them."
    return caption(figure, f"{kinds_in_words(there, chosen_by_tested)} {how}{fairer_in_words(there)}")


@styled
def own_and_others(
    concepts: pd.DataFrame, overall: pd.DataFrame, measure: Measure = MEASURES["accuracy"],
    chosen_by_tested: bool = False, done: str = "masked", baseline: str = "uniform"
) -> Figure:
    """What its own mask costs each concept, beside what the masks of the other concepts cost it.

    Both frames are from `analysis.inference.own_and_others`; `chosen_by_tested` is as for `kinds_in_words`, `done` and
    `baseline` ("uniform" or "matched") as for `framework.figures.masking.in_words`.
    """
    shown = concepts.sort_values("difference", ascending=False, kind="stable")
    rows, scaled = np.arange(len(shown)), shown[["own", "others", "low", "high"]].to_numpy(float).T * measure.scale
    figure, (axes,) = row_figure(len(shown), width=4.8)
    # One above the other, so that neither hides the other or the end of the interval.
    intervals(axes, scaled[1], rows + 0.15, scaled[2], scaled[3], "random", legend="masks of the others")
    axes.plot(scaled[0], rows - 0.2, MARKERS["effect"], color=COLOURS["effect"], markersize=4.5, label="its own mask")
    axes.axvline(0, color=GREY, linewidth=0.6, zorder=0)
    axes.set_xlabel(f"Drop against {random_masks(baseline)}, {shown['k'].iloc[0]:,} neurons {done} ({measure.unit})")
    name_rows(axes, shown["emotion"].tolist())
    legend_above(axes)
    return caption(figure, (
        "Masks of the neurons whose effect on a concept's answers is largest. Concepts are in the order of the "
        "difference, the largest first; means over seeds. Lines hold the middle 95% of the other concepts' masks. "
        + own_and_others_in_words(overall, measure, done, baseline) + (CHOSEN_BY_TESTED if chosen_by_tested else "")))


def own_and_others_in_words(overall: pd.DataFrame, measure: Measure = MEASURES["accuracy"], done: str = "masked",
                            baseline: str = "uniform") -> str:
    """One sentence: what concepts lose under their own masks and under others'."""
    found = overall.set_index("what")
    said = {}
    for what, numbers in (found[["mean", "ci_low", "ci_high"]] * measure.scale).iterrows():
        mean, low, high = (f"{number:.{measure.digits}f}".replace("-", "\u2212") for number in numbers)
        said[what] = f"{mean} (no interval)" if low == "nan" else f"{mean} ({low} to {high})"
    random = random_masks(baseline, "ones")
    return (f"{found.loc['own', 'k']:,.0f} neurons {done}: over {found.loc['own', 'n']:.0f} concepts, a concept's own "
            f"mask costs {said['own']} {measure.unit} more than {random}, those of the others {said['others']}; "
            f"difference {said['difference']}, one-sided p = {found.loc['difference', 'p']:.2g} (masks shuffled over "
            "concepts; intervals: jackknife over concepts with their masks).")


@styled
def additivity(masks: pd.DataFrame) -> Figure:
    """The sum of neurons' first-order effects against what their mask does, one panel per intervention.

    Parameters
    ----------
    masks : pandas.DataFrame
        One row per mask: `mask` (its name), `intervention`, `k`, `summed` (`analysis.effects.summed_loss`) and
        `measured` (the margin lost), both in logits and averaged over tasks; and `rows`, "the same" where effects and
        masks were measured on the same ones. An intervention that changes nothing (a factor of 1) has no panel.
    """
    kinds = list(masks.loc[masks["summed"] != 0, "intervention"].unique())
    figure, panels = panel_grid(len(kinds), 3, (2.2, 2.35), (0.5, 0.7), 3.6, "Sum of single neurons' losses (logits)",
                                "Margin lost (logits)")
    sizes, explained = np.sort(masks["k"].unique()), ""
    shown = {"random": "random masks", "attribute": "attributes' masks"}
    drawn = masks["mask"].map(lambda text: "random" if (name := MaskName.parse(text)) and name.control else "attribute")
    for axes, kind in zip(panels, kinds):
        of = masks[masks["intervention"] == kind]
        for condition in shown:
            some = of[drawn[of.index] == condition]
            # The colour tells kinds of masks apart, or sizes where there are several.
            colours = dict(color=COLOURS[condition]) if len(sizes) == 1 else dict(
                c=np.searchsorted(sizes, some["k"]), cmap="viridis", vmin=-0.5, vmax=len(sizes) - 0.5)
            image = axes.scatter(some["summed"], some["measured"], marker=MARKERS[condition], s=12, linewidths=0,
                                 **colours)
        line = np.array([of[["summed", "measured"]].min().min(), of[["summed", "measured"]].max().max()])
        axes.plot(line, line, color="black", linewidth=0.8, linestyle=":")
        varied = len(of) > 2 and (np.ptp(of[["summed", "measured"]], axis=0) > 0).all()
        said = f", r = {pearsonr(of['summed'], of['measured']).statistic:.2f}".replace("-", "\u2212") if varied else ""
        title = f"{label(kind)} ({len(of)} masks{said})"
        shares = [(share_that_adds_up(some["summed"], some["measured"]), size) for size, some in of.groupby("k")]
        if np.isfinite(shares).all():
            ends = (f"{share:.0%} at {size:,}" for share, size in dict.fromkeys([shares[0], shares[-1]]))
            title += f"\ntrue: {', '.join(ends)}".replace("-", "\u2212")
            explained = (" True: how much of the sum is really lost (the slope of a line through 0) at the smallest "
                         "and at the largest k; not said where some masks are predicted to gain.")
        axes.set_title(title, fontsize=8)
        axes.locator_params(nbins=4)
    handles = [Line2D([], [], linestyle="", marker=MARKERS[condition], markersize=3.6, label=words,
                      color=COLOURS[condition] if len(sizes) == 1 else GREY)
               for condition, words in shown.items() if (drawn == condition).any()]
    figure.legend(handles=handles, ncols=2, loc="outside upper center", handletextpad=0.2)
    if len(sizes) > 1:
        bar = figure.colorbar(image, ax=panels, shrink=0.8, aspect=15, ticks=range(len(sizes)))
        bar.ax.set_yticklabels([f"{size:,}" for size in sizes])
        bar.ax.tick_params(length=0)
        bar.set_label("Neurons changed")
        bar.outline.set_visible(False)
    rows = masks["rows"].iloc[0]
    said = "" if rows == "the same" else f" Effects and masks were measured on different rows ({rows})."
    return caption(figure, "A point is a mask. Its height is the margin lost under it; its place from left to right is "
                           "the sum of its neurons' effects, each changed alone, to first order. On the dotted line "
                           "effects add up. Far from it, single effects do not say what many neurons do together."
                           f"{explained}{said}")
