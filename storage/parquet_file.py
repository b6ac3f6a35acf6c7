"""Writes Parquet files by pyarrow, an optional dependency."""

from collections.abc import Mapping
from typing import IO, Any

from .storage_error import StorageError


def require_pyarrow(name: str) -> None:
    """Raises StorageError if pyarrow is not installed; the message says that `name` needs it."""
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise StorageError(f"{name} needs pyarrow: pip install 'latentune[parquet]'") from error


def write_parquet(columns: Mapping[str, Any], file: IO[bytes]) -> None:
    """Writes columns, each a sequence or a pandas Series, as a Parquet file.

    A column whose values have several types, such as numbers and the word None, holds texts. So
    does one with file names that are not UTF-8, whose other bytes are replaced.
    """
    import pyarrow
    from pyarrow.parquet import write_table

    arrays = {}
    for name, values in columns.items():
        try:
            arrays[name] = pyarrow.array(values)
        except (pyarrow.ArrowException, UnicodeError):
            arrays[name] = pyarrow.array([v if v is None else _to_text(v) for v in values])
    write_table(pyarrow.table(arrays), file)


def _to_text(value: object) -> str:
    return str(value).encode(errors="surrogatepass").decode(errors="replace")
