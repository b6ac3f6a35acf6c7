"""Writes a data frame as a CSV file, from which `read_columns` reads the same values."""

from __future__ import annotations

import logging
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data_error import DataError
from ..describe_object import describe_object
from .column_names import normalize_label, quote_some

if TYPE_CHECKING:
    from pandas import DataFrame, Series

SECONDS_PER_DAY = 86400

log = logging.getLogger(__name__)


def as_pandas(data: Any) -> DataFrame | None:
    """Returns a frame of pandas or polars as a frame of pandas; None for any other object."""
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    if type(data).__module__.partition(".")[0] == "polars" and hasattr(data, "to_dict"):
        frame = pd.DataFrame(data.to_dict(as_series=False))
        kinds = {name: str(kind) for name, kind in data.schema.items()}
        names = [name for name, kind in kinds.items() if kind.startswith(("Categorical", "Enum"))]
        return frame.astype(dict.fromkeys(names, "category"))
    return None


def add_targets(frame: DataFrame, labels: Any) -> tuple[DataFrame, str]:
    """Returns a frame with the labels as additional columns, and their names with commas.

    Labels of shape (N,) are a column, which is called as they are, or `target`. Labels of shape
    (N, K) are K columns, which are called as in their frame, or `target 1` and so on.
    """
    named, n = as_pandas(labels), len(labels)
    if named is not None:
        columns = {str(name): column.tolist() for name, column in named.items()}
    elif getattr(labels, "ndim", 1) == 2:
        columns = {f"target {k}": column.tolist() for k, column in enumerate(labels.T, start=1)}
    else:
        columns = {str(getattr(labels, "name", None) or "target"): list(labels)}
    if n != len(frame):
        raise DataError(f"y holds {n:,} labels for {len(frame):,} rows: give one a row")
    if shared := [name for name in columns if name in map(str, frame)]:
        raise DataError(f"the frame has a column {shared[0]!r} already: rename it or y")
    return frame.assign(**columns), ",".join(columns)


def frame_to_csv(frame: DataFrame, name: str = "the frame") -> bytes:
    """Returns the rows of a frame as a CSV file in UTF-8, without the index.

    Missing values become empty cells, a duration becomes a number of days, and a list or array
    becomes a text. In a column of floats, one number has more than three decimal places, so that
    no number looks like a thousand, as 1.234 may.

    Raises:
        DataError: If two columns have the same name. The message calls the frame `name`.
    """
    names = [normalize_label(str(name)) for name in frame]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"{name} has two columns {quote_some(repeated)}: rename one")
    if durations := [str(name) for name, column in frame.items() if column.dtype.kind == "m"]:
        log.info("%s: durations, which become days: %s", name, quote_some(durations))
    columns = {
        name: _to_cells(column) for name, (_, column) in zip(names, frame.items(), strict=True)
    }
    text: str = type(frame)(columns).to_csv(index=False, lineterminator="\n")
    return text.encode()


def frame_options(frame: DataFrame) -> dict[str, Any]:
    """Returns the table options with which the CSV file of a frame is read."""
    categories = category_names(frame)
    return {"header": "first", "as_category": categories} if categories else {"header": "first"}


def category_names(frame: DataFrame) -> tuple[str, ...]:
    """Returns the names of the columns that hold categories."""
    return tuple(str(name) for name, column in frame.items() if column.dtype.name == "category")


def check_cells(frame: DataFrame) -> None:
    """Raises DataError if a cell holds several values, such as a list, or is infinite."""
    for name, column in frame.items():
        if column.dtype.kind == "f":
            infinite = np.flatnonzero(np.isinf(column.to_numpy(float, na_value=nan)))
            if len(infinite):
                raise DataError(
                    f"the frame holds {column.iloc[infinite[0]]} in the column {str(name)!r}, "
                    f"first in row {infinite[0]:,}: leave out such rows, or make them NaN, which "
                    "is filled"
                )
        for value in column if column.dtype.kind == "O" else ():
            if isinstance(value, list | tuple | dict | set) or getattr(value, "ndim", 0) > 0:
                raise DataError(
                    f"the column {str(name)!r} of the frame holds {describe_object(value)}: give "
                    "each value a column of its own"
                )


def _to_cells(column: Series[Any]) -> Series[Any]:
    """Returns a column with values that `to_csv` writes exactly; one number may become a text."""
    column = column.reset_index(drop=True)
    if column.dtype.kind == "m":
        column = column.dt.total_seconds() / SECONDS_PER_DAY
    if column.dtype.kind == "f":
        numbers = column.to_numpy(float, na_value=nan)
        finite = np.flatnonzero(np.isfinite(numbers))
        fractions = finite[numbers[finite] % 1 != 0]
        cells = column.astype(object)
        if len(fractions):
            text = repr(float(numbers[fractions[0]]))
            cells[numbers == numbers[fractions[0]]] = text if "e" in text else f"{text}000"
        return cells
    return column
