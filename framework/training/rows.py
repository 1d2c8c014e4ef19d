"""The rows of a task: the comments that carry its concept, and as many others."""

from __future__ import annotations

import numpy as np

from framework.errors import UserError
from framework.tasks import Split, Task, TaskRows, some


def rows_of_task(labels: np.ndarray, seed: int, negatives: str = "published",
                 positives: np.ndarray | None = None) -> TaskRows:
    """Choose the rows of one task: its positives, then as many rows again.

    Parameters
    ----------
    labels : array of bool [rows]
        Whether each row of the split carries the concept.
    seed : int
        For drawing the second half.
    negatives : {"published", "strict"}
        "published" draws from the whole split with replacement, as the study did: a drawn row can be a positive, and
        keeps its own label. "strict" draws rows that lack the concept, without replacement.
    positives : int array, optional
        Rows to take instead of all positives.

    Raises
    ------
    UserError
        If the split has no positive, or too few others for "strict".
    """
    if positives is None:
        positives = np.flatnonzero(labels)
    if len(positives) == 0:
        raise UserError("no row carries the concept")
    random = np.random.RandomState(seed)
    if negatives == "published":
        drawn = random.choice(len(labels), len(positives))
    else:
        others = np.flatnonzero(~labels)
        if len(others) < len(positives):
            raise UserError(f"only {len(others)} rows lack the concept, {len(positives)} are needed for "
                            "--negatives strict (--negatives published needs none)")
        drawn = random.choice(others, len(positives), replace=False)
    row = np.concatenate([positives, drawn])
    return TaskRows(row, labels[row].astype(np.int64))


def task_rows(split: Split, task: Task, negatives: str = "published", max_train_rows: int | None = None,
              name: str = "") -> TaskRows:
    """`rows_of_task` of a concept by its name.

    Parameters
    ----------
    max_train_rows : int, optional
        Upper bound of positives; if there are more, the task's own stream draws among them.
    name : str
        The split's name, for errors.

    Raises
    ------
    UserError
        If the split has no such concept, no row of it, or too few others for "strict"; if all rows are of one class.
    """
    if task.concept not in split.concepts:
        raise UserError(f"{task.concept}: is none of the data's concepts; choose other concepts with --sentiment or "
                        "other data with --dataset")
    where = f" (in split {name}{split.source and f': {split.source}'})" if name else ""
    labels = split.column(task.concept)
    positives = np.flatnonzero(labels)
    if max_train_rows is not None:
        positives = some(positives, max_train_rows, task.stream("max_train_rows"))
    try:
        rows = rows_of_task(labels, task.seed, negatives, positives)
    except UserError as error:
        raise UserError(f"{task.concept}: {error}; choose other concepts with --sentiment or other data with "
                        f"--dataset{where}") from None
    if rows.label.all():
        raise UserError(f"{task.name}: all {len(rows.row)} rows are positive; choose other data with --dataset, other "
                        f"concepts with --sentiment, or --negatives strict{where}")
    return rows


def subset(rows: TaskRows, max_rows: int | None, task: Task) -> TaskRows:
    """At most `max_rows` (from 2) of a task's rows, half of them positive, drawn by its own stream; None keeps all."""
    positives, others = np.flatnonzero(rows.label == 1), np.flatnonzero(rows.label == 0)
    if max_rows is None or len(rows.row) <= max_rows:
        return rows
    half = min(max_rows // 2, len(positives), len(others))
    kept = np.concatenate([some(positives, half, task.stream("max_rows positive")),
                           some(others, half, task.stream("max_rows other"))])
    return TaskRows(rows.row[kept], rows.label[kept])
