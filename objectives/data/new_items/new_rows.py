"""Reads new rows of a table; their features are found by the column names of the training file."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from pandas import DataFrame, Series

from ....models.data_spec import Column, DataSpec
from ..data_error import DataError
from ..parts import is_valid_number
from ..sources.column_features import OTHER, column_features
from ..sources.column_names import did_you_mean, quote_some
from ..sources.column_types import FEATURE_ROLES, NUMBER_ROLES, convert_column, missing_value_words
from ..sources.header_row import AmbiguousHeaderError
from ..sources.number_format import AmbiguousNumberError, infer_number_format
from ..sources.source import ARRAYS, TABLES, TableOptions, is_array, is_table
from ..sources.table_file import read_file_bytes
from ..sources.typed_columns import Columns, count_by_column, find_missing, read_text_columns
from .new_arrays import read_new_array
from .new_items import STANDARD_INPUT, NewItems, Preparation, read_standard_input, resolve_paths

log = logging.getLogger(__name__)

DEFAULT_COLUMN_NAME = re.compile(r"column \d+")
"""Matches `column 3`, the kind of name that columns get in a file without names."""


def read_new_rows(inputs: Sequence[str], preparation: Preparation) -> list[NewItems]:
    """Returns the rows of all inputs; a row that cannot be read has a reason.

    An input is a table, a .npy or .npz file, or a glob. The input `-` stands for a CSV file on
    standard input.
    """
    items = []
    for path in (path for name in inputs for path in resolve_paths(name)):
        if path == STANDARD_INPUT:
            items.append(read_rows(Path("standard input"), read_standard_input(), preparation))
        elif is_array(path):
            items.append(read_new_array(path, preparation))
        elif is_table(path):
            items.append(read_rows(Path(path), read_file_bytes(Path(path)), preparation))
        else:
            raise DataError(f"{path} is not a table: one of {TABLES}, {ARRAYS} is needed")
    return items


def read_rows(path: Path, raw: bytes, preparation: Preparation) -> NewItems:
    """Returns the rows of the CSV file with the content `raw`; `path` is its name in messages."""
    features = preparation.spec.features
    if not features:
        raise DataError(f"the network was trained on rows without names: {path} must be an array")
    columns, others = _read_known_columns(path, raw, preparation.spec)
    for note in columns.notes:
        log.info("%s: %s", path, note)
    is_missing = find_missing(columns)
    values: dict[str, Any] = {}
    filled: dict[str, int] = {}
    is_empty = is_missing[list(columns.kinds)].all(axis=1)
    reasons = np.where(is_empty, "has no value in any column", "").astype(object)
    for name, kind in columns.kinds.items():
        is_gap, is_unknown = is_missing[name], _is_unknown(columns.frame[name], kind)
        values |= column_features(columns.frame[name].mask(is_gap | is_unknown), kind)
        if kind.fill and (count := int((is_gap & ~is_empty).sum())):
            filled[name] = count
        is_unreadable = (is_unknown & ~is_gap) | (is_gap & (not kind.fill))
        for row in np.flatnonzero(is_unreadable & (reasons == "")):
            reasons[row] = (
                f"has no value in the column {name!r}"
                if is_gap.iloc[row]
                else f"has {columns.texts[name].iloc[row]!r} in the column {name!r}, where "
                f"training has seen {_describe_known(kind)}"
            )
    if filled:
        log.info(
            "%s: missing values are filled by training's median or most frequent value, %s",
            path,
            count_by_column(filled),
        )
    items = torch.from_numpy(np.stack([values[name] for name in features], axis=1))
    names = [f"{path} row {number}" for number in range(1, len(items) + 1)]
    return NewItems.from_tensor(names, items, reasons.tolist(), columns=others)


def _is_unknown(column: Series[Any], kind: Column) -> Series[Any]:
    """Returns a mask of the values that training has not seen, or that cannot be read."""
    if kind.role != "category":
        return ~pd.Series(is_valid_number(column.to_numpy()), column.index)
    if OTHER in kind.categories:
        return pd.Series(False, column.index)
    return ~column.isin(kind.categories)


def _describe_known(kind: Column) -> str:
    known = {"category": quote_some(kind.categories), "flag": "true and false"}
    known["date"] = f"dates with the {kind.date_order}"
    return known.get(kind.role, "finite numbers alone")


def _read_known_columns(path: Path, raw: bytes, spec: DataSpec) -> tuple[Columns, DataFrame]:
    """Returns the columns that are features of the network, and the other columns as text.

    Features are read as in training. A number is NaN if it is missing or cannot be read.
    """
    known = spec.columns or tuple(Column(name, "number") for name in spec.features)
    known = tuple(_with_categories(column, spec.features) for column in known)
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
    return Columns(frame, texts, kinds, notes, tuple(kinds), path, TableOptions()), others


def read_known_texts(
    path: Path, raw: bytes, known: Sequence[Column], default_header: str = "first"
) -> tuple[DataFrame, tuple[str, ...]]:
    """Returns the columns of a file as text with the names that they had in training, and notes.

    `known` describes the columns of the training file. `default_header` is used if it is unclear
    whether the first row holds names: with `first` it does, with `none` it does not.
    """
    names = [column.name for column in known]
    trained_without_names = bool(names) and all(map(DEFAULT_COLUMN_NAME.fullmatch, names))
    try:
        header = "none" if trained_without_names else None
        texts, notes = read_text_columns(path, raw, header, names)
    except AmbiguousHeaderError:
        texts, notes = read_text_columns(path, raw, default_header, names)
    if trained_without_names and all(map(DEFAULT_COLUMN_NAME.fullmatch, map(str, texts))):
        targets = [*takewhile(lambda column: column.role == "target", reversed(known))]
        if len(texts.columns) not in (len(names), len(names) - len(targets)):
            raise DataError(
                f"{path} has {len(texts.columns)} columns without names, and the file of training "
                f"had {len(names)}: give it as many"
            )
        notes = ()
    return texts, notes


def _with_categories(kind: Column, features: Sequence[str]) -> Column:
    """Returns `kind` with its categories, which version 0.1.0 kept in the names of features."""
    if kind.role != "category" or kind.categories:
        return kind
    prefix = f"{kind.name}="
    known = tuple(name.removeprefix(prefix) for name in features if name.startswith(prefix))
    return kind._replace(categories=known)


def _with_decimal_mark(column: Series[Any], kind: Column) -> Column:
    """Returns `kind` with the decimal mark of the new values in the column."""
    if kind.role not in NUMBER_ROLES or not kind.decimal:
        return kind
    words = missing_value_words(kind)
    texts = [text for text in column.unique() if text.lower() not in words]
    try:
        mark = infer_number_format(texts, kind.decimal, allow_codes=True).decimal
    except (AmbiguousNumberError, ValueError):  # unreadable values are reported by their rows
        return kind
    return kind._replace(decimal=mark) if mark else kind
