"""Texts and their concepts: every form of GoEmotions gives the same, and any set of concepts is read."""

import csv
import importlib

import numpy as np
import pytest

from conftest import ROOT
from framework.errors import UserError
from framework.files import texts
from framework.files.texts import GOEMOTIONS, fingerprint
from framework.tasks import Split

COMMENTS = [
    ('He said "never again', [2, 3], "a1"),  # an unclosed quotation mark is part of the comment
    ("NA", [27], "a2"),
    ("1,000 thanks, truly", [15], "a3"),
    ("don\u2019t \u2028 know", [6], "a4"),  # a line separator of Unicode ends no row
    ("null", [25], "a5"),
]


def write_tsv(folder, mark=""):
    lines = [f"{text}\t{','.join(map(str, ids))}\t{name}\n" for text, ids, name in COMMENTS]
    (folder / "dev.tsv").write_text(mark + "".join(lines), encoding="utf-8", newline="\n")


def check_other_forms(comments, official, folder):
    """The comments as CSV and as an object of `datasets` are read as the official file was."""
    import datasets

    names = [*GOEMOTIONS, "neutral"]
    with open(folder / "dev.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", *names])
        writer.writerows([name, text, *(int(i in ids) for i in range(28))] for text, ids, name in comments)
    features = datasets.Features({"text": datasets.Value("string"), "id": datasets.Value("string"),
                                  "labels": datasets.Sequence(datasets.ClassLabel(names=names))})
    columns = {"text": [c[0] for c in comments], "labels": [c[1] for c in comments], "id": [c[2] for c in comments]}
    hub = datasets.DatasetDict({"validation": datasets.Dataset.from_dict(columns, features)})

    for other in (texts.read(folder, "dev"), texts.from_datasets(hub, "dev")):
        assert other.texts == official.texts and other.concepts == official.concepts
        assert (other.labels == official.labels).all()
        assert fingerprint(other) == fingerprint(official)


def test_all_forms_give_the_same_rows(tmp_path):
    for name in ("tsv", "csv"):
        (tmp_path / name).mkdir()
    write_tsv(tmp_path / "tsv", mark="\ufeff")  # which some editors put there, and which is no part of the comment
    official = texts.read(tmp_path / "tsv", "dev")
    assert official.texts == [text for text, _, _ in COMMENTS] and official.concepts == GOEMOTIONS
    assert [np.flatnonzero(row).tolist() for row in official.labels] == [[2, 3], [], [15], [6], [25]]
    check_other_forms(COMMENTS, official, tmp_path / "csv")


def test_all_forms_of_the_official_comments_give_the_same_rows(goemotions, tmp_path):
    lines = (goemotions / "dev.tsv").read_text("utf-8").rstrip("\n").split("\n")
    comments = [(text, [int(i) for i in ids.split(",")], name)
                for text, ids, name in (line.split("\t") for line in lines)]
    check_other_forms(comments, texts.read(goemotions, "dev"), tmp_path)


def test_official_files(goemotions):
    for split, rows in (("train", 43_410), ("dev", 5_426), ("test", 5_427)):
        assert len(texts.read(goemotions, split).texts) == rows


def test_labels_of_ones_own_beside_tsv_files(tmp_path):
    (tmp_path / "train.tsv").write_text("thanks\t0\tid\nno\t1,2\tid\n")
    (tmp_path / "labels.txt").write_text("care\nneutral\nfairness\n")
    split = texts.read(tmp_path, "train")
    assert split.concepts == ("care", "neutral", "fairness"), "only GoEmotions' `neutral` is no concept"
    assert split.column("fairness").tolist() == [False, True]
    (tmp_path / "labels.txt").write_text("care\n\nneutral\nfairness\n\n")
    with pytest.raises(UserError, match="labels.txt: line 2 is empty, but label ids count lines"):
        texts.read(tmp_path, "train")
    (tmp_path / "labels.txt").write_text("".join(f"label{number}\n" for number in range(10_001)))
    with pytest.raises(UserError, match="labels.txt: has 10001 labels, but at most 10000"):
        texts.read(tmp_path, "train")


def write_csv(path, header, *rows):
    path.write_text("\n".join(",".join(row) for row in (header, *rows)) + "\n")


def test_any_columns_of_0_and_1_are_concepts(tmp_path, capsys):
    header = ["id", "text", "care", "loyalty", "score", "neutral", "How do you feel? " * 20]
    write_csv(tmp_path / "train.csv", header, ["7", "thanks", "1", "0", "0.5", "2020", "so"],
              ["8", '"no, never"', "0", "1.0", "1", "2021", "no"])
    write_csv(tmp_path / "dev.csv", ["text", "loyalty", "score", "care"], ["so", "1", "0", "0"])
    train, dev = texts.read(tmp_path, "train"), texts.read(tmp_path, "dev")
    assert train.concepts == dev.concepts == ("care", "loyalty")
    assert train.texts == ["thanks", "no, never"] and train.labels.tolist() == [[True, False], [False, True]]
    assert dev.labels.tolist() == [[False, True]]
    said = capsys.readouterr().err
    assert said.count("\n") == 1, "the other columns are named once"
    assert "id, score, neutral, How do you feel?" in said and len(said) < 300
    assert train.source == str(tmp_path / "train.csv")
    with pytest.raises(UserError, match="has neither test.tsv nor test.csv"):
        texts.read(tmp_path, "test")
    write_csv(tmp_path / "dev.csv", ["text", "loyalty"], ["so", "1"])
    with pytest.raises(UserError, match="dev.csv: has no column 'care', which is a concept in train.csv"):
        texts.read(tmp_path, "dev")
    write_csv(tmp_path / "dev.csv", ["text", "loyalty", "care"], ["so", "1", "0"], ["no", "1", "?"])
    with pytest.raises(UserError, match="dev.csv: column 'care' is a concept in train.csv, but has cells other than "
                                        "0 and 1 .the first in row 2"):
        texts.read(tmp_path, "dev")


@pytest.mark.parametrize("cells, message", [
    (["1", "0", "1", "", "0"], r"'care' holds 0 and 1 except in 1 cell, the first in row 4 \(''\)"),
    (["1", "", "", "", "1"], "'care' holds 0 and 1 except in 3 cells, the first in row 2"),
    (["1", "0", "1", "O", "0"], r"the first in row 4 \('O'\)"),
    ([""] * 5, "has no column of 0 and 1"),
    (["TRUE", "FALSE", "TRUE", "TRUE", "FALSE"], "has no column of 0 and 1; .*; 'care' has 'TRUE' in row 1")])
def test_a_slip_does_not_take_a_concept_away(tmp_path, cells, message):
    counts = [["replies", *"01023"], ["score", "0", "0.5", "1", "-1", "1"]]  # no concepts, and no slips
    others = counts if "0" not in cells else [["awe", "0", "1", "0", "1", "1"]]
    columns = [["text", *"abcde"], ["care", *cells], *others]
    write_csv(tmp_path / "train.csv", *(list(row) for row in zip(*columns)))
    with pytest.raises(UserError, match=message):
        texts.read(tmp_path, "train")


def test_empty_rows_at_the_end_and_two_forms_of_a_name_are_read(tmp_path):
    (tmp_path / "train.csv").write_text("text,caf\u00e9\nso,1\nno,0\n,\n,\n", encoding="utf-8")
    (tmp_path / "dev.csv").write_text("text,cafe\u0301\nso,1\n", encoding="utf-8")
    assert len(texts.read(tmp_path, "train").texts) == 2
    assert texts.read(tmp_path, "dev").concepts == ("caf\u00e9",)


def test_a_text_may_be_a_whole_document(tmp_path):
    (tmp_path / "train.csv").write_text(f"text,awe\n{'word ' * 40_000},1\nno,0\n")
    assert len(texts.read(tmp_path, "train").texts[0]) == 200_000


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
        texts.read(tmp_path, "train")
    assert "train.tsv" in str(error.value)


def test_missing_split_is_named(tmp_path):
    write_tsv(tmp_path)
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train"]}')  # what `datasets` saves is not read
    with pytest.raises(UserError, match="has neither train.tsv nor train.csv"):
        texts.read(tmp_path, "train")
    with pytest.raises(UserError, match="no such folder"):
        texts.read(tmp_path / "elsewhere", "train")


def test_a_fingerprint_tells_texts_labels_and_concepts_apart():
    def of(rows, labels, concepts=("care", "harm")):
        return fingerprint(Split(rows, np.array(labels, bool), concepts))

    one = of(["a\0b", "c"], [[1, 0], [0, 1]])
    assert one == of(["a\0b", "c"], [[1, 0], [0, 1]])
    assert len({one, of(["a", "b\0c"], [[1, 0], [0, 1]]), of(["a\0b", "c"], [[1, 0], [0, 0]]),
                of(["a\0b", "c"], [[1, 0], [0, 1]], ("care", "hurt"))}) == 4


def test_demo_corpus_has_every_emotion():
    splits = {split: texts.read("demo", split) for split in ("train", "dev", "test")}
    for split, least in (("train", 60), ("dev", 20), ("test", 20)):
        assert splits[split].concepts == GOEMOTIONS and splits[split].labels.sum(0).min() >= least
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
