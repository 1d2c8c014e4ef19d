"""The measures of an answer: how each is computed, stored, named and shown. A new one is an entry of `MEASURES`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # `--help` shows the table, too, and loads no library
    from torch import Tensor


class Measure(NamedTuple):
    """How well a prompt recognises its concept: the mean of `of_rows` over a task's rows."""

    name: str
    of_rows: Callable[[Tensor, Tensor], Tensor]  # logits [..., B, 2] and labels [B] -> [..., B]; bool for a share
    words: str
    key: str | None  # its name in results; None for their top level, as in the study
    axis: str
    unit: str  # of differences
    scale: float  # what values are multiplied by when shown
    chance: float  # as shown
    digits: int  # decimals in text and means
    least: float = -1e300  # finite: a result that is infinite is refused
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
