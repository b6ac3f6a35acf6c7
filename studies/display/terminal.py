"""The display: a terminal, a notebook or a pipe, and the bars on it."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from ...objectives.progress import Advance, OnResult, set_progress_display, set_trial_display
from .terminal_escape import escape_control_characters


class EscapingConsole(Console):
    """A console on which texts are seen as they are, whatever they hold."""

    @property
    def file(self) -> IO[str]:
        """The terminal itself, also while a progress bar stands between it and `print`."""
        file = super().file  # rich has looked behind one stand-in; VisibleStream may be another
        return getattr(file, "rich_proxied_file", file)

    @file.setter
    def file(self, file: IO[str]) -> None:
        self._file = file

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(escape_control_characters(text), **options)


console = EscapingConsole(highlight=False, markup=False)
if not console.is_terminal:
    console.width = 160  # a file or a pipe has no width of its own


def show_progress() -> None:
    """Shows progress as a bar, if somebody watches: on a terminal or in a notebook."""
    if has_progress_display():
        set_progress_display(_progress_steps)
        set_trial_display(_search_progress)


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


@contextmanager
def _progress_steps(what: str, total: int | None) -> Iterator[Advance]:
    with progress_bar() as shown:
        task = shown.add_task(escape_control_characters(what), total=total)
        yield lambda steps, more=None, /: shown.advance(task, steps)


def _search_progress(
    name: str, trials: int, metrics: Sequence[str], epochs: int
) -> AbstractContextManager[OnResult]:
    from .search_progress import SearchProgress  # imports the catalog of models

    return SearchProgress(name, trials, metrics, epochs)


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
