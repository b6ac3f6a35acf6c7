"""The base class of typed records, which are written to databases and files."""

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from .storage_error import StorageError

MAX_JSON_VALUES = 1_000_000
MAX_NESTING_DEPTH = 50
MAX_INTEGER_BITS = 1024
"""Maximal number of bits in an integer from a file. Larger integers are slow to print."""


class Record(BaseModel):
    """A frozen Pydantic model. Missing fields, unknown fields and wrong types are errors."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    @classmethod
    def parse_valid(cls, table: Mapping[str, Any]) -> Self:
        """Returns a record with the valid entries of `table`, and defaults in place of the others.

        Every field of the record must have a default.
        """
        try:
            return cls.model_validate(table)
        except ValidationError as error:
            invalid = {details["loc"][0] for details in error.errors(include_url=False)}
        return cls.model_validate({n: value for n, value in table.items() if n not in invalid})

    def changes_from(self, other: Self) -> Self:
        """Returns a record with the values that were set in this record and differ in `other`."""
        set_fields = [name for name in type(self).model_fields if name in self.model_fields_set]
        return self.model_construct(
            **{n: getattr(self, n) for n in set_fields if getattr(self, n) != getattr(other, n)}
        )

    def to_table(self) -> dict[str, Any]:
        """Returns the values that were set, without defaults, as a dictionary for JSON."""
        return self.model_dump(exclude_unset=True)


R = TypeVar("R", bound=Record)


def check_limits(value: Any, where: str) -> None:
    """Raises an error if a value from a file is too large to be processed.

    Args:
        value: The value: nested dictionaries and lists.
        where: The file, for error messages.

    Raises:
        StorageError: If `value` has too many items, is nested too deeply, contains itself, or has
            too large an integer.
    """
    waiting, seen = [(value, 0)], 0
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        if isinstance(item, dict):
            item = list(item.values())
        if isinstance(item, (list, tuple, set)):
            waiting += [(inner, depth + 1) for inner in item]
        if depth > MAX_NESTING_DEPTH or seen + len(waiting) > MAX_JSON_VALUES:
            raise StorageError(f"{where} is nested too deeply, or holds too much")
        if isinstance(item, int) and item.bit_length() > MAX_INTEGER_BITS:
            raise StorageError(f"{where} holds a number of more than {MAX_INTEGER_BITS} bits")


def validate(kind: type[R], value: Any, where: str) -> R:
    """Returns a value from a file as a record of the class `kind`.

    Args:
        kind: The class of the record.
        value: A dictionary of the fields.
        where: The file, for error messages.

    Raises:
        StorageError: If a field is missing, unknown or not valid.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise StorageError(f"{where}: {validation_message(error)}") from error


def validation_message(error: ValidationError) -> str:
    """Returns the first problem in Pydantic's error, such as `epochs: input should be ...`."""
    first = error.errors(include_url=False)[0]
    where = ": ".join(part for part in first["loc"] if isinstance(part, str))
    if first["type"] == "missing":
        return f"{where} is missing"
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{where} is not a known entry"
    message = f"{first['msg'][0].lower()}{first['msg'][1:]}"
    return f"{where}: {message}" if where else message
