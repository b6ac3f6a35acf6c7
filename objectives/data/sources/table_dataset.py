"""Tables: which column is the target, and what the features are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....models.data_spec import Column, DataSpec
from ..data_error import DataError
from ..parts import LoadedDataset, Part, hold_out, is_valid_number
from .column_names import check_column_exists, quote_some
from .column_types import are_categories, check_mostly_numbers
from .header_row import TARGET_COLUMN_NAMES
from .table_options import NO_TARGET, TableOptions, format_option
from .target_encoding import encode_targets
from .target_leakage import describe_target_copies
from .typed_columns import Columns, check_no_missing

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import Series

TEST_FRACTION = 0.2
MIN_ROWS_PER_CLASS = 10
"""Rows of a class at least, on average, where there are more than 50 classes."""
MOST_CLASSES = 1000


def read_table(
    columns: Columns, path: Path, target: str | None, options: TableOptions, numbers: bool
) -> LoadedDataset:
    """Makes a data set of columns: features of one row, and what is to be predicted of it.

    Of the values of the target, `encode_targets` says which are classes. Flags are features of 0
    and 1; a text of at most 50 different values, each in two rows on average, is as many features.
    A fixed fifth of the rows is the test part.

    Args:
        columns: What the file holds, without numbers of its rows.
        path: The file.
        target: The column to be predicted, if there is one.
        options: What a user says of the columns.
        numbers: Whether targets are to be numbers.

    Raises:
        DataError: If values are missing or beyond 1e150, if text is no category, or if nothing
            is left to learn from.
    """
    import numpy as np
    import torch

    check_no_missing(columns, path, target)
    if target is None and numbers:
        columns_there = quote_some(list(columns.kinds)[::-1])
        raise DataError(
            f"{path} has no column that is known to be a target: name it by `target=`, such as "
            f"{columns_there}"
        )
    notes, read = columns.notes, []
    features: dict[str, NDArray[Any]] = {}
    _check_categories(columns, target, options, path)
    for name, kind in columns.kinds.items():
        column = columns.frame[name]
        if name == target:
            continue
        if kind.role == "text" and column.nunique() == 1:
            notes += (f"left out the column {name!r}, which holds one text alone",)
        else:
            kind = kind._replace(role="category") if kind.role == "text" else kind
            features |= _features(column, kind, path)
            read.append(kind)
    if not features:
        raise DataError(f"{path} has no features: a column besides the target is needed")
    inputs = torch.from_numpy(np.stack(list(features.values()), axis=1))
    classes: tuple[str, ...] = ()
    if target is None:
        if options.target != NO_TARGET:
            notes += (
                "no column is known to be the target, so all are features: name one by `target=`",
            )
        whole = Part(inputs, None)
    else:
        notes += (f"the column {target!r} is the target", *describe_target_copies(columns, target))
        classes, of_rows = column_targets(columns, target, numbers, path, options)
        read.append(Column(target, "target"))
        whole = Part(inputs, of_rows)
    spec = DataSpec(
        (len(features),), "table", classes, features=tuple(features), columns=tuple(read)
    )
    return LoadedDataset(*hold_out(whole, TEST_FRACTION, seed=0), spec, notes=notes)


def find_target(columns: Columns, options: TableOptions, path: Path) -> str | None:
    """Returns the column that a user calls the target, or the only one with such a name, if any.

    Raises:
        DataError: If it is not a column, or several could be it.
    """
    names = list(map(str, columns.frame))
    if options.target is not None and (options.target != NO_TARGET or NO_TARGET in names):
        check_column_exists(names, options.target, path)
        return options.target
    if options.target == NO_TARGET:
        return None
    named = [
        name for name in names if name.lower() in TARGET_COLUMN_NAMES and name != options.text
    ]
    lower = {name.lower() for name in names}
    if "z" in lower or ("x" in lower and len(named) > 1):  # y is a coordinate
        named = [name for name in named if name.lower() != "y"]
    if len(named) > 1:
        raise DataError(
            f"{path} has the columns {' and '.join(map(repr, named))}, of which each could be the "
            "target: name one by `target=`"
        )
    return named[0] if named else None


def column_targets(
    columns: Columns, name: str, numbers: bool, path: Path, options: TableOptions
) -> tuple[tuple[str, ...], Any]:
    """Returns the classes of a column and the target of each row; see `encode_targets`.

    Numbers with a unit, and those that a user calls numbers, are to be predicted as such; flags
    are classes with the names that the file has.

    Raises:
        DataError: If its values cannot be targets.
    """
    import numpy as np

    role = columns.kinds[name].role
    numbers = numbers or role == "amount" or name in options.as_number
    column = columns.frame[name]
    if role == "flag" and not numbers:
        column = columns.texts[name]
    text = column.dtype.kind == "O"
    values = np.array(column.tolist(), dtype=str) if text else column.to_numpy()
    many = column.nunique()
    if text and not numbers and name not in options.as_category:
        _check_classes(name, many, len(column), str(values[0]), path)
    if not text and not numbers and are_categories(many, len(column)) and (column < 0).any():
        raise DataError(
            f"{path} has {column.min():g} among the values of its target {name!r}: keep them as "
            f"classes by {format_option('as_category', name)}, or as numbers by "
            f"{format_option('as_number', name)}"
        )
    what = f"{path}, column {name!r},"
    classes, targets = encode_targets({"train": values}, numbers, what)
    return classes, targets["train"]


def _check_classes(name: str, many: int, n: int, example: str, path: Path) -> None:
    """Raises DataError if so many different texts of n rows are hardly names of classes."""
    if not are_categories(many, n) and (MIN_ROWS_PER_CLASS * many > n or many > MOST_CLASSES):
        raise DataError(
            f"{path} has {many:,} different texts in {n:,} rows of its target {name!r}, such as "
            f"{example!r}, which are too many for classes: name another by `target=`, or keep "
            f"them as classes by {format_option('as_category', name)}"
        )


def one_hot(name: str, column: Series[Any], texts: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Returns a feature for each text of a category, 1 where it stands; each of shape (N,)."""
    import numpy as np

    return {f"{name}={text}": (column == text).to_numpy(np.float64) for text in texts}


def numeric_feature(name: str, column: Series[Any], path: Path) -> NDArray[Any]:
    """Returns numbers or flags in float64, with shape (N,).

    Raises:
        DataError: If one is not finite, or too large to be squared.
    """
    import numpy as np

    values = column.to_numpy(np.float64)
    if not is_valid_number(values).all():
        strange = column[~is_valid_number(values)].iloc[0]
        raise DataError(
            f"{path} holds {strange:g} in the column {name!r}: leave out that row, or the column "
            f"by {format_option('drop', name)}"
        )
    return values


def _check_categories(
    columns: Columns, target: str | None, options: TableOptions, path: Path
) -> None:
    """Raises DataError, which names all of them, if columns of text have too many values."""
    found = {}
    for name, kind in columns.kinds.items():
        column = columns.frame[name]
        features = kind.role == "text" and name != target and name not in options.as_category
        if features and column.nunique() > 1 and not are_categories(column.nunique(), len(column)):
            check_mostly_numbers(column, path)
            found[name] = column.unique()
    for name, texts in list(found.items())[:1]:
        others = f" (as there are in {quote_some(list(found)[1:])})" if len(found) > 1 else ""
        raise DataError(
            f"{path} has {len(texts):,} different texts in the column {name!r}, such as "
            f"{quote_some(sorted(texts)[:2])}{others}, which are no categories: leave "
            f"{'it' if len(found) == 1 else 'them'} out by {format_option('drop', *found)}"
        )


def _features(column: Series[Any], kind: Column, path: Path) -> dict[str, NDArray[Any]]:
    """Returns the features that a column becomes, each as floats of shape (N,)."""
    if kind.role != "category":
        return {kind.name: numeric_feature(kind.name, column, path)}
    return one_hot(kind.name, column, sorted(column.unique()))
