"""New rows of a table: the features of training by the names of their columns."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from ....models.data_spec import Column
from ..data_error import DataError
from ..parts import is_valid_number
from ..sources.column_names import quote_some
from ..sources.source import is_array, is_table
from ..sources.table_dataset import one_hot
from ..sources.typed_columns import Columns, find_missing, read_file_bytes
from .input_paths import STANDARD_INPUT, read_standard_input, resolve_paths
from .known_columns import read_known_columns
from .new_arrays import read_new_array
from .new_items import NewItems, Preparation

if TYPE_CHECKING:
    from pandas import Series

log = logging.getLogger(__name__)


def read_new_rows(inputs: Sequence[str], preparation: Preparation) -> list[NewItems]:
    """Returns the rows of tables; rows that cannot be read have a reason.

    Inputs are .csv, .tsv, .npy and .npz files, globs, or `-` for a CSV file on standard input.
    """
    items = []
    for name in inputs:
        if name == STANDARD_INPUT:
            items.append(_read_rows(Path("standard input"), read_standard_input(), preparation))
            continue
        for path in resolve_paths(name):
            if is_array(path):
                items.append(read_new_array(path, preparation))
            elif is_table(path):
                items.append(_read_rows(Path(path), read_file_bytes(Path(path)), preparation))
            else:
                raise DataError(
                    f"{path} is not a table: a .csv, .tsv, .npy or .npz file is needed"
                )
    return items


def _read_rows(path: Path, raw: bytes, preparation: Preparation) -> NewItems:
    features = preparation.spec.features
    if not features:
        raise DataError(f"the network was trained on rows without names: {path} must be an array")
    columns, others = read_known_columns(path, raw, preparation.spec)
    for note in columns.notes:
        log.info("%s: %s", path, note)
    is_missing = find_missing(columns)
    values: dict[str, Any] = {}
    reasons = np.full(len(columns.frame), "", dtype=object)
    for name, kind in columns.kinds.items():
        column_values, is_unreadable, expected = _features(columns, kind, features)
        values |= column_values
        for row in np.flatnonzero((is_unreadable | is_missing[name]) & (reasons == "")):
            text = columns.texts[name].iloc[row]
            reasons[row] = (
                f"has no value in the column {name!r}"
                if is_missing[name].iloc[row]
                else f"has {text!r} in the column {name!r}, where training has seen {expected}"
            )
    items = torch.from_numpy(np.stack([values[name] for name in features], axis=1))
    names = [f"{path} row {number}" for number in range(1, len(items) + 1)]
    return NewItems.from_tensor(names, items, reasons.tolist(), columns=others)


def _features(
    columns: Columns, kind: Column, features: Sequence[str]
) -> tuple[dict[str, Any], Series[Any], str]:
    """Returns the features of a column, which rows are unreadable, and what training has seen."""
    name, column = kind.name, columns.frame[kind.name]
    if kind.role == "category":
        prefix = f"{name}="
        known = [f.removeprefix(prefix) for f in features if f.startswith(prefix)]
        return one_hot(name, column, known), ~column.isin(known), quote_some(known)
    is_unreadable = ~pd.Series(is_valid_number(column.to_numpy()), column.index)
    expected = "true and false" if kind.role == "flag" else "finite numbers alone"
    values = column.mask(is_unreadable, 0).to_numpy(np.float64)
    return {name: values}, is_unreadable, expected
