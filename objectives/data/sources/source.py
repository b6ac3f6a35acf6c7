"""Source: the name of some data and the options to read it."""

from typing import NamedTuple

from .table_options import TableOptions

ARRAY_SUFFIXES = (".npy", ".npz")
TABLE_SUFFIXES = (".csv", ".tsv")


class Source(NamedTuple):
    """Where data comes from and how it is read.

    Attributes:
        name: A built-in data set or a path.
        data_dir: The folder of torchvision's data; None stands for the usual one.
        image_size: Side in pixels of images; None keeps their size.
        numbers: Whether targets are numbers. If not, they are classes, unless they are fractions.
        stream: Whether images larger than `image_size` are decoded on demand.
        table: How the columns of a file are read.
    """

    name: str
    data_dir: str | None = None
    image_size: int | None = None
    numbers: bool = False
    stream: bool = False
    table: TableOptions = TableOptions()


def is_table(name: str) -> bool:
    """Returns whether a file name has the suffix of a table."""
    return name.lower().endswith(TABLE_SUFFIXES)


def is_array(name: str) -> bool:
    """Returns whether a file name has the suffix of an array."""
    return name.lower().endswith(ARRAY_SUFFIXES)
