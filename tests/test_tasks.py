"""Which rows make a task."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from framework.errors import UserError
from framework.tasks import rows_of_task

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
def test_strict_negatives_lack_the_emotion_and_differ(labels, seed):
    rows = rows_of_task(labels, seed, "strict")
    negatives = rows.row[labels.sum():]
    assert not labels[negatives].any()
    assert len(set(negatives)) == len(negatives) == labels.sum()


def test_no_positive_is_an_error():
    with pytest.raises(UserError, match="no row carries"):
        rows_of_task(np.zeros(5, bool), 1)
