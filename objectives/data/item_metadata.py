"""A table with the path, row or text of each item, and the columns of the file it comes from."""

import os
from pathlib import Path
from typing import Any

import pandas as pd
from pandas import DataFrame

from ...models.data_spec import DataSpec
from .parts import Part
from .sources.image_folder import list_image_folder
from .sources.image_lists import find_part_lists, find_path_column, read_image_list
from .sources.load_source import find_kind
from .sources.source import Source, TableOptions
from .sources.table_file import read_file_bytes
from .sources.text_dataset import find_text_files, read_text_lines
from .sources.typed_columns import read_columns, read_text_columns

ITEM_COLUMN, ROW_COLUMN = "item", "row"


def item_metadata(source: Source, name: str, part: Part, spec: DataSpec) -> DataFrame:
    """Returns a table with one row of metadata for each item of a part, in the order of the part.

    Args:
        source: The data that the part was read from.
        name: The name of the part: `train`, `val` or `test`.
        part: The items of the part, or some of them.
        spec: The shape and kind of an item.

    Returns:
        The table. The column `item` holds a path, a text, or a file and a number. The column
        `row` counts rows of a table and lines of a text file from 1, and items of an array from 0.
        The other columns are those of the file, except columns named `item` or `row`.

    Raises:
        DataError: If the files cannot be read again.
    """
    table = _metadata_from_files(source, name, spec)
    if table is not None:
        return table.iloc[part.row_indices.numpy()].reset_index(drop=True)
    return _metadata_from_items(source, part, spec)


def _metadata_from_files(source: Source, part: str, spec: DataSpec) -> DataFrame | None:
    """Returns the metadata of all items in the files of a part; None if the source is an array."""
    path, kind = Path(source.name), find_kind(source.name)
    if kind == "image lists":
        return _image_list_metadata(find_part_lists(path)[part], source.table)
    if kind == "image list":
        return _image_list_metadata(path, source.table)
    if kind == "image folder":
        return _folder_metadata(path, part)
    if kind == "text folder":
        return _text_metadata(path)
    return _table_metadata(path, source.table, spec) if kind == "table" else None


def _metadata_from_items(source: Source, part: Part, spec: DataSpec) -> DataFrame:
    rows, name = part.row_indices.tolist(), Path(source.name).name
    table = pd.DataFrame({ITEM_COLUMN: [f"{name}[{row}]" for row in rows], ROW_COLUMN: rows})
    if spec.kind == "table":
        names = spec.features or [str(index) for index in range(spec.shape[0])]
        values: Any = part.inputs
        table = _join_columns(table, pd.DataFrame(values.numpy(), columns=list(names)))
    return table


def _table_metadata(path: Path, options: TableOptions, spec: DataSpec) -> DataFrame:
    texts, _ = read_text_columns(path, read_file_bytes(path), options.header)
    columns = read_columns(path, options).frame
    as_text = {column.name for column in spec.columns if column.role in ("flag", "date")}
    typed = {str(name): column for name, column in columns.items() if name not in as_text}
    frame = texts.assign(**typed)
    rows = range(1, len(frame) + 1)
    names: Any = [f"{path.name} row {row}" for row in rows]
    for column in spec.columns:
        if column.role == "texts":
            names = texts[column.name].tolist()
    return _join_columns(pd.DataFrame({ITEM_COLUMN: names, ROW_COLUMN: rows}), frame)


def _image_list_metadata(path: Path, options: TableOptions) -> DataFrame:
    columns = read_image_list(path, options)
    frame = pd.DataFrame(columns).apply(_to_numbers_if_all)
    paths = columns[find_path_column(path, columns)]
    names = [os.path.relpath(path.parent / name, path.parent) for name in paths]
    items = pd.DataFrame({ITEM_COLUMN: names, ROW_COLUMN: range(1, len(frame) + 1)})
    return _join_columns(items, frame)


def _folder_metadata(folder: Path, part: str) -> DataFrame:
    parts = list_image_folder(folder).parts
    names = [os.path.relpath(path, folder) for path in parts.get(part, parts["train"]).paths]
    return pd.DataFrame({ITEM_COLUMN: names, ROW_COLUMN: range(len(names))})


def _text_metadata(folder: Path) -> DataFrame:
    lines = [
        (line, number, path.name)
        for path in find_text_files(folder)
        for number, line in read_text_lines(path).items()
    ]
    return pd.DataFrame(lines, columns=[ITEM_COLUMN, ROW_COLUMN, "file"])


def _join_columns(items: DataFrame, columns: DataFrame) -> DataFrame:
    others = columns.drop(columns=[name for name in items if name in columns])
    return pd.concat([items, others.reset_index(drop=True)], axis=1)


def _to_numbers_if_all(column: Any) -> Any:
    """Returns a column of text as numbers if all of its nonblank values are numbers.

    Otherwise it returns the column unchanged.
    """
    filled = column.where(column.str.strip() != "")
    numbers = pd.to_numeric(filled, errors="coerce")
    are_numbers = numbers.notna().sum() == filled.notna().sum() > 0
    return numbers if are_numbers else column
