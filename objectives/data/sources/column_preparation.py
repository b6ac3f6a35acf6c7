"""Learns what stands for missing values, and which categories are known, but from no test row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ....models.data_spec import Column
from .column_features import OTHER
from .column_names import quote_some
from .column_types import MAX_CATEGORIES, are_categories
from .source import format_option
from .typed_columns import Columns, count_by_column

if TYPE_CHECKING:
    from pandas import DataFrame, Series

MIN_INDICATOR_SHARE = 0.05
"""The smallest share of training rows without a value that has a feature of its own."""
MIN_CATEGORY_ROWS = 10
MIN_CATEGORY_SHARE = 0.01
"""A category is rare if it has fewer training rows than both say; in a column with more different
texts than categories have, if it has fewer than `MIN_CATEGORY_ROWS`."""
MIN_KEPT_SHARE = 0.1
"""If fewer texts are of frequent categories, they name rows: their column has no categories."""
FILL_WORDS = {
    "number": ("numbers", "the median"),
    "amount": ("numbers", "the median"),
    "date": ("dates", "the median"),
    "flag": ("flags", "the most frequent value"),
    "category": ("categories", "the most frequent one"),
}
"""What is missing, and what stands for it, by the role of a column."""


def learn_columns(
    columns: Columns, names: Sequence[str], rows: list[int]
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Returns how the columns `names` become features, and notes for the user.

    Columns without a feature are left out. `rows` are the positions of the rows to learn from: all
    but those of the test part. What stands for a missing value is learned for columns without gaps
    as well, because new rows may have some.
    """
    positions = np.asarray(rows)
    kinds: list[Column] = []
    constant: list[str] = []
    without_values: list[str] = []
    without_categories: list[str] = []
    for name in names:
        kind, column = columns.kinds[name], columns.frame[name]
        training = column.iloc[positions]
        if kind.role == "text":
            categories = _choose_categories(columns, name, training)
            kind = kind._replace(role="category", categories=categories)
        if columns.options.missing == "fill":
            kind = _learn_missing(kind, training)
        if not training.count():
            without_values.append(name)
        elif len(kind.categories) == 1 and not kind.marks_missing:
            (without_categories if kind.categories == (OTHER,) else constant).append(name)
        else:
            kinds.append(kind)
    notes = []
    if without_values:
        notes.append(f"left out, without any value to learn from: {quote_some(without_values)}")
    notes += [f"left out the column {name!r}, which holds one text alone" for name in constant]
    if without_categories:
        notes.append(
            f"left out, as their texts name rows and not categories: "
            f"{quote_some(without_categories)}; "
            f"{format_option('as_category', without_categories[0])} keeps one"
        )
    return tuple(kinds), (*notes, *_describe_columns(kinds, columns.frame))


def holds_categories(columns: Columns, name: str) -> bool:
    """Returns whether a column of texts holds categories, by its values or by the user's word."""
    column = columns.frame[name]
    is_declared = name in columns.options.as_category
    return is_declared or are_categories(column.nunique(), column.count())


def merge_rare_texts(columns: Columns, name: str) -> Series[Any]:
    """Returns a column; `other` replaces rare texts of a column without categories.

    Such texts have no feature, so rows that differ only in them are equal.
    """
    column = columns.frame[name]
    if columns.kinds[name].role != "text" or holds_categories(columns, name):
        return column
    counts = column.map(column.value_counts())
    return column.where(column.isna() | (counts >= MIN_CATEGORY_ROWS), OTHER)


def _choose_categories(columns: Columns, name: str, training: Series[Any]) -> tuple[str, ...]:
    """Returns the categories that become features, and `other` if training rows have more.

    If the user has declared that the texts are categories, all are kept.
    """
    kept = counts = training.value_counts()
    if not holds_categories(columns, name):
        kept = counts[counts >= MIN_CATEGORY_ROWS].head(MAX_CATEGORIES)
        if kept.sum() < MIN_KEPT_SHARE * counts.sum():
            kept = kept[:0]
    elif name not in columns.options.as_category:
        kept = counts[counts >= min(MIN_CATEGORY_ROWS, MIN_CATEGORY_SHARE * len(training))]
    rest = [OTHER] if len(kept) < len(counts) else []
    return tuple(dict.fromkeys([*sorted(kept.index), *rest]))


def _learn_missing(kind: Column, training: Series[Any]) -> Column:
    """Returns `kind` with the value that stands for a missing one: the median, or the mode."""
    marks_missing = bool(training.isna().mean() >= MIN_INDICATOR_SHARE)
    if not training.count():
        return kind
    if kind.role == "category":
        mode = str(training.mode().iloc[0])
        fill = mode if mode in kind.categories else OTHER
    else:
        fill = repr(float(training.mode().iloc[0] if kind.role == "flag" else training.median()))
    return kind._replace(fill=fill, marks_missing=marks_missing)


def _describe_columns(kinds: Sequence[Column], frame: DataFrame) -> Iterator[str]:
    """Yields notes on missing values, rare categories, and categories of the test part alone."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    rare: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for kind in kinds:
        column = frame[kind.name]
        if column.hasnans:
            counts.setdefault(FILL_WORDS[kind.role], {})[kind.name] = int(column.isna().sum())
        if kind.role == "category" and (others := set(column.dropna()) - set(kind.categories)):
            (rare if OTHER in kind.categories else unknown)[kind.name] = len(others)
    for (noun, filler), missing in counts.items():
        yield (
            f"{sum(missing.values()):,} missing {noun} are filled by {filler} of all rows "
            f"but the test part, {count_by_column(missing)}"
        )
    if marked := [kind.name for kind in kinds if kind.marks_missing]:
        yield f"another feature says where values are missing in {quote_some(marked)}"
    if rare:
        yield f"{sum(rare.values()):,} rare categories become {OTHER!r}, {count_by_column(rare)}"
    if unknown:
        yield (
            f"{sum(unknown.values()):,} categories of the test part alone have no feature, "
            f"{count_by_column(unknown)}"
        )
