"""Options of the command line: they are made from dataclass fields, and verbs share them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, get_origin

import click
from click.shell_completion import CompletionItem

from ...search_spaces.space_errors import did_you_mean
from ..study.argument_checks import union_members
from ..study.option_fields import OptionField, options_of
from ..study.search_options import Place
from ..study.study_options import StudyOptions

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Choice(click.Choice[str]):
    """A `click.Choice` whose error message names the choice that is most like the typed value."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        return f"{value!r} is not a choice; {did_you_mean(str(value), list(self.choices))}"


class Parsed(click.ParamType[Any]):
    """A click type that converts typed text by `parse`; this raises ValueError for bad text."""

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
    """A click type for any text; the shell completes the words in `known`."""

    name = "text"

    def __init__(self, known: Iterable[str]) -> None:
        self.known = known

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(word) for word in self.known if word.startswith(incomplete)]


def option_of(record: type, name: str, **settings: Any) -> Decorator:
    """Returns a decorator that gives a command the option which a dataclass field declares.

    The field is the field `name` of `record`. `settings` are arguments of `click.option` that
    replace those of the field.
    """
    field = options_of(record)[name]
    return click.option(*_option_names(field), **(_option_settings(field) | settings))


def declare_options(
    *records: type,
    only: Collection[str] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Decorator:
    """Returns a decorator that gives a command the options which dataclass fields declare.

    Args:
        records: The dataclasses.
        only: Names of the fields that become options; None for all.
        defaults: Defaults of options by field name, if they are not those of the fields.
    """
    settings = {name: {"default": value} for name, value in (defaults or {}).items()}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for record in reversed(records):
            for name in reversed(options_of(record)):
                if only is None or name in only:
                    command = option_of(record, name, **settings.get(name, {}))(command)
        return command

    return decorate


def _option_names(field: OptionField) -> list[str]:
    """Returns the positional arguments of `click.option` for a field: its name and flags."""
    first, *others = field.flags
    if bool in union_members(field.type) and field.default is not False and "/" not in first:
        first = f"{first}/--no-{first[2:]}"
    return [field.name, first, *others]


def _option_settings(field: OptionField) -> dict[str, Any]:
    """Returns the keyword arguments of `click.option` for a field."""
    option, members = field.option, union_members(field.type)
    default = "" if option.default is None else f"  [default: {option.default}]"
    settings: dict[str, Any] = {"help": option.help + default, "metavar": option.metavar}
    kind: Any = next((one for one in (int, float, Path) if one in members), str)
    if option.choices:
        kind = Choice(option.choices)
    if option.parse is not None:
        kind = Parsed(option.parse)
    if any(get_origin(member) is Mapping for member in members):
        settings |= {"callback": lambda ctx, param, pairs: dict(pairs) or None}
        return settings | {"type": kind, "multiple": True}
    if any(get_origin(member) is tuple for member in members) and option.parse is None:
        return settings | {"multiple": True}
    if bool in members:
        return settings | {"is_flag": True, "default": field.default}
    return settings | {"type": kind, "default": field.default}


def _trust_modules(ctx: click.Context, param: click.Parameter, models: tuple[str, ...]) -> None:
    if models:
        from ..study.module_trust import allow

        allow(*models)
        ctx.meta["allow"] = models


allow_option = click.option(
    "--allow",
    multiple=True,
    metavar="MODULE:SPEC",
    callback=_trust_modules,
    expose_value=False,
    help="Let a file that is read import this module.",
)
runs_option = option_of(Place, "runs")
storage_option = option_of(Place, "storage")
data_dir_option = option_of(StudyOptions, "data_dir")
