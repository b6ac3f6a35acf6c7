"""A file of columns: each read as text, and then typed by all of its values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ....models.data_spec import Column
from ..data_error import DataError
from ..input_limits import MAX_COLUMNS, check_input_file
from .column_names import check_column_exists, quote_some
from .column_types import (
    AMBIGUOUS_FRACTIONS_NOTE,
    ambiguous_number_error,
    convert_column,
    infer_column_type,
    missing_words,
)
from .csv_cells import read_cells
from .header_row import split_header
from .table_options import TableOptions, format_option
from .text_encoding import decode

if TYPE_CHECKING:
    from pandas import DataFrame

MIN_ITEMS = 10


class Columns(NamedTuple):
    """The columns of a file.

    Attributes:
        frame: Columns of floats (numbers and flags) or of text; N rows.
        texts: The same columns as they are written, without blanks around their values.
        kinds: How each column is read.
        notes: What a user should know of how they were read.
        names: All columns of the file, also those that are left out.
    """

    frame: DataFrame
    texts: DataFrame
    kinds: dict[str, Column]
    notes: tuple[str, ...]
    names: tuple[str, ...]

    def drop_columns(self, names: Collection[str], *notes: str) -> Columns:
        """Returns the columns without some of them, and with more notes."""
        left_out = list(names)
        kinds = {name: kind for name, kind in self.kinds.items() if name not in left_out}
        frame, texts = (one.drop(columns=left_out) for one in (self.frame, self.texts))
        return Columns(frame, texts, kinds, self.notes + notes, self.names)


def read_columns(path: Path, options: TableOptions) -> Columns:
    """Reads a file of columns, and types each by all of its values.

    Args:
        path: A text of cells between commas, semicolons, tabs or bars.
        options: What a user says of it.

    Raises:
        DataError: If it is no such file, has too few rows, or something cannot be decided.
    """
    texts, notes = read_text_columns(path, read_file_bytes(path), options.header)
    names = tuple(map(str, texts))
    for name, option in options.named().items():
        check_column_exists(names, name, path, option)
    texts = texts.drop(columns=[name for name in texts if name in options.drop])
    if empty := [name for name in names if name in texts and not texts[name].any()]:
        texts = texts.drop(columns=empty)
        notes += (f"left out, without any value: {quote_some(empty)}",)
    if texts.shape[1] == 0:
        raise DataError(f"{path} has no columns left: drop fewer")
    if len(texts) < MIN_ITEMS:
        raise DataError(f"{path} holds {len(texts)} rows: at least {MIN_ITEMS} are needed")
    return infer_types(texts, path, options, notes)._replace(names=names)


def read_text_columns(
    path: Path,
    raw: bytes,
    header: str | None = None,
    known: Collection[str] = (),
    as_bytes: bool = False,
) -> tuple[DataFrame, tuple[str, ...]]:
    """Reads all columns of a file as text, but for those without a name and without a value.

    Args:
        path: The file, for errors.
        raw: What is in it.
        header: Whether its first row holds names; see `TableOptions`.
        known: Names of which one shows that the first row holds names.
        as_bytes: Whether bytes that are not UTF-8 stay what they are.

    Returns:
        Columns of text without blanks around it, and notes on how they were read.

    Raises:
        DataError: If it is no such file, or has no rows.
    """
    import pandas as pd

    text, notes = decode(raw, path, as_bytes)
    cells = read_cells(text, path)
    if len(cells.rows[0]) > MAX_COLUMNS:
        raise DataError(
            f"{path} has {len(cells.rows[0]):,} columns: {MAX_COLUMNS:,} are read at most"
        )
    names, rows, said = split_header(cells, path, header, known)
    columns = {
        name: list(values)
        for name, values in zip(names, zip(*rows, strict=True), strict=True)
        if any(values) or not name.startswith("column ")
    }
    return pd.DataFrame(columns, dtype=object), (*notes, *cells.notes, *said)


def infer_types(
    texts: DataFrame, path: Path, options: TableOptions, notes: tuple[str, ...] = ()
) -> Columns:
    """Returns columns of text as numbers where all that is there is plainly one.

    Raises:
        DataError: If it cannot be decided whether a column holds thousands or fractions.
    """
    import pandas as pd

    kinds: dict[str, Column] = {}
    marked: dict[str, list[str]] = {}
    for name in map(str, texts):
        kinds[name], said = infer_column_type(texts[name], path, options)
        if said:
            marked.setdefault(said, []).append(name)
    doubtful = marked.get(AMBIGUOUS_FRACTIONS_NOTE, [])
    if doubtful and any(kind.decimal == "," for kind in kinds.values()):
        raise ambiguous_number_error(min(texts[doubtful[0]], key=len), doubtful[0], path)
    notes += tuple(f"{said}: {quote_some(names)}" for said, names in marked.items())
    columns = {name: convert_column(texts[name], kind) for name, kind in kinds.items()}
    return Columns(pd.DataFrame(columns), texts, kinds, notes, tuple(kinds))


def read_file_bytes(path: Path) -> bytes:
    """Returns what is in a file.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        return check_input_file(path, "table").read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def find_missing(columns: Columns, words: Sequence[str] | None = None) -> DataFrame:
    """Returns where values are missing, with shape (N, columns).

    Args:
        columns: The columns of a file.
        words: What stands, in lower case, where a value is missing; None for the usual words.
    """
    import pandas as pd

    gaps = {}
    for name, kind in columns.kinds.items():
        said = missing_words(kind) if words is None else words
        gaps[name] = columns.texts[name].str.lower().isin(said)
    return pd.DataFrame(gaps)


def check_no_missing(
    columns: Columns, path: Path, target: str | None, words: Sequence[str] | None = None
) -> None:
    """Refuses columns in which values are missing.

    Args:
        columns: The columns of a file.
        path: The file.
        target: The column to be predicted, which cannot be left out.
        words: What stands, in lower case, where a value is missing; None for the usual words.

    Raises:
        DataError: If there are any; it counts them.
    """
    counts = find_missing(columns, words).sum().sort_values(ascending=False, kind="stable")
    counts = counts[counts > 0]
    if not len(counts):
        return
    most = ", ".join(f"{name!r} ({count:,})" for name, count in counts[:3].items())
    values = "1 missing value" if counts.sum() == 1 else f"{counts.sum():,} missing values"
    others = [str(name) for name in counts.index if name != target]
    way = f", or leave out the columns by {format_option('drop', *others)}" if others else ""
    rows = ", or leave out their rows" if target in counts.index else ""
    raise DataError(
        f"{path} holds {values}, {'most ' if len(counts) > 3 else ''}in {most}: fill them"
        f"{rows}{way}"
    )
