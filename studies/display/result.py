"""Base classes of the results that public functions return."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console, RenderableType
    from rich.table import Table

DEFAULT_WIDTH = 160  # columns, if there is no terminal
HTML_TEMPLATE = '<pre style="white-space: pre; overflow-x: auto">{code}</pre>'


class Result(ABC):
    """A result: programs read its fields, and people see it as text and tables.

    A subclass is a frozen dataclass with `repr=False`. Its method `__rich__` defines what
    terminals and notebooks show.
    """

    @abstractmethod
    def __rich__(self) -> "RenderableType":
        """Returns what is printed: a text, a table, or a group of texts and tables."""

    def __str__(self) -> str:
        file = StringIO()
        _make_console(file).print(self, soft_wrap=True)
        return "\n".join(line.rstrip() for line in file.getvalue().rstrip().splitlines())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        console = _make_console(StringIO(), record=True)
        console.print(self, soft_wrap=True)
        return console.export_html(code_format=HTML_TEMPLATE, inline_styles=True)


@dataclass(frozen=True, repr=False)
class FolderResult(Result):
    """A result whose files are in a folder.

    Attributes:
        folder: The folder with the files.
    """

    folder: Path

    @property
    def figures(self) -> list[Path]:
        """The paths of the figures in the folder, sorted."""
        return sorted(self.folder.glob("*.png"))

    def lines(self) -> Sequence["RenderableType"]:
        """Returns the texts and tables to print.

        If there are none, the paths of the figures are printed.
        """
        return ()

    def __rich__(self) -> "RenderableType":
        from rich.console import Group

        lines = self.lines()
        written = [self.folder] if lines else self.figures
        return Group(*lines, *(f"wrote {path}" for path in written))


def frame_table(
    frame: "pd.DataFrame", formats: Mapping[str, Callable[[Any], str]] | None = None
) -> "Table":
    """Returns a table with the columns of a DataFrame; a named index is the first column.

    Args:
        frame: The DataFrame.
        formats: For some columns, a function that returns a value as text; the default is `str`.
    """
    from rich.table import Table

    formats = formats or {}
    if frame.index.name is not None:
        frame = frame.reset_index()
    table = Table(*map(str, frame.columns), box=None)
    for row in frame.to_dict("records"):
        table.add_row(*(formats.get(str(name), str)(value) for name, value in row.items()))
    return table


def rows_to_json(frame: "pd.DataFrame") -> str:
    """Returns a JSON array with an object for each row; missing values are null."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return json.dumps(rows, indent=2, ensure_ascii=False)


def _make_console(file: StringIO, record: bool = False) -> "Console":
    from .terminal import EscapingConsole

    return EscapingConsole(
        file=file,
        width=DEFAULT_WIDTH,
        record=record,
        highlight=False,
        markup=False,
        force_jupyter=False,  # in a notebook, it would print beside the file too
    )
