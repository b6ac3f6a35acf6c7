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
from ..errors import DataError
from ..parts import is_measurable
from ..sources.files import is_array, is_table
from ..sources.frames import Columns, file_bytes, missing
from ..sources.tables import indicators
from ..sources.wording import some_of
from .arrays import new_array
from .columns import columns_like
from .items import NewItems, Preparation
from .paths import STANDARD_INPUT, find_paths, standard_input

if TYPE_CHECKING:
    from pandas import Series

log = logging.getLogger(__name__)


def new_rows(given: Sequence[str], like: Preparation) -> list[NewItems]:
    """Reads rows of tables, as many as there are. Those that cannot be read have a reason.

    Args:
        given: .csv, .tsv, .npy and .npz files, globs, or `-` for a CSV on standard input.
        like: How the rows of training were prepared. Columns that they did not have, such as the
            target, are left out.

    Raises:
        DataError: If a file is missing or no table, or lacks a column.
    """
    found = []
    for one in given:
        if one == STANDARD_INPUT:
            found.append(_rows(Path("standard input"), standard_input(), like))
            continue
        for path in find_paths(one):
            if is_array(path):
                found.append(new_array(path, like))
            elif is_table(path):
                found.append(_rows(Path(path), file_bytes(Path(path)), like))
            else:
                raise DataError(f"{path} is no table: a .csv, .tsv, .npy or .npz file is needed")
    return found


def _rows(path: Path, raw: bytes, like: Preparation) -> NewItems:
    names = like.spec.features
    if not names:
        raise DataError(f"the network was trained on rows without names: {path} must be an array")
    columns, others = columns_like(path, raw, like.spec)
    for note in columns.notes:
        log.info("%s: %s", path, note)
    gaps = missing(columns)
    features: dict[str, Any] = {}
    reasons = np.full(len(columns.frame), "", dtype=object)
    for name, kind in columns.kinds.items():
        found, strange, known = _features(columns, kind, names)
        features |= found
        for row in np.flatnonzero((strange | gaps[name]) & (reasons == "")):
            text = columns.texts[name].iloc[row]
            reasons[row] = (
                f"has no value in the column {name!r}"
                if gaps[name].iloc[row]
                else f"has {text!r} in the column {name!r}, where training has seen {known}"
            )
    items = torch.from_numpy(np.stack([features[name] for name in names], axis=1))
    called = [f"{path} row {n}" for n in range(1, len(items) + 1)]
    return NewItems.in_memory(called, items, reasons.tolist(), columns=others)


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
        return indicators(name, column, known), ~column.isin(known), some_of(known)
    strange = ~pd.Series(is_measurable(column.to_numpy()), column.index)
    seen = "true and false" if kind.role == "flag" else "finite numbers alone"
    return {name: column.mask(strange, 0).to_numpy(np.float64)}, strange, seen
