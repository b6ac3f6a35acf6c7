"""Opens the files of tables as CSV files: .csv and .tsv, packed by gzip, .parquet and .feather."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from ..data_error import SMALL_FILE_BYTES, DataError, check_input_file, check_input_size
from ..memory.frame_csv import category_names, frame_to_csv
from .source import TableOptions, has_declared_names, is_packed

if TYPE_CHECKING:
    from pandas import DataFrame


class TableFile(NamedTuple):
    """A table as an open CSV file.

    Attributes:
        content: The CSV file.
        categories: Columns that the file declares as categories.
    """

    content: BinaryIO
    categories: tuple[str, ...] = ()

    def add_categories(self, options: TableOptions) -> TableOptions:
        """Returns options that name the categories, too, unless the user calls them numbers."""
        others = set(self.categories).difference(options.as_number, options.as_category)
        return replace(options, as_category=(*options.as_category, *sorted(others)))


@contextmanager
def open_table(path: Path) -> Iterator[TableFile]:
    """Opens the file of a table in a `with` block.

    Raises:
        DataError: If the file cannot be read, is too large, or needs a package that is missing.
    """
    if has_declared_names(path):
        frame = _read_frame(path)
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


def _read_frame(path: Path) -> DataFrame:
    """Returns the columns of a Parquet or Feather file, with its index if that has a name."""
    import pandas as pd

    check_input_file(path, "table")
    try:
        import pyarrow  # noqa: F401 - pandas reads these files with it
    except ImportError as error:
        raise DataError(f"{path} needs pyarrow: pip install 'latentune[parquet]'") from error
    is_feather = path.suffix.lower() == ".feather"
    read = pd.read_feather if is_feather else pd.read_parquet
    try:
        with path.open("rb") as file:
            frame: DataFrame = read(file, dtype_backend="numpy_nullable")
    except Exception as error:  # pyarrow raises many classes of errors for broken files
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path} is not a table that can be read: {reason}") from error
    return frame.reset_index([name for name in frame.index.names if name is not None])
