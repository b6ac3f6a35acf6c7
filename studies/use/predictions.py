"""What a trained network has said of new input, and how it is shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table

from ..study.defaults import MAX_PRINTED_ROWS, MAX_PRINTED_ROWS_BESIDE_FILE
from .number_format import format_number

TOGETHER = ("probability", "class", "distance")
GIVEN_SHOWN = 2  # columns of the file on a terminal, such as an id


@dataclass(frozen=True)
class Predictions:
    """What a network has said of new input.

    Attributes:
        table: A row for each item, with `input`: its path, its row, or the text itself; of texts
            in files, `place`; and the columns of a file that are not features, such as an id. Of
            a classifier, `class` and `probability`, and likewise `second` and `third`; of a
            network that predicts numbers, `number`; both are called by the target where its
            column had a name. Of one that reconstructs, `error` and, if training kept a
            threshold, `anomaly`; of one that compares, `class` and the training items that are
            `nearest`, `second` and `third`, with class and distance. If some could not be read,
            `reason` says why, and their other cells are empty.
        unreadable: Why some could not be read, by their names.
        note: What is to be said of all of them, if anything.
        file: Where the table was written, if anywhere.
        given: The columns of the file that are not features.
    """

    table: pd.DataFrame
    unreadable: Mapping[str, str]
    note: str = ""
    file: Path | None = None
    given: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return repr(self.table) + (f"\n{self.note}" if self.note else "")

    def __rich__(self) -> RenderableType:
        """Returns the first rows; what goes together, such as a class and its probability."""
        most = MAX_PRINTED_ROWS if self.file is None else MAX_PRINTED_ROWS_BESIDE_FILE
        groups: dict[str, list[str]] = {}
        for name in map(str, self.table):
            if name not in self.given[GIVEN_SHOWN:]:
                groups.setdefault(self._shown_with(name), []).append(name)
        shown = Table(*groups, box=None)
        for row in self.table[:most].to_dict("records"):
            cells = [[_cell(name, row[name]) for name in names] for names in groups.values()]
            shown.add_row(*map(" ".join, cells))
        lines = [self.note] if self.note else []
        if len(self.table) > most:
            where = "--out writes all" if self.file is None else f"all are in {self.file}"
            lines.insert(0, f"and {len(self.table) - most:,} more; {where}")
        return Group(shown, *lines)

    def _shown_with(self, name: str) -> str:
        """Returns the column that another is shown in, such as a class with its probability."""
        first, _, rest = name.rpartition("_")
        return first if rest in TOGETHER and first in self.table else name

    def to_json(self) -> str:
        """Returns the table as an array of JSON, an object for each item."""
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict("records")
        return json.dumps(rows, indent=2, ensure_ascii=False)


def _cell(column: str, value: object) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3f}" if column.endswith("probability") else format_number(value)
