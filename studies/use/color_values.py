"""What a map is colored by: a column of the data, or of a file that names the items."""

import logging
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from ...objectives.data.item_metadata import ITEM_COLUMN, ROW_COLUMN
from ...objectives.data.sources.column_names import did_you_mean
from ...objectives.data.sources.header_row import PATH_COLUMN_NAMES, TEXT_COLUMN_NAMES
from ...objectives.data.sources.table_options import TableOptions
from ...objectives.data.sources.typed_columns import (
    infer_types,
    read_file_bytes,
    read_text_columns,
)
from ..study.study_error import StudyError

FILE = re.compile(r"(?P<path>.+?\.(?:csv|tsv))(?::(?P<column>.*))?", re.IGNORECASE)
NAMES = frozenset({ITEM_COLUMN, "input", *PATH_COLUMN_NAMES, *TEXT_COLUMN_NAMES})
"""What people call the column of a file that names items, in lower case."""
COMPARED, NEAREST = 500, 5  # ids of the data, and of a file, that a hint looks at

log = logging.getLogger(__name__)


def color_values(
    color: str, items: pd.DataFrame, ids: Sequence[str], folder: Path
) -> "pd.Series[Any]":
    """Returns a value for each item, under the name of the column that it comes from.

    Args:
        color: A column of the items; or `FILE.csv:NAME_WIDTH`, of a file that names each item in
            columns called like those of `ids`.
        items: A row for each item.
        ids: The columns of the items that say which item it is, with `row` among them.
        folder: Where paths of items start from; a file may also write them from elsewhere.

    Raises:
        StudyError: If there is no such column, or the file names none of the items, or one twice.
        DataError: If the file cannot be read.
    """
    if color in items:
        return _filled(items[color], "the data")
    if (parts := FILE.fullmatch(color)) is None:
        hint = did_you_mean(color, list(map(str, items)))
        raise StudyError(f"the data have no column {color!r} for `color=`: {hint}")
    path, column = Path(parts["path"]), parts["column"]
    if not column:
        raise StudyError(f"name a column of {path} by `color=`, as {path}:COLUMN")
    names = tuple(name for name in ids if not is_numeric_dtype(items[name]))
    texts, _ = read_text_columns(path, read_file_bytes(path), known=(column, *ids))
    table = infer_types(texts, path, TableOptions(as_category=names)).frame
    table = table.mask(table == "")
    if column not in table:
        hint = did_you_mean(column, list(map(str, table)))
        raise StudyError(f"{path} has no column {column!r}: {hint}")
    values = _filled(table[column], str(path))
    table = _with_item_column(table.drop(columns=column))
    keys = _key_columns(table, ids, path)
    known, given = _as_keys(items, keys, table, folder)
    return _matched(values.set_axis(given), known, path).rename(column)


def _filled(column: "pd.Series[Any]", where: str) -> "pd.Series[Any]":
    column = column.mask(column == "")
    if column.isna().all():
        raise StudyError(f"{where} hold no value in the column {column.name!r}: name another one")
    return column


def _with_item_column(table: pd.DataFrame) -> pd.DataFrame:
    """Returns a table whose column of paths or texts, if there is one, is called `item`."""
    named = next((name for name in table if str(name).lower() in NAMES), None)
    return (
        table
        if named is None or ITEM_COLUMN in table
        else table.rename(columns={named: ITEM_COLUMN})
    )


def _key_columns(table: pd.DataFrame, ids: Sequence[str], path: Path) -> list[str]:
    """Returns the columns of a file that say which item a row is of."""
    shared = [name for name in ids if name in table]
    if ITEM_COLUMN in shared:
        return [ITEM_COLUMN]
    own = [name for name in shared if name != ROW_COLUMN]
    if own and not table.duplicated(own).any():
        return own
    if not shared:
        columns = ", ".join(map(repr, table)) or "that column alone"
        raise StudyError(
            f"{path} has no column that names the items: it needs one of "
            f"{', '.join(map(repr, ids))}, and has {columns}"
        )
    return [ROW_COLUMN] if ROW_COLUMN in shared else own


def _as_keys(
    items: pd.DataFrame, keys: Sequence[str], table: pd.DataFrame, folder: Path
) -> "tuple[pd.Series[Any], pd.Series[Any]]":
    """Returns what names each item of the data, and each row of the file, as text."""
    known, given = (_joined_text(frame, keys) for frame in (items, table))
    if ITEM_COLUMN in keys and not given.isin(known).any():  # paths may start from elsewhere
        moved = given.map(lambda name: os.path.relpath(name, folder) if name else name)
        given = moved if moved.isin(known).any() else given
    return known, given


def _joined_text(frame: pd.DataFrame, keys: Sequence[str]) -> "pd.Series[Any]":
    return frame[list(keys)].apply(_as_text).agg(", ".join, axis=1)


def _as_text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Returns ids as text: whole numbers without a point, and paths as they are told apart."""
    if is_numeric_dtype(column):
        return column.map(lambda value: "" if pd.isna(value) else f"{value:.17g}")
    plain = column.fillna("").map(lambda text: unicodedata.normalize("NFC", str(text).strip()))
    return plain.map(lambda text: os.path.normpath(text) if text else text)


def _matched(values: "pd.Series[Any]", known: "pd.Series[Any]", path: Path) -> "pd.Series[Any]":
    """Returns the value of each item, by the ids that a file gives it."""
    values = values[values.index != ""]
    values = values[~values.reset_index().duplicated().to_numpy()]
    twice = values.index[values.index.duplicated()]
    if len(twice):
        raise StudyError(f"{path} names {twice[0]!r} more than once: leave one row for each item")
    there = known.isin(values.index)
    if not there.any():
        raise StudyError(f"{path} names none of the items: {_nearest(known, values.index)}")
    if not there.all():
        log.info("%s names %d of %d items; the others are gray", path, there.sum(), len(known))
    return values.reindex(known).reset_index(drop=True)


def _nearest(known: Iterable[str], given: "pd.Index[Any]") -> str:
    """Returns a hint with an id of a file and the nearest of the data, or the first of them."""
    items = list(known)[:COMPARED]
    for name in given[:NEAREST]:
        same = [item for item in items if os.path.basename(item) == os.path.basename(name)]
        if close := same or get_close_matches(name, items, n=1):
            return f"it has {name!r}; did you mean {close[0]!r}?"
    return f"it has {given[0]!r}, and the data {items[0]!r}"
