"""The tables of docs/study.md, from the answers kept in this repository. `python -m tests.study_rows` prints them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from framework.analysis import estimators
from framework.analysis.inference import accuracy_drop, conditions, own_and_others, placebo, placebo_shares
from framework.files import results
from framework.files.names import task_files
from framework.measures import MEASURES

ROOT = Path(__file__).resolve().parents[1]
FIRST = 5  # the seed with whose prompts SmolLM2's masks were tested first
KINDS = {  # folder: what is done to an attribute's neurons, and beside what
    "zero": ("set to zero", "random ones"),
    "zero_matched": ("set to zero", "matched ones"),
    "amplified_matched": ("doubled", "matched ones"),
    "mean": ("set to their mean", "random ones")}
ALIKE = {"anger-face": "disgust-face", "valence": "happy-face"}  # attributes whose masks share most neurons


def read(what: str) -> dict[str, pd.DataFrame]:
    """The answers of one kind of mask by measure; AUC of the tasks that have it, where older answers lack it."""
    folder = ROOT / "masks/study" / what
    found = results.read_each(folder)
    later = [task for task in task_files(folder, ".json") if task.seed != FIRST]
    if "AUC" not in found and later:
        found["AUC"] = results.read_each(folder, later)["AUC"]
    return found


def number(value: float, measure: str) -> str:
    """As the page writes it: points, or a margin without its leading zero."""
    return re.sub(r"^(-?)0\.", r"\1.", f"{value:.2f}") if measure == "margin" else f"{100 * value:.1f}"


def interval(mean: float, low: float, high: float, measure: str) -> str:
    mean, low, high = (number(value, measure) for value in (mean, low, high))
    return f"{mean} ({low} to {high})"


def small(p: float) -> str:
    """A p-value as the page writes it."""
    return "< .001" if p < 0.001 else f"{p:.3f}".replace("0.", ".")


def lost(found: pd.DataFrame, measure: str) -> str:
    row, = accuracy_drop(found, "overall").itertuples()
    return interval(row.drop, row.ci_low, row.ci_high, measure)


def similar_as_one(found: pd.DataFrame) -> estimators.Estimate:
    """The overall average, with each pair of `ALIKE` attributes as one attribute."""
    size, = conditions(found)
    drops = pd.DataFrame(size.base - size.specific, columns=size.attributes)
    merged = drops.T.groupby(lambda name: ALIKE.get(name, name)).mean().T
    noise, df = 0.0, np.inf
    if size.shared:
        pool = size.uniform.mean(0)
        noise, df = pool.var(ddof=1) / len(pool), len(pool) - 1
    return estimators.crossed_estimate(merged.groupby(found["seed"].to_numpy()).mean().to_numpy(), noise, df)


def attributes_table(model: str) -> list[str]:
    """What changing an attribute's neurons costs, a row for each kind of mask."""
    rows = []
    for kind, (done, beside) in KINDS.items():
        found = read(f"{model}/{kind}")
        size, = conditions(found["accuracy"])
        significant = {by: " / ".join(str((accuracy_drop(found[name], by)["q"] < 0.05).sum()) for name in MEASURES)
                       for by in ("attribute", "emotion")}
        chance = [placebo_shares(placebo(found[name])).query("by == 'attribute' and test == 'masks'")["share"].item()
                  for name in MEASURES]
        rows.append(" | ".join([
            f"| {done}", beside, f"{size.specific.mean():.0%}, {size.base.mean():.0%}",
            *(lost(found[name], name) for name in MEASURES), significant["attribute"], significant["emotion"],
            " / ".join(f"{100 * share:.0f}" for share in chance) + "% |"]))
    return rows


def sequence_table(model: str = "smollm2") -> list[str]:
    """The same averages by the seeds of each look, with similar attributes as one, and corrected for each other."""
    every = {kind: read(f"{model}/{kind}") for kind in KINDS}
    tests = [(kind, name) for kind in KINDS for name in MEASURES]
    merged = {test: similar_as_one(every[test[0]][test[1]]) for test in tests}
    apart = [accuracy_drop(every[kind][name], "overall")["p"].item() for kind, name in tests]
    q, q_merged = (dict(zip(tests, estimators.false_discovery_q(p)))
                   for p in (apart, [float(merged[test].p) for test in tests]))
    rows = []
    for kind, found in every.items():
        accuracy = found["accuracy"]
        of_twelve = [" / ".join(small(of[kind, name]) for name in MEASURES) for of in (q, q_merged)]
        rows.append(" | ".join([
            f"| {'; '.join(KINDS[kind])}",
            *(lost(accuracy[chosen], "accuracy") for chosen in (accuracy["seed"] == FIRST, accuracy["seed"] != FIRST)),
            *(interval(*merged[kind, name][:3], name) for name in MEASURES), *of_twelve]) + " |")
    return rows


def effect_table(model: str = "smollm2") -> list[str]:
    """What an emotion's own neurons by effect cost it, beside other emotions'."""
    rows = []
    for kind in ("effect_10", "effect_500", "effect"):
        found = read(f"{model}/{kind}")
        for name in found:
            size, = conditions(found[name])
            _, means = own_and_others(found[name], size)
            own = size.specific[found[name]["sentiment"].to_numpy()[:, None] == size.attributes]
            other = size.specific[found[name]["sentiment"].to_numpy()[:, None] != size.attributes]
            falls = [number(value, name) if name == "margin" else f"{value:.0%}" for value in (
                found[name]["best"].mean(), own.mean(), other.mean(), size.base.mean())]
            costs = [interval(*row, name) for row in means[["mean", "ci_low", "ci_high"]].to_numpy()]
            rows.append(" | ".join([f"| {size.k:,}", name, falls[0], ", ".join(falls[1:]), *costs,
                                    f"{small(means['p'].iloc[-1])} |"]))
    return rows


if __name__ == "__main__":
    for made in (attributes_table("backbone"), attributes_table("smollm2"), sequence_table(), effect_table()):
        print("\n".join(made), end="\n\n")
