"""Figures of people's ratings: frames in, matplotlib figures out."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from framework.analysis.ratings import Components
from framework.figures.style import (
    COLOURS,
    GREY,
    WIDTH,
    caption,
    intervals,
    label,
    legend_above,
    name_rows,
    panel,
    row_figure,
    styled,
)


@styled
def rating_means(table: pd.DataFrame) -> Figure:
    """How people rate each emotion (a row of `table`) on each attribute (a column), 0..1."""
    longest = max(13, *(len(label(name)) for name in table.index))
    figure, axes = panel(max(3.6, min(WIDTH, 2 + 0.22 * len(table)), 2 + 0.188 * len(table)),
                         0.7 + 0.062 * longest + 0.18 * table.shape[1])
    image = _matrix(axes, table.T, cmap="viridis", vmin=0, vmax=1)
    bar = figure.colorbar(image, ax=axes, ticks=[0, 1], shrink=0.8)
    bar.ax.set_yticklabels(["lowest", "highest"])
    bar.ax.set_title("Mean\nrating", fontsize=8)
    bar.ax.tick_params(length=0)
    bar.outline.set_visible(False)
    return caption(figure, "Means over participants. Each attribute has its own colour scale, from its lowest concept "
                           "to its highest. Attributes and concepts are in the order of the ratings.")


@styled
def rating_reliability(table: pd.DataFrame, limit: float) -> Figure:
    """The reliability of each attribute's means, with its 95% interval.

    `table` is from `analysis.ratings.reliability_table`, whose `alpha` is `limit`.
    """
    figure, (axes,) = row_figure(len(table), width=4.2)
    reliable = table["reliable"].to_numpy(bool)
    intervals(axes, table["mean"], np.arange(len(table)), table["mean_low"], table["mean_high"], "attribute", reliable)
    axes.axvline(0, color=GREY, linewidth=0.8, zorder=0)
    axes.set_xlim(min(0, table["mean_low"].min()) - 0.05, 1.02)
    axes.set_xlabel("Intraclass correlation of the mean rating")
    colour = COLOURS["attribute"]
    legend_above(axes, [Line2D([], [], color=colour, marker="o", markersize=3.6, markerfacecolor=face, label=words)
                        for face, words, there in ((colour, "reliable", reliable.any()),
                                                   ("white", "not reliable", not reliable.all())) if there])
    name_rows(axes, table["attribute"])
    return caption(figure, "How well the means would agree with those of other participants, with 95% intervals. "
                           "Reliable: the F-test that concepts do not differ (one-sided) has a q over all attributes "
                           f"below {limit:g}. Unit: concept. Attributes are in the order of the ratings.")


@styled
def rating_components(components: Components) -> Figure:
    """Eigenvalues against chance, and the loadings of attributes on the components that are kept."""
    loadings = components.loadings
    figure = Figure(figsize=(WIDTH, max(2.6, 1.1 + 0.16 * len(loadings))))
    scree, axes = figure.subplots(1, 2, width_ratios=[1, 1.1])
    number = np.arange(1, len(components.eigenvalues) + 1)
    scree.plot(number, components.eigenvalues, "o-", color=COLOURS["no mask"], markersize=3, label="attributes")
    scree.plot(number, components.chance, "--", color=COLOURS["random"],
               label="if unrelated: 95th percentile")
    scree.set_xlabel("Component")
    scree.xaxis.set_major_locator(MaxNLocator(integer=True))
    scree.set_ylabel("Eigenvalue")
    scree.legend(loc="upper right")
    largest = np.abs(loadings.to_numpy()).max()
    image = _matrix(axes, loadings, cmap="PuOr_r", vmin=-largest, vmax=largest)
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.set_label("Loading")
    bar.outline.set_visible(False)
    return caption(figure, "Left: components above the dashed line are kept (parallel analysis). Right: how each "
                           "attribute correlates with the kept components, rotated by varimax. Attributes are in the "
                           "order of the ratings; the components that explain most come first.")


def _matrix(axes, table, **colours):
    image = axes.imshow(table.to_numpy(), aspect="auto", interpolation="nearest", **colours)
    axes.set_xticks(range(table.shape[1]), map(label, table.columns), rotation=90)
    axes.set_yticks(range(len(table)), map(label, table.index))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image
