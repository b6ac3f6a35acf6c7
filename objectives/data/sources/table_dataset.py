"""Makes a data set of a table: the target of each row, and features from the other columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ....models.data_spec import Column, DataSpec
from ..data_error import DataError
from ..parts import MAX_NUMBER, LoadedDataset, Part, is_valid_number
from ..preparation.hold_out import TEST_FRACTION, choose_rows, first_occurrences, split_indices
from .column_features import column_features
from .column_names import check_column_exists, quote_some, split_names
from .column_preparation import holds_categories, learn_columns, merge_rare_texts
from .column_types import are_categories, check_no_odd_values
from .header_row import TARGET_COLUMN_NAMES
from .source import NO_TARGET, format_option
from .target_encoding import encode_targets
from .target_leaks import describe_leaks
from .typed_columns import Columns, check_no_missing, find_missing

if TYPE_CHECKING:
    from pandas import DataFrame

MIN_ROWS_PER_CLASS = 10
"""Smallest average number of rows of a class if there are more than 50 classes."""
MAX_CLASSES = 1000
MAX_LEAK_ROWS = 2000
"""The largest number of training rows on which a column is tried as the only feature."""


def read_table(columns: Columns, target_names: Sequence[str], numbers: bool) -> LoadedDataset:
    """Returns a data set with the features and the targets of each row.

    The rows of the test part are chosen first. The other rows tell what stands for missing values
    and which categories are features; see `learn_columns`. `encode_targets` decides whether
    targets are classes.
    """
    path, options = columns.path, columns.options
    is_missing = find_missing(columns)
    checked = (
        is_missing if options.missing == "refuse" else is_missing.filter(items=list(target_names))
    )
    check_no_missing(checked, target_names, path)
    if not target_names and numbers:
        raise DataError(
            f"{path} has no column that is known to be a target: name it by `target=`, such as "
            f"{quote_some(list(columns.kinds)[::-1])}"
        )
    columns = _mark_missing(columns, is_missing)
    names = [name for name in columns.kinds if name not in target_names]
    for name in names:
        _check_values(columns, name)
    classes, targets = read_targets(columns, target_names, numbers)
    rest, test = _choose_rows(columns, names, targets)
    kinds, notes = learn_columns(columns, names, rest)
    features = _make_features(columns, kinds)
    inputs = torch.from_numpy(np.stack(list(features.values()), axis=1))
    whole = Part(inputs, targets, split_by=columns.split_by)
    notes = (*columns.notes, *notes)
    if targets is not None:
        some = rest[:: -(-len(rest) // MAX_LEAK_ROWS)]
        known = columns.frame[[kind.name for kind in kinds]].iloc[some]
        notes += (describe_targets(target_names),)
        values = targets[some].reshape(len(some), -1).T.numpy()
        for target, column in zip(target_names, values, strict=True):
            named = known.assign(**{target: columns.frame[target].iloc[some]})
            notes += tuple(describe_leaks(named, target, column))
        kinds += tuple(Column(name, "target") for name in target_names)
    elif options.target != NO_TARGET:
        notes += (
            "no column is known to be the target, so all are features: name one by `target=`",
        )
    shape = (len(features),)
    spec = DataSpec(shape, "table", classes, features=tuple(features), columns=kinds)
    val = whole.take(columns.val_rows) if columns.val_rows else None
    return LoadedDataset(whole.take(rest), whole.take(test), spec, val, notes)


def find_targets(columns: Columns) -> tuple[str, ...]:
    """Returns the columns that the option `target` names; otherwise the column with a usual name.

    The columns are in the order of the file. The result is empty if no column has a usual name.
    Several such columns raise DataError.
    """
    names, path, options = list(map(str, columns.frame)), columns.path, columns.options
    if options.target is not None and (options.target != NO_TARGET or NO_TARGET in names):
        targets = split_names(options.target, names)
        for name in targets:
            check_column_exists(names, name, path)
        return tuple(name for name in names if name in targets)
    if options.target == NO_TARGET:
        return ()
    usual = [n for n in names if n.lower() in TARGET_COLUMN_NAMES and n != options.text]
    lower = {name.lower() for name in names}
    if "z" in lower or ("x" in lower and len(usual) > 1):  # y is a coordinate
        usual = [name for name in usual if name.lower() != "y"]
    if len(usual) > 1:
        raise DataError(
            f"{path} has the columns {' and '.join(map(repr, usual))}, and each could be the "
            "target: name one by `target=`"
        )
    return tuple(usual)


def describe_targets(names: Sequence[str]) -> str:
    """Returns a note on the columns to predict."""
    if len(names) == 1:
        return f"the column {names[0]!r} is the target"
    return f"the columns {quote_some(names)} are the targets, which are numbers"


def read_targets(
    columns: Columns, names: Sequence[str], numbers: bool
) -> tuple[tuple[str, ...], torch.Tensor | None]:
    """Returns the class names of the targets, and the targets of each row, if there are any.

    Several targets are numbers, with shape (N, targets).
    """
    if not names:
        return (), None
    found = [_column_targets(columns, name, numbers or len(names) > 1) for name in names]
    return found[0] if len(names) == 1 else ((), torch.stack([one for _, one in found], 1))


def _column_targets(
    columns: Columns, name: str, numbers: bool
) -> tuple[tuple[str, ...], torch.Tensor]:
    """Returns the class names of a target column, and the target of each row.

    Numbers are not classes if they have a unit, or if the user says that they are numbers. Flags
    and dates are classes, spelled as in the file. `encode_targets` decides about all other values.
    """
    role, path, options = columns.kinds[name].role, columns.path, columns.options
    numbers = numbers or role == "amount" or name in options.as_number
    column = columns.frame[name]
    if role in ("flag", "date") and not numbers:
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


def _mark_missing(columns: Columns, is_missing: DataFrame) -> Columns:
    """Returns the columns with NaN in place of missing texts; missing numbers are NaN already."""
    gaps = [str(name) for name in is_missing if is_missing[name].any()]
    marked = {name: columns.frame[name].mask(is_missing[name]) for name in gaps}
    return columns._replace(frame=columns.frame.assign(**marked)) if gaps else columns


def _check_values(columns: Columns, name: str) -> None:
    """Raises DataError for a number that is not finite, or an odd text among numbers or dates."""
    column, path, is_text = columns.frame[name], columns.path, columns.kinds[name].role == "text"
    if is_text and not holds_categories(columns, name):
        check_no_odd_values(column.dropna(), path)
    elif not is_text:
        present = column.dropna() if column.hasnans else column
        is_invalid = ~is_valid_number(present.to_numpy(np.float64))
        if is_invalid.any():
            raise DataError(
                f"{path} holds {present[is_invalid].iloc[0]:g} in the column {name!r}: leave out "
                f"that row, or the column by {format_option('drop', name)}"
            )


def _choose_rows(
    columns: Columns, names: Sequence[str], targets: torch.Tensor | None
) -> tuple[list[int], list[int]]:
    """Returns the rows to learn from and the rows of the test part, before values are filled."""
    if columns.split_by is not None:
        n = len(columns.frame)
        return split_indices(targets, n, TEST_FRACTION, 0, split_by=columns.split_by)
    texts = {name: merge_rare_texts(columns, name) for name in names if name in columns.texts}
    frame = columns.frame[names].assign(**texts)
    if not columns.val_rows and not columns.test_rows:
        return _split_rows(frame, targets)

    def split(rows: list[int]) -> tuple[list[int], list[int]]:
        return _split_rows(frame.iloc[rows], None if targets is None else targets[rows])

    return choose_rows(range(len(frame)), columns.test_rows, columns.val_rows, split)


def _split_rows(frame: DataFrame, targets: torch.Tensor | None) -> tuple[list[int], list[int]]:
    """Returns the indices of the rows to learn from, and those of the test part.

    Rows are equal if their values are, or are missing in the same columns.
    """
    import pandas as pd

    keys = [np.zeros(len(frame))]
    for _, column in frame.items():
        if column.dtype.kind == "f":
            filled = column.fillna(2 * MAX_NUMBER) if column.hasnans else column
            keys.append(filled.to_numpy())
        else:
            keys.append(pd.factorize(column)[0].astype(np.float64))
    rows = torch.from_numpy(np.stack(keys, axis=1))
    return split_indices(targets, len(frame), TEST_FRACTION, 0, first_occurrences(rows))


def _make_features(columns: Columns, kinds: Sequence[Column]) -> dict[str, NDArray[Any]]:
    features: dict[str, NDArray[Any]] = {}
    for kind in kinds:
        for name, values in column_features(columns.frame[kind.name], kind).items():
            if name in features:
                raise DataError(
                    f"{columns.path} has two features {name!r}, one of the column {kind.name!r}: "
                    "rename it"
                )
            features[name] = values
    if not features:
        raise DataError(f"{columns.path} has no features: a column besides the target is needed")
    return features
