"""Makes a data set of a table: the target of each row, and features from the other columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ....models.data_spec import Column, DataSpec
from ..data_error import DataError
from ..parts import LoadedDataset, Part, is_valid_number
from ..preparation.hold_out import TEST_FRACTION, hold_out
from .column_names import check_column_exists, quote_some
from .column_types import are_categories, check_mostly_numbers
from .header_row import TARGET_COLUMN_NAMES
from .source import NO_TARGET, format_option
from .target_encoding import encode_targets
from .typed_columns import Columns, check_no_missing

if TYPE_CHECKING:
    from pandas import Series

MIN_ROWS_PER_CLASS = 10
"""Smallest average number of rows of a class if there are more than 50 classes."""
MAX_CLASSES = 1000
FEW_ROWS = 1000
CORRELATION_TOLERANCE = 1e-9
"""A column copies a numeric target if their absolute correlation is nearer to 1 than this."""


def read_table(columns: Columns, target: str | None, numbers: bool) -> LoadedDataset:
    """Returns a data set with the features and the target of each row.

    A flag becomes a feature of 0 and 1. A column of texts is one-hot encoded; it must have at most
    50 distinct texts, each in two rows on average. `encode_targets` decides whether targets are
    classes.
    """
    path = columns.path
    check_no_missing(columns, target)
    if target is None and numbers:
        raise DataError(
            f"{path} has no column that is known to be a target: name it by `target=`, such as "
            f"{quote_some(list(columns.kinds)[::-1])}"
        )
    _check_categories(columns, target)
    notes, kinds = columns.notes, []
    features: dict[str, NDArray[Any]] = {}
    for name, kind in columns.kinds.items():
        column = columns.frame[name]
        if name == target:
            continue
        if kind.role == "text" and column.nunique() == 1:
            notes += (f"left out the column {name!r}, which holds one text alone",)
        elif kind.role == "text":
            features |= one_hot(name, column, sorted(column.unique()))
            kinds.append(kind._replace(role="category"))
        else:
            features[name] = _numeric_feature(name, column, path)
            kinds.append(kind)
    if not features:
        raise DataError(f"{path} has no features: a column besides the target is needed")
    inputs = torch.from_numpy(np.stack(list(features.values()), axis=1))
    classes, targets = column_targets(columns, target, numbers)
    if target is not None:
        notes += (f"the column {target!r} is the target",)
        notes += tuple(
            f"the column {name!r} copies the target: {format_option('drop', name)} leaves it out"
            for name in _find_target_copies(columns, target)
        )
        kinds.append(Column(target, "target"))
    elif columns.options.target != NO_TARGET:
        notes += (
            "no column is known to be the target, so all are features: name one by `target=`",
        )
    shape, names = (len(features),), tuple(features)
    spec = DataSpec(shape, "table", classes, features=names, columns=tuple(kinds))
    train, test = hold_out(Part(inputs, targets), TEST_FRACTION, seed=0)
    return LoadedDataset(train, test, spec, notes=notes)


def find_target(columns: Columns) -> str | None:
    """Returns the column that the option `target` names; otherwise the column with a usual name.

    The result is None if no column has a usual name. Several such columns raise DataError.
    """
    names, path, options = list(map(str, columns.frame)), columns.path, columns.options
    if options.target is not None and (options.target != NO_TARGET or NO_TARGET in names):
        check_column_exists(names, options.target, path)
        return options.target
    if options.target == NO_TARGET:
        return None
    usual = [n for n in names if n.lower() in TARGET_COLUMN_NAMES and n != options.text]
    lower = {name.lower() for name in names}
    if "z" in lower or ("x" in lower and len(usual) > 1):  # y is a coordinate
        usual = [name for name in usual if name.lower() != "y"]
    if len(usual) > 1:
        raise DataError(
            f"{path} has the columns {' and '.join(map(repr, usual))}, and each could be the "
            "target: name one by `target=`"
        )
    return usual[0] if usual else None


def column_targets(
    columns: Columns, name: str | None, numbers: bool
) -> tuple[tuple[str, ...], torch.Tensor | None]:
    """Returns the class names of a target column, and the target of each row.

    Numbers are not classes if they have a unit, or if the user says that they are numbers. Flags
    are classes, spelled as in the file. `encode_targets` decides about all other values.
    """
    if name is None:
        return (), None
    role, path, options = columns.kinds[name].role, columns.path, columns.options
    numbers = numbers or role == "amount" or name in options.as_number
    column = columns.frame[name]
    if role == "flag" and not numbers:
        column = columns.texts[name]
    is_text = column.dtype.kind == "O"
    values = np.array(column.tolist(), dtype=str) if is_text else column.to_numpy()
    distinct, n = column.nunique(), len(column)
    if is_text and not numbers and name not in options.as_category:
        has_large_classes = MIN_ROWS_PER_CLASS * distinct <= n and distinct <= MAX_CLASSES
        if not are_categories(distinct, n) and not has_large_classes:
            raise DataError(
                f"{path} has {distinct:,} different texts in {n:,} rows of its target {name!r}, "
                f"such as {str(values[0])!r}, which are too many for classes: name another by "
                f"`target=`, or keep them as classes by {format_option('as_category', name)}"
            )
    if not is_text and not numbers and are_categories(distinct, n) and (column < 0).any():
        raise DataError(
            f"{path} has {column.min():g} among the values of its target {name!r}: keep them as "
            f"classes by {format_option('as_category', name)}, or as numbers by "
            f"{format_option('as_number', name)}"
        )
    classes, targets = encode_targets({"train": values}, numbers, f"{path}, column {name!r},")
    return classes, targets["train"]


def one_hot(name: str, column: Series[Any], texts: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Returns a feature of shape (N,) for each text: 1 in rows with this text, 0 in others."""
    import pandas as pd

    codes, distinct = pd.factorize(column)  # integers are compared faster than texts
    numbers = {text: number for number, text in enumerate(distinct)}
    return {
        f"{name}={text}": (codes == numbers.get(text, len(numbers))).astype(np.float64)
        for text in texts
    }


def _numeric_feature(name: str, column: Series[Any], path: Path) -> NDArray[Any]:
    values = column.to_numpy(np.float64)
    is_invalid = ~is_valid_number(values)
    if is_invalid.any():
        raise DataError(
            f"{path} holds {column[is_invalid].iloc[0]:g} in the column {name!r}: leave out that "
            f"row, or the column by {format_option('drop', name)}"
        )
    return values


def _check_categories(columns: Columns, target: str | None) -> None:
    texts = {}
    for name, kind in columns.kinds.items():
        if kind.role != "text" or name == target or name in columns.options.as_category:
            continue
        column = columns.frame[name]
        distinct = column.nunique()
        if distinct > 1 and not are_categories(distinct, len(column)):
            check_mostly_numbers(column, columns.path)
            texts[name] = sorted(column.unique())
    if texts:
        name, *others = texts
        more = f" (as there are in {quote_some(others)})" if others else ""
        raise DataError(
            f"{columns.path} has {len(texts[name]):,} different texts in the column {name!r}, "
            f"such as {quote_some(texts[name][:2])}{more}, which are not categories: leave "
            f"{'them' if others else 'it'} out by {format_option('drop', *texts)}"
        )


def _find_target_copies(columns: Columns, target: str) -> Iterator[str]:
    """Yields the columns that copy the target.

    A column copies classes if its values and the classes correspond one to one. A column copies
    numbers if its correlation with the target is 1 or -1.
    """
    targets = columns.frame[target]
    distinct = targets.nunique()
    are_classes = are_categories(distinct, len(targets))
    for name in map(str, columns.frame):
        column = columns.frame[name]
        if name == target or (column == column.iloc[0]).all():
            continue
        if are_classes:
            if column.iloc[:FEW_ROWS].nunique() > distinct:  # true of most columns of numbers
                continue
            pairs = columns.frame[[name, target]].drop_duplicates()
            if column.nunique() == distinct == len(pairs):
                yield name
        elif (
            column.dtype.kind == targets.dtype.kind == "f"
            and 1 - abs(column.corr(targets)) < CORRELATION_TOLERANCE
        ):
            yield name
