"""What data say of each item: its path, row or text, and all columns of the file it comes from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...models.data_spec import DataSpec
from .parts import Part
from .sources import image_columns, photo_lists
from .sources.builtin import DATASETS
from .sources.files import is_table
from .sources.folders import list_folder
from .sources.frames import file_bytes, read_columns, read_texts
from .sources.source import Source
from .sources.table_options import TableOptions
from .sources.texts import holds_texts, read_lines

if TYPE_CHECKING:
    from pandas import DataFrame

ITEM, ROW = "item", "row"


def item_columns(source: Source, name: str, part: Part, spec: DataSpec) -> DataFrame:
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
    whole = _described(source, name, spec)
    rows = part.numbered_rows.numpy()
    if whole is not None:
        return whole.iloc[rows].reset_index(drop=True)
    return _numbered(source, part, spec)


def _described(source: Source, part: str, spec: DataSpec) -> DataFrame | None:
    """Returns what files say of all items that a part was taken from; None if they say nothing."""
    path = Path(source.name)
    if source.name in DATASETS:
        return None
    if path.is_dir():
        if lists := photo_lists.part_lists(path):
            return _of_photo_list(lists[part], source.table)
        return _of_text_files(path) if holds_texts(path) else _of_folder(path, part)
    if not is_table(path.name):
        return None
    if image_columns.names_images(path):
        return _of_photo_list(path, source.table)
    return _of_table(path, source.table, spec)


def _numbered(source: Source, part: Part, spec: DataSpec) -> DataFrame:
    """Returns the places of items in an array, and the features of a table."""
    import pandas as pd

    rows, name = part.numbered_rows.tolist(), Path(source.name).name
    table = pd.DataFrame({ITEM: [f"{name}[{row}]" for row in rows], ROW: rows})
    if spec.kind == "table":
        names = spec.features or [str(place) for place in range(spec.shape[0])]
        values: Any = part.inputs
        features = pd.DataFrame(values.numpy(), columns=list(names))
        table = _beside(table, features)
    return table


def _of_table(path: Path, options: TableOptions, spec: DataSpec) -> DataFrame:
    import pandas as pd

    texts, _ = read_texts(path, file_bytes(path), options.header)
    columns = read_columns(path, options).frame
    flags = {column.name for column in spec.columns if column.role == "flag"}
    read = {str(name): column for name, column in columns.items() if name not in flags}
    frame = texts.assign(**read)
    rows = range(1, len(frame) + 1)
    names: Any = [f"{path.name} row {row}" for row in rows]
    for column in spec.columns:
        if column.role == "texts":
            names = texts[column.name].tolist()
    return _beside(pd.DataFrame({ITEM: names, ROW: rows}), frame)


def _of_photo_list(path: Path, options: TableOptions) -> DataFrame:
    import pandas as pd

    frame = pd.DataFrame(image_columns.read_list(path, options)).apply(_as_numbers)
    names = [os.path.relpath(name, path.parent) for name in image_columns.listed_images(path)]
    return _beside(pd.DataFrame({ITEM: names, ROW: range(1, len(frame) + 1)}), frame)


def _of_folder(folder: Path, part: str) -> DataFrame:
    import pandas as pd

    listing = list_folder(folder)
    root, images = listing.parts.get(part, listing.parts["train"])
    inner = os.path.relpath(root, folder)
    names = [os.path.normpath(os.path.join(inner, *image)) for image in images]
    return pd.DataFrame({ITEM: names, ROW: range(len(names))})


def _of_text_files(folder: Path) -> DataFrame:
    import pandas as pd

    found = [
        (line, number, path.name)
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".")
        for number, line in enumerate(read_lines(path), start=1)
        if line
    ]
    return pd.DataFrame(found, columns=[ITEM, ROW, "file"])


def _beside(items: DataFrame, columns: DataFrame) -> DataFrame:
    import pandas as pd

    others = columns.drop(columns=[name for name in items if name in columns])
    return pd.concat([items, others.reset_index(drop=True)], axis=1)


def _as_numbers(column: Any) -> Any:
    """Returns a column of text as numbers if all that stands in it is."""
    import pandas as pd

    filled = column.where(column.str.strip() != "")
    numbers = pd.to_numeric(filled, errors="coerce")
    whole = numbers.notna().sum() == filled.notna().sum() > 0
    return numbers if whole else column
