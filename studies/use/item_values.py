"""A value for each item: a column of the data, or a column of another file."""

import logging
import os
import re
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from ...objectives.data.item_metadata import ITEM_COLUMN, ROW_COLUMN
from ...objectives.data.sources.column_names import did_you_mean
from ...objectives.data.sources.header_row import PATH_COLUMN_NAMES, TEXT_COLUMN_NAMES
from ...objectives.data.sources.source import TableOptions
from ...objectives.data.sources.table_file import read_file_bytes
from ...objectives.data.sources.typed_columns import (
    infer_types,
    read_text_columns,
)
from ..study.study_error import StudyError

FILE_PATTERN = re.compile(r"(?P<path>.+?\.(?:csv|tsv))(?::(?P<column>.*))?", re.IGNORECASE)
ITEM_HEADERS = frozenset({ITEM_COLUMN, "input", *PATH_COLUMN_NAMES, *TEXT_COLUMN_NAMES})
"""Usual headers, in lower case, of a column with the names of items."""
MAX_KNOWN_NAMES = 500
"""Maximum number of ids in the data that are searched for a similar id."""
MAX_GIVEN_NAMES = 5
"""Maximum number of ids in a file for which a similar id is searched."""

log = logging.getLogger(__name__)


def read_item_values(
    source: str, items: pd.DataFrame, ids: Sequence[str], folder: Path, option: str
) -> "pd.Series[Any]":
    """Returns the value of each item in the column `source`; the series has the column's name.

    Args:
        source: A column of `items`, or `FILE.csv:COLUMN`.
        items: A row for each item.
        ids: The columns of `items` that identify an item. A file needs at least one of them.
        folder: The folder that paths of items are relative to. Paths in a file may also be
            relative to the working folder.
        option: The option that names the column, for error messages.

    Raises:
        StudyError: If there is no such column, or the file names none of the items.
    """
    if source in items:
        return _mask_empty_cells(items[source], "the data")
    if (parts := FILE_PATTERN.fullmatch(source)) is None:
        hint = did_you_mean(source, list(map(str, items)))
        raise StudyError(f"the data have no column {source!r} for `{option}=`: {hint}")
    path, column = Path(parts["path"]), parts["column"]
    if not column:
        raise StudyError(f"name a column of {path} by `{option}=`, as {path}:COLUMN")
    as_text = tuple(name for name in ids if not is_numeric_dtype(items[name]))
    texts, _ = read_text_columns(path, read_file_bytes(path), known=(column, *ids))
    table = infer_types(texts, path, TableOptions(as_category=as_text)).frame
    table = table.mask(table == "")
    if column not in table:
        hint = did_you_mean(column, list(map(str, table)))
        raise StudyError(f"{path} has no column {column!r}: {hint}")
    values = _mask_empty_cells(table[column], str(path))
    table = table.drop(columns=column)
    header = next((name for name in table if str(name).lower() in ITEM_HEADERS), None)
    if header is not None and ITEM_COLUMN not in table:
        table = table.rename(columns={header: ITEM_COLUMN})
    keys = _find_key_columns(table, ids, path)
    known, given = (_join_keys(frame, keys) for frame in (items, table))
    if ITEM_COLUMN in keys and not given.isin(known).any():
        relative = given.map(lambda name: os.path.relpath(name, folder) if name else name)
        given = relative if relative.isin(known).any() else given
    return _match_values(values.set_axis(given), known, path).rename(column)


def _mask_empty_cells(column: "pd.Series[Any]", where: str) -> "pd.Series[Any]":
    column = column.mask(column == "")
    if column.isna().all():
        raise StudyError(f"the column {column.name!r} of {where} is empty: name another column")
    return column


def _find_key_columns(table: pd.DataFrame, ids: Sequence[str], path: Path) -> list[str]:
    """Returns the names of those columns of `table` that tell which item a row belongs to.

    They are some of `ids`. `path` is the file of the table, for an error message.
    """
    shared = [name for name in ids if name in table]
    if ITEM_COLUMN in shared:
        return [ITEM_COLUMN]
    without_row = [name for name in shared if name != ROW_COLUMN]
    if without_row and not table.duplicated(without_row).any():
        return without_row
    if not shared:
        columns = ", ".join(map(repr, table)) or "only that column"
        raise StudyError(
            f"{path} has no column that names the items: it needs one of "
            f"{', '.join(map(repr, ids))}, and has {columns}"
        )
    return [ROW_COLUMN] if ROW_COLUMN in shared else without_row


def _join_keys(frame: pd.DataFrame, keys: Sequence[str]) -> "pd.Series[Any]":
    return frame[list(keys)].apply(_ids_to_text).agg(", ".join, axis=1)


def _ids_to_text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Returns the ids in a column as text, so that equal ids have equal texts.

    Integers have no decimal point, and paths are normalized.
    """
    if is_numeric_dtype(column):
        return column.map(lambda value: "" if pd.isna(value) else f"{value:.17g}")
    plain = column.fillna("").map(lambda text: unicodedata.normalize("NFC", str(text).strip()))
    return plain.map(lambda text: os.path.normpath(text) if text else text)


def _match_values(
    values: "pd.Series[Any]", known: "pd.Series[Any]", path: Path
) -> "pd.Series[Any]":
    """Returns the value of each item, or a missing value for items that the file lacks.

    Args:
        values: The values in the file. The index has the ids of their items.
        known: The ids of all items.
        path: The file.

    Raises:
        StudyError: If the file has an item twice or none of the items.
    """
    values = values[values.index != ""]
    values = values[~values.reset_index().duplicated().to_numpy()]
    repeated = values.index[values.index.duplicated()]
    if len(repeated):
        raise StudyError(f"{path} names {repeated[0]!r} more than once: keep one row per item")
    found = known.isin(values.index)
    if not found.any():
        raise StudyError(
            f"{path} names none of the items: {_hint_similar_id(known, values.index)}"
        )
    if not found.all():
        log.info(
            "%s names %d of %d items; the others have no value", path, found.sum(), len(known)
        )
    return values.reindex(known).reset_index(drop=True)


def _hint_similar_id(known: "pd.Series[Any]", given: "pd.Index[Any]") -> str:
    """Returns a hint with an id in the file and the most similar id in the data.

    If no two ids are similar, the hint has the first id in the file and the first in the data.
    """
    items = list(known)[:MAX_KNOWN_NAMES]
    for name in given[:MAX_GIVEN_NAMES]:
        same = [item for item in items if os.path.basename(item) == os.path.basename(name)]
        if close := same or get_close_matches(name, items, n=1):
            return f"it has {name!r}; did you mean {close[0]!r}?"
    return f"it has {given[0]!r}, and the data {items[0]!r}"
