"""Figures of step 4: which neurons resemble which attributes, in which layers, and against which chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from framework.analysis.masks import top_neurons
from framework.figures.style import COLOURS, GREY, WIDTH, caption, label, legend_above, panel, percent, styled

# Step 4's columns of counts -> the figure's name and what makes a neuron count.
CRITERIA = {
    "count_fwe": ("significant_neurons_by_layer_permutation",
                  "family-wise p < 0.05 over all neurons and attributes, concepts' labels permuted"),
    "count": ("significant_neurons_by_layer", "q < 0.01, distances treated as independent, which they are not"),
}


def rank_selective_neurons(ranks: dict[str, np.ndarray], k: int) -> pd.DataFrame:
    """Order the neurons that are in the top k of any attribute as in the study's figure (a).

    The first attribute's neurons come first, by rank, then the others of the second, and so on. Index `neuron`; ranks
    (1 = most similar) within the top k, NaN beyond it.
    """
    top = pd.DataFrame(index=pd.RangeIndex(len(next(iter(ranks.values())))))
    for attribute, rank in ranks.items():
        chosen = top_neurons(rank, k)
        top.loc[chosen, attribute] = rank[chosen]
    # Named last: an attribute may be called `neuron`, too.
    return top.dropna(how="all").sort_values(list(ranks), kind="stable").rename_axis("neuron")


@styled
def selective_neurons(ranks: pd.DataFrame, k: int) -> Figure:
    """The study's figure (a): which neurons are in the top k of which attributes, from `rank_selective_neurons`."""
    figure, axes = panel(WIDTH, max(1.7, 0.7 + 0.165 * ranks.shape[1]))
    axes.set_facecolor(GREY)
    image = axes.imshow(np.ma.masked_invalid(ranks.to_numpy().T), cmap="magma_r", vmin=1, vmax=k, aspect="auto",
                        interpolation="nearest")
    axes.set_title(f"Neurons among the {k:,} most similar to each attribute")
    axes.set_xticks([])
    axes.set_xlabel(f"{len(ranks):,} neurons")
    axes.yaxis.tick_right()
    axes.set_yticks(range(ranks.shape[1]), map(label, ranks.columns))
    axes.tick_params(right=False)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=min(0.9, 2 / figure.get_figheight()), aspect=8)
    bar.set_ticks([1, k], labels=["1", f"{k:,}"])
    bar.ax.invert_yaxis()
    bar.ax.set_title("Rank\nby tau", fontsize=8)
    bar.outline.set_visible(False)
    return caption(figure, (
        f"A column is a neuron, shown where it is among the top {k:,} of an attribute; grey where it is not. A neuron "
        "that attributes share stands with the first of them, from the top: the staircase shows this order, not that "
        "attributes have neurons of their own. Ranks order the neurons; they test nothing."))


@styled
def significant_neurons(counts: pd.DataFrame, num_units: int, criterion: str, data: str = "") -> Figure:
    """How many of each layer's `num_units` neurons resemble each attribute.

    `counts` has one row per layer and one column per attribute; `criterion` says what makes a neuron count, `data` what
    the counts rest on ("27 concepts and 6 seeds"; "" if unknown).
    """
    layers, attributes = counts.shape
    numbers = counts.to_numpy().T
    column = 0.27 if layers <= 24 else 5.2 / layers  # inches
    with_numbers = column * 72 >= 1 + 3.6 * len(str(numbers.max()))  # a digit is 3.6 points wide
    figure, axes = panel(max(4, 1.9 + column * layers), 1.1 + 0.175 * max(attributes, 4))
    share = numbers / num_units
    image = axes.imshow(share, cmap="viridis", vmin=0, vmax=max(share.max(), 1 / num_units), aspect="auto")
    if with_numbers and numbers.any():
        for (attribute, layer), value in np.ndenumerate(numbers):
            if value:
                axes.text(layer, attribute, value, ha="center", va="center", fontsize=5.5,
                          color="black" if image.norm(share[attribute, layer]) > 0.6 else "white")
    if not numbers.any():
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center", fontsize=14, color="white")
    step = 1 if layers <= 24 else 5 if layers <= 60 else 10
    axes.set_xticks(range(0, layers, step), counts.index[::step])
    axes.set_yticks(range(attributes), [f"{label(name)} ({total:,})" for name, total in counts.sum().items()])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("Layer (0 is nearest the input)")
    figure.suptitle("Neurons that resemble an attribute", fontsize=8.5)
    bar = figure.colorbar(image, ax=axes, format=percent, aspect=15, shrink=min(0.9, 2.5 / figure.get_figheight()))
    if not numbers.any():
        bar.set_ticks([0])
    bar.set_label("Share of a layer")
    bar.outline.set_visible(False)
    rests = f" The counts rest on {data}." if data else ""
    return caption(figure, f"Criterion: {criterion}. Tests are one-sided (tau > 0). In brackets: the attribute's "
                           f"neurons in all layers. A layer has {num_units:,} neurons.{rests}")


@styled
def permutation_null(largest: np.ndarray, observed: np.ndarray, attributes: Sequence[str]) -> Figure:
    """The largest tau over all neurons: with the concepts' labels permuted [M, A], and with the right ones [A]."""
    figure, axes = panel(5.2, 0.9 + 0.19 * max(len(attributes), 4))
    rows = np.arange(len(attributes))
    varied = np.ptp(largest, axis=0) > 0  # with few concepts, all permutations may be alike, without a density
    bodies = axes.violinplot(largest[:, varied], rows[varied], orientation="horizontal", widths=0.85,
                             showextrema=False)["bodies"] if varied.any() else []
    for body in bodies:
        body.set(facecolor="#b0b0b0", alpha=1, linewidth=0)
    # p = (1 + permutations that reach a value) / (1 + permutations), so this many may lie beyond the line.
    beyond = -(-(len(largest) + 1) // 20) - 2
    limits = [axes.scatter(np.sort(largest, axis=0)[-1 - beyond], rows, marker="|", color="black", s=50,
                           label="limit of p < 0.05")] if beyond >= 0 else []
    points = axes.scatter(observed, rows, color=COLOURS["random"], s=16, label="observed", zorder=3)
    for body in bodies[:1]:
        body.set_label(f"{len(largest):,} permutations")
    legend_above(axes, [*bodies[:1], *limits, points])
    axes.set_yticks(rows, map(label, attributes))
    axes.set_ylim(len(attributes) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Largest tau of any neuron")
    said = ("An observed value to the right of the black line has p < 0.05 for this attribute alone (one-sided, over "
            "all neurons). Tests of many attributes together need a stricter line." if limits else
            f"With {len(largest)} of them, no p can be below 0.05.")
    return caption(figure, f"The permutations are of the concepts' labels. {said}")


@styled
def false_positives(p: np.ndarray, permutation_p: np.ndarray, concepts: int) -> Figure:
    """How often each test finds something where there is nothing: `framework.analysis.permutation.simulate_null`."""
    figure, axes = panel(4.2, 3.6)
    for values, name, colour, style in (
            (p, "distances treated as independent", COLOURS["attribute"], "--"),
            (permutation_p, "concepts permuted", COLOURS["random"], "-")):
        share = percent(float(np.mean(values < 0.05)))
        axes.ecdf(values, color=colour, linestyle=style, label=f"{name}: {share} below 0.05")
    axes.plot([0, 1], [0, 1], color="black", linewidth=1, linestyle=":", label="a valid test")  # over the others
    axes.axvline(0.05, color=GREY, linewidth=0.6)
    axes.set(xlim=(0, 0.25), ylim=(0, 0.3), xlabel="p-value (one-sided), where there is nothing to find",
             ylabel="Share of neurons with this p or a smaller one")
    axes.yaxis.set_major_formatter(percent)
    legend_above(axes, ncols=1)
    return caption(figure, f"Simulated: {len(p):,} neurons, and ratings of {concepts} concepts that are unrelated to "
                           "them. Both form clusters, as real ones do. The grey line is at p = 0.05.")
