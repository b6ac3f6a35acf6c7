"""The display: a terminal, a notebook or a pipe, and the bars on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from .terminal_escape import escape_control_characters


class EscapingConsole(Console):
    """A console that escapes control characters in texts.

    Attributes:
        rewrite: Applied to each text first; the command line puts its flags in there.
    """

    rewrite: Callable[[str], str] = staticmethod(str)

    @property
    def file(self) -> IO[str]:
        """The terminal itself, also while a progress bar stands between it and `print`."""
        file = super().file  # rich has looked behind one stand-in; VisibleStream may be another
        return getattr(file, "rich_proxied_file", file)

    @file.setter
    def file(self, file: IO[str]) -> None:
        self._file = file

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(escape_control_characters(self.rewrite(text)), **options)


console = EscapingConsole(highlight=False, markup=False)
if not console.is_terminal:
    console.width = 160  # a file or a pipe has no width of its own


@contextmanager
def output_to_stderr() -> Iterator[None]:
    """Sends all that is said to standard error, where the output itself is for another program."""
    console.stderr = True
    try:
        yield
    finally:
        console.stderr = False


def has_progress_display() -> bool:
    """Whether there is a display that can be drawn on."""
    if console.is_jupyter:
        return find_spec("ipywidgets") is not None
    return console.is_terminal


def progress_bar(unit: str = "") -> Progress:
    """Returns a bar with the time left, which vanishes at its end.

    Args:
        unit: What its steps are, such as `trials`.
    """
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not has_progress_display(),
    )
