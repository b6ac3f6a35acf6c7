"""TableOptions: what a user says about the columns of a file."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from ..data_error import DataError
from .column_names import normalize_label

NO_TARGET = "none"
HEADERS = ("first", "none")
DECIMALS = (".", ",")
LIST_OPTIONS = ("drop", "as_category", "as_number")


class TableOptions(NamedTuple):
    """How the columns of a file are read.

    Attributes:
        target: The column to predict; `none` for no target, even if one is recognized.
        header: `first` if the first line holds names, `none` if there are no names.
        decimal: The decimal mark of numbers that can be read in two ways, `.` or `,`.
        drop: Columns that are left out.
        text: The column of texts.
        as_category: Columns whose values are names of categories or classes.
        as_number: Columns whose values are numbers, and are kept if they number the rows.
    """

    target: str | None = None
    header: str | None = None
    decimal: str | None = None
    drop: tuple[str, ...] = ()
    text: str | None = None
    as_category: tuple[str, ...] = ()
    as_number: tuple[str, ...] = ()

    @classmethod
    def of(cls, **given: Any) -> Self:
        """Returns options with normalized names of columns."""
        for name, choices in (("header", HEADERS), ("decimal", DECIMALS)):
            value = given.get(name)
            if value is not None and value not in choices:
                raise DataError(f"`{name}=` must be {' or '.join(choices)}, not {value!r}")
        for name in LIST_OPTIONS:
            if isinstance(given.get(name), str):
                raise DataError(f"`{name}=` must be a list of columns, not {given[name]!r}")
            given[name] = tuple(map(normalize_label, given.get(name, ())))
        for name in ("target", "text"):
            given[name] = normalize_label(given[name]) if given.get(name) else None
        if both := sorted(set(given["as_category"]) & set(given["as_number"])):
            raise DataError(f"`as_category=` and `as_number=` both name {both[0]!r}: choose one")
        return cls(**given)

    def given_options(self) -> list[str]:
        """Returns the names of the options that have a value."""
        return [name for name in self._fields if getattr(self, name)]

    def named_columns(self) -> dict[str, str]:
        """Returns the columns that options name, each with the name of its option."""
        columns = {column: name for name in LIST_OPTIONS for column in getattr(self, name)}
        return columns if self.text is None else columns | {self.text: "text"}


def format_option(option: str, *columns: str) -> str:
    """Returns an option as a user types it: `drop=` 'a' `drop=` 'b'."""
    return " ".join(f"`{option}=` {column!r}" for column in columns)
