"""Which rows make a task."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from framework.errors import UserError
from framework.tasks import Split, Task, TaskRows
from framework.training.rows import rows_of_task, subset, task_rows

labels_with_a_positive = hnp.arrays(bool, st.integers(1, 80)).filter(np.any)


@given(labels_with_a_positive, st.integers(0, 2**32 - 1))
def test_published_rows(labels, seed):
    rows = rows_of_task(labels, seed)
    positives = np.flatnonzero(labels)
    assert rows.row[: len(positives)].tolist() == positives.tolist()
    drawn = np.random.RandomState(seed).choice(len(labels), len(positives))
    assert rows.row[len(positives):].tolist() == drawn.tolist()
    assert (rows.label == labels[rows.row]).all()


@given(labels_with_a_positive.filter(lambda labels: (~labels).sum() >= labels.sum()), st.integers(0, 2**32 - 1))
def test_strict_negatives_lack_the_concept_and_differ(labels, seed):
    rows = rows_of_task(labels, seed, "strict")
    negatives = rows.row[labels.sum():]
    assert not labels[negatives].any()
    assert len(set(negatives)) == len(negatives) == labels.sum()


def make_split(positives, rows=400):
    labels = np.zeros((rows, 2), bool)
    labels[:positives, 0] = True
    labels[::3, 1] = True
    return Split(["x"] * rows, labels, ("awe", "other"))


def test_positives_are_capped_by_the_tasks_own_stream():
    split = make_split(positives=100)
    drawn = {task: task_rows(split, task, max_train_rows=30) for task in (Task("awe", 1), Task("awe", 3))}
    for task, rows in drawn.items():
        assert (np.diff(rows.row[:30]) > 0).all() and rows.label[:30].all() and len(rows.row) == 60
        assert rows.row[30:].tolist() == np.random.RandomState(task.seed).choice(400, 30).tolist()
        assert rows.row.tolist() == task_rows(split, task, max_train_rows=30).row.tolist()
    assert len({tuple(rows.row[:30]) for rows in drawn.values()}) == 2
    for most in (None, 100, 500):
        assert task_rows(split, Task("awe", 1), max_train_rows=most).row[:100].tolist() == list(range(100))
    # A concept's rows do not depend on where its column stands.
    turned = Split(split.texts, split.labels[:, ::-1], split.concepts[::-1])
    assert task_rows(turned, Task("awe", 1), "strict", 30).row.tolist() == task_rows(
        split, Task("awe", 1), "strict", 30).row.tolist()


@given(st.integers(1, 90), st.integers(1, 90), st.integers(2, 200))
def test_a_subset_is_half_positive_and_in_order(positives, others, most):
    label = np.random.default_rng(positives).permutation(np.repeat([1, 0], [positives, others]))
    rows = TaskRows(np.arange(positives + others) * 2, label)
    some = subset(rows, most, Task("awe", 1))
    assert (rows.label[some.row // 2] == some.label).all() and len(set(some.row)) == len(some.row)
    if positives + others <= most:
        assert some.row.tolist() == rows.row.tolist()
    else:
        assert some.label.sum() == (some.label == 0).sum() == min(most // 2, positives, others)


def test_what_makes_no_task_is_an_error():
    with pytest.raises(UserError, match="^fear: is none of the data's concepts; choose other concepts"):
        task_rows(make_split(positives=9), Task("fear", 1))
    with pytest.raises(UserError, match="^awe: no row carries the concept; choose other concepts with --sentiment"):
        task_rows(make_split(positives=0), Task("awe", 1))
    with pytest.raises(UserError, match="^awe: only 100 rows lack the concept, 300 are needed"):
        task_rows(make_split(positives=300), Task("awe", 1), "strict")
    with pytest.raises(UserError, match="^awe-1: all 800 rows are positive; choose other data .* --negatives strict$"):
        task_rows(make_split(positives=400), Task("awe", 1))
    for positives in (0, 400):
        with pytest.raises(UserError, match=r" \(in split dev\)$"):
            task_rows(make_split(positives=positives), Task("awe", 1), name="dev")
