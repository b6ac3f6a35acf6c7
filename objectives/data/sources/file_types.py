"""Files of data, and what reads each: their suffixes say."""

from pathlib import Path

from ..data_error import DataError
from ..parts import LoadedDataset
from .array_file import read_array
from .csv_file import read_csv
from .table_options import TableOptions

ARRAYS = (".npy", ".npz")
TABLES = (".csv", ".tsv")
READABLE_SOURCES = (
    f"neither a folder of images or texts, nor a table ({', '.join(TABLES)}), nor an array "
    f"({', '.join(ARRAYS)})"
)


def is_table(name: str) -> bool:
    """Says whether a file is one of columns."""
    return name.lower().endswith(TABLES)


def is_array(name: str) -> bool:
    """Says whether a file is one of arrays."""
    return name.lower().endswith(ARRAYS)


def read_file(path: Path, options: TableOptions, numbers: bool) -> LoadedDataset:
    """Reads a file of any kind.

    Args:
        path: The file, which exists.
        options: What a user says of the columns of a table.
        numbers: Whether targets are to be numbers.

    Raises:
        DataError: If nothing can read it, or it is broken.
    """
    if is_table(path.name):
        return read_csv(path, options, numbers)
    if is_array(path.name):
        return read_array(path, numbers)
    raise DataError(f"{path.name} is a file: {_suggest_instead(path)}")


def _suggest_instead(path: Path) -> str:
    from torchvision.datasets.folder import IMG_EXTENSIONS

    if path.suffix.lower() in IMG_EXTENSIONS:
        return f"name the folder that this image lies in, {path.parent}"
    if path.suffix.lower() == ".txt":
        return "put it into a folder of its own, in which each file is a class of texts"
    return (
        f"only folders of images or texts, tables ({', '.join(TABLES)}) and arrays "
        f"({', '.join(ARRAYS)}) can be read; write what it holds as one of them"
    )
