"""The console on which all output is printed. It may be a terminal, a notebook or a pipe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ...storage.redact import redact
from .terminal_escape import escape_control_characters


class EscapingConsole(Console):
    """A console that masks passwords and escapes control characters in printed texts.

    Attributes:
        rewrite: A function that is applied to each text first. That of the command line replaces
            Python arguments by flags.
    """

    rewrite: Callable[[str], str] = staticmethod(str)

    @property
    def file(self) -> IO[str]:
        """The stream that is written to, even if a progress bar has replaced it by a proxy."""
        file = super().file  # rich unwraps one proxy; EscapingStream may be another
        return getattr(file, "rich_proxied_file", file)

    @file.setter
    def file(self, file: IO[str]) -> None:
        self._file = file

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(escape_control_characters(redact(self.rewrite(text))), **options)


console = EscapingConsole(highlight=False, markup=False)
if not console.is_terminal:
    console.width = 160  # files and pipes have no width


@contextmanager
def output_to_stderr() -> Iterator[None]:
    """Makes the console print to standard error in the block.

    Another program can then read standard output.
    """
    console.stderr = True
    try:
        yield
    finally:
        console.stderr = False


def has_progress_display() -> bool:
    """Returns True if the console is a terminal, or a notebook that can show progress bars."""
    if console.is_jupyter:
        return find_spec("ipywidgets") is not None
    return console.is_terminal


def progress_bar(unit: str = "", last: ProgressColumn | None = None) -> Progress:
    """Returns a progress bar that shows the remaining time, and disappears when it is complete.

    On a terminal, a thread redraws the bar regularly. In a notebook, a line that is printed at
    this moment would become a part of the bar, and disappear with it: there, `bar.refresh()`
    redraws it.

    Args:
        unit: The unit of the steps, such as `trials`.
        last: The last column, if it is not the remaining time.
    """
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        last or TimeRemainingColumn(),
        console=console,
        transient=True,
        auto_refresh=not console.is_jupyter,
        disable=not has_progress_display(),
    )
