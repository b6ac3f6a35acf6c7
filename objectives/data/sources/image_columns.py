"""The columns of a list of images: which of them holds paths."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..bounds import checked
from ..errors import DataError
from .cells import head_rows
from .decoding import SNIFFED, decode
from .frames import file_bytes, read_texts
from .headers import PATHS, SUFFIX
from .labels import label
from .table_options import TableOptions

if TYPE_CHECKING:
    from pandas import DataFrame

USUAL = TableOptions()
BYTES = re.compile("[\udc80-\udcff]")
"""What stands for bytes of names that are not in UTF-8."""

Columns = Mapping[str, Sequence[str]]


def read_list(path: Path, options: TableOptions = USUAL) -> Columns:
    """Reads the columns of a list of images as text.

    Args:
        path: The file.
        options: What a user says of its columns.

    Raises:
        DataError: If it cannot be read.
    """
    raw = file_bytes(path)
    # The names of files may be any bytes, and are then found by these.
    texts, _ = read_texts(path, raw, options.header, as_bytes=True)
    paths = _path_column(texts)
    odd = [] if paths is None else [one for one in texts[paths] if BYTES.search(one)]
    if not all(os.path.exists(path.parent / one) for one in odd):
        texts, _ = read_texts(path, raw, options.header)
        paths = _path_column(texts)
    return {
        _plain(str(name)): [_plain(one if name == paths else label(one)) for one in values]
        for name, values in texts.items()
        if name not in options.drop
    }


def _plain(text: str) -> str:
    """Returns a text as it was before `show --split` kept it from being run by spreadsheets."""
    return text[1:] if re.match(r"'+[=+\-@\t\r\n]", text) else text


def names_images(path: Path) -> bool:
    """Returns whether a column of a CSV file names images, by most of its first rows."""
    with checked(path, "table").open("rb") as file:
        raw = file.read(SNIFFED)
    text, _ = decode(raw[: raw.rfind(b"\n") + 1] if len(raw) == SNIFFED else raw, path)
    rows = head_rows(text)
    counts = [sum(map(_is_image, column)) for column in zip(*rows, strict=False)]
    return bool(counts) and 0 < len(rows) <= 2 * max(counts)


def listed_images(path: Path) -> list[str]:
    """Returns the paths of the images that a CSV file names, wherever it lies itself.

    Raises:
        DataError: If it cannot be read, or no column names images.
    """
    columns = read_list(path)
    return [str(path.parent / name) for name in columns[path_column(path, columns)]]


def path_column(path: Path, columns: Columns) -> str:
    """Returns the column that names images."""
    named = _path_column(columns)
    if named is None:
        raise DataError(f"{path} names no images: one column must hold their paths")
    return named


def _path_column(columns: Columns | DataFrame) -> str | None:
    found = [
        str(name)
        for name, values in columns.items()
        if 2 * sum(map(_is_image, values)) > len(values)
    ]
    return next((name for name in found if name.lower() in PATHS), next(iter(found), None))


def _is_image(name: str) -> bool:
    return SUFFIX.search(name) is not None
