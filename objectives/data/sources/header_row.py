"""Whether the first row of a file holds the names of its columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise
from pathlib import Path

from ..data_error import DataError
from .csv_cells import Cells, Rows
from .normalize_label import normalize_label

TEXT_COLUMN_NAMES = {
    "text",
    "texts",
    "name",
    "names",
    "surname",
    "word",
    "sentence",
    "title",
    "message",
}
"""What people call the column of texts, in lower case."""
TARGET_COLUMN_NAMES = {
    *("target", "targets", "label", "labels", "class", "classes", "y", "outcome"),
    *("species", "variety", "diagnosis"),
}
"""What people call the column that is to be predicted, in lower case."""
PATH_COLUMN_NAMES = {"path", "file", "image", "filename"}
"""What people call the column of paths of images, in lower case."""
USUAL_COLUMN_NAMES = (
    TEXT_COLUMN_NAMES
    | TARGET_COLUMN_NAMES
    | PATH_COLUMN_NAMES
    | {"id", "index", "key", "origin", "category"}
)

YEAR = "2021"
MIN_COUNTING_NAMES = 5
"""Numbers that count up in the first row: so many are places, fewer may be values."""
MAX_EXAMINED_ROWS = 1000
MAX_REPEATED_VALUES = 50
IMAGE_SUFFIX = re.compile(r"\.(jpe?g|png|ppm|bmp|pgm|tiff?|webp|gif)$", re.IGNORECASE)
NUMBER = re.compile(
    r"[-+(]?\s*[$€£¥₹]?\s*[-+]?[.,]?[0-9][0-9.,' \xa0\u202f]*(?:[eE][-+]?[0-9]+)?\s*\)?[$€£¥₹%‰°]?"
)
"""A number in any writing, as far as it tells a name from a value."""
CHARACTER_RUNS = ((re.compile("[0-9]+"), "9"), (re.compile(r"[^\W\d_]+"), "a"))


class AmbiguousHeaderError(DataError):
    """A first row of which it cannot be decided whether it holds names."""


def split_header(
    cells: Cells, path: Path | str, header: str | None, known: Collection[str] = ()
) -> tuple[list[str], Rows, tuple[str, ...]]:
    """Returns the names of the columns, the rows without them, and notes.

    Columns without a name are called by their place, `column 3`; of several with one name, all but
    the first get a number, `size.1`.

    Args:
        cells: All rows.
        path: The file, for errors.
        header: `first` or `none`, if a user has said it; else it is decided by looking.
        known: Names that columns are known to have, of which one shows a row of names.

    Raises:
        AmbiguousHeaderError: If it cannot be decided.
        DataError: If there are no rows below the names.
    """
    rows = cells.rows
    if any(normalize_label(cell) in known for cell in rows[0]):
        header = "first"
    if header is None:
        header = _infer_header(rows, path, cells.names is not None)
    if header == "first":
        names, below = rows[0], [row for row in rows[1:] if row != rows[0]]
        if not below:
            raise DataError(f"{path} holds a line of names, but no rows below it")
        again = len(rows) - len(below)
        said = f"the line of names stands in it {again} times, and was left out"
        return _make_distinct(names, (said,) if again > 1 else (), below)
    if cells.names is not None:
        return _make_distinct(cells.names, ("the names stand in a comment above the rows",), rows)
    note = "there is no line of names: columns are called 'column 1' and so on"
    return _make_distinct([""] * len(rows[0]), (note,), rows)


def _make_distinct(
    names: Sequence[str], notes: tuple[str, ...], rows: Rows
) -> tuple[list[str], Rows, tuple[str, ...]]:
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        one = " ".join(normalize_label(name).split()) or f"column {place}"
        number, first = 0, one
        while one in found:
            number += 1
            one = f"{first}.{number}"
        if number:
            notes += (f"several columns are called {first!r}: one of them is now {one!r}",)
        found.append(one)
    return found, rows, notes


def _infer_header(rows: Rows, path: Path | str, named: bool) -> str:
    """Returns `first` if the first row differs from those below as names do, `none` if not."""
    first = rows[0]
    below = [row for row in rows[1 : MAX_EXAMINED_ROWS + 1] if row != first]
    if _are_default_names(first):
        return "first"
    as_names: list[str] = []
    as_values: list[str] = []
    perhaps: list[str] = []
    for place, cell in enumerate(first):
        values = [row[place] for row in below if row[place]]
        if not cell or not values:
            continue
        kind = _common_kind(values)
        if kind is not None:
            (as_values if _is_of_kind(cell, kind) else as_names).append(cell)
        elif (
            (found := Counter(values))
            and len(found) <= MAX_REPEATED_VALUES
            and 2 * len(found) <= len(values)
        ):
            (as_values if cell in found else perhaps).append(cell)
        elif cell in found and found[cell] > 1:
            as_values.append(cell)
        elif cell.lower() in USUAL_COLUMN_NAMES:
            perhaps.append(cell)
    if as_names and not as_values:
        return "first"
    if _are_counting(as_values) and (as_names or perhaps or len(as_values) >= MIN_COUNTING_NAMES):
        return "first"
    if as_values and not as_names:
        if not _are_counting(as_values) and first != ["0"]:
            return "none"
    elif not as_names and (perhaps or named or not below):
        return "none" if named and not perhaps else "first"
    raise AmbiguousHeaderError(
        f"{path} begins with {', '.join(first)[:60]!r}, which may be names or values: say "
        "`header=` first or `header=` none"
    )


def _are_default_names(first: Sequence[str]) -> bool:
    """Says whether names are the numbers that pandas gives to columns without names."""
    return len(first) > 1 and list(first) in (
        [str(number) for number in range(len(first))],
        ["", *(str(number) for number in range(len(first) - 1))],
    )


def _are_counting(cells: Sequence[str]) -> bool:
    """Says whether numbers count up evenly, such as years or places in the names of columns."""
    if len(cells) < 2 or not all(cell.isdecimal() for cell in cells):
        return False
    if int(cells[0]) > 1 and len(str(int(cells[0]))) != len(YEAR):
        return False
    numbers = list(map(int, cells))
    steps = {after - before for before, after in pairwise(numbers)}
    return len(steps) == 1 and min(steps) > 0


def _common_kind(values: Sequence[str]) -> str | None:
    """Returns what nearly all values are: numbers, images, or of one shape with digits in it."""
    for kind in ("number", "image"):
        if sum(_is_of_kind(value, kind) for value in values) >= 0.9 * len(values):
            return kind
    shape, often = Counter(map(_character_pattern, values)).most_common(1)[0]
    return shape if "9" in shape and often >= 0.9 * len(values) else None


def _is_of_kind(cell: str, kind: str) -> bool:
    if kind == "number":
        return NUMBER.fullmatch(cell) is not None
    if kind == "image":
        return IMAGE_SUFFIX.search(cell) is not None
    return _character_pattern(cell) == kind


def _character_pattern(cell: str) -> str:
    """Returns a text with runs of digits as `9` and runs of letters as `a`: `a-9` of `item-17`."""
    for run, short in CHARACTER_RUNS:
        cell = run.sub(short, cell)
    return cell
