"""CSV tables, checked."""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from framework.errors import UserError
from framework.files import names, opening
from framework.files.opening import PathLike
from framework.files.record import Record

if TYPE_CHECKING:
    import pandas as pd

_MOST_COLUMNS = 50_000  # one of judgements for each pair of 300 concepts


def read_table(path: PathLike, columns: Sequence[str] = (), words: Collection[str] | None = (),
               made_by: str | None = None, of: PathLike | None = None,
               most: int = 1 << 30) -> pd.DataFrame:
    """A CSV table: its columns have names, its rows as many fields as the header, and its numbers are finite.

    Parameters
    ----------
    path : path-like
    columns : sequence of str
        Columns that must be there; only these are returned. If empty, all are.
    words : collection of str, optional
        Columns of str, kept verbatim; others are int64 if all their values are whole, else float64. None: all are str.
    made_by : str, optional
        The script that makes the table, for the error where it is missing.
    of : path-like, optional
        The output whose record may name the file; by default, a record of ours beside the file.
    most : int
        Bytes that the file may have.
    """
    import pandas as pd

    data = opening.read_bytes(path, most, made_by)
    try:
        record = Record.read(of or path)
    except UserError:
        if of is not None:
            raise
        record = Record("", {})  # the file beside the table is not ours
    if of is not None or record.made_by:
        record.check_unchanged(path, data, part=of is not None)
    csv.field_size_limit(1 << 30)  # a text may be a whole document
    lines = csv.reader(_lines(path, opening.decode(path, data)), strict=True)
    try:
        header = [name.strip() for name in next(filter(None, lines), [])]
        _check_header(path, header)
        missing = [name for name in columns if name not in header]
        if missing:
            raise UserError(f"{path}: has no column {missing[0]!r}; it has {names.listed(header)}")
        pieces = []
        first = 1  # number of a piece's first row
        while rows := list(itertools.islice(filter(None, lines), 20_000)):
            for number, row in enumerate(rows, first):
                if len(row) != len(header):
                    raise UserError(f"{path}: row {number} has {len(row)} fields, but the header has {len(header)}; "
                                    "put texts with a comma in quotation marks")
            kept = {name: cells for name, cells in zip(header, zip(*rows)) if name in (columns or header)}
            pieces.append(pd.DataFrame({
                name: cells if words is None or name in words else to_numbers(path, name, cells, first)
                for name, cells in kept.items()}))
            first += len(rows)
    except csv.Error as error:
        raise UserError(f"{path}: cannot be read as CSV (line {lines.line_num}: {error}); save it again") from None
    if not pieces:
        raise UserError(f"{path}: has no rows; fill it in or save it again")
    table = pd.concat(pieces, ignore_index=True)
    return table[list(columns)] if len(columns) else table


def _lines(path, text):
    """The lines of a text; other separators, or more than `_MOST_COLUMNS` commas, are refused before it is parsed."""
    if "\r" in text and "\n" not in text:
        raise UserError(f"{path}: its lines end in CR alone, as on old Macs; save it with Unix or Windows line ends")
    header = text.lstrip().partition("\n")[0].rstrip()
    if header.startswith("sep="):
        raise UserError(f"{path}: begins with a line for spreadsheets, {header[:20]!r}; delete it")
    for mark, called in ((";", "semicolons"), ("\t", "tabs")):
        if header.count(mark) > header.count(","):
            raise UserError(f"{path}: has {called} between its columns; save it with commas, and a point in decimals")
    for line in io.StringIO(text, newline="\n"):
        if line.count(",") > _MOST_COLUMNS:
            raise UserError(f"{path}: has a line of {line.count(',') + 1} fields, but at most {_MOST_COLUMNS} are "
                            "read; is it the right file?")
        yield line


def _check_header(path, header):
    first: dict[str, int] = {}
    if not header:
        raise UserError(f"{path}: is empty; give a table")
    for place, name in enumerate(header):
        if not name or re.fullmatch(r"Unnamed: [\d.]+", name):
            raise UserError(f"{path}: column {place + 1} has no name, as when pandas writes its index; name it, or "
                            "leave it out (index=False)")
        names.check_attribute(name, path, most=10_000)  # a survey's question; those of attributes are shorter
        if first.setdefault(name, place) < place:
            raise UserError(f"{path}: has two columns {name!r}; leave one out or give it another name")


def to_numbers(path: PathLike, column: str, cells: Sequence[str], first: int = 1) -> np.ndarray:
    """A column's cells, from row `first` on, as numbers: int64 if all are whole, else float64."""
    values = np.array([number(cell) for cell in cells])
    if np.isfinite(values).all():
        whole = all(cell.removeprefix("-").isdecimal() and len(cell) < 16 for cell in cells)
        return values.astype(np.int64) if whole else values
    place = int(np.flatnonzero(~np.isfinite(values))[0])
    cell = list(cells)[place].strip()
    if cell and math.isnan(values[place]) and cell.lower().lstrip("+-") != "nan":
        raise UserError(f"{path}: column {column!r} holds {cell[:30]!r} in row {first + place}, which is not a number; "
                        "correct it")
    raise UserError(f"{path}: column {column!r} has a missing or infinite value in row {first + place}; "
                    "correct it")


def number(cell: str) -> float:
    """A cell as a number; NaN if it is none."""
    try:
        return float(cell) if cell.isascii() and "_" not in cell else math.nan
    except ValueError:
        return math.nan
