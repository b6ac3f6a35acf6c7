"""New rows of a table: the features of training, by the names of their columns."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ....models.data_spec import Column
from ..errors import DataError
from ..sources.files import is_array, is_table
from ..sources.frames import Columns, check_whole, file_bytes
from ..sources.tables import indicators, numbers_of
from ..sources.wording import some_of
from .arrays import new_array
from .columns import columns_like
from .items import NewItems, Preparation
from .paths import STANDARD_INPUT, find_paths, standard_input

if TYPE_CHECKING:
    from pandas import Series

log = logging.getLogger(__name__)


def new_rows(given: Sequence[str], like: Preparation) -> list[NewItems]:
    """Reads rows of tables, as many as there are.

    Args:
        given: .csv, .tsv, .npy and .npz files, globs, or `-` for a CSV on standard input.
        like: How the rows of training were prepared. Columns that they did not have, such as the
            target, are left out.

    Raises:
        DataError: If a file is missing or no table, or a column or value is missing or none that
            training has seen.
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
    columns = columns_like(path, raw, like.spec)
    for note in columns.notes:
        log.info("%s: %s", path, note)
    check_whole(columns, path, None)
    features: dict[str, Any] = {}
    for kind in columns.kinds.values():
        features |= _features(columns, kind, names, path)
    items = torch.from_numpy(np.stack([features[name] for name in names], axis=1))
    return NewItems.in_memory([f"{path} row {n}" for n in range(1, len(items) + 1)], items)


def _features(
    columns: Columns, kind: Column, features: Sequence[str], path: Path
) -> dict[str, Any]:
    """Returns the features that a column becomes, each with shape (N,)."""
    name, column = kind.name, columns.frame[kind.name]
    if kind.role != "category":
        what = "true and false" if kind.role == "flag" else "numbers alone"
        _refuse(columns.texts[name][column.isna()], what, path)
        return {name: numbers_of(name, column, path)}
    start = f"{name}="
    known = [feature.removeprefix(start) for feature in features if feature.startswith(start)]
    _refuse(column[~column.isin(known)], some_of(known), path)
    return indicators(name, column, known)


def _refuse(strange: Series[Any], known: str, path: Path) -> None:
    """Refuses values of a column, if there are any, for what training has seen there."""
    if len(strange):
        row, text = int(str(strange.index[0])) + 1, strange.iloc[0]
        raise DataError(
            f"{path} row {row} has {text!r} in the column {strange.name!r}, where training has "
            f"seen {known}"
        )
