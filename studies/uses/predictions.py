"""What a trained network has said of new input, and how it is shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table

from ..defaults import PREDICTED, PREDICTED_BRIEFLY
from .rounding import shortened


@dataclass(frozen=True)
class Predictions:
    """What a network has said of new input.

    Attributes:
        table: A row for each item, with `input`: its path, its row, or the text itself. Of a
            classifier, `class` and `probability`, and likewise `second` and `third`; of a network
            that predicts numbers, `number`; of one that reconstructs, `error` and, if training
            kept a threshold, `anomaly`; of one that compares, `class` and the training items
            that are `nearest`, `second` and `third`, with class and distance.
        unread: Why other items could not be read, by their paths.
        use: The verb of the command line that uses such a network next.
        note: What is to be said of all of them, if anything.
        file: Where the table was written, if anywhere.
    """

    table: pd.DataFrame
    unread: Mapping[str, str]
    use: str
    note: str = ""
    file: Path | None = None

    def __repr__(self) -> str:
        return repr(self.table) + (f"\n{self.note}" if self.note else "")

    def __rich__(self) -> RenderableType:
        """Returns the first rows; what goes together, such as a class and its probability."""
        most = PREDICTED if self.file is None else PREDICTED_BRIEFLY
        groups: dict[str, list[str]] = {}
        for name in map(str, self.table):
            groups.setdefault(name.partition("_")[0], []).append(name)
        shown = Table(*groups, box=None)
        for row in self.table[:most].to_dict("records"):
            cells = [[_cell(name, row[name]) for name in names] for names in groups.values()]
            shown.add_row(*map(" ".join, cells))
        lines = [self.note] if self.note else []
        if len(self.table) > most:
            where = "--out writes all" if self.file is None else f"all are in {self.file}"
            lines.insert(0, f"and {len(self.table) - most:,} more; {where}")
        return Group(shown, *lines)

    def to_json(self) -> str:
        """Returns the table as an array of JSON, an object for each item."""
        return json.dumps(self.table.to_dict("records"), indent=2, ensure_ascii=False)


def _cell(column: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3f}" if column.endswith("probability") else shortened(value)
