"""Ranks of neurons, a column an attribute (1 = most similar), and the other tables of step 4 beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from framework.errors import UserError
from framework.files.opening import PathLike
from framework.files.record import Output, Record
from framework.files.tables import read_table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MADE_BY = "rsa_searchlight.py (step 4)"


def table_path(rank_path: PathLike, table: str) -> Path:
    """Where a table that accompanies ranks stands: ``ranks.csv`` -> ``ranks_tau.csv``."""
    return Path(rank_path).with_name(f"{Path(rank_path).stem}_{table}.csv")


def write(output: Output, ranks: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> None:
    """Write the tables beside the ranks, by the names that `table_path` takes, then the ranks."""
    for name, table in tables.items():
        output.write_table(table_path(output.path, name), table)
    output.write_table(output.path, ranks)


def read(path: PathLike) -> tuple[dict[str, np.ndarray], Record]:
    """The ranks that step 4 wrote, or a table of the same form, checked; and what made them, if that is known.

    Each column becomes an array [N], float64.
    """
    table = read_table(path, made_by=MADE_BY, of=path)
    for name in table.columns:
        if table[name].min() < 0 or table[name].max() <= 1:  # tau, p or q: the tables that stand beside the ranks
            raise UserError(f"{path}: column {name!r} does not hold ranks (1 = most similar); give the table of ranks "
                            f"that {MADE_BY} writes")
    return {name: table[name].to_numpy(float) for name in table.columns}, Record.read(path)


def read_beside(rank_path: PathLike, table: str, columns: list[str] | tuple[str, ...] = (),
                words: tuple[str, ...] = ()) -> pd.DataFrame | None:
    """A table beside ranks, as `read_table` reads it; None where it is not there."""
    path = table_path(rank_path, table)
    return read_table(path, columns, words, of=rank_path) if path.exists() else None
