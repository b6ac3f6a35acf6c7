"""Source and TableOptions: which data to read, and how to read its columns."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

from ...option import Option
from ..data_error import DataError
from .builtin_datasets import DATASETS
from .column_names import normalize_label

NO_TARGET = "none"
HEADER_CHOICES = ("first", "none")
DECIMAL_CHOICES = (".", ",")
MISSING_CHOICES = ("fill", "refuse")
LIST_OPTIONS = ("drop", "as_category", "as_number")
SPLIT_OPTIONS = ("group", "time_column")
"""Options that name the column by which rows are split into parts."""
COLUMN_OPTIONS = ("target", "text", *SPLIT_OPTIONS)
EXCLUSIVE_OPTIONS = (
    ("drop", "target"),
    ("drop", "text"),
    ("text", "target"),
    ("as_category", "as_number"),
    *((other, one) for one in SPLIT_OPTIONS for other in ("drop", "target", "text")),
)
"""Pairs of options that cannot name the same column."""
ARRAY_SUFFIXES = (".npy", ".npz")
PACKED_SUFFIXES = (".csv.gz", ".tsv.gz")
DECLARED_SUFFIXES = (".parquet", ".feather")
"""Suffixes of tables that declare the names of their columns."""
SPLITS_FILE, STATE_FILE, INFO_FILE = "dataset_dict.json", "state.json", "dataset_info.json"
"""Files in the folder of a saved data set of Hugging Face; the first holds the names of splits."""
TABLE_SUFFIXES = (".csv", ".tsv", *PACKED_SUFFIXES, *DECLARED_SUFFIXES)
TABLES, ARRAYS = ", ".join(TABLE_SUFFIXES), ", ".join(ARRAY_SUFFIXES)


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """Options for the columns of a file.

    The names of columns are stripped, and normalized to NFC.

    Raises:
        DataError: If a value is not allowed.

    Example:
        >>> latentune.TableOptions(target="price", drop=["id"]).drop
        ('id',)
    """

    target: Annotated[
        str | None,
        Option(
            "Column of a table to predict, several columns of numbers, or none.",
            metavar="COLUMN[,COLUMN]|none",
            default="the one with a usual name",
        ),
    ] = None
    header: Annotated[
        str | None,
        Option(
            "Whether the first line of a file names its columns.",
            choices=HEADER_CHOICES,
            default="decided by the values",
        ),
    ] = None
    decimal: Annotated[
        str | None,
        Option(
            "Decimal mark of numbers that may be thousands or fractions.",
            choices=DECIMAL_CHOICES,
            default="decided by the values",
        ),
    ] = None
    drop: Annotated[tuple[str, ...], Option("Columns to leave out.", metavar="COLUMN")] = ()
    text: Annotated[
        str | None,
        Option("Column that holds texts.", metavar="COLUMN", default="decided by the values"),
    ] = None
    as_category: Annotated[
        tuple[str, ...], Option("Columns whose values are names, not numbers.", metavar="COLUMN")
    ] = ()
    as_number: Annotated[
        tuple[str, ...],
        Option("Columns whose values are numbers, not names or row numbers.", metavar="COLUMN"),
    ] = ()
    missing: Annotated[
        str,
        Option(
            "Whether missing values of a table are filled by what the rows to train on say.",
            choices=MISSING_CHOICES,
        ),
    ] = "fill"
    group: Annotated[
        str | None,
        Option(
            "Column of patients, sessions or other groups; the rows of one stay in one part and "
            "one fold.",
            metavar="COLUMN",
            default="none",
            in_definition=True,
        ),
    ] = None
    time_column: Annotated[
        str | None,
        Option(
            "Column of dates or numbers; the latest rows are the test part, and the latest others "
            "the validation part.",
            metavar="COLUMN",
            default="none",
            in_definition=True,
        ),
    ] = None

    def __post_init__(self) -> None:
        choices_by_name = {
            "header": HEADER_CHOICES,
            "decimal": DECIMAL_CHOICES,
            "missing": MISSING_CHOICES,
        }
        for name, choices in choices_by_name.items():
            value = getattr(self, name)
            if value is not None and value not in choices:
                raise DataError(f"`{name}=` must be {' or '.join(choices)}, not {value!r}")
        for name in LIST_OPTIONS:
            columns = getattr(self, name)
            if isinstance(columns, str):
                raise DataError(f"`{name}=` must be a list of columns, not {columns!r}")
            object.__setattr__(self, name, tuple(map(normalize_label, columns)))
        for name in COLUMN_OPTIONS:
            column = getattr(self, name)
            object.__setattr__(self, name, normalize_label(column) if column else None)
        for one, other in EXCLUSIVE_OPTIONS:
            if both := sorted(self._columns_of(one) & self._columns_of(other)):
                raise DataError(f"`{one}=` and `{other}=` both name {both[0]!r}: choose one")
        if self.group and self.time_column:
            raise DataError("`group=` and `time_column=` both decide about the parts: choose one")

    def _columns_of(self, option: str) -> set[str]:
        """Returns the columns that an option names."""
        value = getattr(self, option)
        return {value} - {None, NO_TARGET} if option in COLUMN_OPTIONS else set(value)

    @classmethod
    def of(cls, options: Any) -> Self:
        """Returns the table options in an object that has them as attributes."""
        return cls(**{name: getattr(options, name) for name in TABLE_OPTIONS})

    def given_options(self) -> list[str]:
        """Returns the names of the options that have another value than their default."""
        return [
            field.name
            for field in fields(TableOptions)
            if getattr(self, field.name) != field.default
        ]

    def named_columns(self) -> dict[str, str]:
        """Returns the columns that options name: a dict from column to option."""
        columns = {column: name for name in LIST_OPTIONS for column in getattr(self, name)}
        others = ("text", *SPLIT_OPTIONS)
        return columns | {getattr(self, name): name for name in others if getattr(self, name)}

    @property
    def split_option(self) -> tuple[str, str]:
        """The option that names the column by which rows are split, and its value, if any."""
        option = "group" if self.group else "time_column"
        return option, getattr(self, option) or ""


TABLE_OPTIONS = tuple(field.name for field in fields(TableOptions))


def format_option(option: str, *columns: str) -> str:
    """Returns an option with its values as a user types it: `drop=` 'a' `drop=` 'b'."""
    return " ".join(f"`{option}=` {column!r}" for column in columns)


class Source(NamedTuple):
    """The name of the data, and how to read it.

    Attributes:
        name: The name of a built-in data set, or a path.
        data_dir: The folder of torchvision's data; None for the default folder.
        image_size: Side of images in pixels. If None, images keep their size.
        numbers: Whether targets are always numbers. If not, integers and texts may be classes.
        stream: Whether images larger than `image_size` are decoded on demand.
        table: How the columns of a file are read.
        only: Names of the classes whose items are read; empty for all.
        deduplicate: Whether training items are left out that are also in another part.
    """

    name: str
    data_dir: str | None = None
    image_size: int | None = None
    numbers: bool = False
    stream: bool = False
    table: TableOptions = TableOptions()
    only: tuple[str, ...] = ()
    deduplicate: bool = False


def check_exists(name: str) -> None:
    """Raises DataError if `name` is neither a built-in data set nor a file or folder."""
    if name not in DATASETS and not os.path.exists(name):
        raise unknown_source_error(name)


def unknown_source_error(name: str) -> DataError:
    """Returns the DataError for a name that no reader can read."""
    return DataError(
        f"{os.path.relpath(name)!r} is neither a folder of images or texts, nor a table "
        f"({TABLES}), nor an array ({ARRAYS}), nor a data set ({', '.join(DATASETS)})"
    )


def is_table(name: str) -> bool:
    """Returns whether a path is that of a table file or of a saved data set."""
    return name.lower().endswith(TABLE_SUFFIXES) or is_saved_dataset(name)


def is_saved_dataset(folder: str | Path) -> bool:
    """Returns whether a folder was written by `save_to_disk` of Hugging Face's `datasets`."""

    def has(*names: str) -> bool:
        return all(os.path.isfile(os.path.join(folder, name)) for name in names)

    if not has(SPLITS_FILE):
        return has(STATE_FILE, INFO_FILE)
    return any(has(os.path.join(name, STATE_FILE)) for name in os.listdir(folder))


def is_packed(path: Path) -> bool:
    """Returns whether a path is that of a CSV file which gzip has packed."""
    return path.name.lower().endswith(PACKED_SUFFIXES)


def has_declared_names(path: str | Path) -> bool:
    """Returns whether a path is that of a table which declares the names of its columns."""
    return str(path).lower().endswith(DECLARED_SUFFIXES) or is_saved_dataset(path)


def is_array(name: str) -> bool:
    """Returns whether a file name has the suffix of an array file."""
    return name.lower().endswith(ARRAY_SUFFIXES)
