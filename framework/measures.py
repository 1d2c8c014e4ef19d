"""The measures of an answer: how each is computed, kept, called and shown. A new one is a line of `MEASURES`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # `--help` shows the table, too, and loads no library
    from torch import Tensor


class Measure(NamedTuple):
    """How well a prompt tells its concept: the mean of `of_rows` over a task's rows."""

    name: str
    of_rows: Callable[[Tensor, Tensor], Tensor]  # logits [..., B, 2] and labels [B] -> [..., B]; bool for a share
    words: str
    key: str | None  # what results call it; None where its numbers stand at their top, as in the study
    axis: str
    unit: str  # of differences
    scale: float  # what its numbers are multiplied by to be shown
    chance: float  # shown so
    digits: int  # behind the point, in words and means
    least: float = -1e300
    most: float = 1e300


def margin(logits: Tensor, label: Tensor) -> Tensor:
    """The right answer's logit minus the wrong one's."""
    return (logits[..., 1] - logits[..., 0]) * (2 * label - 1)


MEASURES = {measure.name: measure for measure in (
    Measure("accuracy", lambda logits, label: logits.argmax(-1) == label, "the share of right answers", None,
            "Accuracy (%)", "points", 100, 50, 1, 0, 1),
    Measure("margin", margin, "the logit of the right answer minus that of the wrong one", "margins",
            "Margin (logits)", "logits", 1, 0, 2),
)}
