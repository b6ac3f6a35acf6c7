"""Reads the columns of a file, and converts each column to its type."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ....models.data_spec import Column
from ..data_error import MAX_COLUMNS, DataError
from ..preparation.hold_out import MIN_ITEMS
from .column_names import check_column_exists, quote_some
from .column_types import (
    AMBIGUOUS_FRACTIONS_NOTE,
    ambiguous_number_error,
    convert_column,
    infer_column_type,
    missing_value_words,
)
from .csv_cells import decode_text, read_cells
from .header_row import split_header
from .plain_table import ParsedColumns, read_plain_table
from .source import TableOptions, format_option
from .table_file import open_table

if TYPE_CHECKING:
    from pandas import DataFrame
    from torch import Tensor

    from .split_column import SplitColumn

MAX_COUNTED_COLUMNS = 3


class Columns(NamedTuple):
    """The columns of a file.

    Attributes:
        frame: N rows; numbers and flags are floats, other columns are text.
        texts: The columns as stripped text; columns of plain numbers may be missing.
        kinds: The type of each column.
        notes: Messages for the user about how the columns were read.
        names: All columns of the file, including those that are left out.
        path: The path of the file, for error messages.
        options: The user's options for the columns.
        test_rows: The rows of the test part; empty if the file does not have this part.
        val_rows: The rows of the validation part; empty if the file does not have this part.
        split_column: The column by which rows are split, which is not in `frame`; None if rows
            are split at random.
    """

    frame: DataFrame
    texts: DataFrame
    kinds: dict[str, Column]
    notes: tuple[str, ...]
    names: tuple[str, ...]
    path: Path
    options: TableOptions
    test_rows: range = range(0)
    val_rows: range = range(0)
    split_column: SplitColumn | None = None

    @property
    def split_by(self) -> Tensor | None:
        """The group or the time of each row, with shape (N,); see `Part`."""
        return None if self.split_column is None else self.split_column.keys

    def drop_columns(self, names: Collection[str], *notes: str) -> Columns:
        """Returns the columns except those in `names`, with additional notes."""
        dropped = list(names)
        kinds = {name: kind for name, kind in self.kinds.items() if name not in dropped}
        frame = self.frame.drop(columns=dropped)
        texts = self.texts.drop(columns=dropped, errors="ignore")
        return self._replace(frame=frame, texts=texts, kinds=kinds, notes=self.notes + notes)


def read_columns(path: Path, options: TableOptions) -> Columns:
    """Returns the columns of a file, converted to their types."""
    import pandas as pd

    with open_table(path) as table:
        options = table.complete(options)
        parsed = read_plain_table(table.content, path, options)
        if parsed is None:
            table.content.seek(0)
            texts, notes = read_text_columns(path, table.content.read(), options.header)
            parsed = ParsedColumns(tuple(map(str, texts)), texts, {}, {}, notes)
    names, notes = parsed.names, parsed.notes
    for name, option in options.named_columns().items():
        check_column_exists(names, name, path, option)
    texts = parsed.texts.drop(columns=[name for name in parsed.texts if name in options.drop])
    if empty := [name for name in map(str, texts) if not texts[name].any()]:
        texts = texts.drop(columns=empty)
        notes += (f"left out, without any value: {quote_some(empty)}",)
    numbers = {name: parsed.numbers[name] for name in parsed.numbers if name not in options.drop}
    if not numbers and texts.shape[1] == 0:
        raise DataError(f"{path} has no columns left: name fewer columns in `drop=`")
    rows = len(next(iter(numbers.values()), texts))
    if rows < MIN_ITEMS:
        raise DataError(f"{path} holds {rows} rows: at least {MIN_ITEMS} are needed")
    if table.lengths and rows != sum(table.lengths.values()):
        raise DataError(f"{path} has rows without any value: leave them out")
    columns = infer_types(texts, path, options, notes)
    kinds, frame = parsed.kinds | columns.kinds, {**numbers, **columns.frame}
    order = [name for name in names if name in frame]
    return columns._replace(
        frame=pd.DataFrame({name: frame[name] for name in order}, copy=False),
        kinds={name: kinds[name] for name in order},
        names=names,
        test_rows=table.rows("test"),
        val_rows=table.rows("val"),
    )


def read_text_columns(
    path: Path,
    raw: bytes,
    header: str | None = None,
    known: Collection[str] = (),
    as_bytes: bool = False,
) -> tuple[DataFrame, tuple[str, ...]]:
    """Returns the columns of a file as text, and notes.

    Empty columns without a name are dropped. See `split_header` for `header` and `known`, and
    `decode_text` for `as_bytes`.
    """
    import pandas as pd

    text, encoding_notes = decode_text(raw, path, as_bytes)
    cells = read_cells(text, path)
    if len(cells.rows[0]) > MAX_COLUMNS:
        raise DataError(
            f"{path} has {len(cells.rows[0]):,} columns: {MAX_COLUMNS:,} are read at most"
        )
    names, rows, header_notes = split_header(cells, path, header, known)
    columns = {
        name: list(values)
        for name, values in zip(names, zip(*rows, strict=True), strict=True)
        if any(values) or not name.startswith("column ")
    }
    notes = (*encoding_notes, *cells.notes, *header_notes)
    return pd.DataFrame(columns, dtype=object), notes


def infer_types(
    texts: DataFrame, path: Path, options: TableOptions, notes: tuple[str, ...] = ()
) -> Columns:
    """Returns columns of text, each converted to the type that fits all of its values."""
    import pandas as pd

    kinds: dict[str, Column] = {}
    names_by_note: dict[str, list[str]] = {}
    for name in map(str, texts):
        kinds[name], note = infer_column_type(texts[name], path, options)
        if note:
            names_by_note.setdefault(note, []).append(name)
    ambiguous = names_by_note.get(AMBIGUOUS_FRACTIONS_NOTE, [])
    if ambiguous and any(kind.decimal == "," for kind in kinds.values()):
        example = min((text for text in texts[ambiguous[0]] if "." in text), key=len)
        raise ambiguous_number_error(example, ambiguous[0], path)
    notes += tuple(f"{note}: {quote_some(names)}" for note, names in names_by_note.items())
    columns = {name: convert_column(texts[name], kind) for name, kind in kinds.items()}
    return Columns(pd.DataFrame(columns), texts, kinds, notes, tuple(kinds), path, options)


def find_missing(columns: Columns, words: Sequence[str] | None = None) -> DataFrame:
    """Returns a table of booleans: which values of each column are missing.

    A column of plain numbers without a gap may be absent. `words` are the texts of missing values,
    in lower case. If None, the type of the column decides.
    """
    import pandas as pd

    is_missing = {}
    for name, column in columns.frame.items():
        if name not in columns.texts:
            if column.hasnans:
                is_missing[name] = column.isna().to_numpy()
            continue
        codes, distinct = pd.factorize(columns.texts[name])  # few texts differ in most columns
        missing = missing_value_words(columns.kinds[str(name)]) if words is None else words
        is_missing[name] = np.array([text.lower() in missing for text in distinct], bool)[codes]
    return pd.DataFrame(is_missing, columns.frame.index)


def check_no_missing(is_missing: DataFrame, targets: Collection[str], path: Path) -> None:
    """Raises DataError if values are missing; the message has their number in each column.

    The message advises to leave such columns out, except targets.
    """
    counts = {str(name): int(count) for name, count in is_missing.sum().items() if count}
    if not counts:
        return
    total = sum(counts.values())
    values = "1 missing value" if total == 1 else f"{total:,} missing values"
    others = [name for name in counts if name not in targets]
    way = f", or leave out the columns by {format_option('drop', *others)}" if others else ""
    rows = ", or leave out their rows" if len(others) < len(counts) else ""
    raise DataError(f"{path} holds {values}, {count_by_column(counts)}: fill them{rows}{way}")


def count_by_column(counts: Mapping[str, int]) -> str:
    """Returns the largest counts with their columns as text: in 'age' (30), 'size' (20)."""
    most = sorted(counts.items(), key=lambda item: -item[1])[:MAX_COUNTED_COLUMNS]
    texts = ", ".join(f"{name!r} ({count:,})" for name, count in most)
    return f"{'most ' if len(counts) > len(most) else ''}in {texts}"
