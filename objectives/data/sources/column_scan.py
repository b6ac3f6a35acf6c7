"""ColumnScan: which columns of a CSV file hold plain numbers, by the bytes of all their cells."""

import csv
from collections.abc import Collection
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from .column_types import MISSING_NUMBER_WORDS
from .number_format import hold_plain_numbers

SPECIAL_BYTES = (b'"', b"#", b"\r", b"\0")
MAX_EXACT_DIGITS = 15
"""Integers of at most so many digits are exact in float64."""
GAP_WORDS = frozenset(MISSING_NUMBER_WORDS) - {"."}
"""Texts that mark a missing number, in lower case, and are not read as a decimal point."""
ZERO, DIGIT, MINUS, OTHER, POINT, SEPARATOR, LINE_END = range(7)
"""Codes of bytes in their order: digits are below MINUS, ends of cells above POINT."""


class ColumnScan:
    """What the bytes of all cells tell about their columns; each array has shape (columns,).

    Attributes:
        is_text: Whether a cell is neither a plain number nor a gap.
        has_number: Whether a cell is a plain number.
        gaps: The texts that mark a missing number, by column.
        has_point: Whether a cell has a decimal point.
        is_unambiguous: Whether a number is not like 1.234, which may be a thousand or a fraction.
        rows: Number of rows.
        last_row_has_values: Whether the last row has a cell that is not empty.
    """

    def __init__(self, separator: str, width: int) -> None:
        self.is_text, self.has_number = np.zeros((2, width), dtype=bool)
        self.has_point, self.is_unambiguous = np.zeros((2, width), dtype=bool)
        self.gaps: dict[int, set[str]] = {}
        self.rows, self.last_row_has_values = 0, False
        codes = bytearray([OTHER]) * 256
        codes[ord("0") : ord("9") + 1] = bytes([ZERO, *[DIGIT] * 9])
        for byte, code in (("-", MINUS), (".", POINT), (separator, SEPARATOR), ("\n", LINE_END)):
            codes[ord(byte)] = code
        self._codes, self._width, self._separator = bytes(codes), width, separator.encode()

    def add_lines(self, raw: bytes) -> bool:
        """Scans whole lines; returns whether they are rows of a plain table."""
        if has_special_bytes(raw) or not _is_utf8(raw):
            return False
        lines = b"\n" + raw + b"\n\n"  # every cell follows an end, and has three bytes behind it
        codes = np.frombuffer(lines.translate(self._codes), np.uint8)
        marks = np.flatnonzero(codes[:-2] >= POINT)
        end_marks = np.flatnonzero(codes.take(marks) > POINT)
        bounds = marks.take(end_marks)
        starts, ends = bounds[:-1] + 1, bounds[1:]
        lengths, points = ends - starts, np.diff(end_marks) - 1
        if not self._are_rows(codes.take(ends)) or lengths.max() > csv.field_size_limit():
            return False
        self.rows += len(ends) // self._width
        first, second, third = (codes.take(starts + position) for position in range(3))
        is_negative, has_point = first == MINUS, points > 0
        is_odd = (points > 1) | (codes.take(ends - 1) >= MINUS)
        is_odd |= (first == ZERO) & (second < MINUS)  # 007
        is_odd |= is_negative & (second == ZERO) & (third != POINT)  # -0, which no integer is
        is_odd |= ~has_point & (lengths > MAX_EXACT_DIGITS)
        is_odd[np.searchsorted(bounds, _find_odd_bytes(codes)) - 1] = True
        is_gap = lengths == 0
        for column in np.flatnonzero(self._any(is_gap)).tolist():
            self.gaps.setdefault(column, set()).add("")
        is_odd &= ~is_gap
        self.has_number |= self._any(~is_odd & ~is_gap)
        self._add_odd_cells(lines, is_odd, starts, ends)
        self.has_point |= self._any(has_point)
        if (self.has_point & ~self.is_unambiguous & ~self.is_text).any():
            fractions = ends - 1 - marks.take(end_marks[1:] - 1)
            is_fraction = has_point & ((fractions != 3) | (first == ZERO) | (lengths > 8))
            is_thousand = ~has_point & (lengths > 4)
            self.is_unambiguous |= self._any(~is_odd & (is_fraction | is_thousand))
        last_row = raw[raw.rfind(b"\n", 0, -1) + 1 :]
        self.last_row_has_values = bool(last_row.replace(self._separator, b"").decode().strip())
        return True

    def _are_rows(self, ends: NDArray[np.uint8]) -> bool:
        """Returns whether each row has the same number of cells, by the codes of their ends."""
        rows, rest = divmod(len(ends), self._width)
        is_line_end = ends == LINE_END
        return (
            rest == 0
            and bool(is_line_end[self._width - 1 :: self._width].all())
            and np.count_nonzero(is_line_end) == rows
        )

    def _any(self, cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.asarray(cells.reshape(-1, self._width).any(axis=0))

    def _add_odd_cells(
        self,
        lines: bytes,
        is_odd: NDArray[np.bool_],
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
    ) -> None:
        """Reads the cells that may not be numbers, such as `1e-05`, `007` and `NA`, as texts."""
        for column in np.flatnonzero(self._any(is_odd) & ~self.is_text).tolist():
            cells = np.flatnonzero(is_odd[column :: self._width]) * self._width + column
            bounds = zip(starts[cells].tolist(), ends[cells].tolist(), strict=True)
            try:
                texts = {lines[start:end].decode("ascii") for start, end in bounds}
            except UnicodeDecodeError:
                self.is_text[column] = True
                continue
            gaps = {text for text in texts if text.lower() in GAP_WORDS}
            numbers = texts - gaps
            self.is_text[column] = not _are_numbers(numbers)
            self.has_number[column] |= bool(numbers)
            self.gaps.setdefault(column, set()).update(gaps)


def _find_odd_bytes(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Returns the positions of signs within cells, and of the first of other bytes in a row."""
    before, at = codes[:-1], codes[1:]
    is_sign = (at == MINUS) & (before <= POINT)
    return np.flatnonzero(is_sign | ((at == OTHER) & (before != OTHER))) + 1


def _are_numbers(texts: Collection[str]) -> bool:
    """Returns whether all texts are plain numbers that a C parser reads as Python does."""
    return not texts or (
        hold_plain_numbers([*texts])
        and all(text != "-0" and isfinite(float(text)) for text in texts)
    )


def has_special_bytes(raw: bytes) -> bool:
    """Returns whether bytes may hold quotes, comments or line ends without a line feed."""
    return any(special in raw for special in SPECIAL_BYTES)


def _is_utf8(raw: bytes) -> bool:
    try:
        return raw.isascii() or bool(raw.decode())
    except UnicodeDecodeError:
        return False
