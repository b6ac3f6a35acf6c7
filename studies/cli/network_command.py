"""The frame of the verbs that use a trained network."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ..display.result import Result
from .messages import print_result
from .next_command import print_next_command
from .shared_options import allow_option, runs_option


def network_command(function: Callable[..., Result]) -> click.Command:
    """Makes a verb from a function that uses a trained network, and returns a result.

    The verb prints the result, and the command that may come next. Its exit code is 1 if inputs
    could not be read.

    Args:
        function: Takes `source` and `runs`, and the options that it is decorated with.
    """
    verb = function.__name__.removesuffix("_")

    @click.argument("source", metavar="STUDY[:TRIAL]|CKPT")
    @wraps(function)
    def run(source: str, runs: Path, **options: Any) -> None:
        from ...storage.runs_folder import Runs
        from .next_steps import next_network_command

        result = function(source=source, runs=runs, **options)
        print_result(result)
        print_next_command(*next_network_command(verb, source, Runs(runs)))
        if getattr(result, "unreadable", None):
            raise SystemExit(1)

    return click.command(verb)(allow_option(runs_option(run)))
