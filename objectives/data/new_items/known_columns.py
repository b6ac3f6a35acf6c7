"""Columns of a new file, read as those of the training file were."""

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
"""Names of columns in a file without names."""


def read_known_columns(path: Path, raw: bytes, spec: DataSpec) -> tuple[Columns, DataFrame]:
    """Returns the features of a file, read as in training, and its other columns as text.

    Numbers are NaN where they are missing or not numbers.
    """
    known = spec.columns or tuple(Column(name, "number") for name in spec.features)
    known_names = {column.name for column in known}
    features = {column.name: column for column in known if column.role in FEATURE_ROLES}
    texts, notes = read_known_texts(path, raw, known)
    names = list(map(str, texts))
    new = [name for name in names if name not in known_names]
    if missing := [name for name in features if name not in texts]:
        raise DataError(
            f"{path} has no column {missing[0]!r}, which training had: "
            f"{did_you_mean(missing[0], new or names)}"
        )
    if new:
        notes += (f"left out, as training did not have them: {quote_some(new)}",)
    others, texts = texts.drop(columns=list(features)), texts[list(features)]
    kinds = {name: _with_decimal_mark(texts[name], kind) for name, kind in features.items()}
    if changed := [name for name, kind in kinds.items() if kind != features[name]]:
        notes += (f"other decimal marks than in training: {quote_some(changed)}",)
    frame = pd.DataFrame({name: convert_column(texts[name], kind) for name, kind in kinds.items()})
    return Columns(frame, texts, kinds, notes, tuple(kinds)), others


def read_known_texts(
    path: Path, raw: bytes, known: Sequence[Column], default_header: str = "first"
) -> tuple[DataFrame, tuple[str, ...]]:
    """Returns the columns of a file as text under the names of the training file, and notes.

    `default_header` says whether the first row holds names (`first` or `none`) if that is
    ambiguous.
    """
    names = [column.name for column in known]
    trained_without_names = bool(names) and all(map(UNNAMED_COLUMN.fullmatch, names))
    try:
        header = "none" if trained_without_names else None
        texts, notes = read_text_columns(path, raw, header, names)
    except AmbiguousHeaderError:
        texts, notes = read_text_columns(path, raw, default_header, names)
    if trained_without_names and all(map(UNNAMED_COLUMN.fullmatch, map(str, texts))):
        last_is_target = known[-1].role == "target"
        if len(texts.columns) not in (len(names), len(names) - last_is_target):
            raise DataError(
                f"{path} has {len(texts.columns)} columns without names, and the file of training "
                f"had {len(names)}: give it as many"
            )
        notes = ()
    return texts, notes


def _with_decimal_mark(column: Series[Any], kind: Column) -> Column:
    """Returns how a column is read: as in training, or by the decimal mark of its values."""
    if kind.role not in NUMBER_ROLES or not kind.decimal:
        return kind
    words = missing_words(kind)
    texts = [text for text in column.unique() if text.lower() not in words]
    try:
        mark = infer_number_format(texts, kind.decimal, allow_codes=True).decimal
    except (AmbiguousNumberError, ValueError):  # unreadable values are reported by their rows
        return kind
    return kind._replace(decimal=mark) if mark else kind
