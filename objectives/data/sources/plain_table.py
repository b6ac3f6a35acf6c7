"""Plain tables: CSV files without quotes and comments, whose numbers a C parser reads."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....models.data_spec import Column
from ..data_error import MAX_COLUMNS, DataError
from .column_scan import ColumnScan, has_special_bytes
from .column_types import MAX_CATEGORIES, MISSING_NUMBER_WORDS
from .csv_cells import ONE_COLUMN_SEPARATOR, SNIFF_LENGTH, Cells, decode_text, find_separator
from .header_row import (
    MAX_EXAMINED_ROWS,
    TARGET_COLUMN_NAMES,
    TEXT_COLUMN_NAMES,
    split_header,
)
from .source import TableOptions

if TYPE_CHECKING:
    from pandas import DataFrame

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
CHUNK_BYTES = 2**17
"""How much is scanned at once: arrays of this size stay in the caches of a processor."""
CHUNK_CELLS = 2**20
"""How many cells are parsed at once: pandas takes milliseconds to begin, and all at once doubles
the memory."""


class ParsedColumns(NamedTuple):
    """The columns of a file before their texts are typed.

    Attributes:
        names: All columns.
        texts: Columns of text without surrounding blanks; N rows.
        numbers: The other columns, which hold plain numbers, as float64 of shape (N,). A missing
            number is NaN.
        kinds: How the columns of numbers are read.
        notes: Notes for the user on how the file was read.
    """

    names: tuple[str, ...]
    texts: DataFrame
    numbers: dict[str, NDArray[np.float64]]
    kinds: dict[str, Column]
    notes: tuple[str, ...]


def read_plain_table(file: BinaryIO, path: Path, options: TableOptions) -> ParsedColumns | None:
    """Returns the columns of a plain table in an open file; None if the file is another one.

    A plain table has no quotes and no comments, and all its rows have the same number of cells. A
    column is read as numbers only if it would be the same numbers as text.
    """
    head = _read_head(file, path, options.header)
    if head is None:
        return None
    file.seek(head.start)
    scan = ColumnScan(head.separator, len(head.names))
    if not all(map(scan.add_lines, _read_lines(file))) or not scan.last_row_has_values:
        return None
    is_text = scan.is_text | ~scan.has_number | (scan.has_point & ~scan.is_unambiguous)
    for index, name in enumerate(head.names):
        is_text[index] |= _must_be_text(name, options)
        if scan.has_point[index] and head.has_few_values(index):
            is_text[index] = True  # texts such as 1.1 and 1.10 may be versions
    file.seek(head.start)
    try:
        return _parse_columns(file, head, scan, is_text)
    except (OSError, ValueError):  # the file has changed
        return None


class _Head(NamedTuple):
    names: tuple[str, ...]
    header: Sequence[str] | None
    """The line of names as it is in the file, if any."""
    rows: list[list[str]]
    start: int
    """The position of the first row in the file."""
    separator: str
    notes: tuple[str, ...]

    def has_few_values(self, index: int) -> bool:
        """Returns whether a column may have few different values, as categories have."""
        distinct = {row[index] for row in self.rows}
        return sum(text.lower() not in MISSING_NUMBER_WORDS for text in distinct) <= MAX_CATEGORIES


def _read_head(file: BinaryIO, path: Path, header: str | None) -> _Head | None:
    """Returns the names and the first rows of a table; None if it is not plain."""
    raw = b"".join(islice(file, MAX_EXAMINED_ROWS + 1))
    raw += file.read(4 * SNIFF_LENGTH) + file.readline()
    start = len(BYTE_ORDER_MARK) if raw.startswith(BYTE_ORDER_MARK) else 0
    if has_special_bytes(raw.replace(b"\r\n", b"\n")):
        return None
    try:
        text, notes = decode_text(raw, path)
        separator, rest = find_separator(text)
        lines = text.removesuffix("\n").split("\n")[: MAX_EXAMINED_ROWS + 1]
        rows = [[cell.strip() for cell in line.split(separator)] for line in lines]
        width, values = len(rows[0]), sum(map(bool, rows[0]))
        if notes or rest != text or separator in (" ", ONE_COLUMN_SEPARATOR):
            return None
        if not 1 < width <= MAX_COLUMNS:
            return None
        if set(map(len, rows)) != {width} or (width > 2 and values == 1):  # it may be a title
            return None
        names, below, notes = split_header(Cells(rows, None, ()), path, header)
    except DataError:  # whoever reads the whole file finds the right error
        return None
    if len(below) < len(rows):
        start += raw[start:].index(b"\n") + 1
    return _Head(
        tuple(names), rows[0] if len(below) < len(rows) else None, below, start, separator, notes
    )


def _read_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yields the rest of a file in chunks of whole lines."""
    while raw := file.read(CHUNK_BYTES) + file.readline():
        raw = raw if raw.endswith(b"\n") else raw + b"\n"
        yield raw.replace(b"\r\n", b"\n") if b"\r" in raw else raw


def _must_be_text(name: str, options: TableOptions) -> bool:
    """Returns whether rules depend on the texts of a column, even if they are numbers."""
    named = (options.target, options.text, options.group, *options.as_category)
    return name in named or name.lower() in TEXT_COLUMN_NAMES | TARGET_COLUMN_NAMES


def _parse_columns(
    file: BinaryIO, head: _Head, scan: ColumnScan, is_text: NDArray[np.bool_]
) -> ParsedColumns | None:
    """Returns the columns of a table; None if the line of names comes again."""
    import pandas as pd

    numbers = {int(i): np.empty(scan.rows) for i in np.flatnonzero(~is_text)}
    texts: dict[int, Any] = {int(i): np.empty(scan.rows, object) for i in np.flatnonzero(is_text)}
    gaps: dict[Any, Any] = {
        index: [*words] for index, words in scan.gaps.items() if index in numbers and words
    }
    end = 0
    for chunk in pd.read_csv(
        file,
        sep=head.separator,
        header=None,
        dtype=dict.fromkeys(texts, object),
        na_filter=bool(gaps),
        na_values=gaps,
        keep_default_na=False,
        quoting=csv.QUOTE_NONE,
        chunksize=max(1, CHUNK_CELLS // len(head.names)),
    ):
        start, end = end, end + len(chunk)
        for index in range(len(head.names)):
            (numbers if index in numbers else texts)[index][start:end] = chunk[index]
    if end != scan.rows:
        return None
    texts = {index: _strip(values) for index, values in texts.items()}
    if head.header is not None and _has_row(head.header, numbers, texts):
        return None
    names = head.names
    has_values = {i for i in texts if texts[i].any() or not names[i].startswith("column ")}
    return ParsedColumns(
        tuple(n for i, n in enumerate(names) if i not in texts or i in has_values),
        pd.DataFrame({names[i]: texts[i] for i in texts if i in has_values}, dtype=object),
        {names[i]: values for i, values in numbers.items()},
        {names[i]: Column(names[i], "number", "." if scan.has_point[i] else "") for i in numbers},
        head.notes,
    )


def _strip(texts: NDArray[Any]) -> NDArray[Any]:
    import pandas as pd

    codes, distinct = pd.factorize(texts)
    return np.array([text.strip() for text in distinct], dtype=object)[codes]


def _has_row(
    row: Sequence[str],
    numbers: Mapping[int, NDArray[np.float64]],
    texts: Mapping[int, NDArray[Any]],
) -> bool:
    """Returns whether a row of texts may be among the rows of a table."""
    is_equal = np.array(True)
    for index, values in numbers.items():
        if row[index].lower() in MISSING_NUMBER_WORDS:
            is_equal = is_equal & np.isnan(values)
            continue
        try:
            is_equal = is_equal & (values == float(row[index]))
        except ValueError:
            return False
    for index, values in texts.items():
        is_equal = is_equal & (values == row[index])
    return bool(is_equal.any())
