"""Loads a source with the reader that fits its name and its content."""

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ....models.data_spec import Column
from ..data_error import DataError
from ..parts import LoadedDataset
from ..table_cache import read_table_through_cache
from .array_file import read_array
from .builtin_datasets import DATASETS
from .column_types import are_categories
from .header_row import TEXT_COLUMN_NAMES
from .image_folder import read_image_folder
from .image_lists import find_part_lists, lists_images, read_image_csv, read_part_lists
from .resizing import resize_dataset
from .row_number_columns import drop_row_numbers
from .saved_dataset import SavedDataset
from .saved_images import read_saved_images
from .source import (
    ARRAYS,
    TABLES,
    Source,
    is_array,
    is_saved_dataset,
    is_table,
    unknown_source_error,
)
from .split_column import refuse_split_option, take_split_column
from .table_dataset import find_targets, read_table
from .text_dataset import TEXT_SUFFIX, find_text_files, read_text_folder, read_text_table
from .typed_columns import Columns, read_columns

SourceKind = Literal[
    "built-in",
    "image folder",
    "image lists",
    "image list",
    "text folder",
    "saved images",
    "table",
    "array",
    "other file",
]
IMAGE_FILE_KINDS = ("image folder", "image lists", "image list")
KINDS_WITH_COLUMNS = ("image lists", "image list", "table")
OPTIONS_OF_SAVED_IMAGES = ("target", "drop")


def find_kind(name: str) -> SourceKind | None:
    """Returns the kind of the source with this name or path; None if there is none."""
    path = Path(name)
    if name in DATASETS:
        return "built-in"
    if os.path.isdir(name):  # Path.is_dir raises an error for a very long name
        if is_saved_dataset(path):
            return "saved images" if SavedDataset(path).images else "table"
        if find_part_lists(path):
            return "image lists"
        return "text folder" if find_text_files(path) else "image folder"
    if not os.path.isfile(name):
        return None
    if is_table(name):
        return "image list" if lists_images(path) else "table"
    return "array" if is_array(name) else "other file"


def holds_image_files(name: str) -> bool:
    """Returns whether a source consists of image files, which can be read at any size."""
    return find_kind(name) in IMAGE_FILE_KINDS


def load_source(source: Source, cache: Path | None) -> LoadedDataset:
    """Reads a source of any kind; `cache` is the folder that keeps what was read, or None."""
    dataset = _read_by_kind(source, cache)
    for text in (source.name, *dataset.spec.classes, *dataset.spec.features):
        if not text.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise DataError(
                f"{os.path.relpath(source.name)} has the name {text!r} in it, which is not in "
                "UTF-8 and can be neither plotted nor stored: rename it"
            )
    return dataset


def _read_by_kind(source: Source, cache: Path | None) -> LoadedDataset:
    name, path, kind = source.name, Path(source.name), find_kind(source.name)
    short_name = os.path.relpath(name)
    if kind is None:
        raise unknown_source_error(name)
    fitting = OPTIONS_OF_SAVED_IMAGES if kind == "saved images" else ()
    unfit = [option for option in source.table.given_options() if option not in fitting]
    if unfit and kind not in KINDS_WITH_COLUMNS:
        given = " ".join(f"`{option}=`" for option in unfit)
        raise DataError(f"{short_name} is not a table with columns: leave out {given}")
    if source.numbers and (kind == "built-in" or not (path.is_file() or is_saved_dataset(path))):
        raise DataError(f"{short_name} has classes, not numbers to predict")
    if kind == "image list":
        return read_image_csv(source, cache)
    if kind == "image lists":
        return read_part_lists(source, find_part_lists(path), cache)
    if kind == "image folder":
        return read_image_folder(source, cache)
    if kind == "saved images":
        return read_saved_images(source, cache)
    if kind == "built-in":
        dataset = DATASETS[name](Path(source.data_dir) if source.data_dir else None)
    elif kind == "text folder":
        dataset = read_text_folder(path)
    elif kind == "table":
        dataset = read_table_through_cache(source, cache, lambda: _read_csv(source))
    elif kind == "array":
        dataset = read_array(path, source.numbers)
    else:
        raise DataError(f"{path.name} is a file: {_suggest_instead(path)}")
    if source.image_size is None:
        return dataset
    if dataset.spec.kind != "image":
        raise DataError(f"{short_name} holds no images: leave out `image_size=`")
    return resize_dataset(dataset, source.image_size)


def _suggest_instead(path: Path) -> str:
    from torchvision.datasets.folder import IMG_EXTENSIONS

    if path.suffix.lower() in IMG_EXTENSIONS:
        return f"name the folder of this image, {path.parent}"
    if path.suffix.lower() == TEXT_SUFFIX:
        return "put it into a folder of its own; each file of it is a class of texts"
    return (
        f"only folders of images or texts, tables ({TABLES}) and arrays ({ARRAYS}) can be read; "
        "save its content as one of them"
    )


def _read_csv(source: Source) -> LoadedDataset:
    columns = read_columns(Path(source.name), source.table)
    if columns.test_rows or columns.val_rows:
        refuse_split_option(source.table, f"{columns.path} has parts of its own")
    columns = take_split_column(columns)
    targets = find_targets(columns)
    columns, row_numbers = drop_row_numbers(columns, targets)
    text = source.table.text or _find_text_column(columns, targets)
    if text is None:
        dataset = read_table(columns, targets, source.numbers)
    else:
        if not targets and source.table.target is None:
            others = tuple(name for name in columns.kinds if name != text)
            targets = others if len(others) == 1 else ()
        dataset = read_text_table(columns, text, targets, source.numbers)
    known = {name: Column(name, "left out") for name in columns.names}
    known |= {name: Column(name, "row number") for name in row_numbers}
    known |= {column.name: column for column in dataset.spec.columns}
    if columns.split_column is not None:
        known[columns.split_column.kind.name] = columns.split_column.kind
    return dataset._replace(spec=replace(dataset.spec, columns=tuple(known.values())))


def _find_text_column(columns: Columns, targets: Collection[str]) -> str | None:
    """Returns the column of texts in a file with one or two columns; None if there is none.

    The column has a name in `TEXT_COLUMN_NAMES`. Otherwise, more than half of its texts are
    distinct, and the other column, if any, holds classes.
    """
    frame = columns.frame
    names = [str(name) for name in frame]
    if len(names) > 2:
        return None
    distinct = {name: frame[name].nunique() for name in names}
    usual = [name for name in names if name.lower() in TEXT_COLUMN_NAMES and name not in targets]
    if usual:
        return max(usual, key=lambda name: distinct[name])
    texts = [n for n in names if columns.kinds[n].role == "text" and n not in targets]
    text = max(texts, key=lambda name: distinct[name], default=None)
    if text is None:
        return None
    others_are_classes = all(are_categories(distinct[n], len(frame)) for n in names if n != text)
    return text if 2 * distinct[text] > len(frame) and others_are_classes else None
