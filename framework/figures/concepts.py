"""Figures of how concepts differ: RDMs as matrices, and maps of concepts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from framework.figures.style import WIDTH, caption, label, label_points, styled


@styled
def rdm_matrices(rdms: dict[str, np.ndarray], concepts: Sequence[str], order: np.ndarray, ordered_by: str) -> Figure:
    """Dissimilarities between concepts as matrices, ranked within each, so that they can be compared by eye.

    Parameters
    ----------
    rdms : dict of str to array [pairs]
        Condensed dissimilarities over `concepts`, by the title of their panel.
    concepts : sequence of str
    order : array [concepts] of int
        How concepts are ordered: `framework.analysis.concepts.similarity_order` of what `ordered_by` names.
    ordered_by : str
    """
    names = [label(concepts[i], 18) for i in order]
    columns = min(len(rdms), 4 if len(rdms) <= 30 else 6)
    if columns > 2 and len(names) > 40:
        columns = 2 if len(rdms) <= 12 else columns  # larger panels for more names
    rows = math.ceil(len(rdms) / columns)
    # In small panels every other name stands at the opposite edge of the grid, which leaves twice the room for each.
    edges = 2 if columns > 2 else 1
    side = (WIDTH - 0.95 * edges) / max(columns, 2)
    size = min(7, edges * side * 72 / len(names) * 0.95)
    legible = size >= 2.5  # else names are only in the table beside the figure
    figure = Figure(figsize=(0.95 * edges + side * columns, 0.9 * edges + rows * (side + 0.2)), layout="compressed")
    panels = figure.subplots(rows, columns, squeeze=False)
    ticks = np.arange(len(names))
    for i, (axes, (title, rdm)) in enumerate(zip(panels.flat, rdms.items())):
        ranks = (rankdata(rdm) - 1) / max(len(rdm) - 1, 1)
        matrix = squareform(ranks)[np.ix_(order, order)]
        np.fill_diagonal(matrix, np.nan)
        image = axes.imshow(matrix, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(label(title))
        axes.spines[:].set_visible(False)
        axes.set(xticks=[], yticks=[])
        at = {"left": i % columns == 0, "top": i < columns, "right": i % columns == columns - 1 or i == len(rdms) - 1,
              "bottom": i // columns == rows - 1}
        for edge in ("left", "top", "right", "bottom")[:2 * edges]:
            if at[edge] and legible:
                named = _name_edge(axes, edge, ticks[edge in ("right", "bottom")::edges], names, size, edges - 1)
                # Names right of the last panel may lie in an empty cell; they take no room from the rows above.
                named.set_in_layout(edge != "right" or i % columns == columns - 1)
    for axes in panels.flat[len(rdms):]:
        axes.set_visible(False)
    bar = figure.colorbar(image, ax=panels, ticks=[0, 1], location="bottom", shrink=0.4, aspect=30, pad=0.04 / rows)
    bar.ax.set_xticklabels(["most alike", "most unlike"])
    bar.ax.tick_params(length=0)
    bar.outline.set_visible(False)
    unnamed = "" if legible else " The names, in this order, are in the table beside the figure."
    alternate = " Names alternate between opposite edges." if legible and edges > 1 else ""
    alike = "people judge alike" if ordered_by == "people's judgements" else f"are alike by {ordered_by}"
    return caption(figure, "Dissimilarities of any two concepts, ranked within each panel. All panels have the same "
                           f"order: concepts that {alike} are neighbours.{alternate}{unnamed}")


def _name_edge(axes, edge, ticks, names, size, tick):
    """Name rows or columns of a matrix at one of its edges; `tick` is the length of the ticks, in points."""
    along = {"left": "y", "right": "y", "top": "x", "bottom": "x"}[edge]
    other = axes.secondary_yaxis(edge) if along == "y" else axes.secondary_xaxis(edge)
    other.spines[:].set_visible(False)
    other.tick_params(length=2 * tick, width=0.4, labelsize=size, pad=1)
    other.set(**{f"{along}ticks": ticks, f"{along}ticklabels": [names[i] for i in ticks]})
    if along == "x":
        other.tick_params(labelrotation=90)
    return other


@styled
def concept_map(places: dict[str, np.ndarray], fit: np.ndarray, concepts: Sequence[str],
                order: np.ndarray) -> Figure:
    """Concepts as points whose distances follow their dissimilarities; maps side by side.

    `places` [concepts, 2], by panel title, and `fit` are from `framework.analysis.concepts.similarity_maps`; the dots'
    colours follow `order`.
    """
    size = 7 if len(concepts) <= 30 else 5.5 if len(concepts) <= 60 else 4.5
    side = WIDTH / 2 if len(concepts) <= 30 else 5.5
    figure = Figure(figsize=(side * len(places), side + 0.1))
    panels = figure.subplots(1, len(places), squeeze=False)[0]
    colours = np.empty(len(concepts))
    colours[order] = np.arange(len(concepts))
    for axes, (title, found), r in zip(panels, places.items(), fit):
        axes.scatter(*found.T, c=colours, cmap="viridis", s=18, linewidths=0.4, edgecolors="black", zorder=3)
        lowest, highest = found.min(axis=0), found.max(axis=0)
        limits = (lowest + highest)[:, None] / 2 + 0.6 * (highest - lowest).max() * np.array([-1, 1])
        axes.set(xlim=limits[0], ylim=limits[1], xticks=[], yticks=[], aspect="equal")
        axes.spines[:].set(visible=True, color="#cccccc")
        axes.set_title(label(title) if np.isnan(r) else f"{label(title)} (r = {r:.2f})")
    turned = " The second map is rotated or mirrored to match the first." if len(places) > 1 else ""
    caption(figure, "Multidimensional scaling: concepts close together are alike; directions have no meaning. r says "
                    f"how well the plane shows the dissimilarities.{turned} Colours follow the order of the RDM "
                    "figures.")
    for axes, found in zip(panels, places.values()):
        label_points(axes, found[:, 0], found[:, 1], concepts, size)
    return figure
