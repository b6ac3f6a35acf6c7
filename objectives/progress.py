"""Progress: what takes longer than a moment says so, on the display that the program has."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Advance = Callable[[int], None]
Display = Callable[[str, int | None], AbstractContextManager[Advance]]

log = logging.getLogger(__name__)


@contextmanager
def _one_line(what: str, total: int | None) -> Iterator[Advance]:
    log.info(what)
    yield lambda steps: None


_display: Display = _one_line


def show_by(display: Display) -> None:
    """Chooses where progress is shown, for the whole process; a line in the log at first."""
    global _display
    _display = display


def progress(what: str, total: int | None = None) -> AbstractContextManager[Advance]:
    """Announces a piece of work, to be used in a `with` block.

    Args:
        what: What is done, such as `reading 400 images`.
        total: How many steps it takes, if that is known.

    Returns:
        A context that gives a function, to be called with the number of steps just done.
    """
    return _display(what, total)
