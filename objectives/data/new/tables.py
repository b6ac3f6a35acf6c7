"""New rows of a table: the features of training, by the names of their columns."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from ..errors import DataError
from ..sources.files import is_array, is_table
from ..sources.frames import check_whole, file_bytes, is_text, read_frame
from ..sources.tables import indicators, meant, numbers_of, some_of
from .arrays import new_array
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
    starts = {name[:at] for name in names for at, sign in enumerate(name) if sign == "="}
    frame, notes = read_frame(path, raw, starts - set(names))
    of_columns = _of_columns(names, list(map(str, frame)), path)
    used = frame[list(of_columns)]
    if left := [str(name) for name in frame if name and name not in used]:
        notes += (f"left out, as training did not have them: {some_of(left)}",)
    for note in notes:
        log.info("%s: %s", path, note)
    check_whole(used, path)
    features: dict[str, Any] = {}
    for column, made in of_columns.items():
        features |= _features(column, frame[column], made, path)
    items = torch.from_numpy(np.stack([features[name] for name in names], axis=1))
    return NewItems.in_memory([f"{path} row {n}" for n in range(1, len(items) + 1)], items)


def _of_columns(names: Sequence[str], columns: Sequence[str], path: Path) -> dict[str, list[str]]:
    """Returns which features are made of each column: `colour=red` of `colour`."""
    made: dict[str, list[str]] = {}
    there = set(columns)
    for name in names:
        fitting = [name] if name in there else [c for c in columns if name.startswith(f"{c}=")]
        if not fitting:
            lacking = name.partition("=")[0]
            free = [column for column in columns if column not in names]
            raise DataError(
                f"{path} has no column {lacking!r}, which training had: "
                f"{meant(lacking, free or columns)}"
            )
        made.setdefault(max(fitting, key=len), []).append(name)
    return made


def _features(
    name: str, column: Series[Any], features: Sequence[str], path: Path
) -> dict[str, Any]:
    """Returns the features that a column becomes, each with shape (N,)."""
    if features == [name]:
        if is_text(column):
            numbers = pd.to_numeric(column, errors="coerce")
            _refuse(column[numbers.isna()], "numbers alone", path)
        return {name: numbers_of(name, column, path)}
    known = [feature.removeprefix(f"{name}=") for feature in features]
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
