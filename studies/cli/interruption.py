"""What Ctrl-C does to a verb that takes long."""

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def report_interruption(message: str) -> Iterator[None]:
    """Ends the process with exit code 130 on Ctrl-C, after a message that says what is kept."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"stopped; {message}")
        raise SystemExit(130) from None
