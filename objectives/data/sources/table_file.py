"""Opens the files of tables as CSV files: .csv and .tsv, packed by gzip, .parquet and .feather."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple, cast

from ..data_error import SMALL_FILE_BYTES, DataError, check_input_file, check_input_size
from .arrow_files import read_arrow, to_frame
from .frame_csv import category_names, frame_to_csv
from .saved_dataset import SavedDataset
from .source import TableOptions, has_declared_names, is_packed, is_saved_dataset


class TableFile(NamedTuple):
    """A table as an open CSV file.

    Attributes:
        content: The CSV file.
        categories: Columns that the file declares as categories.
        target: The column that the file declares as the only one of classes.
        lengths: Number of rows of each part, in the order of the rows; empty without parts.
    """

    content: BinaryIO
    categories: tuple[str, ...] = ()
    target: str | None = None
    lengths: Mapping[str, int] = MappingProxyType({})

    def complete(self, options: TableOptions) -> TableOptions:
        """Returns the user's options, completed by what the file declares."""
        others = set(self.categories).difference(options.as_number, options.as_category)
        categories = (*options.as_category, *sorted(others))
        return replace(options, as_category=categories, target=options.target or self.target)

    def rows(self, part: str) -> range:
        """Returns the rows of a part, from 0; empty without this part."""
        start = 0
        for name, length in self.lengths.items():
            if name == part:
                return range(start, start + length)
            start += length
        return range(0)


@contextmanager
def open_table(path: Path) -> Iterator[TableFile]:
    """Opens the file of a table in a `with` block.

    Raises:
        DataError: If the file cannot be read, is too large, or needs a package that is missing.
    """
    if is_saved_dataset(path):
        yield _open_saved_table(path)
        return
    if has_declared_names(path):
        frame = to_frame(read_arrow([path], path), path)
        frame = frame.reset_index([name for name in frame.index.names if name is not None])
        yield TableFile(BytesIO(frame_to_csv(frame, str(path))), category_names(frame))
        return
    with open_csv(path) as file:
        yield TableFile(BytesIO(_unpack(file, path)) if is_packed(path) else file)


@contextmanager
def open_csv(path: Path) -> Iterator[BinaryIO]:
    """Opens a CSV file in a `with` block; a packed one is unpacked as it is read."""
    check_input_file(path, "table")
    try:
        with gzip.open(path) if is_packed(path) else path.open("rb") as file:
            yield cast(BinaryIO, file)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read: {reason}") from error


def read_file_bytes(path: Path) -> bytes:
    """Returns the content of a table as a CSV file."""
    with open_table(path) as table:
        return table.content.read()


def _unpack(file: BinaryIO, path: Path) -> bytes:
    chunks: list[bytes] = []
    while chunk := file.read(SMALL_FILE_BYTES):
        chunks.append(chunk)
        check_input_size(f"{path}, unpacked,", sum(map(len, chunks)), "table")
    return b"".join(chunks)


def _open_saved_table(path: Path) -> TableFile:
    import pandas as pd

    saved = SavedDataset(path)
    tables = {part: saved.read_part(part) for part in saved.folders}
    frames = [to_frame(table, path) for table in tables.values()]
    frame = pd.concat(frames, ignore_index=True)
    for name in map(str, frame):
        if classes := saved.class_names(name):
            frame[name] = frame[name].map(dict(enumerate(classes))).astype("category")
    return TableFile(
        BytesIO(frame_to_csv(frame, str(path))),
        category_names(frame),
        saved.find_target(None),
        {part: len(table) for part, table in tables.items()},
    )
