"""Predictions of a trained network for new items."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, isfinite, log10
from pathlib import Path

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table

from ..display.result import Result
from ..study.defaults import MAX_PRINTED_ROWS, MAX_PRINTED_ROWS_BESIDE_FILE

DIGITS = 6
MAX_DIGITS = 17
"""Digits that tell any two floats apart."""


def round_significant(value: float, unit: float = 0.0) -> float:
    """Returns a number rounded to six digits, or to as many as show a millionth of a unit.

    The unit is a scale of differences, such as a standard deviation; 0 if it is not known.

    Example:
        >>> round_significant(1_000_000_123.4567891, unit=100.0), round_significant(0.123456789)
        (1000000123.4568, 0.123457)
    """
    digits = DIGITS
    if unit > 0 and value and isfinite(value):
        digits = min(MAX_DIGITS, max(DIGITS, DIGITS + ceil(log10(abs(value) / unit))))
    return float(f"{value:.{digits}g}")


def format_number(value: float) -> str:
    """Returns a rounded number as text: four digits, or all if it has more than six digits.

    Example:
        >>> format_number(0.123457), format_number(1000000123.4568)
        ('0.1235', '1000000123.4568')
    """
    digits = len(f"{value!r}".partition("e")[0].replace(".", "").strip("-0"))
    return f"{value:.{digits if digits > DIGITS else 4}g}"


JOINED_SUFFIXES = ("probability", "class", "distance")
MAX_ITEM_COLUMNS = 2
"""Maximum number of columns of the input file, such as an id, that are printed."""


@dataclass(frozen=True, repr=False)
class Predictions(Result):
    """Predictions of a trained network for new items.

    Attributes:
        table: A row for each item. The column `input` has the path, the row or the text. The
            column `place` says where in a file a text is. Columns of a file that are not
            features, such as an id, come next. The other columns depend on the network:

            - A classifier has `class` and `probability`, then `second` and `third` with theirs.
            - A network that predicts numbers has `number`.
            - An autoencoder has `error`, and `anomaly` if training saved a threshold.
            - A network that compares items has `class`, and the training items that are
              `nearest`, `second` and `third`, each with its class and distance.

            If the target has a name, it replaces `class` or `number`. If some items could not be
            read, the column `reason` says why, and their other cells are empty.
        unreadable: The reasons why items could not be read, by the names of the items.
        note: How to read the table; may be empty.
        file: The file that the table was written to, if any.
        item_columns: The columns of the input file that are not features.
    """

    table: pd.DataFrame
    unreadable: Mapping[str, str]
    note: str = ""
    file: Path | None = None
    item_columns: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{self.table!r}\n{self.note}".rstrip()

    def __rich__(self) -> RenderableType:
        n_rows = MAX_PRINTED_ROWS if self.file is None else MAX_PRINTED_ROWS_BESIDE_FILE
        columns: dict[str, list[str]] = {}
        for name in map(str, self.table):
            if name not in self.item_columns[MAX_ITEM_COLUMNS:]:
                columns.setdefault(self._joined_with(name), []).append(name)
        shown = Table(*columns, box=None)
        for row in self.table[:n_rows].to_dict("records"):
            cells = {str(name): _format_cell(str(name), value) for name, value in row.items()}
            shown.add_row(*(" ".join(cells[name] for name in names) for names in columns.values()))
        lines = [self.note] if self.note else []
        if len(self.table) > n_rows:
            where = "`out=` writes all" if self.file is None else f"all are in {self.file}"
            lines.insert(0, f"and {len(self.table) - n_rows:,} more; {where}")
        if self.file is not None:
            lines.append(f"wrote {self.file}")
        return Group(shown, *lines)

    def _joined_with(self, name: str) -> str:
        """Returns the printed column that shows a column: `second` shows `second_probability`."""
        first, _, suffix = name.rpartition("_")
        return first if suffix in JOINED_SUFFIXES and first in self.table else name

    def to_json(self) -> str:
        """Returns the table as a JSON array with an object for each item."""
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict("records")
        return json.dumps(rows, indent=2, ensure_ascii=False)


def _format_cell(column: str, value: object) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3f}" if column.endswith("probability") else format_number(value)
