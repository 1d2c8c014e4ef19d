"""What people say about concepts: attributes (ratings or distances), judgements of similarity, ratings one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from framework.errors import UserError
from framework.files import names, opening
from framework.files.opening import PathLike
from framework.files.tables import number, read_table, to_numbers

if TYPE_CHECKING:
    import pandas as pd

_CONCEPT_COLUMNS = ("emotion", "concept")
_TAKEN = {"random": "random masks are", "others": "all others are in --given"}  # names that mean something else


def read_emotion_order(path: PathLike) -> list[str]:
    """The concepts that condensed distances are between, one per line."""
    lines = opening.read_text(path, 1 << 20).splitlines()
    return _checked_concepts(path, [line.strip() for line in lines if line.strip()])


def _checked_concepts(path, concepts):
    for concept in concepts:
        names.check_concept(concept, path)
    names.check_distinct(concepts, path)
    return [names.in_one_form(concept) for concept in concepts]


def _concept_column(path, columns):
    """Which column names the concepts, if any."""
    found = [name for name in columns if name.strip().lower() in _CONCEPT_COLUMNS]
    if len(found) > 1:
        raise UserError(f"{path}: has both a column `{found[0]}` and a column `{found[1]}`; leave one out")
    return found[0] if found else None


def read_attributes(path: PathLike, emotion_order: PathLike | None = None,
                    made_by: str | None = "prepare_attributes.py") -> tuple[list[str], list[str], np.ndarray, bool]:
    """Attributes of concepts, one per column: ratings with a column `emotion` or `concept`, or distances.

    Distances are between all pairs of the concepts in the file `emotion_order`, in its order. The error about a missing
    file names `made_by`.

    Returns
    -------
    attributes : list of str [A]
    concepts : list of str [E]
    numbers : array [E, A] or [A, E (E - 1) / 2]
        Ratings, or distances.
    are_ratings : bool
        Which of the two the file holds.
    """
    table = read_table(path, words=None, made_by=made_by)
    concept_column = _concept_column(path, table.columns)
    if {"participant", "attribute", "rating"} <= set(table.columns):
        raise UserError(f"{path}: holds single ratings, not a table of attributes; prepare_attributes.py makes one "
                        "from them")
    attributes = _checked_attributes(path, [name for name in table.columns if name != concept_column])
    if not attributes:
        raise UserError(f"{path}: has no column but `{concept_column}`; add one for each attribute")
    numbers = np.column_stack([to_numbers(path, name, table[name]) for name in attributes]).astype(float)
    if concept_column:
        return attributes, _checked_concepts(path, [name.strip() for name in table[concept_column]]), numbers, True
    if emotion_order is None:
        raise UserError(f"{path}: has no column `emotion` or `concept`, so it is read as distances; give the "
                        "file that lists their concepts with --concept_order")
    concepts = read_emotion_order(emotion_order)
    return attributes, concepts, _checked_distances(path, numbers.T, concepts, "rows"), False


def _checked_attributes(path, attributes):
    for attribute in attributes:
        names.check_attribute(attribute, path)
        taken = "a column of concepts is" if attribute.lower() in _CONCEPT_COLUMNS else _TAKEN.get(attribute)
        if taken:
            raise UserError(f"{path}: an attribute is called {attribute!r}, as {taken}; give it another name")
    names.check_distinct(attributes, path)
    return attributes


def _checked_distances(path, distances, concepts, what):
    pairs = len(concepts) * (len(concepts) - 1) // 2
    if distances.shape[1] != pairs:
        raise UserError(f"{path}: has {distances.shape[1]} {what}, but the {len(concepts)} concepts of "
                        f"--concept_order make {pairs} pairs; give one value for each pair")
    if (distances < 0).any():
        raise UserError(f"{path}: has a distance below 0; distances are 0 or more")
    return distances


def read_judgements(mean_path: PathLike, individual_path: PathLike,
                    concepts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """People's judgements of how different any two concepts are.

    The file of means has one column and a row per pair; the file of individuals has a column per pair and a row per
    person.

    Returns
    -------
    mean : array [P]
    individual : array [people, P]
    """
    mean = _checked_distances(mean_path, read_table(mean_path).to_numpy(float).T, concepts, "rows")
    individual = _checked_distances(individual_path, read_table(individual_path).to_numpy(float), concepts, "columns")
    if len(mean) != 1:
        raise UserError(f"{mean_path}: has {len(mean)} columns; leave only that of the mean judgements")
    if len(individual) < 2:
        raise UserError(f"{individual_path}: has the judgements of one person; intervals over people need two or more")
    for person in np.flatnonzero(np.ptp(individual, axis=1) == 0):
        raise UserError(f"{individual_path}: row {person + 1} gives all pairs the same judgement; leave that "
                        "person out")
    if not np.allclose(mean[0], individual.mean(axis=0), atol=1e-6):
        raise UserError(f"{mean_path}: does not hold the means over the people in {individual_path}; compute it again")
    return mean[0], individual


def read_ratings(path: PathLike) -> pd.DataFrame:
    """People's ratings in long format.

    Columns: `participant`, `emotion` (which the file may call `concept`) and `attribute`, str; `rating`, float, NaN
    where it is left empty.
    """
    table = read_table(path, words=None)
    there = list(table.columns)
    if concept_column := _concept_column(path, there):
        table = table.rename(columns={concept_column: "emotion"})
    for name in ("participant", "emotion", "attribute", "rating"):
        if name not in table.columns:
            ready = concept_column and not {"participant", "attribute", "rating"} & set(there)
            raise UserError(f"{path}: has no column {name!r}; it has {names.listed(there)}" + (
                "; if these are means already, give the file to rsa_searchlight.py --attributes" if ready else ""))
        table[name] = table[name].str.strip()
        if name != "rating" and (empty := table[name] == "").any():
            raise UserError(f"{path}: column {name!r} is empty in row {empty.idxmax() + 1}; fill it in")
    table["emotion"] = table["emotion"].map(names.in_one_form)
    _checked_concepts(path, list(table["emotion"].unique()))
    _checked_attributes(path, list(table["attribute"].unique()))
    names.check_distinct(table["participant"].unique(), path)
    ratings = np.array([number(text) for text in table["rating"]])
    for row in np.flatnonzero(~np.isfinite(ratings) & (table["rating"] != "")):
        raise UserError(f"{path}: column 'rating' holds {table['rating'][row][:30]!r} in row {row + 1}, which is not "
                        "a number; leave missing answers empty")
    return table[["participant", "emotion", "attribute"]].assign(rating=ratings)
