"""The columns of a new file, read as training has read those of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ....models.data_spec import Column, DataSpec
from ..data_error import DataError
from ..sources.column_names import did_you_mean, quote_some
from ..sources.column_types import FEATURE_ROLES, NUMBER_ROLES, convert_column, missing_words
from ..sources.header_row import AmbiguousHeaderError
from ..sources.number_format import AmbiguousNumberError, infer_number_format
from ..sources.typed_columns import Columns, read_text_columns

if TYPE_CHECKING:
    from pandas import DataFrame, Series

UNNAMED_COLUMN = re.compile(r"column \d+")
"""What a column is called in a file without names."""


def read_known_columns(path: Path, raw: bytes, spec: DataSpec) -> tuple[Columns, DataFrame]:
    """Reads the features of a file as training has read them, and its other columns as text.

    Args:
        path: The file, for errors.
        raw: What is in it.
        spec: What the file of training held. Columns that it did not have, and its target, are
            left out.

    Returns:
        The columns of the features, in which a number is NaN where it is missing or is not a
        number; and all others, such as an id, as they are written.

    Raises:
        DataError: If the file cannot be read, or lacks a column.
    """
    known = spec.columns or tuple(Column(name, "number") for name in spec.features)
    wanted = {column.name: column for column in known if column.role in FEATURE_ROLES}
    texts, notes = read_known_texts(path, raw, known)
    if missing := [name for name in wanted if name not in texts]:
        had = {column.name for column in known}
        free = [name for name in map(str, texts) if name not in had]
        raise DataError(
            f"{path} has no column {missing[0]!r}, which training had: "
            f"{did_you_mean(missing[0], free or list(map(str, texts)))}"
        )
    if left := [name for name in map(str, texts) if name not in {c.name for c in known}]:
        notes += (f"left out, as training did not have them: {quote_some(left)}",)
    others = texts.drop(columns=list(wanted))
    texts = texts[list(wanted)]
    kinds = {name: _with_decimal_mark(texts[name], kind) for name, kind in wanted.items()}
    if other := [name for name, kind in kinds.items() if kind != wanted[name]]:
        notes += (f"other decimal marks than in training: {quote_some(other)}",)
    frame = pd.DataFrame({name: convert_column(texts[name], kind) for name, kind in kinds.items()})
    return Columns(frame, texts, kinds, notes, tuple(kinds)), others


def read_known_texts(
    path: Path, raw: bytes, known: Sequence[Column], default_header: str = "first"
) -> tuple[DataFrame, tuple[str, ...]]:
    """Reads the columns of a file as text, with names as training had them.

    Args:
        path: The file, for errors.
        raw: What is in it.
        known: All columns of the file of training, in their order.
        default_header: Whether the first row holds names, if looking does not tell: `first` or
        `none`.

    Raises:
        DataError: If it cannot be read; or neither file has names, and it has other columns.
    """
    names = [column.name for column in known]
    has_no_names = bool(names) and all(map(UNNAMED_COLUMN.fullmatch, names))
    header = "none" if has_no_names else None
    try:
        texts, notes = read_text_columns(path, raw, header, names)
    except AmbiguousHeaderError:
        texts, notes = read_text_columns(path, raw, default_header, names)
    if has_no_names and all(map(UNNAMED_COLUMN.fullmatch, map(str, texts))):
        last_is_target = known[-1].role == "target"
        if len(texts.columns) not in (len(names), len(names) - last_is_target):
            raise DataError(
                f"{path} has {len(texts.columns)} columns without names, and the file of training "
                f"had {len(names)}: give it as many"
            )
        notes = ()
    return texts, notes


def _with_decimal_mark(column: Series[Any], kind: Column) -> Column:
    """Returns how a column is read: as in training, or with the decimal mark that it shows."""
    if kind.role not in NUMBER_ROLES:
        return kind
    words = missing_words(kind)
    texts = [text for text in column.unique() if text.lower() not in words]
    try:
        mark = infer_number_format(texts, kind.decimal or None, allow_codes=True).decimal
    except (
        AmbiguousNumberError,
        ValueError,
    ):  # values that are not numbers are for others to name
        return kind
    return kind._replace(decimal=mark) if mark and kind.decimal and mark != kind.decimal else kind
