"""Progress: what takes longer than a moment says so, on the display that the program has."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

LOG_INTERVAL_S = 60

clock = time.monotonic
log = logging.getLogger(__name__)


class Advance(Protocol):
    """Is called with the number of steps just done, and what gives more to say of them."""

    def __call__(self, steps: int, more: Callable[[], str] | None = None, /) -> None: ...


Display = Callable[[str, int | None], AbstractContextManager[Advance]]


@contextmanager
def _log_progress(what: str, total: int | None) -> Iterator[Advance]:
    log.info(what)
    yield _ProgressLogger(what, total)


class _ProgressLogger:
    """Says how far a piece of work has come, by a line a minute."""

    def __init__(self, what: str, total: int | None) -> None:
        self.what, self.total, self.done = what, total, 0
        self.said = clock()
        self.began: tuple[float, int] | None = None  # when, and after how many steps

    def __call__(self, steps: int, more: Callable[[], str] | None = None, /) -> None:
        self.done += steps
        now = clock()
        if self.began is None:  # what it goes on from was not done since
            self.began = now, self.done
        if now - self.said < LOG_INTERVAL_S:
            return
        self.said = now
        parts = [more()] if more else [f"{self.done:,}" + self._of]
        log.info("%s: %s", self.what, ", ".join([*parts, *self._left(now)]))

    @property
    def _of(self) -> str:
        return "" if self.total is None else f" of {self.total:,}"

    def _left(self, now: float) -> list[str]:
        """Returns how long it will take still, if that can be told."""
        assert self.began is not None
        since, before = self.began
        if self.total is None or self.done == before:
            return []
        seconds = (now - since) / (self.done - before) * (self.total - self.done)
        return [f"about {format_duration(seconds)} left"]


def format_duration(seconds: float) -> str:
    """Returns a duration in words: `40 s`, `3 min`, `2 h 5 min`."""
    if seconds < LOG_INTERVAL_S:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours = f"{minutes // 60} h " if minutes >= 60 else ""
    return f"{hours}{minutes % 60} min"


_display: Display = _log_progress


def set_progress_display(display: Display) -> None:
    """Chooses where progress is shown, for the whole process; lines in the log at first."""
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


OnResult = Callable[[Any, Any], None]
"""Is called with a study and each trial that has finished."""

TrialDisplay = Callable[[str, int, Sequence[str], int], AbstractContextManager[OnResult]]


@contextmanager
def _show_no_trials(
    name: str, trials: int, metrics: Sequence[str], epochs: int
) -> Iterator[OnResult]:
    yield lambda study, trial: None


_trial_display: TrialDisplay = _show_no_trials


def set_trial_display(display: TrialDisplay) -> None:
    """Chooses what shows the trials of searches in this process; nothing does at first."""
    global _trial_display
    _trial_display = display


def trial_progress(
    name: str, trials: int, metrics: Sequence[str], epochs: int
) -> AbstractContextManager[OnResult]:
    """Returns a context whose value is to be called with each finished trial of a search.

    Args:
        name: Name of the study.
        trials: Total number of its trials.
        metrics: Names of its objectives.
        epochs: Epochs of a trial that is not stopped early.
    """
    return _trial_display(name, trials, metrics, epochs)
