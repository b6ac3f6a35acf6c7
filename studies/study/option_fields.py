"""Reads the options that dataclasses declare. Each option is declared once, as a field.

The fields define the flags of the command line, the options in files, the rows of docstrings, and
the errors for values that are not allowed.
"""

import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar, get_type_hints

from ...objectives.option import Option
from .study_error import check_at_least, check_at_most, check_choice

R = TypeVar("R")
T = TypeVar("T", bound=Callable[..., Any])


@dataclass(frozen=True)
class OptionField:
    """A dataclass field that declares an option, as `Annotated[type, Option(...)]`."""

    name: str
    type: Any
    default: Any
    option: Option

    @property
    def flags(self) -> Sequence[str]:
        """The flags of the option on the command line, such as `--batch-size`."""
        return self.option.flags or (f"--{self.name.replace('_', '-')}",)

    def words(self, value: Any) -> list[str]:
        """Returns the words that set the option to `value` on the command line."""
        flag = self.flags[0]
        if isinstance(value, bool):
            return [flag if value else f"--no-{flag[2:]}"]
        if isinstance(value, dict):
            value = [f"{name}={text}" for name, text in value.items()]
        elif isinstance(value, list | tuple) and self.option.parse is not None:
            value = ",".join(value)
        values = value if isinstance(value, list | tuple) else [value]
        return [word for one in values for word in (flag, str(one))]


@cache
def options_of(record: type) -> dict[str, OptionField]:
    """Returns the options that a dataclass and its base classes declare, by name."""
    hints = get_type_hints(record, include_extras=True)
    own_first = sorted(fields(record), key=lambda field: field.name not in record.__annotations__)
    return {
        field.name: OptionField(field.name, hint.__origin__, field.default, hint.__metadata__[0])
        for field in own_first
        if hasattr(hint := hints[field.name], "__metadata__")
    }


def pick_options(record: type[R], values: Mapping[str, Any]) -> R:
    """Returns an instance of the dataclass `record`, with its options taken from `values`.

    Other entries of `values` are ignored.
    """
    kind: type = record
    return record(**{name: values[name] for name in options_of(kind) if name in values})


def check_options(record: Any) -> None:
    """Checks the values in a dataclass of options.

    Raises:
        StudyError: If a value is not one of the option's choices, or a number is out of range.
    """
    kind: type = type(record)
    for name, field in options_of(kind).items():
        value, option = getattr(record, name), field.option
        if value is not None and option.choices:
            check_choice(name, value, option.choices)
        if value is not None and option.least is not None:
            check_at_least(name, value, option.least)
        if value is not None and option.most is not None:
            check_at_most(name, value, option.most)


def describe_options(*records: type) -> Callable[[T], T]:
    """Returns a decorator that adds the options of dataclasses to the `Args:` of a docstring."""

    def decorate(described: T) -> T:
        rows = [_docstring_row(one) for record in records for one in options_of(record).values()]
        before, section, rest = inspect.cleandoc(described.__doc__ or "").partition("Args:\n")
        own_rows, blank_line, others = rest.partition("\n\n")
        described.__doc__ = "".join([before, section, own_rows, *rows, blank_line, others])
        return described

    return decorate


def _docstring_row(field: OptionField) -> str:
    option = field.option
    text = f"{field.name}: {option.help}"
    text += f" One of {', '.join(option.choices)}." if option.choices else ""
    text += f" Default: {option.default}." if option.default else ""
    return "\n" + textwrap.fill(text, 96, initial_indent="    ", subsequent_indent=" " * 8)
