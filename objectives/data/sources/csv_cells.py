"""Splits the bytes of a CSV file into cells: detects encoding, separator, quotes and comments."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from ..data_error import DataError

CONTROL_CHARACTER = re.compile("[\0-\x08\x0b\x0e-\x1f]")
SNIFF_LENGTH = 65536
MIN_UTF16_ZERO_SHARE = 0.4
"""Bytes are UTF-16 text if more than this share of every second byte is zero."""
ASCII_BYTES = bytes(range(128))
NON_ASCII_RUN = re.compile(rb"[\x80-\xff]{3,}")
"""Three non-ASCII bytes in a row, which are rare in Windows-1252 text."""
SEPARATORS = ("\t", ";", "|", ",")
"""Possible separators of cells. The comma comes last, because numbers and texts contain commas."""
ONE_COLUMN_SEPARATOR = "\x1f"
"""The separator of a file with one column: a character that does not occur in texts."""
EXCEL_SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?[^\S\n]*\n', re.IGNORECASE)
"""A first line such as `sep=;`, which tells Excel the separator."""
COMMENT_LINE = re.compile(r"^[^\S\n]*#.*\n?", re.MULTILINE)
SIMPLE_NUMBER = re.compile(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?")
MIN_REGULAR_SHARE = 0.9
"""If at least this share of the rows has the same length, shorter first lines are a title."""
MAX_SHOWN_CHARACTERS = 40
Rows = list[list[str]]


def decode_text(
    raw: bytes, path: Path | str, as_bytes: bool = False
) -> tuple[str, tuple[str, ...]]:
    """Decodes a file in UTF-8, UTF-16, Windows-1252 or Latin-1; returns the text, and notes.

    There is a note for the user if the encoding is not a Unicode encoding. All lines end with a
    line feed. If `as_bytes` is True, bytes that are not UTF-8 become surrogates, as Python does in
    file names.
    """
    if not raw.strip():
        raise DataError(f"{path} is empty")
    text, notes = _decode(raw, path, as_bytes)
    if CONTROL_CHARACTER.search(text, 0, SNIFF_LENGTH):
        raise DataError(f"{path} is not a text: save it as a CSV file in UTF-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise DataError(f"{path} is empty")
    return text, notes


def _decode(raw: bytes, path: Path | str, as_bytes: bool) -> tuple[str, tuple[str, ...]]:
    utf16 = _utf16_encoding(raw)
    try:
        if utf16 is not None:
            return raw.decode(utf16).removeprefix("\ufeff"), ()
        return raw.decode("utf-8-sig", "surrogateescape" if as_bytes else "strict"), ()
    except UnicodeDecodeError as error:
        if utf16 is not None:
            raise DataError(f"{path} is a broken text in UTF-16: save it in UTF-8") from error
    in_runs = sum(map(len, NON_ASCII_RUN.findall(raw)))
    if 2 * in_runs > len(raw.translate(None, ASCII_BYTES)):
        raise DataError(
            f"{path} is in an encoding that is neither UTF-8, UTF-16 nor Windows-1252: save it in "
            "UTF-8"
        )
    try:
        return raw.decode("cp1252"), ("it is not in UTF-8, and was read as Windows-1252",)
    except UnicodeDecodeError:
        return raw.decode("latin-1"), ("it is not in UTF-8, and was read as Latin-1",)


def _utf16_encoding(raw: bytes) -> str | None:
    """Returns the variant of UTF-16 that bytes are encoded in, or None for another encoding.

    The byte order mark decides; without this mark, the share of zero bytes decides.
    """
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    halves = raw[:SNIFF_LENGTH:2], raw[1:SNIFF_LENGTH:2]
    zeros = [half.count(0) for half in halves]
    if max(zeros) <= MIN_UTF16_ZERO_SHARE * len(halves[0]):
        return None
    return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"


class Cells(NamedTuple):
    """The cells of a file.

    Attributes:
        rows: Rows of equal length, with cells without surrounding blanks. The first row may hold
            names.
        names: The column names in a comment above the rows, as NumPy writes them; None if there is
            none.
        notes: Messages for the user about how the cells were read.
    """

    rows: Rows
    names: list[str] | None
    notes: tuple[str, ...]


def read_cells(text: str, path: Path | str) -> Cells:
    """Splits the text of a CSV file into rows of cells.

    It skips comments, which are lines that begin with `#` and do not look like rows. It also skips
    a first line `sep=;`, a title above the names, and empty rows at the end.
    """
    separator, text = find_separator(text)
    text, names, notes = _without_comments(text, separator)
    rows, quote_notes = _parse_rows(text, separator, path)
    notes += quote_notes
    total = len(rows)
    while rows and not any(rows[-1]):
        rows.pop()
    if len(rows) < total:
        notes += (f"left out {total - len(rows):,} rows without any value at the end",)
    if not rows:
        raise DataError(f"{path} holds no rows")
    title_rows = 0
    length, count = max(Counter(map(len, rows)).items(), key=lambda item: item[::-1])
    while (
        length > 2
        and count >= MIN_REGULAR_SHARE * (len(rows) - title_rows)
        and sum(map(bool, rows[title_rows])) == 1
    ):
        title_rows += 1
    if title_rows:
        title = " ".join(filter(None, rows[0]))[:MAX_SHOWN_CHARACTERS]
        notes += (f"left out a title, {title!r}",)
    return Cells(_pad_rows(rows[title_rows:], path), names, notes)


def read_first_rows(text: str) -> Rows:
    """Returns the first rows of a text, of any lengths. One of them may hold the column names."""
    separator, text = find_separator(text)
    return _parse_leniently(COMMENT_LINE.sub("", text[:SNIFF_LENGTH]), separator)


def find_separator(text: str) -> tuple[str, str]:
    """Returns the separator of a text, and the text without a first line such as `sep=;`."""
    if match := EXCEL_SEPARATOR_LINE.match(text):
        return match[1], text[match.end() :]
    head = text[:SNIFF_LENGTH]
    if len(text) > SNIFF_LENGTH:
        head = head[: head.rfind("\n") + 1] or head
    lines = COMMENT_LINE.sub("", head)
    return _most_regular_separator(lines if lines.strip() else head), text


def _most_regular_separator(head: str) -> str:
    shares = {}
    for separator in SEPARATORS:
        lengths = [len(row) for row in _parse_leniently(head, separator)]
        length, count = Counter(lengths).most_common(1)[0]
        share = count / len(lengths)
        has_title = length > 2 and share >= MIN_REGULAR_SHARE and len(lengths) > 2
        if (length > 1 and lengths[0] > 1) or has_title:
            shares[separator] = share
    if not shares and _is_separated_by_blanks(head):
        return " "
    return max(shares, key=lambda separator: shares[separator], default=ONE_COLUMN_SEPARATOR)


def _is_separated_by_blanks(head: str) -> bool:
    """Returns whether blanks separate the values.

    This is so if all rows have the same number of values, and at least half of all values are
    numbers.
    """
    rows = [line.split() for line in head.split("\n") if line.strip()]
    values = [cell for row in rows for cell in row]
    numbers = sum(map(bool, map(SIMPLE_NUMBER.fullmatch, values)))
    return len(set(map(len, rows))) == 1 and len(rows[0]) > 1 and 2 * numbers >= len(values)


def _without_comments(text: str, separator: str) -> tuple[str, list[str] | None, tuple[str, ...]]:
    """Returns a text without comments, the column names in the last comment, and notes.

    A line that begins with `#` is kept if it comes after a row and has as many cells as a row.
    """
    others = _parse_leniently(COMMENT_LINE.sub("", text[:SNIFF_LENGTH]), separator)
    length = Counter(map(len, others)).most_common(1)[0][0] if others else 0
    names, comments, kept, end = None, [], "", 0
    for match in COMMENT_LINE.finditer(text) if length else ():
        line = match[0].strip()
        kept += text[end : match.start()]
        (cells,) = _parse_leniently(line, separator)
        is_above = not kept.strip()
        is_row = len(cells) == length and (cells[0] == "#" or not is_above)
        is_in_text = not is_above and (length == 1 or kept.count('"') % 2)
        if is_row or is_in_text or (length == 1 and line[1:2] != " "):
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
    """Returns all rows of a text, and notes. Quotes that do not enclose a cell remain as text."""
    try:
        return list(_parse_csv(text, separator, strict=True)), ()
    except csv.Error as error:
        strict_error = error
    rows = list(_parse_csv(text, separator, quoted=False))
    if len(set(map(len, rows))) == 1:
        note = "quotes that do not enclose a value are read as letters"
        return [list(map(_without_quotes, row)) for row in rows], (note,)
    if text.count('"') % 2 == 0:
        rows = _parse_leniently(text, separator)
        if len(set(map(len, rows))) == 1:
            return rows, ()
    raise DataError(
        f"{path} is not a CSV file that can be read: a quote is not closed ({strict_error})"
    ) from strict_error


def _without_quotes(cell: str) -> str:
    is_enclosed = len(cell) > 1 and cell[0] == cell[-1] == '"'
    return cell[1:-1].replace('""', '"').strip() if is_enclosed else cell


def _parse_leniently(text: str, separator: str) -> Rows:
    try:
        return list(_parse_csv(text, separator))
    except csv.Error:
        return [line.split(separator) for line in text.split("\n") if line.strip()]


def _parse_csv(
    text: str, separator: str, strict: bool = False, quoted: bool = True
) -> Iterator[list[str]]:
    if separator == " ":
        text = re.sub(r"(?m)^[^\S\n]+|[^\S\n]+$", "", text)
    for row in csv.reader(
        StringIO(text, newline=""),
        delimiter=separator,
        skipinitialspace=True,
        strict=strict,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    ):
        cells = [cell.strip() for cell in row]
        if len(cells) > 1 or any(cells):  # skips blank lines
            yield cells


def _pad_rows(rows: Rows, path: Path | str) -> Rows:
    """Returns the rows, filled up with empty cells to the length of the first row."""
    head, *below = rows
    length, longest = len(head), max(map(len, rows))
    if longest == length + 1 and length > 1 and all(len(row) == longest for row in below):
        firsts = [row[0] for row in below]
        if not any(row[-1] for row in below):  # each line ends with a separator
            return [head, *(row[:-1] for row in below)]
        if len(set(firsts)) == len(firsts) and not any("." in first for first in firsts):
            return [["", *head], *below]  # R writes row names without a name above them
    for number, row in enumerate(rows, start=1):
        if any(row[length:]):
            raise DataError(
                f"{path} has {len(row)} values in row {number}, and {length} in the first one: "
                "put quotes around texts that hold separators"
            )
        row[length:] = [""] * (length - len(row))
    return rows
