"""The measures of answers: how each is computed, stored, named and shown. A new one is an entry of `MEASURES`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # `--help` shows the table, too, and loads no library
    from torch import Tensor


class Measure(NamedTuple):
    """How well a prompt recognises its concept in a task's rows."""

    name: str
    of: Callable[[Tensor, Tensor], Tensor]  # logits [..., n, 2] and labels [n] of the rows -> [...], float64
    words: str
    key: str | None  # its name in results; None for their top level, as in the study
    axis: str
    unit: str  # of differences
    scale: float  # what values are multiplied by when shown
    chance: float  # as shown
    digits: int  # decimals in text and means
    least: float = -1e300  # finite: a result that is infinite is refused
    most: float = 1e300

    @property
    def title(self) -> str:
        """Its name at the start of a sentence."""
        return self.name[0].upper() + self.name[1:]


def accuracy(logits: Tensor, label: Tensor) -> Tensor:
    """The share of rows whose right answer has the larger logit."""
    return (logits.argmax(-1) == label).double().mean(-1)


def margin(logits: Tensor, label: Tensor) -> Tensor:
    """Each row's logit of the right answer minus that of the wrong one: [..., n]."""
    return (logits[..., 1] - logits[..., 0]) * (2 * label - 1)


def auc(logits: Tensor, label: Tensor) -> Tensor:
    """The area under the receiver operating characteristic (ROC) curve: the share of pairs in the right order.

    It is Mann and Whitney's U, divided by the number of pairs (Hanley & McNeil, 1982, The meaning and use of the area
    under a receiver operating characteristic curve); ties count half. A shift of all answers does not change it.
    """
    import torch
    from scipy.stats import mannwhitneyu

    score = (logits[..., 1] - logits[..., 0]).numpy()
    positive, other = score[..., label == 1], score[..., label == 0]
    # How its p-value, which is not used, is computed: this way is the fastest.
    larger = mannwhitneyu(positive, other, axis=-1, method="asymptotic").statistic
    return torch.as_tensor(larger / (positive.shape[-1] * other.shape[-1]))


MEASURES = {measure.name: measure for measure in (
    Measure("accuracy", accuracy, "the share of right answers", None, "Accuracy (%)", "points", 100, 50, 1, 0, 1),
    Measure("margin", lambda *answers: margin(*answers).mean(-1),
            "the logit of the right answer minus that of the wrong one", "margins", "Margin (logits)", "logits",
            1, 0, 2),
    Measure("AUC", auc, "the share of pairs of comments, one of the concept and one not, that are in the right order "
            "(area under the ROC curve)", "AUC", "AUC (%)", "points", 100, 50, 1, 0, 1),
)}


def of_answers(logits: Tensor, label: Tensor) -> dict[str, Tensor]:
    """All `MEASURES` of a task's answers: logits [..., n, 2], on the CPU, and labels [n] give [...] for each."""
    return {name: measure.of(logits, label) for name, measure in MEASURES.items()}
