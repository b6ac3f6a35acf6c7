"""Options that several verbs have, and the line that ends each of them."""

import logging
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..study.defaults import CPUS, GPUS, OPTION_NAMES, RUNS

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

RUNS_PATH = Path(RUNS)
MAX_UNREADABLE_NAMES = 20  # inputs at most that are named because they could not be read

runs_option = click.option(
    "--runs", type=click.Path(path_type=Path), default=RUNS_PATH, help="Folder of all studies."
)
storage_option = click.option(
    "--storage",
    metavar="URL",
    help="Another database, e.g. sqlite:///other.db or postgresql://host/name.",
)
data_dir_option = click.option(
    "--data-dir",
    metavar="FOLDER",
    help="Where torchvision data lies.  [default: $LATENTUNE_DATA]",
)

TABLE_OPTIONS = (
    click.option(
        "--target", metavar="COLUMN|none", help="What to predict of a CSV; none for nothing."
    ),
    click.option(
        "--header",
        metavar="first|none",
        help="Where a CSV has its names.  [default: seen by looking]",
    ),
    click.option(
        "--decimal", metavar=".|,", help="Decimal mark, where numbers do not show which it is."
    ),
    click.option("--drop", multiple=True, metavar="COLUMN", help="Leave out a column of a CSV."),
    click.option("--text", metavar="COLUMN", help="The column that holds texts."),
    click.option(
        "--as-category", multiple=True, metavar="COLUMN", help="Its values are names, not numbers."
    ),
    click.option(
        "--as-number",
        multiple=True,
        metavar="COLUMN",
        help="Its values are numbers, and no names or numbers of rows.",
    ),
)

CLUSTER_OPTIONS = (
    click.option(
        "--cluster",
        metavar="auto|HOST:PORT",
        help="Run workers on the Ray cluster that this machine is a node of.",
    ),
    click.option("--cpus", default=CPUS, help="CPUs of a worker on it."),
    click.option("--gpus", default=GPUS, help="GPUs of a worker on it; 0.5 shares one."),
)

inputs_argument = click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")


def _allow(ctx: click.Context, param: click.Parameter, models: tuple[str, ...]) -> None:
    if models:
        from ..study.module_trust import allow

        allow(*models)
        ctx.meta["allow"] = models


allow_option = click.option(
    "--allow",
    multiple=True,
    metavar="MODULE:SPEC",
    callback=_allow,
    expose_value=False,
    help="Let a file that is read run this module.",
)


def table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options of a file of columns."""
    for option in reversed(TABLE_OPTIONS):
        command = option(command)
    return command


def cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options of a Ray cluster."""
    for option in reversed(CLUSTER_OPTIONS):
        command = option(command)
    return command


class UsageError(ValueError):
    """An option that is not of the form that it must have."""


def with_option_names(
    message: str,
    command: click.Command | None = None,
    verbs: Mapping[str, click.Command] | None = None,
) -> str:
    """Returns a message with options as they are typed, where it names arguments of Python.

    Args:
        message: The message.
        command: The verb whose options they are; None for the one that runs now.
        verbs: All verbs: an option that the command lacks is said to be that of another.
    """
    ctx, verbs = click.get_current_context(silent=True), verbs or {}
    if command is None and ctx is not None:
        root: Any = ctx.find_root().command
        command, verbs = ctx.command, getattr(root, "commands", {})

    def option(match: re.Match[str]) -> str:
        word = "--" + OPTION_NAMES.get(match[1], match[1]).replace("_", "-")
        owners = [name for name in ("search", *verbs) if word in _options(verbs.get(name))]
        elsewhere = command is not None and owners and word not in _options(command)
        return f"{word} of latentune {owners[0]}" if elsewhere else word

    message = re.sub(r"latentune\.allow\('(.*?)'\)", r"--allow \1", message)
    return re.sub(r"`(\w+)=`", option, message)


def _options(command: click.Command | None) -> set[str]:
    """Returns all options of a verb as they are typed."""
    return {word for param in getattr(command, "params", ()) for word in param.opts}


class _ConsoleHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        from ...storage.redact import shown
        from ..display.terminal import console

        console.print(with_option_names(shown(record.getMessage())))


def print_log_messages() -> None:
    """Prints what the rooms say while they work."""
    log = logging.getLogger("latentune")
    if not any(isinstance(handler, _ConsoleHandler) for handler in log.handlers):
        log.addHandler(_ConsoleHandler())
    log.setLevel(logging.INFO)


def command_line(*words: str) -> str:
    """Returns a command as it may be shown and kept: without the password of a database."""
    from ...storage.redact import shown

    return shlex.join(["latentune", *map(shown, words)])


TABLE = ("target", "header", "decimal", "drop", "text", "as_category", "as_number")
CARRIED_OPTIONS = ("runs", "storage", "data_dir", "allow", "image_size", *TABLE)
"""Options that mean the same for every verb: where things are, and what data mean."""


def print_next_command(*words: str, also: Sequence[str] = ()) -> None:
    """Prints the command to type next, with the options that say on what; nothing if none is.

    Those options that were typed are repeated that the next verb has too, and that say where
    things are or what data mean.

    Args:
        words: The words of the command.
        also: Names of further options that mean the same for both verbs.
    """
    if words:
        click.echo(f"next: {command_line(*words, *_carried_options(words, also))}")


def print_repeat_command(*without: str) -> None:
    """Prints the command that was typed, which goes on, but for some of its words."""
    click.echo(f"next: {command_line(*(word for word in sys.argv[1:] if word not in without))}")


def _carried_options(words: Sequence[str], also: Sequence[str]) -> Iterator[str]:
    """Gives the options of this command that the next one is to have."""
    context = click.get_current_context()
    root: Any = context.find_root().command
    for option in root.commands[words[0]].params:
        name, word = str(option.name), option.opts[-1]
        if name not in (*CARRIED_OPTIONS, *also) or word in words:
            continue
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            value = context.params.get(name, context.meta.get(name))
            for one in value if isinstance(value, tuple) else (value,):
                yield from (word, str(one))


def print_unreadable_inputs(unreadable: Mapping[str, str]) -> None:
    """Names the inputs that could not be read."""
    for path, reason in islice(unreadable.items(), MAX_UNREADABLE_NAMES):
        click.echo(f"latentune: {path} {reason}", err=True)
    if len(unreadable) > MAX_UNREADABLE_NAMES:
        click.echo(
            f"latentune: {len(unreadable) - MAX_UNREADABLE_NAMES:,} more could not be read",
            err=True,
        )


def open_study_database(runs: Path, storage: str | None) -> "BaseStorage":
    """Opens the database of a runs folder, or the one that was named instead."""
    from ...storage.database import open_database
    from ...storage.runs_folder import Runs

    return open_database(storage or Runs(runs).database)
