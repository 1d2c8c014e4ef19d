"""What the steps share: tasks, splits of a data set, the rows of a task."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LABEL_WORDS = ("negative", "positive")  # the study's answers: class 0, class 1
SEEDS = (1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 42, 100)  # the study's; each plays the role of a participant


class Task(NamedTuple):
    """One concept and one seed: what a prompt is trained for."""

    concept: str
    seed: int

    @property
    def name(self) -> str:
        """What the task's files are called: ``fear-1``."""
        return f"{self.concept}-{self.seed}"

    def stream(self, purpose: str) -> np.random.SeedSequence:
        """The task's own random numbers for a purpose, set by its concept, its seed and the purpose."""
        return np.random.SeedSequence(self.seed, spawn_key=(*purpose.encode(), 0, *self.concept.encode()))


class Split(NamedTuple):
    """One split of a data set."""

    texts: list[str]  # the comments, in file order
    labels: np.ndarray  # bool [rows, C], which concepts each comment carries
    concepts: tuple[str, ...]  # [C], the columns' names
    source: str = ""  # where they were read, for errors

    def column(self, concept: str) -> np.ndarray:
        """Which comments carry a concept: array of bool [rows]."""
        return self.labels[:, self.concepts.index(concept)]


class TaskRows(NamedTuple):
    """The rows of one task in one split: `row` numbers from 0 and whether each is a positive, int arrays [2m]."""

    row: np.ndarray
    label: np.ndarray


def some(rows: np.ndarray, most: int, seed: int | np.random.SeedSequence) -> np.ndarray:
    """At most `most` rows, in their order, drawn without replacement."""
    if len(rows) <= most:
        return rows
    return rows[np.sort(np.random.default_rng(seed).choice(len(rows), most, replace=False))]
