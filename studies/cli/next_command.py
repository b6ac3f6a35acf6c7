"""The last lines that a verb prints: the command to type next, and a message after Ctrl-C."""

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
"""Options that the next command repeats: they say where files are and how data are read."""


def command_line(*words: str) -> str:
    """Returns `latentune` and the words as one shell command; passwords are masked."""
    from ...storage.redact import redact

    return shlex.join(["latentune", *map(redact, words)])


def print_next_command(*words: str, also: Sequence[str] = ()) -> None:
    """Prints the command `latentune WORDS`, which the user may type next.

    If the user has typed an option of `CARRIED_OPTIONS` or `also`, and the next verb has this
    option, the printed command repeats it. If `words` is empty, nothing is printed.
    """
    if words:
        click.echo(f"next: {command_line(*words, *_carried_options(words, also))}")


@contextmanager
def report_interruption(message: str, *, repeat: bool = False) -> Iterator[None]:
    """Prints `message` if Ctrl-C stops the block, and exits with code 130.

    If the KeyboardInterrupt has a message, it is printed too. If so, or if `repeat` is True,
    the same command continues the work, so that it is printed as the next one.
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
    """Returns the words of the command to type after the search of a study."""
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
