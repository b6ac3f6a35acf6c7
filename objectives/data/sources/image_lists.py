"""Reads image lists, which are CSV files with paths of images and their classes.

A data set has one list, or one list for each part.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..data_error import DataError, file_state
from ..parts import LoadedDataset
from ..preparation.hold_out import MIN_ITEMS
from .column_names import check_column_exists, normalize_label, quote_some
from .csv_cells import SNIFF_LENGTH, decode_text, read_first_rows
from .header_row import IMAGE_SUFFIX, LABEL_COLUMN_NAMES, PATH_COLUMN_NAMES
from .image_files import ImageFiles, read_image_files
from .source import NO_TARGET, Source, TableOptions, has_declared_names
from .split_column import SplitColumn, read_split_column, refuse_split_option
from .table_file import open_csv, read_file_bytes
from .typed_columns import infer_types, read_text_columns

if TYPE_CHECKING:
    from pandas import DataFrame

PART_LIST_FILES = {"train": ("train.csv",), "val": ("valid.csv", "val.csv"), "test": ("test.csv",)}
"""The possible file names of the list of each part."""
CLASSES_FILE = "classes.csv"
"""A file with the class names in their order, which may be next to the lists of parts."""
SURROGATE_CHARACTER = re.compile("[\udc80-\udcff]")
"""Characters that stand for bytes that are not UTF-8 in a file name."""

Columns = Mapping[str, Sequence[str]]


def find_part_lists(folder: Path) -> dict[str, Path]:
    """Returns the image list of each part in a folder; empty if the folder has no such lists."""
    lists = {
        part: folder / name
        for part, names in PART_LIST_FILES.items()
        for name in names
        if (folder / name).is_file()
    }
    is_complete = len(lists) == len(PART_LIST_FILES) and lists_images(lists["train"])
    return lists if is_complete else {}


def lists_images(path: Path) -> bool:
    """Returns whether a CSV file lists images, judged by its first rows.

    In at least half of these rows, the same column names an image.
    """
    if has_declared_names(path):
        return False
    with open_csv(path) as file:
        raw = file.read(SNIFF_LENGTH)
    text, _ = decode_text(raw[: raw.rfind(b"\n") + 1] if len(raw) == SNIFF_LENGTH else raw, path)
    rows = read_first_rows(text)
    counts = [_count_images(column) for column in zip(*rows, strict=False)]
    return bool(counts) and 0 < len(rows) <= 2 * max(counts)


def read_image_csv(source: Source, cache: Path | None = None) -> LoadedDataset:
    """Reads the images that a CSV file lists; a fixed fifth of them is the test part.

    The column of classes has a name in `LABEL_COLUMN_NAMES`. Otherwise, if there is only one
    column besides the paths, it holds the classes.
    """
    files = _read_image_files(Path(source.name), source.table)
    classes = tuple(sorted(set(files.labels or ())))
    return read_image_files({"train": files}, classes, source, cache)


def read_part_lists(
    source: Source, lists: Mapping[str, Path], cache: Path | None = None
) -> LoadedDataset:
    """Reads the images that `lists`, the result of `find_part_lists`, names for each part.

    The classes are in the order of `classes.csv`. If this file does not exist, they are in
    alphabetical order.
    """
    refuse_split_option(source.table, f"{source.name} has a list for each part")
    parts = {
        part: _read_image_files(path, source.table, MIN_ITEMS if part == "train" else 0)
        for part, path in lists.items()
    }
    labels = parts["train"].labels
    classes: Sequence[str] = sorted(set(labels or ()))
    classes_file = Path(source.name) / CLASSES_FILE
    if labels and classes_file.is_file():
        classes = read_image_list(classes_file).get("class", ()) or classes
    return read_image_files(parts, tuple(classes), source, cache)


def read_image_list(path: Path, options: TableOptions | None = None) -> Columns:
    """Returns all columns of an image list as text."""
    options = options or TableOptions()
    raw = read_file_bytes(path)
    # File names may be any bytes. They are decoded as text only if no such file exists.
    texts, _ = read_text_columns(path, raw, options.header, as_bytes=True)
    paths = _find_path_column(texts)
    odd = (
        []
        if paths is None
        else [name for name in texts[paths] if SURROGATE_CHARACTER.search(name)]
    )
    if not all(os.path.exists(path.parent / name) for name in odd):
        texts, _ = read_text_columns(path, raw, options.header)
        paths = _find_path_column(texts)
    return {
        _unescape(str(name)): [
            _unescape(value if name == paths else normalize_label(value)) for value in values
        ]
        for name, values in texts.items()
        if name not in options.drop
    }


def find_path_column(path: Path, columns: Columns) -> str:
    """Returns the name of the column that holds the paths of images."""
    name = _find_path_column(columns)
    if name is None:
        raise DataError(f"{path} names no images: one column must hold their paths")
    return name


def _find_path_column(columns: Columns | DataFrame) -> str | None:
    found = [str(n) for n, values in columns.items() if 2 * _count_images(values) > len(values)]
    usual = [name for name in found if name.lower() in PATH_COLUMN_NAMES]
    return next(iter(usual or found), None)


def _count_images(names: Iterable[str]) -> int:
    return sum(IMAGE_SUFFIX.search(name) is not None for name in names)


def _unescape(text: str) -> str:
    """Returns a cell without a leading quote that keeps spreadsheets from running a formula."""
    return text[1:] if re.match(r"'+[=+\-@\t\r\n]", text) else text


def _read_image_files(path: Path, options: TableOptions, least: int = MIN_ITEMS) -> ImageFiles:
    columns = read_image_list(path, options)
    path_column = find_path_column(path, columns)
    names = list(columns[path_column])
    split_column = _read_split_column(path, columns, options)
    others = [name for name in columns if name not in (path_column, options.split_option[1])]
    label_column = _find_label_column(path, others, path_column, options.target)
    labels = None if label_column is None else list(columns[label_column])
    states = [file_state(os.path.join(path.parent, name)) for name in names]
    missing = [name for name, state in zip(names, states, strict=True) if state is None]
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        raise DataError(
            f"{path} names {missing[0]!r}{more} of {len(names):,} images that do not exist: "
            f"paths start from the folder of {path.name}"
        )
    if labels is not None and "" in labels:
        raise DataError(
            f"{path} names no class of {names[labels.index('')]}: fill its column of classes"
        )
    if len(names) < least:
        raise DataError(
            f"{path} names {len(names)} images: at least {least} are needed to split them"
        )
    known = [state for state in states if state]
    return ImageFiles(str(path.parent), names, known, labels, str(path), split_column=split_column)


def _read_split_column(path: Path, columns: Columns, options: TableOptions) -> SplitColumn | None:
    import pandas as pd

    option, name = options.split_option
    if not name:
        return None
    check_column_exists(list(columns), name, path, option)
    texts = pd.DataFrame({name: columns[name]}, dtype=object)
    return read_split_column(infer_types(texts, path, options))


def _find_label_column(
    path: Path, others: Sequence[str], path_column: str, target: str | None
) -> str | None:
    if target == NO_TARGET and target not in others:
        return None
    if target is not None:
        check_column_exists(others, target, path)
        return target
    usual = [name for name in others if name.lower() in LABEL_COLUMN_NAMES]
    if not usual and len(others) > 1:
        raise DataError(
            f"{path} has the columns {quote_some(others)} besides {path_column!r}: name the "
            "column of the classes by `target=`, or call it 'label'"
        )
    return next(iter(usual or others), None)
