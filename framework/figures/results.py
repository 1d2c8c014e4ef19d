"""Every figure: arrays and frames in, matplotlib figures out. Widths are those of a journal's two columns."""

import contextlib
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import IO

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.stats import kendalltau, rankdata

from framework.analysis.masks import top_neurons

STYLE = {
    "figure.dpi": 100, "figure.constrained_layout.use": True, "figure.labelsize": 8, "font.size": 8,
    "axes.titlesize": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8,
    "legend.frameon": False, "lines.linewidth": 1.2, "pdf.fonttype": 42, "svg.hashsalt": "OpenNeuron",
}
WIDTH = 7.1  # inches
# The study's colours: three lightnesses of one scale (magma), told apart by every eye and in grey print.
CONDITIONS = {"w/o": "#1a1239", "random": "#9d3976", "attribute-specific": "#f1cd93"}
DARK_SAND = "#c98a2b"  # "attribute-specific" where it is a thin line or a point on white
SIGNIFICANT = 0.05  # q of the stars


@contextlib.contextmanager
def _style() -> Iterator[None]:
    """`STYLE`, and nothing of the user's own matplotlib settings."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


_styled = _style()  # a decorator


def save(figure: Figure, file: IO[bytes], format: str) -> None:
    """Write a figure to an open binary file, at 300 dots an inch: the same figure gives the same bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    file : binary file
    format : {"png", "pdf", "svg"}
    """
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    with _style():
        figure.savefig(file, format=format, dpi=300, metadata=undated.get(format))


def _label(name):
    return str(name).replace("_", " ")


def _percent(value, _=None):
    return f"{100 * value:.3g}%".replace("-", "\u2212")


def rank_selective_neurons(ranks: dict[str, np.ndarray], k: int) -> pd.DataFrame:
    """Put the neurons that are among the top k of any attribute in the order of the study's figure (a).

    Parameters
    ----------
    ranks : dict of str to array [N]
        Each attribute's ranks of all neurons, 1 = most similar.
    k : int

    Returns
    -------
    pandas.DataFrame
        Index `neuron`; ranks within the top k, NaN beyond it. The first attribute's neurons come first, by rank, then
        those of the second that are not among them, and so on.
    """
    top = pd.DataFrame(index=pd.RangeIndex(len(next(iter(ranks.values()))), name="neuron"))
    for attribute, rank in ranks.items():
        chosen = top_neurons(rank, k)
        top.loc[chosen, attribute] = rank[chosen]
    return top.dropna(how="all").sort_values(list(ranks), kind="stable")


@_styled
def selective_neurons(ranks: pd.DataFrame, k: int) -> Figure:
    """The study's figure (a): which neurons are among the top k of which attributes.

    Parameters
    ----------
    ranks : pandas.DataFrame
        From `rank_selective_neurons`.
    k : int

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(WIDTH, max(1.9, 0.9 + 0.165 * ranks.shape[1])))
    axes = figure.subplots()
    axes.set_facecolor("#808080")
    image = axes.imshow(np.ma.masked_invalid(ranks.to_numpy().T), cmap="magma_r", vmin=1, vmax=k, aspect="auto",
                        interpolation="nearest")
    axes.set_title("Attribute-specific neurons (sorted by rank)")
    axes.set_xticks([])
    axes.set_xlabel(f"{len(ranks):,} neurons among the top {k:,} of at least one attribute")
    axes.yaxis.tick_right()
    axes.set_yticks(range(ranks.shape[1]), map(_label, ranks.columns))
    axes.yaxis.set_label_position("right")
    axes.set_ylabel("Conceptual attributes", rotation=270, va="bottom")
    axes.tick_params(right=False)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, ticks=[1, k], shrink=0.8, aspect=8)
    bar.ax.invert_yaxis()
    bar.ax.set_title("Rank\nby tau", fontsize=8)
    bar.outline.set_visible(False)
    return figure


@_styled
def accuracy_after_masking(accuracy: pd.DataFrame, drop: pd.DataFrame, k: int) -> Figure:
    """The study's figure (b): accuracy without a mask, under random and under attribute-specific masks; and the drop.

    Emotions are sorted by the mean of their three bars above and by the drop below. The small error bars above are
    one standard error from end to end, as in the study.

    Parameters
    ----------
    accuracy : pandas.DataFrame
        `analysis.inference.accuracy_by_condition`.
    drop : pandas.DataFrame
        `analysis.inference.accuracy_drop` by emotion.
    k : int
        The number of masked neurons to show.

    Returns
    -------
    matplotlib.figure.Figure
    """
    shown = accuracy[accuracy["k"].isin([0, k])].pivot(index="emotion", columns="condition", values=["mean", "se"])
    shown = shown.dropna(subset=[("mean", condition) for condition in CONDITIONS])
    shown = shown.loc[shown["mean"].mean(axis=1).sort_values(ascending=False, kind="stable").index]
    figure = Figure(figsize=(max(5, min(WIDTH, 1.2 + 0.25 * len(shown))), 7))
    above_axes, below_axes = figure.subplots(2, 1)

    place = np.arange(len(shown))
    handles = []
    for i, (condition, colour) in enumerate(CONDITIONS.items()):
        x = place + 0.3 * (i - 1)
        mean, se = shown["mean", condition], shown["se", condition]
        handles.append(above_axes.bar(x, mean, 0.3, color=colour, label=condition))
        errors = above_axes.vlines(x, mean - se / 2, mean + se / 2, color="#db0000", linewidth=1.4,
                                   label="standard error, end to end",
                                   path_effects=[withStroke(linewidth=2.2, foreground="white")])
    lowest = np.nanmin((shown["mean"] - shown["se"].fillna(0) / 2).to_numpy())
    above_axes.set_ylim(max(0, min(0.48, math.floor(lowest * 20) / 20)), 1.02)
    above_axes.set_title(f"Inference performance after neuron manipulation (k = {k:,})", pad=20)
    above_axes.set_ylabel("Accuracy")
    _legend_above(above_axes, [*handles, errors])
    _name_ticks(above_axes, shown.index, "Emotions")

    _drop_bars(below_axes, drop, "emotion", k)
    below_axes.set_title("Deterioration of inference performance\n(compared to random manipulation)", pad=20)
    return figure


def _drop_bars(axes, drop, by, k):
    shown = drop[drop["k"] == k].sort_values("drop", ascending=False, kind="stable")
    mean, low, high = (shown[name].to_numpy() for name in ("drop", "ci_low", "ci_high"))
    place = np.arange(len(shown))
    axes.bar(place, mean, 0.9, color=CONDITIONS["attribute-specific"])
    intervals = axes.errorbar(place, mean, np.stack([mean - low, high - mean]), fmt="none", color="black", capsize=2.5,
                              label="95% interval")
    significant = shown["q"].to_numpy() < SIGNIFICANT  # NaN, where nothing could be tested, is not
    for x, top in zip(place[significant], high[significant]):
        axes.annotate("*", (x, top), ha="center", fontsize=10)
    star = Line2D([], [], linestyle="", marker="$*$", color="black", markeredgewidth=0, markersize=5,
                  label=f"q < {SIGNIFICANT}")
    axes.axhline(0, color="#808080", linewidth=0.6, zorder=0)
    axes.margins(y=0.1)
    axes.set_ylabel("Accuracy drop")
    _legend_above(axes, [intervals, star])
    _name_ticks(axes, shown[by], f"{by.capitalize()}s")


def _legend_above(axes, handles):
    axes.legend(handles=handles, ncols=len(handles), loc="lower center", bbox_to_anchor=(0.5, 1), columnspacing=1.2,
                handlelength=1.2, handletextpad=0.5)


def _name_ticks(axes, names, title):
    axes.set_xticks(range(len(names)), map(_label, names), rotation=90)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_xlabel(title)
    axes.yaxis.set_major_formatter(_percent)


@_styled
def accuracy_drop_by_attribute(drop: pd.DataFrame, k: int) -> Figure:
    """How much accuracy each attribute's mask costs, beyond its random masks, over all emotions.

    Parameters
    ----------
    drop : pandas.DataFrame
        `analysis.inference.accuracy_drop` by attribute.
    k : int
        The number of masked neurons to show.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(max(3.6, 1.2 + 0.3 * drop["attribute"].nunique()), 3.8))
    axes = figure.subplots()
    _drop_bars(axes, drop, "attribute", k)
    axes.set_title(f"Deterioration of inference performance\n(over all emotions, k = {k:,})", pad=20)
    return figure


@_styled
def drop_against_people(both: pd.DataFrame, k: int) -> Figure:
    """Each attribute's accuracy drop against its weight in people's judgements, with Kendall's tau between the two.

    Parameters
    ----------
    both : pandas.DataFrame
        One row an attribute: `attribute`; `drop`, `ci_low` and `ci_high`; `tau` of the attribute's RDM with people's
        judgements, `ci_low_people` and `ci_high_people`.
    k : int
        The number of masked neurons.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(5.7, 4.2))
    axes = figure.subplots()
    x, y = both["tau"].to_numpy(), both["drop"].to_numpy()
    axes.errorbar(x, y, np.stack([y - both["ci_low"], both["ci_high"] - y]),
                  np.stack([x - both["ci_low_people"], both["ci_high_people"] - x]),
                  fmt="o", color=DARK_SAND, ecolor="#b0b0b0", elinewidth=0.8, markersize=4)
    axes.axhline(0, color="#808080", linewidth=0.6, zorder=0)
    axes.margins(x=0.2)  # room for names
    axes.set_xlabel("Weight in people's similarity judgements (tau)")
    axes.set_ylabel(f"Accuracy drop against random (k = {k:,})")
    axes.yaxis.set_major_formatter(_percent)
    if len(both) > 2:
        # No p-value: attributes share people, emotions and neurons, and are far from independent.
        tau = kendalltau(x, y).statistic
        axes.set_title(f"Kendall's tau = {tau:.2f} ({len(both)} attributes)")
    _label_points(axes, x, y, both["attribute"])
    return figure


def _label_points(axes, x, y, names):
    """Write names beside points, each at the nearest place where it covers no point and no other name."""
    figure, scale = axes.figure, axes.figure.dpi / 72  # pixels a point
    figure.draw_without_rendering()  # settles the layout, so that pixels can be compared
    points = axes.transData.transform(np.column_stack([x, y]))
    taken = [Bbox.from_extents(*(point - 3 * scale), *(point + 3 * scale)) for point in points]
    sides = [(1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1)]
    for i, name in enumerate(map(_label, names)):
        text = figure.text(0, 0, name, fontsize=7)
        width, height = text.get_window_extent().size
        text.remove()
        for distance, (right, up) in itertools.product((4, 9, 16, 25, 40, 60), sides):
            left = points[i, 0] + right * distance * scale - width * (1 - right) / 2
            bottom = points[i, 1] + up * distance * scale - height * (1 - up) / 2
            box = Bbox.from_bounds(left, bottom, width, height)
            inside = axes.bbox.x0 <= left and left + width <= axes.bbox.x1 and axes.bbox.y0 <= bottom
            if inside and not box.count_overlaps(taken):
                break
        taken.append(box)
        axes.annotate(name, (x[i], y[i]), (box.min - points[i]) / scale, fontsize=7,
                      textcoords="offset points", path_effects=[withStroke(linewidth=2, foreground="white")],
                      arrowprops=None if distance < 10 else dict(
                          arrowstyle="-", color="#808080", linewidth=0.5, relpos=((1 - right) / 2, (1 - up) / 2)))


@_styled
def accuracy_by_threshold(accuracy: pd.DataFrame) -> Figure:
    """Accuracy against the number of masked neurons, one panel an emotion, with 95% intervals.

    Parameters
    ----------
    accuracy : pandas.DataFrame
        `analysis.inference.accuracy_by_condition`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    emotions = accuracy.groupby("emotion")["mean"].mean().sort_values(ascending=False, kind="stable").index
    columns = min(5, len(emotions))
    rows = math.ceil(len(emotions) / columns)
    figure = Figure(figsize=(max(3.6, WIDTH / 5 * columns), 0.9 + 1.25 * rows))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    lines = {"random": (CONDITIONS["random"], "s"), "attribute-specific": (DARK_SAND, "o")}
    for axes, emotion in zip(panels.flat, emotions):
        of_emotion = accuracy[accuracy["emotion"] == emotion].set_index("condition")
        axes.set_title(_label(emotion), fontsize=8, pad=3)
        axes.axhline(of_emotion.loc["w/o", "mean"], color=CONDITIONS["w/o"], linestyle="--", linewidth=1, label="w/o")
        for condition, (colour, marker) in lines.items():
            if condition in of_emotion.index:
                curve = of_emotion.loc[[condition]].sort_values("k")
                axes.fill_between(curve["k"], curve["ci_low"], curve["ci_high"], color=colour, alpha=0.25, linewidth=0)
                axes.plot(curve["k"], curve["mean"], color=colour, marker=marker, markersize=2.5, label=condition)
        axes.tick_params(labelsize=7)
        axes.yaxis.set_major_formatter(_percent)
    panels[0, 0].set_xlim(0, accuracy["k"].max() * 1.05)
    for axes in panels.flat[len(emotions):]:
        axes.set_visible(False)
    for axes in panels.flat[len(emotions) - columns:len(emotions)]:  # nothing stands below these
        axes.tick_params(labelbottom=True)
    figure.supxlabel("Neurons masked (k)")
    figure.supylabel("Accuracy (mean, 95% interval)")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, ncols=3, loc="outside upper center")
    return figure


@_styled
def significant_neurons(counts: pd.DataFrame, num_units: int, criterion: str) -> Figure:
    """How many neurons of each layer mirror each attribute.

    Parameters
    ----------
    counts : pandas.DataFrame
        One row a layer, one column an attribute; neurons.
    num_units : int
        Neurons in a layer.
    criterion : str
        What makes a neuron count.

    Returns
    -------
    matplotlib.figure.Figure
    """
    layers, attributes = counts.shape
    figure = Figure(figsize=(max(3.6, 1.6 + 0.38 * attributes), 2 + 0.22 * min(max(layers, 4), 24)))
    axes = figure.subplots()
    share = counts.to_numpy() / num_units
    image = axes.imshow(share, cmap="viridis", vmin=0, aspect="auto", origin="lower")
    if layers <= 24:  # numbers would not be legible in the thinner rows of a deeper model
        for (layer, attribute), value in np.ndenumerate(counts.to_numpy()):
            axes.text(attribute, layer, value, ha="center", va="center", fontsize=6,
                      color="black" if image.norm(share[layer, attribute]) > 0.6 else "white")
        axes.set_yticks(range(layers), counts.index)
    axes.set_xticks(range(attributes), map(_label, counts.columns), rotation=90)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_ylabel("Layer")
    axes.set_title(f"Neurons that mirror an attribute\n({criterion})")
    bar = figure.colorbar(image, ax=axes, format=_percent, aspect=15)
    bar.set_label(f"Share of a layer's {num_units:,} neurons")
    bar.outline.set_visible(False)
    return figure


def similarity_order(rdm: np.ndarray) -> np.ndarray:
    """An order of emotions in which like stands beside like: the leaves of an average-linkage tree, best turned.

    Parameters
    ----------
    rdm : array [pairs]
        Condensed dissimilarities.

    Returns
    -------
    array [emotions] of int
    """
    return leaves_list(linkage(rdm, method="average", optimal_ordering=True))


@_styled
def rdm_matrices(rdms: dict[str, np.ndarray], emotions: Sequence[str], order: np.ndarray) -> Figure:
    """Dissimilarities between emotions as matrices, ranked within each, so that they can be compared by eye.

    Parameters
    ----------
    rdms : dict of str to array [pairs]
        Condensed dissimilarities over `emotions`, by the title of their panel.
    emotions : sequence of str
    order : array [emotions] of int
        The order in which emotions are shown (`similarity_order`).

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = min(3, len(rdms))
    rows = math.ceil(len(rdms) / columns)
    names = [_label(emotions[i]) for i in order]
    side = (WIDTH - 0.95) / max(columns, 2)
    size = min(7, side * 72 / len(names) * 0.95)
    figure = Figure(figsize=(0.95 + side * columns, rows * (side + 0.2) + 0.4 + (rows == 1) * size * 0.11),
                    layout="compressed")
    panels = figure.subplots(rows, columns, squeeze=False)
    for i, (axes, (title, rdm)) in enumerate(zip(panels.flat, rdms.items())):
        matrix = squareform((rankdata(rdm) - 1) / (len(rdm) - 1))[np.ix_(order, order)]
        np.fill_diagonal(matrix, np.nan)
        image = axes.imshow(matrix, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(_label(title))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, labelsize=size, pad=1)
        axes.set_yticks(range(len(names)), names if i % columns == 0 else [""] * len(names))
        axes.set_xticks(range(len(names)), names if rows == 1 else [""] * len(names), rotation=90)
    for axes in panels.flat[len(rdms):]:
        axes.set_visible(False)
    bar = figure.colorbar(image, ax=panels, ticks=[0, 1], location="bottom", shrink=0.4, aspect=30,
                          pad=0.04 / rows)
    bar.ax.set_xticklabels(["most alike", "most unlike"])
    bar.ax.tick_params(length=0)
    bar.outline.set_visible(False)
    return figure


@_styled
def permutation_null(largest: np.ndarray, observed: np.ndarray, attributes: Sequence[str]) -> Figure:
    """The largest tau over all neurons: where the emotions' labels are permuted, and where they are right.

    Parameters
    ----------
    largest : array [M, A]
        One row a permutation.
    observed : array [A]
    attributes : sequence of str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(5, max(2, 1.1 + 0.22 * len(attributes))))
    axes = figure.subplots()
    rows = np.arange(len(attributes))
    violins = axes.violinplot(largest, rows, orientation="horizontal", widths=0.85, showextrema=False)
    for body in violins["bodies"]:
        body.set(facecolor="#b0b0b0", alpha=1, linewidth=0)
    violins["bodies"][0].set_label(f"{len(largest):,} permutations")
    limits = axes.scatter(np.quantile(largest, 0.95, axis=0), rows, marker="|", color="black", s=60,
                          label="their 95th percentile")
    points = axes.scatter(observed, rows, color=CONDITIONS["random"], s=22, label="observed", zorder=3)
    _legend_above(axes, [violins["bodies"][0], limits, points])
    axes.set_yticks(rows, map(_label, attributes))
    axes.set_ylim(len(attributes) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Largest tau of any neuron")
    return figure


@_styled
def false_positives(p: np.ndarray, permutation_p: np.ndarray) -> Figure:
    """How often each test finds something where there is nothing, against how often it may.

    Parameters
    ----------
    p, permutation_p : array [neurons]
        p-values of neurons that know nothing of the attribute (`framework.analysis.rsa.simulate_null`).

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(4, 4))
    axes = figure.subplots()
    for values, name, colour, style in ((p, "distances taken for independent", DARK_SAND, "--"),
                                        (permutation_p, "emotions permuted", CONDITIONS["random"], "-")):
        rate = np.mean(values < 0.05)
        axes.ecdf(values, color=colour, linestyle=style, label=f"{name}: {_percent(rate)} below 0.05")
    axes.plot([0, 1], [0, 1], color="black", linewidth=1, linestyle=":", label="a valid test")  # over the others
    axes.axvline(0.05, color="#808080", linewidth=0.6)
    axes.set(xlim=(0, 0.25), ylim=(0, 0.27), xlabel="p-value, where the null hypothesis is true",
             ylabel="Share of neurons with this p or a smaller one")
    axes.yaxis.set_major_formatter(_percent)
    axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1))
    return figure
