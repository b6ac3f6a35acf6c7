"""Options of the command line, made from the fields of dataclasses that declare them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, get_origin

import click
from click.shell_completion import CompletionItem

from ...search_spaces.space_errors import did_you_mean
from ..study.argument_checks import union_members
from ..study.option_fields import OptionField, options_of

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Choice(click.Choice[str]):
    """A `click.Choice` with the closest choice in its error message."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        return f"{value!r} is not a choice; {did_you_mean(str(value), list(self.choices))}"


class Parsed(click.ParamType[Any]):
    """A text that a function converts, or refuses by a ValueError."""

    name = "text"

    def __init__(self, parse: Callable[[str], Any]) -> None:
        self.parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value  # a default
        try:
            return self.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class SuggestedText(click.ParamType[str]):
    """A text for which the shell completes known words; other texts are allowed."""

    name = "text"

    def __init__(self, known: Iterable[str]) -> None:
        self.known = known

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(word) for word in self.known if word.startswith(incomplete)]


def option_of(record: type, name: str, **settings: Any) -> Decorator:
    """Returns the option that a dataclass field declares; `settings` override its settings."""
    field = options_of(record)[name]
    return click.option(*_option_names(field), **(_option_settings(field) | settings))


def options_from(
    *,
    only: Collection[str] | None = None,
    defaults: Mapping[str, Any] | None = None,
    **records: type,
) -> Decorator:
    """Gives a command the options that dataclasses declare; it gets an instance of each.

    Args:
        only: The fields that are options here; None for all.
        defaults: Defaults of the command line that are not those of the fields.
        records: The dataclasses, by the names of the command's arguments.
    """
    own = defaults or {}
    names = {
        key: [name for name in options_of(record) if only is None or name in only]
        for key, record in records.items()
    }

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def run(**values: Any) -> Any:
            made = {
                key: record(**{name: values.pop(name) for name in names[key]})
                for key, record in records.items()
            }
            return command(**values, **made)

        options: Callable[..., Any] = run
        for key, record in reversed(records.items()):
            for name in reversed(names[key]):
                settings = {"default": own[name]} if name in own else {}
                options = option_of(record, name, **settings)(options)
        return options

    return decorate


def _option_names(field: OptionField) -> list[str]:
    """Returns the name of an option and its flags, as `click.option` takes them."""
    first, *others = field.flags
    if bool in union_members(field.type) and field.default is not False and "/" not in first:
        first = f"{first}/--no-{first[2:]}"
    return [field.name, first, *others]


def _option_settings(field: OptionField) -> dict[str, Any]:
    """Returns the arguments of `click.option` for a field, without its names."""
    option, members = field.option, union_members(field.type)
    default = "" if option.default is None else f"  [default: {option.default}]"
    settings: dict[str, Any] = {"help": option.help + default, "metavar": option.metavar}
    kind = Choice(option.choices) if option.choices else _click_type(members)
    if option.parse is not None:
        kind = Parsed(option.parse)
    if any(get_origin(member) is Mapping for member in members):
        return settings | {"type": kind, "multiple": True, "callback": _as_dict}
    if any(get_origin(member) is tuple for member in members) and option.parse is None:
        return settings | {"multiple": True}
    if bool in members:
        return settings | {"is_flag": True, "default": field.default}
    return settings | {"type": kind, "default": field.default}


def _click_type(members: Collection[Any]) -> Any:
    return next((kind for kind in (int, float, Path) if kind in members), str)


def _as_dict(ctx: click.Context, param: click.Parameter, pairs: Any) -> dict[str, str] | None:
    return dict(pairs) or None
