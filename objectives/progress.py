"""Shows the progress of long work on a display that the program sets, or in log lines."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

LOG_INTERVAL_S = 60

clock = time.monotonic
log = logging.getLogger(__name__)


class Advance(Protocol):
    """A function that takes the number of finished steps, and a function that returns details."""

    def __call__(self, steps: int, details: Callable[[], str] | None = None, /) -> None: ...


Display = Callable[[str, int | None], AbstractContextManager[Advance]]


@contextmanager
def _log_progress(title: str, total: int | None) -> Iterator[Advance]:
    log.info(title)
    yield _ProgressLogger(title, total)


class _ProgressLogger:
    def __init__(self, title: str, total: int | None) -> None:
        self.title, self.total, self.done = title, total, 0
        self.logged_at = clock()
        self.start: tuple[float, int] | None = None  # time and steps of the first call

    def __call__(self, steps: int, details: Callable[[], str] | None = None, /) -> None:
        self.done += steps
        now = clock()
        if self.start is None:  # resumed work starts with steps that took no time now
            self.start = now, self.done
        if now - self.logged_at < LOG_INTERVAL_S:
            return
        self.logged_at = now
        of_total = "" if self.total is None else f" of {self.total:,}"
        parts = [details() if details else f"{self.done:,}{of_total}"]
        log.info("%s: %s", self.title, ", ".join([*parts, *self._time_left(now)]))

    def _time_left(self, now: float) -> list[str]:
        assert self.start is not None
        started, steps_before = self.start
        if self.total is None or self.done == steps_before:
            return []
        seconds = (now - started) / (self.done - steps_before) * (self.total - self.done)
        return [f"about {format_duration(seconds)} left"]


def format_duration(seconds: float) -> str:
    """Returns a duration in seconds as text, such as `40 s`, `3 min` or `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours = f"{minutes // 60} h " if minutes >= 60 else ""
    return f"{hours}{minutes % 60} min"


def format_limit(seconds: float) -> str:
    """Returns a time limit in seconds as a user types it, such as `90s`, `20m` or `1.5h`."""
    size, unit = (3600, "h") if seconds >= 3600 else (60, "m") if seconds >= 60 else (1, "s")
    exact = f"{seconds / size:g}{unit}"
    return exact if len(exact) < 6 else f"{seconds:g}s"


def progress(title: str, total: int | None = None) -> AbstractContextManager[Advance]:
    """Shows the progress of the work in a `with` block.

    Args:
        title: Name of the work, such as `reading 400 images`.
        total: Number of steps; None if it is unknown.

    Returns:
        A context manager that gives a function, to be called with the number of steps just done.
    """
    return _display(title, total)


OnResult = Callable[[Any, Any], None]
"""A function that is called with a study and a finished trial."""

Describe = Callable[[Any], str]
"""A function that takes a study and returns a text."""
TrialDisplay = Callable[[str, int, Sequence[str], int, Describe], AbstractContextManager[OnResult]]


@contextmanager
def _show_no_trials(
    name: str, trials: int, metrics: Sequence[str], epochs: int, forecast: Describe
) -> Iterator[OnResult]:
    yield lambda study, trial: None


_display: Display = _log_progress
_trial_display: TrialDisplay = _show_no_trials


def set_displays(progress: Display, trials: TrialDisplay) -> None:
    """Sets how this process shows the progress of work, and the trials of a search.

    By default, progress is logged, and trials are not shown.
    """
    global _display, _trial_display
    _display, _trial_display = progress, trials


def trial_progress(
    name: str, trials: int, metrics: Sequence[str], epochs: int, forecast: Describe
) -> AbstractContextManager[OnResult]:
    """Shows the trials of a search in a `with` block, which gets a function to show a trial.

    Args:
        name: Name of the study.
        trials: Total number of trials in the study.
        metrics: Names of the study's objectives.
        epochs: Number of epochs of a trial that is not stopped early.
        forecast: Returns what is expected of the other trials of a study, such as the time left.
    """
    return _trial_display(name, trials, metrics, epochs, forecast)
