"""Finished trials as points of charts, and the best value so far as a curve."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from optuna.trial import FrozenTrial, TrialState

from ....storage.trial_outcome import is_rejected

UNITS = ((3 * 86400, 86400, "days"), (3 * 3600, 3600, "hours"), (180, 60, "minutes"))
"""The seconds from which on a time is given in a unit, the seconds of the unit, and its name."""


class Point(NamedTuple):
    """A finished trial.

    Attributes:
        number: Number of the trial.
        state: Its state.
        value: The value of the first metric; None without a finite one.
        seconds: Seconds from the start of the first trial to the end of this one.
        params: The value of each parameter.
    """

    number: int
    state: TrialState
    value: float | None
    seconds: float
    params: Mapping[str, Any]

    @property
    def is_complete(self) -> bool:
        """Whether the trial is complete and has a finite value."""
        return self.state == TrialState.COMPLETE and self.value is not None


class Curve(NamedTuple):
    """The best value so far, after each trial that was better than all before it.

    Attributes:
        name: Name of the study.
        points: Pairs of a trial number, or of seconds, and a value.
        end: The last trial number or second of the study.
    """

    name: str
    points: Sequence[tuple[float, float]]
    end: float


def points_of(trials: Iterable[FrozenTrial]) -> list[Point]:
    """Returns the finished trials as points, in the order of their numbers."""
    trials = list(trials)
    starts = [trial.datetime_start for trial in trials if trial.datetime_start]
    first = min(starts, default=None)
    found = []
    for trial in sorted(trials, key=lambda trial: trial.number):
        if trial.state.is_finished() and not is_rejected(trial):
            value = trial.values[0] if trial.values else math.nan
            ended = trial.datetime_complete
            seconds = (ended - first).total_seconds() if ended and first else 0.0
            finite = value if math.isfinite(value) else None
            found.append(Point(trial.number, trial.state, finite, seconds, trial.params))
    return found


def best_so_far(name: str, points: Sequence[Point], sign: int, *, in_time: bool) -> Curve:
    """Returns the curve of the best value of complete trials, over trial numbers or seconds.

    `sign` is 1 if lower values are better, and -1 if higher values are better.
    """
    best, better = math.inf, []
    for point in sorted(points, key=lambda point: place(point, in_time)):
        if point.is_complete and point.value is not None and sign * point.value < best:
            best = sign * point.value
            better.append((place(point, in_time), point.value))
    return Curve(name, better, max((place(point, in_time) for point in points), default=0.0))


def place(point: Point, in_time: bool) -> float:
    """Returns the second at which a trial ended, or its number."""
    return point.seconds if in_time else float(point.number)


def time_unit(seconds: float) -> tuple[str, float]:
    """Returns the unit in which a time is given, and its seconds."""
    found = [(name, size) for least, size, name in UNITS if seconds >= least]
    return found[0] if found else ("seconds", 1.0)


def format_seconds(seconds: float) -> str:
    """Returns a time in a unit that suits it.

    Example:
        >>> format_seconds(5400)
        '90 minutes'
    """
    name, size = time_unit(seconds)
    return f"{seconds / size:.3g} {name}"
