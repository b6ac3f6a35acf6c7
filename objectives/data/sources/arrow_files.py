"""Reads Parquet, Feather and Arrow files by pyarrow, an optional dependency."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..data_error import DataError, check_input_file

if TYPE_CHECKING:
    from pandas import DataFrame
    from pyarrow import Table


def read_arrow(paths: Sequence[Path], name: Path) -> Table:
    """Returns the rows of .parquet files, .feather files, or Arrow streams.

    A stream is mapped into memory. Damaged files are refused, because pyarrow would follow their
    pointers.

    Raises:
        DataError: If a file cannot be read, or pyarrow is missing. The message begins with `name`.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise DataError(f"{name} needs pyarrow: pip install 'latentune[parquet]'") from error
    try:
        table = pa.concat_tables([_read_file(path) for path in paths])
        table.validate(full=True)
    except DataError:
        raise
    except Exception as error:  # pyarrow raises many classes of errors for broken files
        raise _broken_error(name, error) from error
    return table


def _read_file(path: Path) -> Table:
    import pyarrow as pa
    from pyarrow import feather, parquet

    suffix = path.suffix.lower()
    if suffix == ".parquet":
        check_input_file(path, "table")
        return parquet.ParquetFile(path, page_checksum_verification=True).read()
    if suffix == ".feather":
        check_input_file(path, "table")
        return feather.read_table(str(path))
    check_input_file(path, "array")
    return pa.ipc.open_stream(pa.memory_map(str(path))).read_all()


def to_frame(table: Table, name: Path) -> DataFrame:
    """Returns a table as a frame of pandas; whole numbers stay whole if some are missing.

    `name` is the name of the table in messages.
    """
    try:
        frame: DataFrame = table.to_pandas(integer_object_nulls=True)
    except Exception as error:  # such as a date beyond the year 9999
        raise _broken_error(name, error) from error
    return frame


def _broken_error(name: Path, error: Exception) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return DataError(f"{name} is not a table that can be read: {reason}")
