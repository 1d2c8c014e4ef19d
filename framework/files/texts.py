"""Texts and the concepts they carry: GoEmotions in any of its forms, or any other data set."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from framework import hub
from framework.errors import UserError
from framework.files import names, opening
from framework.files.tables import number, read_table
from framework.tasks import Split

if TYPE_CHECKING:
    from datasets import DatasetDict

HUB_NAME = "google-research-datasets/go_emotions"
GOEMOTIONS = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
    "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise",
)  # in the order of its label ids; "neutral" (27) is no emotion
_MOST_LABELS = 10_000
_ROOT = Path(__file__).resolve().parents[2]


def default_dataset() -> str:
    """The repository's `data/goemotions` if that folder exists, else the hub's."""
    folder = _ROOT / "data" / "goemotions"
    return str(folder) if folder.is_dir() else "goemotions"


def read(dataset: str, split: str) -> Split:
    """One split of a data set.

    Parameters
    ----------
    dataset : str
        A folder, with ``{split}.tsv`` (GoEmotions' official form; ``labels.txt`` beside it names other labels) or
        ``{split}.csv`` (a column `text`, and a 0/1 column for each concept); `goemotions`, from the hub; or `demo`.
    split : {"train", "dev", "test"}
    """
    if dataset == "goemotions":
        return from_datasets(_load_from_hub(), split)
    folder = _ROOT / "data" / "demo" if dataset == "demo" else Path(dataset)
    if not folder.is_dir():
        raise UserError(f"--dataset {dataset}: no such folder" + (opening.where_from(folder) or (
            f"; give a folder with {split}.tsv or {split}.csv, or `goemotions` (from the hub) or `demo`")))
    if os.path.lexists(path := folder / f"{split}.tsv"):
        return _read_official(path)
    if os.path.lexists(path := folder / f"{split}.csv"):
        return _read_columns(path)
    raise UserError(f"{folder}: has neither {split}.tsv nor {split}.csv; add one of them")


def _read_official(path):
    """`text<TAB>label ids<TAB>comment id`, no header, no quoting: a quotation mark is part of the comment."""
    labels = path.with_name("labels.txt")
    known = [*GOEMOTIONS, "neutral"]
    if os.path.lexists(labels):
        known = [names.in_one_form(line.strip()) for line in opening.read_text(labels, 1 << 20).rstrip().splitlines()]
        if "" in known:
            raise UserError(f"{labels}: line {known.index('') + 1} is empty, but label ids count lines; write the "
                            "label there, or delete the line if no id counts it")
    rows, ids = [], []
    for place, line in enumerate(opening.read_text(path).rstrip("\n").split("\n"), 1):
        fields = line.rstrip("\r").split("\t")
        of_row = fields[1].split(",") if len(fields) == 3 else []
        if not of_row or not all(i.isascii() and i.isdigit() and len(i) < 6 and int(i) < len(known) for i in of_row):
            raise UserError(f"{path}: line {place} is not `text<TAB>label ids 0..{len(known) - 1}<TAB>comment id`; "
                            "get the file again, or put the labels in labels.txt beside it, one per line")
        rows.append(fields[0])
        ids.append([int(i) for i in of_row])
    return _from_ids(rows, ids, known, labels if os.path.lexists(labels) else path)._replace(source=str(path))


def _from_ids(rows, label_ids, known, source):
    """A split from each row's label ids."""
    if not rows:
        raise UserError(f"{source}: has no rows; get it again, or fill it in")
    kept = _concepts_among(known, source)
    labels = np.zeros((len(rows), len(known)), bool)
    for row, ids in enumerate(label_ids):
        labels[row, ids] = True
    return Split(rows, labels[:, [known.index(name) for name in kept]], kept)


def _concepts_among(known, source):
    """The labels that are concepts: all, except `neutral` if GoEmotions' emotions are all among them."""
    if len(known) > _MOST_LABELS:
        raise UserError(f"{source}: has {len(known)} labels, but at most {_MOST_LABELS} are read; leave out those "
                        "that you do not use")
    names.check_distinct(known, source)
    for name in known:
        names.check_concept(name, source)
    return tuple(name for name in known if not _is_neutral(name, known))


def _is_neutral(name, known):
    """Whether a label is GoEmotions' `neutral`, which is no emotion; in other data, it is like any label."""
    return name == "neutral" and set(GOEMOTIONS) <= set(known)


def _read_columns(path):
    """A header, a column `text`, and a column of 0 and 1 for each concept."""
    table = read_table(path, words=None)
    if "text" not in table.columns:
        raise UserError(f"{path}: has no column 'text'; it needs `text` and a 0/1 column for each concept")
    columns = [names.in_one_form(name) for name in table.columns]
    if len(set(columns)) < len(columns):
        names.check_distinct(table.columns, path)
    table.columns = columns
    filled = np.flatnonzero(table.apply(lambda column: column.str.strip() != "").any(axis=1))
    if not len(filled):
        raise UserError(f"{path}: all its rows are empty; fill it in or save it again")
    table = table.iloc[:filled[-1] + 1]  # spreadsheets may end in empty rows
    candidates = [name for name in table.columns if name != "text"]
    others = {name: np.flatnonzero(~table[name].str.strip().isin(["0", "1", "0.0", "1.0"])) for name in candidates}
    train = path.with_name("train.csv")
    if path != train and os.path.lexists(train):
        kept = _read_columns(train).concepts
        for name in kept:
            if name not in others:
                raise UserError(f"{path}: has no column {name!r}, which is a concept in {train.name}; add it, or take "
                                f"it out of {train.name}")
            if len(others[name]):
                raise UserError(f"{path}: column {name!r} is a concept in {train.name}, but has cells other than 0 and "
                                f"1 (the first in row {others[name][0] + 1}); correct them")
    else:
        for name, places in others.items():
            if _is_slip(table[name].iloc[places].str.strip(), len(table)):
                raise UserError(f"{path}: column {name!r} holds 0 and 1 except in {len(places)} "
                                f"cell{'s' * (len(places) > 1)}, the first in row {places[0] + 1} "
                                f"({table[name][places[0]][:30]!r}); correct them, or take the column out")
        kept = _concepts_among([name for name in candidates if not len(others[name])], path)
        if not kept:
            has = "".join(f"; {name!r} has {table[name][places[0]][:30]!r} in row {places[0] + 1}"
                          for name, places in others.items() if len(places))
            raise UserError(f"{path}: has no column of 0 and 1; it needs `text` and a 0/1 column for each "
                            f"concept{has[:300]}")
        _say_ignored(path, tuple(name for name in candidates if name not in kept
                                 and not _is_neutral(name, candidates)))
    labels = np.stack([table[name].str.strip().isin(["1", "1.0"]).to_numpy() for name in kept], axis=1)
    if path == train:
        for name, positives in zip(kept, labels.sum(axis=0)):
            if positives in (0, len(labels)):
                raise UserError(f"{path}: column {name!r} has no row with {1 if positives == 0 else 0}, so there is "
                                "nothing to tell apart; leave the column out, or add such rows")
    return Split(table["text"].tolist(), labels, kept, str(path))


def _is_slip(others, rows):
    """Whether cells other than 0 and 1 are slips in a concept's column, which would be ignored with its concept."""
    if np.isfinite([number(cell) for cell in others]).all():  # or it counts or rates something
        return 0 < len(others) < 0.01 * rows
    return len(others) < 0.5 * rows or len(others) < rows and not any(others)


@functools.cache
def _say_ignored(path, columns):
    if columns:
        shown = [name if len(name) <= 60 else f"{name[:60]}..." for name in columns]
        print(f"{path}: ignored columns: {names.listed(shown)} (not all their cells are 0 or 1)", file=sys.stderr)


def _load_from_hub():
    hub.go_offline_if_away()
    import datasets  # only now: on import it checks whether the client is offline

    try:
        return datasets.load_dataset(HUB_NAME, "simplified")
    except Exception as error:  # whatever the network, the hub or its client raise
        raise UserError(f"--dataset goemotions: the hub cannot be reached ({type(error).__name__}); "
                        "python download_data.py fetches the comments into data/goemotions; if you have train.tsv, "
                        "dev.tsv and test.tsv, give their folder with --dataset") from None


def from_datasets(dataset: DatasetDict, split: str) -> Split:
    """One split of a data set in the form of the hub's go_emotions, `simplified`; "dev" may be called "validation"."""
    name = next((name for name in (split, {"dev": "validation"}.get(split)) if name in dataset), None)
    if name is None:
        raise UserError(f"--dataset: lacks the split `{split}`; it has {', '.join(dataset)}; choose other data")
    rows = dataset[name]
    try:
        known = [names.in_one_form(name) for name in rows.features["labels"].feature.names]
    except (KeyError, AttributeError):
        raise UserError(f"--dataset, split {split}: has no column `labels` with a list of named classes in each "
                        "row; choose other data") from None
    return _from_ids([str(text) for text in rows["text"]], rows["labels"], known, f"--dataset, split {split}")


def fingerprint(*splits: Split) -> str:
    """SHA-256 of splits' texts, labels and concepts: the same for the same rows, whatever form they were read in.

    The official TSV files and the hub's data set differ in quotation marks (data/README.md), so their digests differ.
    """
    digest = hashlib.sha256()
    for split in splits:
        digest.update(json.dumps([split.concepts, split.texts]).encode() + np.packbits(split.labels).tobytes())
    return digest.hexdigest()
