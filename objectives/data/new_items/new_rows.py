"""New rows of a table: the features of training, by the names of their columns."""

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
from ..sources.file_types import is_array, is_table
from ..sources.table_dataset import one_hot
from ..sources.typed_columns import Columns, find_missing, read_file_bytes
from .input_paths import STANDARD_INPUT, read_standard_input, resolve_paths
from .known_columns import read_known_columns
from .new_arrays import read_new_array
from .new_items import NewItems, Preparation

if TYPE_CHECKING:
    from pandas import Series

log = logging.getLogger(__name__)


def read_new_rows(given: Sequence[str], preparation: Preparation) -> list[NewItems]:
    """Reads rows of tables, as many as there are. Those that cannot be read have a reason.

    Args:
        given: .csv, .tsv, .npy and .npz files, globs, or `-` for a CSV on standard input.
        preparation: How the rows of training were prepared. Columns that they did not have, such
            as the target, are left out.

    Raises:
        DataError: If a file is missing or no table, or lacks a column.
    """
    found = []
    for one in given:
        if one == STANDARD_INPUT:
            found.append(_read_rows(Path("standard input"), read_standard_input(), preparation))
            continue
        for path in resolve_paths(one):
            if is_array(path):
                found.append(read_new_array(path, preparation))
            elif is_table(path):
                found.append(_read_rows(Path(path), read_file_bytes(Path(path)), preparation))
            else:
                raise DataError(f"{path} is no table: a .csv, .tsv, .npy or .npz file is needed")
    return found


def _read_rows(path: Path, raw: bytes, preparation: Preparation) -> NewItems:
    names = preparation.spec.features
    if not names:
        raise DataError(f"the network was trained on rows without names: {path} must be an array")
    columns, others = read_known_columns(path, raw, preparation.spec)
    for note in columns.notes:
        log.info("%s: %s", path, note)
    is_missing = find_missing(columns)
    features: dict[str, Any] = {}
    reasons = np.full(len(columns.frame), "", dtype=object)
    for name, kind in columns.kinds.items():
        found, is_unreadable, known = _features(columns, kind, names)
        features |= found
        for row in np.flatnonzero((is_unreadable | is_missing[name]) & (reasons == "")):
            text = columns.texts[name].iloc[row]
            reasons[row] = (
                f"has no value in the column {name!r}"
                if is_missing[name].iloc[row]
                else f"has {text!r} in the column {name!r}, where training has seen {known}"
            )
    items = torch.from_numpy(np.stack([features[name] for name in names], axis=1))
    called = [f"{path} row {n}" for n in range(1, len(items) + 1)]
    return NewItems.from_tensor(called, items, reasons.tolist(), columns=others)


def _features(
    columns: Columns, kind: Column, features: Sequence[str]
) -> tuple[dict[str, Any], Series[Any], str]:
    """Returns what a column becomes.

    Returns:
        Its features, each with shape (N,); in which rows it holds what cannot be read; and what
        training has seen there.
    """
    name, column = kind.name, columns.frame[kind.name]
    if kind.role == "category":
        start = f"{name}="
        known = [feature.removeprefix(start) for feature in features if feature.startswith(start)]
        return one_hot(name, column, known), ~column.isin(known), quote_some(known)
    is_unreadable = ~pd.Series(is_valid_number(column.to_numpy()), column.index)
    seen = "true and false" if kind.role == "flag" else "finite numbers alone"
    return {name: column.mask(is_unreadable, 0).to_numpy(np.float64)}, is_unreadable, seen
