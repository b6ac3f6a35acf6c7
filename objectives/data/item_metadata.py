"""What data say of each item: its path, row or text, and all columns of the file it comes from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...models.data_spec import DataSpec
from .parts import Part
from .sources import image_list_columns, image_lists
from .sources.builtin_datasets import DATASETS
from .sources.file_types import is_table
from .sources.image_folder import list_image_folder
from .sources.source import Source
from .sources.table_options import TableOptions
from .sources.text_dataset import holds_text_files, read_text_lines
from .sources.typed_columns import read_columns, read_file_bytes, read_text_columns

if TYPE_CHECKING:
    from pandas import DataFrame

ITEM_COLUMN, ROW_COLUMN = "item", "row"


def item_metadata(source: Source, name: str, part: Part, spec: DataSpec) -> DataFrame:
    """Returns a row for each item of a part, in its order.

    Args:
        source: The data that the part was read from.
        name: The part: `train`, `val` or `test`.
        part: Its items, or some of them.
        spec: What an item is.

    Returns:
        The columns `item`, which is a path, a text, or a file with a number; `row`, which counts
        the rows of a table and the lines of a text file from 1 and the items of an array from 0;
        and all columns of the file, those that are not features too. A column of the file that has
        one of these two names is left out.

    Raises:
        DataError: If the files cannot be read again.
    """
    whole = _metadata_from_files(source, name, spec)
    rows = part.row_indices.numpy()
    if whole is not None:
        return whole.iloc[rows].reset_index(drop=True)
    return _metadata_from_items(source, part, spec)


def _metadata_from_files(source: Source, part: str, spec: DataSpec) -> DataFrame | None:
    """Returns what files say of all items that a part was taken from; None if they say nothing."""
    path = Path(source.name)
    if source.name in DATASETS:
        return None
    if path.is_dir():
        if lists := image_lists.find_part_lists(path):
            return _image_list_metadata(lists[part], source.table)
        return (
            _text_folder_metadata(path)
            if holds_text_files(path)
            else _image_folder_metadata(path, part)
        )
    if not is_table(path.name):
        return None
    if image_list_columns.lists_images(path):
        return _image_list_metadata(path, source.table)
    return _table_metadata(path, source.table, spec)


def _metadata_from_items(source: Source, part: Part, spec: DataSpec) -> DataFrame:
    """Returns the places of items in an array, and the features of a table."""
    import pandas as pd

    rows, name = part.row_indices.tolist(), Path(source.name).name
    table = pd.DataFrame({ITEM_COLUMN: [f"{name}[{row}]" for row in rows], ROW_COLUMN: rows})
    if spec.kind == "table":
        names = spec.features or [str(place) for place in range(spec.shape[0])]
        values: Any = part.inputs
        features = pd.DataFrame(values.numpy(), columns=list(names))
        table = _join_columns(table, features)
    return table


def _table_metadata(path: Path, options: TableOptions, spec: DataSpec) -> DataFrame:
    import pandas as pd

    texts, _ = read_text_columns(path, read_file_bytes(path), options.header)
    columns = read_columns(path, options).frame
    flags = {column.name for column in spec.columns if column.role == "flag"}
    read = {str(name): column for name, column in columns.items() if name not in flags}
    frame = texts.assign(**read)
    rows = range(1, len(frame) + 1)
    names: Any = [f"{path.name} row {row}" for row in rows]
    for column in spec.columns:
        if column.role == "texts":
            names = texts[column.name].tolist()
    return _join_columns(pd.DataFrame({ITEM_COLUMN: names, ROW_COLUMN: rows}), frame)


def _image_list_metadata(path: Path, options: TableOptions) -> DataFrame:
    import pandas as pd

    frame = pd.DataFrame(image_list_columns.read_image_list(path, options)).apply(
        _to_numbers_if_all
    )
    names = [
        os.path.relpath(name, path.parent) for name in image_list_columns.listed_image_paths(path)
    ]
    return _join_columns(
        pd.DataFrame({ITEM_COLUMN: names, ROW_COLUMN: range(1, len(frame) + 1)}), frame
    )


def _image_folder_metadata(folder: Path, part: str) -> DataFrame:
    import pandas as pd

    listing = list_image_folder(folder)
    root, images = listing.parts.get(part, listing.parts["train"])
    inner = os.path.relpath(root, folder)
    names = [os.path.normpath(os.path.join(inner, *image)) for image in images]
    return pd.DataFrame({ITEM_COLUMN: names, ROW_COLUMN: range(len(names))})


def _text_folder_metadata(folder: Path) -> DataFrame:
    import pandas as pd

    found = [
        (line, number, path.name)
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".")
        for number, line in enumerate(read_text_lines(path), start=1)
        if line
    ]
    return pd.DataFrame(found, columns=[ITEM_COLUMN, ROW_COLUMN, "file"])


def _join_columns(items: DataFrame, columns: DataFrame) -> DataFrame:
    import pandas as pd

    others = columns.drop(columns=[name for name in items if name in columns])
    return pd.concat([items, others.reset_index(drop=True)], axis=1)


def _to_numbers_if_all(column: Any) -> Any:
    """Returns a column of text as numbers if all that stands in it is."""
    import pandas as pd

    filled = column.where(column.str.strip() != "")
    numbers = pd.to_numeric(filled, errors="coerce")
    whole = numbers.notna().sum() == filled.notna().sum() > 0
    return numbers if whole else column
