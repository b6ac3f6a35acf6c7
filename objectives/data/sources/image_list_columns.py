"""The columns of a list of images: which of them holds paths."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..data_error import DataError
from ..input_limits import check_input_file
from .csv_cells import read_first_rows
from .header_row import IMAGE_SUFFIX, PATH_COLUMN_NAMES
from .normalize_label import normalize_label
from .table_options import TableOptions
from .text_encoding import SNIFF_LENGTH, decode
from .typed_columns import read_file_bytes, read_text_columns

if TYPE_CHECKING:
    from pandas import DataFrame

DEFAULT_OPTIONS = TableOptions()
SURROGATES = re.compile("[\udc80-\udcff]")
"""What stands for bytes of names that are not in UTF-8."""

Columns = Mapping[str, Sequence[str]]


def read_image_list(path: Path, options: TableOptions = DEFAULT_OPTIONS) -> Columns:
    """Reads the columns of a list of images as text.

    Args:
        path: The file.
        options: What a user says of its columns.

    Raises:
        DataError: If it cannot be read.
    """
    raw = read_file_bytes(path)
    # The names of files may be any bytes, and are then found by these.
    texts, _ = read_text_columns(path, raw, options.header, as_bytes=True)
    paths = _find_path_column(texts)
    odd = [] if paths is None else [one for one in texts[paths] if SURROGATES.search(one)]
    if not all(os.path.exists(path.parent / one) for one in odd):
        texts, _ = read_text_columns(path, raw, options.header)
        paths = _find_path_column(texts)
    return {
        _without_escape(str(name)): [
            _without_escape(one if name == paths else normalize_label(one)) for one in values
        ]
        for name, values in texts.items()
        if name not in options.drop
    }


def _without_escape(text: str) -> str:
    """Returns a text as it was before `show --split` kept it from being run by spreadsheets."""
    return text[1:] if re.match(r"'+[=+\-@\t\r\n]", text) else text


def lists_images(path: Path) -> bool:
    """Returns whether a column of a CSV file names images, by most of its first rows."""
    with check_input_file(path, "table").open("rb") as file:
        raw = file.read(SNIFF_LENGTH)
    text, _ = decode(raw[: raw.rfind(b"\n") + 1] if len(raw) == SNIFF_LENGTH else raw, path)
    rows = read_first_rows(text)
    counts = [sum(map(_is_image, column)) for column in zip(*rows, strict=False)]
    return bool(counts) and 0 < len(rows) <= 2 * max(counts)


def listed_image_paths(path: Path) -> list[str]:
    """Returns the paths of the images that a CSV file names, wherever it lies itself.

    Raises:
        DataError: If it cannot be read, or no column names images.
    """
    columns = read_image_list(path)
    return [str(path.parent / name) for name in columns[find_path_column(path, columns)]]


def find_path_column(path: Path, columns: Columns) -> str:
    """Returns the column that names images."""
    named = _find_path_column(columns)
    if named is None:
        raise DataError(f"{path} names no images: one column must hold their paths")
    return named


def _find_path_column(columns: Columns | DataFrame) -> str | None:
    found = [
        str(name)
        for name, values in columns.items()
        if 2 * sum(map(_is_image, values)) > len(values)
    ]
    return next(
        (name for name in found if name.lower() in PATH_COLUMN_NAMES), next(iter(found), None)
    )


def _is_image(name: str) -> bool:
    return IMAGE_SUFFIX.search(name) is not None
