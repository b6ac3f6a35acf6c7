"""CSV files: whether the columns are a table or texts with labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ....models.data_spec import Column
from ..parts import LoadedDataset
from .column_types import are_categories
from .header_row import TEXT_COLUMN_NAMES
from .row_number_columns import drop_row_numbers
from .source import Source
from .table_dataset import find_target, read_table
from .text_dataset import read_text_table
from .typed_columns import Columns, read_columns


def read_csv(source: Source) -> LoadedDataset:
    """Reads a file of columns."""
    path, options = Path(source.name), source.table
    columns = read_columns(path, options)
    target = find_target(columns, options, path)
    columns, row_numbers = drop_row_numbers(columns, target, options, path)
    text = options.text or _find_text_column(columns, target)
    if text is None:
        dataset = read_table(columns, path, target, options, source.numbers)
    else:
        if target is None and options.target is None:
            others = [name for name in columns.kinds if name != text]
            target = others[0] if len(others) == 1 else None
        dataset = read_text_table(columns, text, path, target, options, source.numbers)
    known = {name: Column(name, "left out") for name in columns.names}
    known |= {name: Column(name, "row number") for name in row_numbers}
    known |= {column.name: column for column in dataset.spec.columns}
    return dataset._replace(spec=replace(dataset.spec, columns=tuple(known.values())))


def _find_text_column(columns: Columns, target: str | None) -> str | None:
    """Returns the column of texts, if there is one and at most one other column with labels.

    It has one of `TEXT_COLUMN_NAMES`; or most of its texts differ, and the labels are classes.
    """
    frame = columns.frame
    names = [str(name) for name in frame]
    if len(names) > 2:
        return None
    distinct = {name: frame[name].nunique() for name in names}
    usual = [name for name in names if name.lower() in TEXT_COLUMN_NAMES and name != target]
    if usual:
        return max(usual, key=lambda name: distinct[name])
    texts = [n for n in names if columns.kinds[n].role == "text" and n != target]
    text = max(texts, key=lambda name: distinct[name], default=None)
    if text is None:
        return None
    others_are_classes = all(are_categories(distinct[n], len(frame)) for n in names if n != text)
    return text if 2 * distinct[text] > len(frame) and others_are_classes else None
