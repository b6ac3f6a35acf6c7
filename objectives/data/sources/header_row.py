"""Decides whether the first row of a file holds the names of its columns."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise
from pathlib import Path

from ..data_error import DataError
from .column_names import normalize_label
from .csv_cells import Cells, Rows
from .source import has_declared_names

TEXT_COLUMN_NAMES = {
    *("text", "texts", "name", "names", "surname", "word", "sentence", "title", "message")
}
"""Usual names of a column of texts, in lower case."""
TARGET_COLUMN_NAMES = {
    *("target", "targets", "label", "labels", "class", "classes", "y", "outcome"),
    *("species", "variety", "diagnosis"),
}
"""Usual names of a target column, in lower case."""
LABEL_COLUMN_NAMES = ("label", "class", "target")
"""Usual names of a column with the classes of images, in lower case."""
PATH_COLUMN_NAMES = {"path", "file", "image", "filename"}
"""Usual names of a column with the paths of images, in lower case."""
USUAL_COLUMN_NAMES = {
    *TEXT_COLUMN_NAMES,
    *TARGET_COLUMN_NAMES,
    *PATH_COLUMN_NAMES,
    *("id", "index", "key", "origin", "category"),
}

EXAMPLE_YEAR = "2021"
MIN_COUNTING_NAMES = 5
"""A first row of numbers that count up holds names if it has at least this many numbers."""
MAX_EXAMINED_ROWS = 1000
MAX_REPEATED_VALUES = 50
IMAGE_SUFFIX = re.compile(r"\.(jpe?g|png|ppm|bmp|pgm|tiff?|webp|gif)$", re.IGNORECASE)
NUMBER_IN_ANY_FORMAT = re.compile(
    r"[-+(]?\s*[$€£¥₹]?\s*[-+]?[.,]?[0-9][0-9.,' \xa0\u202f]*(?:[eE][-+]?[0-9]+)?\s*\)?[$€£¥₹%‰°]?"
)
"""Matches a number in any format; enough to tell a number from a name."""
DECIMAL_LINES = re.compile(r"(?:-?[0-9]+(?:\.[0-9]*)?\n)*+")
CHARACTER_RUNS = ((re.compile("[0-9]+"), "9"), (re.compile(r"[^\W\d_]+"), "a"))


class AmbiguousHeaderError(DataError):
    """Raised if it is unclear whether the first row holds column names or values."""


def split_header(
    cells: Cells, path: Path | str, header: str | None, known: Collection[str] = ()
) -> tuple[list[str], Rows, tuple[str, ...]]:
    """Returns the names of the columns, the rows below the names, and notes.

    The first row holds names if `header` is `first`, and values if it is `none`. If `header` is
    None, the first row holds names if it contains one of the `known` names; otherwise the values
    decide. A file that declares its names has them in its first row. A column without a name is
    named by its position, such as `column 3`. A repeated name gets a number, such as `size.1`.
    """
    rows = cells.rows
    if has_declared_names(path) or any(normalize_label(cell) in known for cell in rows[0]):
        header = "first"
    if header is None:
        header = _infer_header(rows, path, cells.names is not None)
    notes: tuple[str, ...] = ()
    if header == "first":
        names, below = rows[0], [row for row in rows[1:] if row != rows[0]]
        if not below:
            raise DataError(f"{path} holds a line of names, but no rows below it")
        if (repeats := len(rows) - len(below)) > 1:
            notes = (f"the line of names is in it {repeats} times, and its copies are left out",)
        rows = below
    elif cells.names is not None:
        names = cells.names
        notes = ("the names of the columns are read from the comment above the rows",)
    else:
        names = [""] * len(rows[0])
        notes = ("it has no line of names: columns are called 'column 1' and so on",)
    distinct: list[str] = []
    for position, text in enumerate(names, start=1):
        base = name = " ".join(normalize_label(text).split()) or f"column {position}"
        number = 0
        while name in distinct:
            number += 1
            name = f"{base}.{number}"
        if number:
            notes += (f"several columns are called {base!r}: one of them is now {name!r}",)
        distinct.append(name)
    return distinct, rows, notes


def _infer_header(rows: Rows, path: Path | str, has_names_in_comment: bool) -> str:
    """Returns `first` if the first row holds names, or `none` if it holds values.

    It holds names if it differs from the rows below as names differ from values.
    """
    first = rows[0]
    below = [row for row in rows[1 : MAX_EXAMINED_ROWS + 1] if row != first]
    numbers = [str(number) for number in range(len(first))]
    if len(first) > 1 and first in (numbers, ["", *numbers[:-1]]):  # default names of pandas
        return "first"
    names: list[str] = []
    values: list[str] = []
    ambiguous: list[str] = []
    for index, cell in enumerate(first):
        column = [row[index] for row in below if row[index]]
        if not cell or not column:
            continue
        kind = _common_kind(column)
        counts = Counter(column)
        if kind is not None:
            (values if _is_of_kind(cell, kind) else names).append(cell)
        elif len(counts) <= MAX_REPEATED_VALUES and 2 * len(counts) <= len(column):
            (values if cell in counts else ambiguous).append(cell)
        elif counts[cell] > 1:
            values.append(cell)
        elif cell.lower() in USUAL_COLUMN_NAMES:
            ambiguous.append(cell)
    if names and not values:
        return "first"
    if _count_up(values) and (names or ambiguous or len(values) >= MIN_COUNTING_NAMES):
        return "first"
    if values and not names:
        if not _count_up(values) and first != ["0"]:
            return "none"
    elif not names and (ambiguous or has_names_in_comment or not below):
        return "none" if has_names_in_comment and not ambiguous else "first"
    raise AmbiguousHeaderError(
        f"{path} begins with {', '.join(first)[:60]!r}, which may be names or values: set "
        "`header=` first if they are names, `header=` none if they are values"
    )


def _count_up(cells: Sequence[str]) -> bool:
    """Returns whether cells are integers with a constant rise, starting at 0, 1 or a year."""
    if len(cells) < 2 or not all(cell.isdecimal() for cell in cells):
        return False
    if int(cells[0]) > 1 and len(str(int(cells[0]))) != len(EXAMPLE_YEAR):
        return False
    steps = {after - before for before, after in pairwise(map(int, cells))}
    return len(steps) == 1 and min(steps) > 0


def _common_kind(values: Sequence[str]) -> str | None:
    """Returns the kind that at least 90 % of the values share; None if they share none.

    A kind is `number`, `image`, or a `_character_pattern` that contains a digit.
    """
    lines = "\n".join(values) + "\n"
    if lines.count("\n") == len(values) and DECIMAL_LINES.fullmatch(lines):
        return "number"  # most columns of numbers, and the fastest test
    for kind in ("number", "image"):
        if sum(_is_of_kind(value, kind) for value in values) >= 0.9 * len(values):
            return kind
    pattern, count = Counter(map(_character_pattern, values)).most_common(1)[0]
    return pattern if "9" in pattern and count >= 0.9 * len(values) else None


def _is_of_kind(cell: str, kind: str) -> bool:
    if kind == "number":
        return NUMBER_IN_ANY_FORMAT.fullmatch(cell) is not None
    if kind == "image":
        return IMAGE_SUFFIX.search(cell) is not None
    return _character_pattern(cell) == kind


def _character_pattern(cell: str) -> str:
    """Returns a text with `9` for each run of digits and `a` for each run of letters.

    For `item-17`, this is `a-9`.
    """
    for run, symbol in CHARACTER_RUNS:
        cell = run.sub(symbol, cell)
    return cell
