"""The results of a run as one HTML page: plain data in, text out. The page loads nothing."""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from matplotlib.ticker import MaxNLocator

from framework.analysis.inference import WORDS
from framework.figures.effects import CONTROLS
from framework.figures.style import COLOURS, SIGNIFICANT

_FOLDER = Path(__file__).resolve().parent
# Columns of the top neurons -> the tables of step 4 that they come from.
TESTS = {"tau": "tau", "p": "permutation_p", "family-wise p": "permutation_p_fwe", "q": "q"}


def axis(*values: np.ndarray) -> np.ndarray:
    """Round, evenly spaced ticks of an axis that holds all values but NaN; the first and last are its ends."""
    values = np.concatenate(values)
    return MaxNLocator(nbins=4, steps=[1, 2, 5, 10]).tick_values(np.nanmin(values), np.nanmax(values))


def profile(values: np.ndarray) -> tuple[str, ...]:
    """One neuron's values [E] over concepts as bars: two SVG paths, of those above and those below its mean.

    Each concept is 4 units wide and the longest bar 20 high; y = 0 is the mean.
    """
    bars = values - values.mean()
    heights = np.rint(20 * bars / (np.abs(bars).max() or 1)).astype(int)
    return tuple("".join(f"M{4 * place} 0v{-height}h3v{height}z" for place, height in enumerate(heights)
                         if height * sign > 0) for sign in (1, -1))


def extremes(values: np.ndarray, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Where a profile [E] is highest and lowest: at most three names each.

    The largest values above the mean, largest first, and the smallest below it, smallest first.
    """
    order, mean = np.argsort(values, kind="stable"), values.mean()
    return ([names[i] for i in order[::-1] if values[i] > mean][:3],
            [names[i] for i in order if values[i] < mean][:3])


def heat(share: float) -> str:
    """A cell's background, from white (0) to blue (1), and the colour of text that is legible on it, as CSS.

    Black text has a contrast of at least 4.5 with the background up to a share of 0.77, white text beyond it.
    """
    red, green, blue = (round(255 - share * (255 - end)) for end in (8, 81, 156))
    return f"background:rgb({red},{green},{blue});color:{'#fff' if share > 0.77 else '#000'}"


def shared_settings(records: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The settings of many files as one record.

    Each is the value that all files share; or else the commonest and how many files have it, then the others with their
    files.
    """
    shared = {}
    for name in dict.fromkeys(name for settings in records.values() for name in settings):
        files: dict[str, list[str]] = {}
        for file, settings in records.items():
            files.setdefault(_setting(settings[name]) if name in settings else "not recorded", []).append(file)
        (common, of_common), *others = sorted(files.items(), key=lambda item: -len(item[1]))
        shared[name] = "; ".join([f"{common} ({len(of_common)} of {len(records)})",
                                  *(f"{value} ({', '.join(of)})" for value, of in others)]) if others else common
    return shared


def _number(value, digits=3):
    # Adding 0 turns -0 into 0.
    return "\u2013" if np.isnan(value) else f"{round(value, digits) + 0:.{digits}f}".replace("-", "\u2212")


def _percent(value):
    return _number(100 * value, 1) + "%"


def _probability(value):
    return "\u2013" if np.isnan(value) else "<\u20090.001" if value < 0.001 else f"{value:.3f}"


def _sentence(text):
    """Capitalised, unless the text begins with a symbol such as k."""
    return text if text[1:2] in ("", " ") else text[0].upper() + text[1:]


def _setting(value):
    if isinstance(value, list) and all(isinstance(item, (str, int, float)) for item in value):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list, bool)) else str(value)


def render(page: dict[str, Any]) -> str:
    """The page's HTML.

    Everything inserted is escaped: comments are strangers' texts. The page's policy forbids the browser to load
    anything or to run any script but the page's own, known by its hash.

    Keys of `page`, lists of dicts unless noted:

    - `summary`, `warnings`: sentences on what was found, and on what a reader must know about how.
    - `accuracies`: `concept`; `mean`, `ci_low`, `ci_high` in 0..1, NaN where unknown; `n` seeds; `others`, the mean by
      each further Measure.
    - `layers`: `criterion`, str; `counts`, a frame with one row per layer and one column per attribute.
    - `shape`: layers, and neurons in each. `concepts` [E]: in the order of the profiles; `ordered_by`: what gave it.
    - `neurons`: `attribute`, `rank`, `neuron`, `layer`, `unit`; `tests`, by column title; `interval` of tau, a pair
      or None; `values` [E]; `comments`, dicts of `parts` (text before, word, text after), `value` and `labels`.
    - `masks`, by (Measure, k), then by "emotion" or "attribute": `analysis.inference.accuracy_drop`, with `random` and
      `specific`, the means, and `check`, a second p. `k_shown`: the k seen first. `intervention`: what was done;
      `random`: to which neurons for comparison (`masking.RANDOM`).
    - `placebo`: `measure`, `by`, `test`, `tests` and `share`.
    - `kinds`: a `measure`, what was `done` to neurons, and a `table` of what is lost, one row per k and one column per
      kind of mask (`effects.CONTROLS`); `kinds_in_words`: `effects.kinds_in_words`.
    - `doses`: a `measure`, `k` and `table` (`analysis.inference.accuracy_by_dose`).
    - `effects`: `attribute`, `r`, `p`, `q`.
    - `stability`: `attribute` and columns of step 4's tables; `stability_k`: their k.
    - `settings`, by file. `left_out`: by section, why it is missing.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined)
    environment.filters |= {"percent": _percent, "number": _number, "probability": _probability, "setting": _setting,
                            "sentence": _sentence}
    script = (_FOLDER / "page.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("page.html").render(
        **page, script=script, script_hash=digest, style=(_FOLDER / "page.css").read_text("utf-8"),
        significant=SIGNIFICANT, words=WORDS, controls=CONTROLS, colours=COLOURS, axis=axis, profile=profile,
        extremes=extremes, heat=heat,
        scaled=lambda values, factor: factor * np.array([*values], float))
