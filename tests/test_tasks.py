"""Which rows make a task, and that every form of GoEmotions gives the same."""

import csv
import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from conftest import ROOT
from framework import artifacts
from framework.errors import UserError
from framework.tasks import EMOTIONS, fingerprint, rows_of_task

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


COMMENTS = [
    ('He said "never again', [2, 3], "a1"),  # an unclosed quotation mark is part of the comment
    ("NA", [27], "a2"),
    ("1,000 thanks, truly", [15], "a3"),
    ("don\u2019t \u2028 know", [6], "a4"),  # a line separator of Unicode ends no row
    ("null", [25], "a5"),
]


def write_tsv(folder):
    lines = [f"{text}\t{','.join(map(str, ids))}\t{name}\n" for text, ids, name in COMMENTS]
    (folder / "dev.tsv").write_text("".join(lines), encoding="utf-8", newline="\n")


def check_other_forms(comments, official, folder):
    """The comments as CSV and as an object of `datasets` are read as the official file was."""
    import datasets

    names = [*EMOTIONS, "neutral"]
    with open(folder / "dev.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", *names])
        writer.writerows([name, text, *(int(i in ids) for i in range(28))] for text, ids, name in comments)
    features = datasets.Features({"text": datasets.Value("string"), "id": datasets.Value("string"),
                                  "labels": datasets.Sequence(datasets.ClassLabel(names=names))})
    columns = {"text": [c[0] for c in comments], "labels": [c[1] for c in comments], "id": [c[2] for c in comments]}
    hub = datasets.DatasetDict({"validation": datasets.Dataset.from_dict(columns, features)})

    for other in (artifacts.read_goemotions(folder, "dev"), artifacts.split_from_datasets(hub, "dev")):
        assert other.texts == official.texts
        assert (other.labels == official.labels).all()
        assert fingerprint(other) == fingerprint(official)


def test_all_forms_give_the_same_rows(tmp_path):
    for name in ("tsv", "csv"):
        (tmp_path / name).mkdir()
    write_tsv(tmp_path / "tsv")
    official = artifacts.read_goemotions(tmp_path / "tsv", "dev")
    assert official.texts == [text for text, _, _ in COMMENTS]
    assert [np.flatnonzero(row).tolist() for row in official.labels] == [[2, 3], [], [15], [6], [25]]
    check_other_forms(COMMENTS, official, tmp_path / "csv")


def test_all_forms_of_the_official_comments_give_the_same_rows(goemotions, tmp_path):
    lines = (goemotions / "dev.tsv").read_text("utf-8").rstrip("\n").split("\n")
    comments = [(text, [int(i) for i in ids.split(",")], name)
                for text, ids, name in (line.split("\t") for line in lines)]
    check_other_forms(comments, artifacts.read_goemotions(goemotions, "dev"), tmp_path)


def test_official_files(goemotions):
    for split, rows in (("train", 43_410), ("dev", 5_426), ("test", 5_427)):
        assert len(artifacts.read_goemotions(goemotions, split).texts) == rows


@pytest.mark.parametrize("content, message", [
    (b"", "line 1 is not"),
    (b"a comment\t28\tid\n", "line 1 is not"),
    (b"a comment\t3\tid\nanother\t3", "line 2 is not"),
    (b"a comment\t\tid\n", "line 1 is not"),
    (b"\xff\xfe\t3\tid\n", "not UTF-8"),
])
def test_damaged_tsv_is_named(tmp_path, content, message):
    (tmp_path / "train.tsv").write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        artifacts.read_goemotions(tmp_path, "train")
    assert "train.tsv" in str(error.value)


@pytest.mark.parametrize("content, message", [
    ("text,admiration\nhello,1\n", "no column 'amusement'"),
    (f"text,{','.join(EMOTIONS)}\nhello,{','.join('2' * 27)}\n", "other than 0 and 1"),
    (f"text,{','.join(EMOTIONS)}\n", "no rows"),
])
def test_damaged_csv_is_named(tmp_path, content, message):
    (tmp_path / "train.csv").write_text(content)
    with pytest.raises(UserError, match=message):
        artifacts.read_goemotions(tmp_path, "train")


def test_missing_split_is_named(tmp_path):
    write_tsv(tmp_path)
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train"]}')  # what `datasets` saves is not read
    with pytest.raises(UserError, match="lacks the split `train` \\(train.tsv or train.csv\\)"):
        artifacts.read_goemotions(tmp_path, "train")


def test_demo_corpus_has_every_emotion():
    splits = {split: artifacts.read_goemotions("demo", split) for split in ("train", "dev", "test")}
    for split, least in (("train", 60), ("dev", 20), ("test", 20)):
        assert splits[split].labels.sum(0).min() >= least
        assert not splits[split].labels.any(1).all(), "some comments are neutral"


def test_the_demonstration_corpus_is_what_its_script_makes(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "data")
    make_demo = importlib.import_module("make_demo")
    splits = {split: make_demo.make_split(split) for split in make_demo.SPLITS}
    make_demo.check(splits)  # nothing of one split is found in another
    for split, rows in splits.items():
        make_demo.write(tmp_path / "made.csv", rows)
        assert (tmp_path / "made.csv").read_bytes() == (ROOT / "data" / "demo" / f"{split}.csv").read_bytes()
    splits["dev"].append(splits["train"][0])
    with pytest.raises(AssertionError, match="train"):
        make_demo.check(splits)
