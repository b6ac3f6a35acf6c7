"""Where data come from: what a name, a file or a folder is, is seen from its content."""

import os
from pathlib import Path
from typing import NamedTuple

from ..data_error import DataError
from ..parts import LoadedDataset
from .builtin_datasets import DATASETS
from .file_types import READABLE_SOURCES, is_table, read_file
from .image_folder import read_image_folder
from .image_list_columns import lists_images
from .image_lists import find_part_lists, read_image_csv, read_part_lists
from .resizing import resize_dataset
from .table_options import TableOptions
from .text_dataset import holds_text_files, read_text_folder


class Source(NamedTuple):
    """Where data come from, and as what they are read.

    Attributes:
        name: `digits`, `fashion-mnist`, `mnist`, or a path.
        data_dir: Where torchvision data lies, if not in the usual places.
        image_size: Side in pixels of images, if not the one they have.
        numbers: Whether targets are to be numbers; else they are classes, unless they are
            fractions.
        stream: Whether images larger than `image_size` are left in their files.
        table: How columns are to be read, of a table, texts or a list of images.
    """

    name: str
    data_dir: str | None = None
    image_size: int | None = None
    numbers: bool = False
    stream: bool = False
    table: TableOptions = TableOptions()


def holds_image_files(name: str) -> bool:
    """Says whether data are image files, which can be read at any size."""
    path = Path(name)
    if name in DATASETS or not os.path.exists(name):
        return False
    return lists_images(path) if is_table(name) else path.is_dir() and not holds_text_files(path)


def holds_columns(name: str) -> bool:
    """Says whether data are lines of columns, in a file or in the lists of parts."""
    path = Path(name)
    return is_table(path.name) if path.is_file() else bool(path.is_dir() and find_part_lists(path))


def load(source: Source, cache: Path | None) -> LoadedDataset:
    """Reads data, whatever they are.

    Args:
        source: The data.
        cache: Where the images of a folder are kept, if anywhere.

    Raises:
        DataError: If they are missing, empty or broken, or an option is not for such data.
    """
    dataset = _read(source, cache)
    for text in (source.name, *dataset.spec.classes, *dataset.spec.features):
        if not text.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise DataError(
                f"{os.path.relpath(source.name)} has the name {text!r} in it, which is not in "
                "UTF-8 and can be neither drawn nor kept: rename it"
            )
    return dataset


def _read(source: Source, cache: Path | None) -> LoadedDataset:
    name, path = source.name, Path(source.name)
    known, is_file = name in DATASETS, os.path.isfile(source.name)
    if not (known or is_file or os.path.isdir(name)):  # of Path, too long a name raises an error
        raise DataError(
            f"{os.path.relpath(name)!r} is {READABLE_SOURCES}, nor a data set ("
            f"{', '.join(DATASETS)})"
        )
    if source.table.given() and (known or not holds_columns(name)):
        given = " ".join(f"`{option}=`" for option in source.table.given())
        raise DataError(f"{os.path.relpath(name)} is no table with columns: leave out {given}")
    if source.numbers and (known or not is_file):
        raise DataError(f"{os.path.relpath(name)} has classes, and no numbers to predict")
    image_size, stream, options = source.image_size, source.stream, source.table
    if known:
        dataset = DATASETS[name](Path(source.data_dir) if source.data_dir else None)
    elif is_file and is_table(name) and lists_images(path):
        return read_image_csv(path, image_size, cache, stream, options)
    elif is_file:
        dataset = read_file(path, options, source.numbers)
    elif lists := find_part_lists(path):
        return read_part_lists(path, lists, image_size, cache, stream, options)
    elif holds_text_files(path):
        dataset = read_text_folder(path)
    else:
        return read_image_folder(path, image_size, cache, stream)
    if source.image_size is None:
        return dataset
    if dataset.spec.kind != "image":
        raise DataError(f"{os.path.relpath(name)} holds no images: leave out `image_size=`")
    return resize_dataset(dataset, source.image_size)
