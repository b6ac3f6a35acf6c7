"""What a user says about the columns of a file, where looking at them does not decide it."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from ..data_error import DataError
from .normalize_label import normalize_label

NO_TARGET = "none"
HEADERS = ("first", "none")
DECIMALS = (".", ",")
LIST_OPTIONS = ("drop", "as_category", "as_number")


class TableOptions(NamedTuple):
    """How the columns of a file are to be read.

    Attributes:
        target: The column to be predicted; `none` for no target, even if one is recognized.
        header: `first` if the first line holds names, `none` if there are no names.
        decimal: The decimal mark of numbers that can be read in two ways, `.` or `,`.
        drop: Columns that are left out.
        text: The column of texts, of data that are texts.
        as_category: Columns whose values are names of categories or classes.
        as_number: Columns whose values are numbers; they are kept even if they number the rows.
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
        """Returns options that have values which they can have.

        Raises:
            DataError: If one has another.
        """
        for name, known in (("header", HEADERS), ("decimal", DECIMALS)):
            value = given.get(name)
            if value is not None and value not in known:
                raise DataError(f"`{name}=` must be {' or '.join(known)}, not {value!r}")
        for name in LIST_OPTIONS:
            if isinstance(given.get(name), str):
                raise DataError(f"`{name}=` must be a list of columns, not {given[name]!r}")
            given[name] = tuple(map(normalize_label, given.get(name, ())))
        for name in ("target", "text"):
            given[name] = normalize_label(given[name]) if given.get(name) else None
        if both := sorted(set(given["as_category"]) & set(given["as_number"])):
            raise DataError(f"`as_category=` and `as_number=` both name {both[0]!r}: choose one")
        return cls(**given)

    def given(self) -> list[str]:
        """Returns the options that a user has given."""
        return [name for name in self._fields if getattr(self, name)]

    def named(self) -> dict[str, str]:
        """Returns each column that an option names, with that option."""
        lists = {name: getattr(self, name) for name in LIST_OPTIONS}
        return {column: name for name, columns in lists.items() for column in columns} | (
            {} if self.text is None else {self.text: "text"}
        )


def format_option(option: str, *columns: str) -> str:
    """Returns an option with columns, as it can be typed: `drop=` 'a' `drop=` 'b'."""
    return " ".join(f"`{option}=` {column!r}" for column in columns)
