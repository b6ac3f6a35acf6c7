"""Tables: which column is the target, and what the features are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....models.data_spec import DataSpec
from ..errors import DataError
from ..parts import Dataset, Part, hold_out, is_measurable
from .frames import Columns, check_whole, is_text
from .targets import few, read_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

TEST = 0.2
SHOWN = 10
TARGETS = {
    *("target", "targets", "label", "labels", "class", "classes", "y", "outcome"),
    *("species", "variety", "diagnosis"),
}
"""What people call the column that is to be predicted, in lower case."""


def read_table(columns: Columns, path: Path, target: str | None, numbers: bool) -> Dataset:
    """Makes a data set of columns: features of one row, and what is to be predicted of it.

    The target is the column with a name of `TARGETS`, or the last one if it alone is text; else
    there is none. Of its values, `read_targets` says which are classes. Booleans are features of 0
    and 1; a text of at most 50 different values, each in two rows on average, is as many features.
    A fixed fifth of the rows is the test part.

    Args:
        columns: What the file holds.
        path: The file.
        target: The column to be predicted, if it is not recognised.
        numbers: Whether targets are to be numbers.

    Raises:
        DataError: If values are missing or beyond 1e150, if text is no category, if nothing is
            left to learn from, or if the target is unclear.
    """
    import numpy as np
    import torch

    frame, notes = columns
    check_whole(frame, path)
    target = _target(frame, path) if target is None else target
    if target is None and numbers:
        raise DataError(f"{path} has no column that is known to be a target: name it by `target=`")
    features: dict[str, NDArray[Any]] = {}
    for name, column in frame.drop(columns=[] if target is None else target).items():
        if is_text(column) and column.nunique() == 1:
            notes += (f"left out the column {name!r}, which holds one text alone",)
        else:
            features |= _features(str(name), column, path)
    if not features:
        raise DataError(f"{path} has no features: a column besides the target is needed")
    inputs = torch.from_numpy(np.stack(list(features.values()), axis=1))
    classes: tuple[str, ...] = ()
    if target is None:
        notes += ("no column is known to be the target: name one by `target=`",)
        whole = Part(inputs, None)
    else:
        notes += (f"the column {target!r} is the target",)
        classes, of_rows = column_targets(frame[target], numbers, path)
        whole = Part(inputs, of_rows)
    spec = DataSpec((len(features),), "table", classes, features=tuple(features))
    return Dataset(*hold_out(whole, TEST, seed=0), spec, notes=notes)


def check_column(frame: DataFrame, name: str, path: Path) -> None:
    """Raises DataError, with the nearest name or a few, if a target is no column."""
    if name not in frame:
        hint = meant(name, list(map(str, frame)))
        raise DataError(f"{path} has no column {name!r} for `target=`: {hint}")


def meant(name: str, columns: Sequence[str]) -> str:
    """Returns a hint with the nearest of some columns, in whatever case, or with a few of them."""
    lower = {column.lower(): column for column in columns}
    close = get_close_matches(name.lower(), lower, n=1)
    return f"did you mean {lower[close[0]]!r}?" if close else f"it has {some_of(columns)}"


def some_of(words: Sequence[str]) -> str:
    """Returns the first ten words in quotes, and how many more there are."""
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(map(repr, words[:SHOWN])) + more


def column_targets(column: Series[Any], numbers: bool, path: Path) -> tuple[tuple[str, ...], Any]:
    """Returns the classes of a column and the target of each row; see `read_targets`.

    Raises:
        DataError: If its values cannot be targets.
    """
    import numpy as np

    values = np.array(column.tolist(), dtype=str) if is_text(column) else column.to_numpy()
    classes, targets = read_targets({"train": values}, numbers, f"{path}, column {column.name!r},")
    return classes, targets["train"]


def _target(frame: DataFrame, path: Path) -> str | None:
    """Returns the column that is recognised as the target, if any."""
    named = [str(name) for name in frame if str(name).lower() in TARGETS]
    if len(named) > 1:
        raise DataError(
            f"{path} has the columns {' and '.join(map(repr, named))}, of which each could be the "
            "target: name one by `target=`"
        )
    if named:
        return named[0]
    texts = [str(name) for name in frame if is_text(frame[name])]
    last = str(frame.columns[-1])
    return last if texts == [last] and few(frame[last].nunique(), len(frame)) else None


def _features(name: str, column: Series[Any], path: Path) -> dict[str, NDArray[Any]]:
    """Returns the features that a column becomes, each as floats of shape (N,)."""
    if is_text(column):
        distinct = sorted(column.unique())
        if not few(len(distinct), len(column)):
            raise DataError(
                f"{path} has {len(distinct):,} different texts in the column {name!r}, which are "
                "no categories: leave it out of the file"
            )
        return indicators(name, column, distinct)
    return {name: numbers_of(name, column, path)}


def indicators(name: str, column: Series[Any], texts: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Returns a feature for each text of a category, 1 where it stands; each of shape (N,)."""
    import numpy as np

    return {f"{name}={text}": (column == text).to_numpy(np.float64) for text in texts}


def numbers_of(name: str, column: Series[Any], path: Path) -> NDArray[Any]:
    """Returns numbers or booleans in float64, with shape (N,).

    Raises:
        DataError: If one is not finite, or too large to be squared.
    """
    import numpy as np

    values = column.to_numpy(np.float64)
    if not is_measurable(values).all():
        strange = column[~is_measurable(values)].iloc[0]
        raise DataError(f"{path} holds {strange:g} in the column {name!r}: leave out that row")
    return values
