"""Finds workers whose training makes no step for long, judged by the pace of their own trial."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from ...objectives.pace import Pace
from ...objectives.progress import format_duration
from ...storage.periodic_thread import call_periodically

POLL_INTERVAL_S = 1.0

clock = time.monotonic


@dataclass(frozen=True)
class StallLimits:
    """How long a training may make no step.

    Attributes:
        seconds: The least time in seconds.
        slowest_steps: The least time, in units of the slowest step so far.
        stop_factor: A worker is stopped after this many times the larger of the two.
        first_epoch_seconds: A worker is not stopped before this time in its first epoch, because
            the first validation, with its metrics, may take far longer than the steps before it.
        report_interval: Seconds between two reports of a worker.
    """

    seconds: float = 60
    slowest_steps: float = 20
    stop_factor: float = 5
    first_epoch_seconds: float = 3600
    report_interval: float = 10

    def first_limit(self, pace: Pace) -> float:
        """Returns the seconds without a step after which a worker stalls."""
        return max(self.seconds, self.slowest_steps * pace.slowest)

    def last_limit(self, pace: Pace) -> float:
        """Returns the seconds without a step after which a worker is stopped."""
        limit = self.stop_factor * self.first_limit(pace)
        return limit if pace.epochs else max(limit, self.first_epoch_seconds)


class Stall(NamedTuple):
    """A worker that has made no step for some seconds. `is_over` tells to stop it."""

    worker: int
    seconds: float
    pace: Pace
    is_over: bool

    def __str__(self) -> str:
        slowest = f"{self.pace.slowest:.2g} s"
        return f"makes no step for {format_duration(self.seconds)}, its slowest took {slowest}"


@dataclass
class _Silence:
    pace: Pace
    seconds: float = 0.0
    is_reported: bool = False


@dataclass
class StallWatch:
    """Counts the time since each worker has reported its pace.

    A long time between two calls of `find_stalls` counts as one second, because it was then this
    process that was suspended.
    """

    limits: StallLimits
    silences: dict[int, _Silence] = field(default_factory=dict)
    polled_at: float = field(default_factory=lambda: clock())

    def record(self, worker: int, pace: Pace | None) -> None:
        """Records the pace of a worker; None if it does not train now."""
        self.silences.pop(worker, None)
        if pace is not None:
            self.silences[worker] = _Silence(pace)

    def find_stalls(self) -> list[Stall]:
        """Returns each worker that stalls: once at the first limit, and once at the last one."""
        now, found = clock(), []
        passed, self.polled_at = min(now - self.polled_at, POLL_INTERVAL_S), now
        for worker, silence in list(self.silences.items()):
            silence.seconds += passed
            pace, seconds = silence.pace, silence.seconds - self.limits.report_interval
            if silence.is_reported and seconds > self.limits.last_limit(pace):
                self.record(worker, None)
                found.append(Stall(worker, seconds, pace, is_over=True))
            elif not silence.is_reported and seconds > self.limits.first_limit(pace):
                silence.is_reported = True
                found.append(Stall(worker, seconds, pace, is_over=False))
        return found

    @contextmanager
    def in_thread(self, handle: Callable[[Stall], None]) -> Iterator[None]:
        """Calls `handle` with each stall, in a thread, until the block ends."""

        def poll() -> None:
            for stall in self.find_stalls():
                handle(stall)

        with call_periodically(poll, POLL_INTERVAL_S):
            yield
