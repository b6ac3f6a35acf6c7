"""What Ctrl-C does to a verb that takes long."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from .next_command import print_repeat_command


@contextmanager
def report_interruption(message: str, *, repeat: bool = False) -> Iterator[None]:
    """Ends the process with exit code 130 on Ctrl-C.

    Args:
        message: The part of the work that is kept.
        repeat: Whether the same command continues the work; then it is printed.
    """
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"stopped; {message}")
        if repeat:
            print_repeat_command()
        raise SystemExit(130) from None
