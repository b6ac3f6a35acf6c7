"""The cells of a file of columns: its separator, its quotes, and what is not a row of it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from ..data_error import DataError
from .text_encoding import SNIFF_LENGTH

SEPARATORS = ("\t", ";", "|", ",")
"""What may separate cells; the comma is the last because it stands in numbers and texts too."""
ONE_COLUMN = "\x1f"
"""Separates nothing: it is not in any text."""
EXCEL_SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?[^\S\n]*\n', re.IGNORECASE)
"""The line with which Excel is told the separator."""
COMMENT = re.compile(r"^[^\S\n]*#.*\n?", re.MULTILINE)
NUMBER = re.compile(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?")
REGULAR_SHARE = 0.9
"""Share of rows of one length, from which what lies above them is a title."""
MAX_SHOWN_CHARACTERS = 40

Rows = list[list[str]]


class Cells(NamedTuple):
    """The rows of a file, all of one length, without blanks around their cells.

    Attributes:
        rows: The cells of each row; the first row may hold names.
        names: Names that a comment above the rows holds, as NumPy writes them; else None.
        notes: What a user should know of how they were read.
    """

    rows: Rows
    names: list[str] | None
    notes: tuple[str, ...]


def read_cells(text: str, path: Path | str) -> Cells:
    r"""Splits a text into rows of cells.

    Comments (lines that begin with `#` and are not rows like the others), the line `sep=;`, titles
    above the names and columns without any value at the end are left out.

    Args:
        text: The text, with `\n` at the ends of its lines.
        path: The file, for errors.

    Raises:
        DataError: If rows have more cells than the first one, or quotes are not closed.
    """
    separator, text = find_separator(text)
    text, names, notes = _without_comments(text, separator)
    rows, said = _parse_rows(text, separator, path)
    notes += said
    total = len(rows)
    while rows and not any(rows[-1]):
        rows.pop()
    if len(rows) < total:
        notes += (f"left out {total - len(rows):,} rows without any value at the end",)
    if not rows:
        raise DataError(f"{path} holds no rows")
    title = 0
    lengths = Counter(map(len, rows))
    length, often = max(lengths.items(), key=lambda item: item[::-1])
    while (
        length > 2
        and often >= REGULAR_SHARE * (len(rows) - title)
        and _count_filled(rows[title]) == 1
    ):
        title += 1
    if title:
        notes += (f"left out a title, {' '.join(filter(None, rows[0]))[:MAX_SHOWN_CHARACTERS]!r}",)
    return Cells(_pad_rows(rows[title:], path), names, notes)


def read_first_rows(text: str) -> Rows:
    """Returns the first rows of a text, of any length each, and without a row of names or with."""
    separator, text = find_separator(text)
    return _parse_leniently(COMMENT.sub("", text[:SNIFF_LENGTH]), separator)


def find_separator(text: str) -> tuple[str, str]:
    """Returns what separates the cells of a text, and the text behind a line that says it."""
    if found := EXCEL_SEPARATOR_LINE.match(text):
        return found[1], text[found.end() :]
    head = text[:SNIFF_LENGTH]
    if len(text) > SNIFF_LENGTH:
        head = head[: head.rfind("\n") + 1] or head
    lines = COMMENT.sub("", head)
    return _most_regular(lines if lines.strip() else head), text


def _most_regular(head: str) -> str:
    """Returns the separator by which most rows have as many cells as the first one."""
    shares = {}
    for separator in SEPARATORS:
        lengths = [len(row) for row in _parse_leniently(head, separator)]
        length, often = Counter(lengths).most_common(1)[0]
        share = often / len(lengths)
        if (length > 1 and lengths[0] > 1) or (
            length > 2 and share >= REGULAR_SHARE and len(lengths) > 2
        ):
            shares[separator] = share
    if not shares and _is_spaced(head):
        return " "
    return max(shares, key=lambda one: shares[one], default=ONE_COLUMN)


def _is_spaced(head: str) -> bool:
    """Says whether blanks separate as many values in each row, of which half are numbers."""
    rows = [line.split() for line in head.split("\n") if line.strip()]
    values = [cell for row in rows for cell in row]
    numbers = sum(map(bool, map(NUMBER.fullmatch, values)))
    return len(set(map(len, rows))) == 1 and len(rows[0]) > 1 and 2 * numbers >= len(values)


def _without_comments(text: str, separator: str) -> tuple[str, list[str] | None, tuple[str, ...]]:
    """Returns a text without comments, and the names that the last one above the rows holds.

    A line that begins with `#` is a row if it has as many cells as rows have and stands below one.
    """
    others = _parse_leniently(COMMENT.sub("", text[:SNIFF_LENGTH]), separator)
    length = Counter(map(len, others)).most_common(1)[0][0] if others else 0
    names, comments, kept, end = None, [], "", 0
    for match in COMMENT.finditer(text) if length else ():
        line = match[0].strip()
        kept += text[end : match.start()]
        (cells,) = _parse_leniently(line, separator)
        above = not kept.strip()
        like_a_row = len(cells) == length and (cells[0] == "#" or not above)
        within_a_text = not above and (length == 1 or kept.count('"') % 2)
        if like_a_row or within_a_text or (length == 1 and line[1:2] != " "):
            kept += match[0]
        else:
            comments.append(line)
            if len(cells) == length > 1:
                names = [cells[0].removeprefix("#").strip(), *cells[1:]]
        end = match.end()
    if not comments:
        return text, None, ()
    count = "1 comment" if len(comments) == 1 else f"{len(comments):,} comments"
    note = f"left out {count}, such as {comments[0][:MAX_SHOWN_CHARACTERS]!r}"
    return kept + text[end:], names, (note,)


def _parse_rows(text: str, separator: str, path: Path | str) -> tuple[Rows, tuple[str, ...]]:
    """Returns all rows; quotes that do not enclose cells are letters."""
    try:
        return list(_parse(text, separator, strict=True)), ()
    except csv.Error as error:
        said = error
    rows = list(_parse(text, separator, quoted=False))
    if len(set(map(len, rows))) == 1:
        note = "quotes that do not enclose a value are read as letters"
        return [[_without_quotes(cell) for cell in row] for row in rows], (note,)
    if text.count('"') % 2 == 0:
        rows = _parse_leniently(text, separator)
        if len(set(map(len, rows))) == 1:
            return rows, ()
    raise DataError(
        f"{path} is not a CSV file that can be read: a quote is not closed ({said})"
    ) from said


def _without_quotes(cell: str) -> str:
    enclosed = len(cell) > 1 and cell[0] == cell[-1] == '"'
    return cell[1:-1].replace('""', '"').strip() if enclosed else cell


def _parse_leniently(text: str, separator: str) -> Rows:
    try:
        return list(_parse(text, separator))
    except csv.Error:
        return [line.split(separator) for line in text.split("\n") if line.strip()]


def _parse(
    text: str, separator: str, strict: bool = False, quoted: bool = True
) -> Iterator[list[str]]:
    if separator == " ":
        text = re.sub(r"(?m)^[^\S\n]+|[^\S\n]+$", "", text)
    file = StringIO(text, newline="")
    for row in csv.reader(
        file,
        delimiter=separator,
        skipinitialspace=True,
        strict=strict,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    ):
        cells = [cell.strip() for cell in row]
        if len(cells) > 1 or any(cells):  # a blank line is no row
            yield cells


def _pad_rows(rows: Rows, path: Path | str) -> Rows:
    """Returns rows of the length of the first one; cells that are missing at the end are empty."""
    head, *below = rows
    length, longest = len(head), max(map(len, rows))
    if longest == length + 1 and length > 1 and all(len(row) == longest for row in below):
        firsts = [row[0] for row in below]
        if not any(row[-1] for row in below):  # a separator at the end of each line
            return [head, *(row[:-1] for row in below)]
        if len(set(firsts)) == len(firsts) and not any("." in first for first in firsts):
            return [["", *head], *below]  # R writes names of rows without a name above them
    for number, row in enumerate(rows, start=1):
        if any(row[length:]):
            raise DataError(
                f"{path} has {len(row)} values in row {number}, and {length} in the first one: "
                "put quotes around texts that hold separators"
            )
        row[length:] = [""] * (length - len(row))
    return rows


def _count_filled(row: list[str]) -> int:
    return sum(map(bool, row))
