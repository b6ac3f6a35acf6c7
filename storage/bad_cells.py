"""Checking each cell of Optuna's tables before Optuna reads them.

SQLite allows any value in any column, and Optuna does not check the values that it reads.
"""

import shlex
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cell_checks import cell_error
from .optuna_internals import tables
from .row_checks import DatabaseRows

MAX_SHOWN = 60


class InvalidText(bytes):
    """A text of the database that is not UTF-8."""


@dataclass(frozen=True)
class BadCell:
    """A cell with a value that Optuna would not have written there.

    Attributes:
        table: Its table.
        column: Its column.
        row: The number of its row, SQLite's `rowid`.
        owner: The study or trial of the row, as text; may be empty.
        value: Its value.
        why: The error of the value.
    """

    table: str
    column: str
    row: int
    owner: str
    value: Any
    why: str

    def __str__(self) -> str:
        shown = "NULL" if self.value is None else ascii(self.value)
        if len(shown) > MAX_SHOWN:
            shown = f"{shown[:MAX_SHOWN]}..."
        owner = f" ({self.owner})" if self.owner else ""
        return f"{self.table}.{self.column} of row {self.row}{owner} is {shown}: {self.why:.200}"

    def way_out(self, database: Path) -> str:
        """Returns advice for the user, with the command that removes the row."""
        remove = f"DELETE FROM {self.table} WHERE rowid = {self.row}"  # noqa: S608 - only shown
        command = shlex.join(["sqlite3", str(database), remove])
        return (
            f"correct it, restore a backup, or copy the database and remove the row by: {command}"
        )


def find_bad_cells(connection: sqlite3.Connection) -> Iterator[BadCell]:
    """Yields each cell that is missing or that Optuna would not have written.

    Args:
        connection: A database with Optuna's tables of the installed version.

    Raises:
        sqlite3.DatabaseError: If a table or a column is missing.
    """
    connection.text_factory = _decode_text
    whole = DatabaseRows(connection)
    for name, table in tables().items():
        for row in whole.rows[name]:
            errors = [(c.name, why) for c in table.columns if (why := cell_error(c, row[c.name]))]
            for column, why in errors or whole.row_errors(name, row):
                yield BadCell(name, column, row["rowid"], whole.owner(row), row[column], why)


def _decode_text(content: bytes) -> str | InvalidText:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return InvalidText(content)
