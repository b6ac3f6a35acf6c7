"""Printing of log messages in Python programs and notebooks that have not set up logging."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from .terminal import EscapingConsole, console, has_progress_display


def print_log_messages_by_default() -> None:
    """Makes the package print its messages, unless the program has set up logging.

    They say what was inferred from data, so they are printed unasked, as Optuna's are. A level
    that the program has set for the logger `latentune` is kept.
    """
    log = logging.getLogger("latentune")
    if log.hasHandlers():
        return
    log.addHandler(_printer)
    if log.level == logging.NOTSET:
        log.setLevel(logging.INFO)


@contextmanager
def only_warnings() -> Iterator[None]:
    """Prints no message below a warning in the block, for calls that a program makes often."""
    before = _printer.level
    _printer.setLevel(logging.WARNING)
    try:
        yield
    finally:
        _printer.setLevel(before)


class _MessagePrinter(logging.Handler):
    """A handler that prints messages above the progress bars, otherwise to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        if has_progress_display():
            console.print(record.getMessage(), soft_wrap=True)
        else:
            stderr = EscapingConsole(stderr=True, highlight=False, markup=False)
            stderr.print(record.getMessage(), soft_wrap=True)


_printer = _MessagePrinter()
