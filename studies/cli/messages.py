"""Printing of results, log messages and the names of unreadable inputs on the command line."""

import logging
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

import click

MAX_UNREADABLE_NAMES = 20  # unreadable inputs that are listed by name


def print_log_messages() -> None:
    """Makes the package print its log messages on the console from now on."""
    log = logging.getLogger("latentune")
    if not any(isinstance(handler, _ConsoleHandler) for handler in log.handlers):
        log.addHandler(_ConsoleHandler())
    log.setLevel(logging.INFO)


def print_result(result: object) -> None:
    """Prints the result of a verb, with the tables that it contains."""
    from ..display.terminal import console

    console.rewrite = with_flags
    console.print(result if hasattr(result, "__rich__") else str(result), soft_wrap=True)


class _ConsoleHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        from ..display.terminal import console

        console.print(with_flags(record.getMessage()))


def print_unreadable_inputs(unreadable: Mapping[str, str]) -> None:
    """Prints the names of unreadable inputs to standard error, each with the reason."""
    for path, reason in islice(unreadable.items(), MAX_UNREADABLE_NAMES):
        click.echo(f"latentune: {path} {reason}", err=True)
    if (more := len(unreadable) - MAX_UNREADABLE_NAMES) > 0:
        click.echo(f"latentune: {more:,} more could not be read", err=True)


def with_flags(
    message: str,
    command: click.Command | None = None,
    verbs: Mapping[str, click.Command] | None = None,
) -> str:
    """Returns a message in which command-line flags replace Python arguments.

    Args:
        message: The message; it may contain arguments such as `batch_size=`.
        command: The verb that was typed; None for the verb that runs now.
        verbs: All verbs. If `command` has no such flag, the message names a verb that has it.
    """
    ctx, verbs = click.get_current_context(silent=True), verbs or {}
    if command is None and ctx is not None:
        root: Any = ctx.find_root().command
        command, verbs = ctx.command, getattr(root, "commands", {})

    def flag(match: re.Match[str]) -> str:
        name = match[1]
        default = f"--{name.replace('_', '-')}"
        if command is None or (word := _find_flag(command, name)) is not None:
            return default if command is None else str(word)
        for verb in ("search", *verbs):
            if word := _find_flag(verbs.get(verb), name):
                return f"{word} of latentune {verb}"
        return default

    message = re.sub(r"latentune\.allow\('(.*?)'\)", r"--allow \1", message)
    return re.sub(r"`(\w+)=`", flag, message)


def _find_flag(command: click.Command | None, name: str) -> str | None:
    """Returns the flag of the verb `command` for the Python argument `name`, or None."""
    for param in getattr(command, "params", ()):
        if param.name == name or f"--{name.replace('_', '-')}" in param.opts:
            return str(param.opts[0])
    return None
