"""What all figures share: sizes, colours, captions, and how a figure is saved."""

from __future__ import annotations

import contextlib
import io
import itertools
import math
import textwrap
import warnings
from collections.abc import Iterator, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

# Concepts may have Chinese, Japanese or Korean names, for which matplotlib's own font has no letters.
_OTHER_SCRIPTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei",
                  "WenQuanYi Micro Hei", "SimHei")
STYLE = {
    "figure.dpi": 100, "figure.constrained_layout.use": True, "figure.labelsize": 8, "font.size": 8,
    "font.family": ["DejaVu Sans", *(name for name in _OTHER_SCRIPTS if name in fontManager.get_font_names())],
    "axes.titlesize": 8.5, "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8,
    "legend.frameon": False, "legend.fontsize": 7.5, "lines.linewidth": 1.2, "pdf.fonttype": 42,
    "svg.hashsalt": "OpenNeuron",
    "text.parse_math": False,  # a name such as "$\frac{$" is a name
}
WIDTH = 7.1  # inches: both columns of a journal's page
SIGNIFICANT = 0.05  # q below which a dot is filled
# Distinct to colour-blind readers and in grey print; each condition also has its own marker.
COLOURS = {"no mask": "#1a1239", "random": "#9d3976", "layer_matched": "#0072b2", "activation_matched": "#56b4e9",
           "attribute": "#c98a2b", "effect": "#00795a"}
MARKERS = {"no mask": "d", "random": "s", "layer_matched": "^", "activation_matched": "v", "attribute": "o",
           "effect": "P"}
GREY = "#808080"


@contextlib.contextmanager
def _style() -> Iterator[None]:
    """`STYLE`, and nothing of the user's own matplotlib settings."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


styled = _style()  # a decorator


def picture(figure: Figure, format: str) -> bytes:
    """A figure as png (300 dots an inch), pdf or svg: the same figure, the same bytes."""
    undated, file = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}, io.BytesIO()
    with _style():
        figure.savefig(file, format=format, dpi=300, metadata=undated.get(format))
    return file.getvalue()


def label(name: object, most: int = 32) -> str:
    """A name as shown in a figure: spaces for underscores, cut to at most `most` characters."""
    text = " ".join(str(name).replace("_", " ").split())
    return text if len(text) <= most else text[:most - 1].rstrip() + "\u2026"


def percent(value: float, _: object = None) -> str:
    """A share as per cent; also a tick formatter for matplotlib."""
    return f"{100 * value:.3g}%".replace("-", "\u2212")


def panel(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure with one panel; sizes in inches."""
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots()


def row_figure(rows: int, columns: int = 1, width: float = WIDTH, **options: object) -> tuple[Figure, np.ndarray]:
    """A figure and its panels [columns], with a row for each concept or attribute, tall enough to read every name."""
    figure = Figure(figsize=(width, 0.8 + 0.165 * max(rows, 3)))
    return figure, figure.subplots(1, columns, squeeze=False, **options)[0]


def panel_grid(count: int, most: int, size: tuple[float, float], around: tuple[float, float], least: float,
               xlabel: str, ylabel: str, shared: bool = False) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels, at most `most` in a row, with labels on the outer ones.

    Sizes are in inches: each panel takes `size` (width, height), what surrounds them `around`; the figure is at least
    `least` wide.
    """
    columns = min(most, count)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(max(least, around[0] + size[0] * columns), around[1] + size[1] * rows))
    panels = figure.subplots(rows, columns, sharex=shared, sharey=shared, squeeze=False)
    for axes in panels.flat[count:]:
        axes.set_visible(False)
    for axes in panels.flat[count - columns:count]:  # nothing stands below these
        axes.tick_params(labelbottom=True)
        axes.set_xlabel(xlabel)
    for axes in panels[:, 0]:
        axes.set_ylabel(ylabel)
    return figure, list(panels.flat[:count])


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows of a panel, the first at the top, with a faint line along each."""
    axes.set_yticks(range(len(names)), map(label, names))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#eeeeee", linewidth=0.6)
    axes.set_axisbelow(True)


def intervals(axes: Axes, x: np.ndarray, y: np.ndarray, low: np.ndarray, high: np.ndarray, condition: str,
              filled: np.ndarray | bool = True, legend: str | None = None) -> None:
    """Dots with horizontal intervals, drawn so that the dot does not hide a short interval.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    x, y, low, high : array [rows]
        NaN where there is no interval.
    condition : str
        A key of `COLOURS`.
    filled : array of bool [rows]
        Which dots are filled; the others are white inside.
    legend : str, optional
        The name of the dots in the legend.
    """
    x, y, low, high = (np.asarray(values, float) for values in (x, y, low, high))
    filled = np.broadcast_to(filled, x.shape)
    colour, marker = COLOURS[condition], MARKERS[condition]
    axes.hlines(y, low, high, color=colour, linewidth=1.1)
    axes.vlines(np.concatenate([low, high]), np.tile(y, 2) - 0.16, np.tile(y, 2) + 0.16, color=colour, linewidth=1.1)
    for of_kind, face in ((filled, colour), (~filled, "white")):
        axes.plot(x[of_kind], y[of_kind], marker, markersize=3.6, color=colour, markerfacecolor=face,
                  markeredgewidth=0.9, label=legend)
        legend = None


def legend_above(axes: Axes, handles: list | None = None, **options: object) -> None:
    """A legend above a panel, in one row unless `ncols` says otherwise."""
    handles = axes.get_legend_handles_labels()[0] if handles is None else handles
    axes.legend(handles=handles, **{"ncols": len(handles), "loc": "lower center", "bbox_to_anchor": (0.5, 1),
                                    "columnspacing": 1.2, "handlelength": 1.4, "handletextpad": 0.5} | options)


def caption(figure: Figure, text: str) -> Figure:
    """Write below a figure what it shows, how it was tested and what the unit is; the figure grows to fit.

    Call it last, but for `label_points`, which needs the final layout.
    """
    width, height = figure.get_size_inches()
    lines = textwrap.wrap(text, int(width * 19), break_on_hyphens=False)
    space = 0.135 * len(lines) + 0.09
    figure.set_size_inches(width, height + space)
    below = space / (height + space)
    figure.get_layout_engine().set(rect=(0, below, 1, 1 - below))
    figure.text(0.07 / width, 0.06 / (height + space), "\n".join(lines), fontsize=6.8, color="#333333", va="bottom",
                linespacing=1.25)
    return figure


def label_points(axes: Axes, x: np.ndarray, y: np.ndarray, names: Sequence[str], size: float = 7,
                 intervals: np.ndarray | None = None) -> None:
    """Write names beside points, each at the nearest place where it covers no point and no other name.

    A name that stands apart, or that would seem to be another point's, is joined to its point by a line; lines cross
    neither names nor each other if possible. Names also avoid `intervals` [n, 4], drawn from (x, y) to (x, y) along an
    axis, if possible. They lie above other drawings but below points of zorder 3. Call it after `caption`, when the
    layout no longer changes.
    """
    figure, scale = axes.figure, axes.figure.dpi / 72  # pixels a point
    figure.draw_without_rendering()  # settles the layout, so that pixels can be compared
    points = axes.transData.transform(np.column_stack([x, y]))
    ends = axes.transData.transform(np.reshape([] if intervals is None else intervals, (-1, 2))).reshape(-1, 4)
    drawn = [Bbox.from_extents(line + scale * np.array([-1, -1, 1, 1])) for line in ends]
    dots = [Bbox.from_extents(*(point - 3 * scale), *(point + 3 * scale)) for point in points]
    sides = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1),
             (1, 0.5), (-1, 0.5), (1, -0.5), (-1, -0.5), (0.5, 1), (-0.5, 1), (0.5, -1), (-0.5, -1)]
    sizes = []
    for name in map(label, names):
        text = figure.text(0, 0, name, fontsize=size)
        sizes.append(text.get_window_extent().size + scale * np.array([3, 0]))  # so that neighbours do not touch
        text.remove()
    placed: dict[int, tuple[Bbox, tuple[float, float], np.ndarray]] = {}  # box, where its line ends, points along it

    def places(i):
        """Where a name may stand, nearest first; neighbours may touch the point itself."""
        for distance, (right, up) in itertools.product((4, 8, 13, 19, 26, 35, 48, 65), sides):
            corner = (1 - right) / 2, (1 - up) / 2
            box = Bbox.from_bounds(*(points[i] + np.multiply((right, up), distance * scale) - sizes[i] * corner),
                                   *sizes[i])
            line = points[i] + np.linspace(0, 1, 17)[:, None] * (box.min + box.size * corner - points[i])
            apart = (np.linalg.norm(line - points[i], axis=1) > 5 * scale) & (distance > 4)
            yield distance, box, corner, line[apart]

    def within(line, boxes):
        return ((line[:, None] > boxes[:, :2]) & (line[:, None] < boxes[:, 2:])).all(axis=-1).any(axis=0).sum()

    def misleads(i, box, line):
        """How far a name seems to be another point's: near one, and without a line as near as to its own."""
        away = np.linalg.norm(points - np.clip(points, box.min, box.max), axis=1)
        other = np.delete(away, i).min(initial=np.inf)
        return 10 * (other < 5 * scale) + 40 * (not len(line) and other < 2 * away[i])

    def covers(box, taken):
        """How much a place covers: others, intervals, or what is outside the panel."""
        inside = (axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 and axes.bbox.y0 <= box.y0
                  and box.y1 <= axes.bbox.y1)
        return 10_000 * (not inside) + 1000 * box.count_overlaps(taken) + 12 * box.count_overlaps(drawn)

    def crosses(i, box, line, names, lines):
        """How many names, points and lines a place's line crosses or touches, and how many lines cross its name."""
        crossed = sum(within(other, box.extents[None]) for _, other in lines)
        if len(line):
            crossed += within(line, np.reshape([other.extents for other in names], (-1, 4)))
            own = Path([points[i], line[-1]])
            crossed += sum(own.intersects_path(Path([start, other[-1]]), filled=False) for start, other in lines)
            away = np.linalg.norm(points[:, None] - np.linspace(points[i], line[-1], 33), axis=-1)
            # A close neighbour is touched only by a line that comes closer to it.
            crossed += (away.min(axis=1) < np.minimum(5 * scale, 0.9 * away[:, 0])).sum()
        return crossed

    # Crowded points first; then each again among all others, which may make room for those that came last.
    gaps = np.sort(np.linalg.norm(points[:, None] - points, axis=-1), axis=1)[:, :4].sum(axis=1)
    for i in np.tile(np.argsort(gaps, kind="stable"), 5):
        others = [(points[other], *of) for other, of in placed.items() if other != i]
        taken, lines = [box for _, box, *_ in others], [(start, line) for start, *_, line in others if len(line)]
        best = np.inf
        for distance, box, corner, line in places(i):
            if distance >= best:
                break
            found = distance + covers(box, dots + taken)
            found += misleads(i, box, line) + 60 * crosses(i, box, line, taken, lines) if found < best else 0
            if found < best:
                best, placed[i] = found, (box, corner, line)
    for i, (box, corner, line) in placed.items():
        axes.annotate(label(names[i]), (x[i], y[i]), (box.min - points[i]) / scale + (1.5, 0),
                      fontsize=size, zorder=2.5, textcoords="offset points",
                      path_effects=[withStroke(linewidth=2, foreground="white")],
                      arrowprops=dict(arrowstyle="-", color=GREY, linewidth=0.5, relpos=corner, patchA=None, shrinkA=1,
                                      shrinkB=0) if len(line) else None)
