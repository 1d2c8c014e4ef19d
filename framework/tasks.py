"""Emotions, seeds, and the rows of GoEmotions that make up one task."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.errors import UserError

if TYPE_CHECKING:  # takes long to load, and a script that only reads emotions and seeds does not need it
    from transformers import PreTrainedTokenizerBase

EMOTIONS = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
    "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise",
)  # in the order of GoEmotions' label ids; "neutral" (27) is not one
SEEDS = (1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 42, 100)


class Task(NamedTuple):
    """One concept and one seed: what a prompt is trained for."""

    concept: str
    seed: int

    @property
    def name(self) -> str:
        """What the task's files are called: ``fear-1``."""
        return f"{self.concept}-{self.seed}"

    def stream(self, purpose: str) -> np.random.SeedSequence:
        """Random numbers of the task's own, which follow from its concept's name, its seed and what they are for."""
        return np.random.SeedSequence(self.seed, spawn_key=(*purpose.encode(), 0, *self.concept.encode()))


class Split(NamedTuple):
    """One split of a data set.

    Attributes
    ----------
    texts : list of str
        The comments, in file order.
    labels : ndarray of bool [rows, C]
        Which concepts each comment carries.
    concepts : tuple of str [C]
        The columns' names.
    """

    texts: list[str]
    labels: np.ndarray
    concepts: tuple[str, ...] = EMOTIONS

    def column(self, concept: str) -> np.ndarray:
        """Which comments carry a concept: array of bool [rows]."""
        return self.labels[:, self.concepts.index(concept)]


class TaskRows(NamedTuple):
    """The rows of one task in one split: `row` numbers from 0 and whether each is a positive, int arrays [2m]."""

    row: np.ndarray
    label: np.ndarray


def rows_of_task(labels: np.ndarray, seed: int, negatives: str = "published") -> TaskRows:
    """Choose the rows of one task: every positive, then as many rows again.

    Parameters
    ----------
    labels : array of bool [rows]
        Whether each row of the split carries the task's emotion.
    seed : int
        The task's seed, for drawing the second half.
    negatives : {"published", "strict"}
        "published" draws from the whole split with replacement, so that a drawn row can be a positive (it keeps its
        own label), as the study did. "strict" draws rows that lack the emotion, without replacement.

    Returns
    -------
    TaskRows
        Positives in file order, then the others in drawn order.

    Raises
    ------
    UserError
        If the split has no positive, or "strict" finds too few others.
    """
    labels = np.asarray(labels, dtype=bool)
    positives = np.flatnonzero(labels)
    if len(positives) == 0:
        raise UserError("no row carries the emotion")
    random = np.random.RandomState(seed)
    if negatives == "published":
        drawn = random.choice(len(labels), len(positives))
    else:
        others = np.flatnonzero(~labels)
        if len(others) < len(positives):
            raise UserError(f"only {len(others)} rows lack the emotion, {len(positives)} are needed for "
                            "--negatives strict")
        drawn = random.choice(others, len(positives), replace=False)
    row = np.concatenate([positives, drawn])
    return TaskRows(row, labels[row].astype(np.int64))


def task_rows(split: Split, emotion: str, seed: int, negatives: str = "published") -> TaskRows:
    """`rows_of_task` for an emotion's name and a `Split`.

    Raises
    ------
    UserError
        If the split has no row of the emotion, or too few others for strict negatives.
    """
    try:
        return rows_of_task(split.labels[:, EMOTIONS.index(emotion)], seed, negatives)
    except UserError as error:
        raise UserError(f"{emotion}: {error}; choose other emotions with --sentiment or other data with "
                        "--dataset") from None


def encode(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_length: int) -> list[np.ndarray]:
    """Tokenise comments once: `<mask>`, then `<s>` text `</s>` cut to `max_length` tokens.

    Parameters
    ----------
    texts : list of str
    tokenizer : transformers tokenizer
    max_length : int
        Tokens of `<s>` text `</s>`; the mask token before them is not counted.

    Returns
    -------
    list of ndarray of int
        One array a comment; the prompt's place is after the first token.
    """
    tokens = tokenizer(list(texts), truncation=True, max_length=max_length, return_attention_mask=False)["input_ids"]
    return [np.array([tokenizer.mask_token_id, *ids]) for ids in tokens]


def fingerprint(*splits: Split) -> str:
    """SHA-256 of splits' texts and labels: the same in whichever form the same comments were read.

    The official TSV files and the hub's data set differ in quotation marks (data/README.md), and so in this.
    """
    digest = hashlib.sha256()
    for split in splits:
        digest.update("\0".join(split.texts).encode() + split.labels.tobytes())
    return digest.hexdigest()
