"""The last lines of a verb: the command to type next, and what is kept after Ctrl-C."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ...objectives.data.sources.source import TABLE_OPTIONS
from .messages import with_flags

if TYPE_CHECKING:
    import optuna

CARRIED_OPTIONS = ("runs", "storage", "data_dir", "allow", "image_size", *TABLE_OPTIONS)
"""Options that mean the same for every verb: where things are, and how data are read."""


def command_line(*words: str) -> str:
    """Returns a command as one line, without the password of a database."""
    from ...storage.redact import redact

    return shlex.join(["latentune", *map(redact, words)])


def print_next_command(*words: str, also: Sequence[str] = ()) -> None:
    """Prints the command that a user may type next; prints nothing if `words` is empty.

    Options that say where files are or how data are read, and the options in `also`, are repeated
    if the user typed them and the next verb has them too.
    """
    if words:
        click.echo(f"next: {command_line(*words, *_carried_options(words, also))}")


@contextmanager
def report_interruption(message: str, *, repeat: bool = False) -> Iterator[None]:
    """Ends the process with exit code 130 on Ctrl-C, and prints a message.

    The typed command is printed as the next one if it continues the work: if `repeat` is True, or
    if the KeyboardInterrupt has a message of its own.
    """
    try:
        yield
    except KeyboardInterrupt as stopped:
        click.echo(f"stopped; {message}")
        if str(stopped):
            click.echo(with_flags(str(stopped)))
        if repeat or str(stopped):
            words = [word for word in sys.argv[1:] if word != "--anew"]  # --anew would start over
            click.echo(f"next: {command_line(*words)}")
        raise SystemExit(130) from None


def next_study_command(study: "optuna.Study") -> list[str]:
    """Returns the words of the command that may follow a search."""
    from optuna.trial import TrialState

    from ...storage.optuna_internals import count_trials
    from ..study.pareto_choice import KNEE

    name = study.study_name
    if not count_trials(study, TrialState.COMPLETE):
        return ["doctor", name]
    if len(study.directions) > 1:
        return ["best", name, "--prefer", KNEE]
    return ["train", name]


def _carried_options(words: Sequence[str], also: Sequence[str]) -> Iterator[str]:
    context = click.get_current_context()
    root: Any = context.find_root().command
    for option in root.commands[words[0]].params:
        name, flag = str(option.name), option.opts[-1]
        if name not in (*CARRIED_OPTIONS, *also) or flag in words:
            continue
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            value = context.params.get(name, context.meta.get(name))
            for one in value if isinstance(value, tuple) else (value,):
                yield from (flag, str(one))
