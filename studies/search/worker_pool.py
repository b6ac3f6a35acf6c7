"""The pool of workers of a search: the coordinator starts, serves and replaces workers."""

import logging
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Protocol

import optuna
from filelock import Timeout

from ...storage.database import HEARTBEAT_S, check_file_identity, file_identity
from ...storage.heartbeats import write_heartbeats
from ...storage.lock_wait import Lock, hold_lock
from ...storage.search_lock import SEARCH_LOCK_NAME
from ...storage.trial_outcome import OUT_OF_MEMORY, finished_trials
from ..study.study_error import StudyError
from .search_plan import SearchPlan
from .stalled_workers import StallWatch
from .trial_lease import (
    fail_for_memory,
    requeue_dead,
    requeue_dead_trials,
    requeue_interrupted,
)
from .worker_context import SendMessage

MAX_WORKER_FAILURES = 4  # a single trial causes at most 3
LOCK_TIMEOUT_S = 1
STOP_GRACE_S = 1  # after a request to stop; a step may take longer
SIMULTANEOUS_S = 0.3  # workers that die within this time were killed by one event

log = logging.getLogger(__name__)

Message = tuple[int, str, Any]
"""A message: the index of the worker that sent it, its kind and its content."""


class WorkerBackend(Protocol):
    """Starts workers and exchanges messages with them.

    Attributes:
        lock: The lock that the workers share with the coordinator.
        needs_heartbeat_proxy: Whether the coordinator must write the heartbeats of workers.
    """

    lock: Lock
    needs_heartbeat_proxy: bool

    def start(self, index: int) -> None:
        """Starts a worker with this index, also as a replacement for one that has died."""

    def receive(self, seconds: float) -> Sequence[Message]:
        """Returns all messages of workers; if there are none, waits up to `seconds` for the first.

        The messages are those of `run_worker`. For a worker that died, it adds the message `died`
        with the reason.
        """

    def request_stop(self) -> None:
        """Asks all workers to stop. Tasks that still wait for a free node end at once."""

    def kill(self, index: int) -> None:
        """Kills a worker. `receive` then returns the message `died`."""

    def close(self) -> None:
        """Kills the workers that still run."""


@dataclass
class WorkerPool:
    """Starts the workers, passes each message to `handle`, and replaces workers that die.

    Attributes:
        trials: The number of the trial that each worker runs, or None between trials. The keys
            are the indices of the workers.
        failed_workers: Why workers have died whose trials are not requeued yet. The keys are the
            indices of the workers.
        watch: Finds the workers whose training makes no step.
        stopped_workers: The indices of workers that were killed because they did not stop.
    """

    study: optuna.Study
    plan: SearchPlan
    stop: threading.Event
    backend: WorkerBackend
    handle: SendMessage
    trials: dict[int, int | None] = field(default_factory=dict)
    failed_workers: dict[int, str] = field(default_factory=dict)
    stopped_workers: set[int] = field(default_factory=set)
    worker_failures: int = 0
    error: Exception | None = None
    watch: StallWatch = field(init=False)
    own_trials: set[int | None] = field(default_factory=set)
    awaited_trials: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.watch = StallWatch(self.plan.stall_limits)

    def run(self) -> None:
        """Starts the workers and serves them until all have finished.

        Raises:
            StudyError: If workers keep dying without finishing a trial.
            DatabaseLostError: If the database was deleted or replaced.
            Exception: The error that ended a worker.
        """
        with hold_lock(self.backend.lock, SEARCH_LOCK_NAME):
            remaining = self.plan.trials - len(finished_trials(requeue_dead_trials(self.study)))
        for index in range(min(remaining, self.plan.workers)):
            if not self.stop.is_set():  # starting the first one takes seconds
                self._start(index)
        identity = file_identity(self.plan.storage)
        stop_requested_at, last_heartbeat = inf, 0.0
        while self.trials or self.failed_workers:
            check_file_identity(self.plan.storage, identity)
            if self.stop.is_set() and stop_requested_at == inf:
                stop_requested_at = time.monotonic()
                self.backend.request_stop()
            if time.monotonic() - stop_requested_at > STOP_GRACE_S:
                self._kill_workers()
            self._receive(0.2)
            self._stop_stalled()
            if self.failed_workers:
                time.sleep(SIMULTANEOUS_S)
                self._receive(0)
                self._requeue_stopped()
            if self.failed_workers:
                self._replace_failed()
            is_due = time.monotonic() - last_heartbeat > HEARTBEAT_S
            if self.backend.needs_heartbeat_proxy and is_due:
                last_heartbeat = time.monotonic()
                self._write_heartbeats(self.trials.values())
                self._run_with_lock(lambda: requeue_dead_trials(self.study))
        if self.error is not None:
            raise self.error

    def _start(self, index: int) -> None:
        self.backend.start(index)
        self.trials[index] = None

    def _receive(self, seconds: float) -> None:
        messages = self.backend.receive(seconds)
        # Waiting comes last: other messages may say that a worker here has started that trial.
        for index, kind, content in sorted(messages, key=lambda message: message[1] == "waiting"):
            match kind:
                case "started":
                    self.trials[index] = content
                    self.own_trials.add(content)
                    if self.backend.needs_heartbeat_proxy:  # a resumed trial has an old heartbeat
                        self._write_heartbeats([content])
                case "pace":
                    self.watch.record(index, content)
                case "finished":
                    self.trials[index], self.worker_failures = None, 0
                case "waiting":
                    content = set(content) - self.own_trials
                    if not content - self.awaited_trials:
                        continue
                    self.awaited_trials = content
                case "failed":
                    self.error = self.error or content
                    self.stop.set()
                case "finished_work":
                    del self.trials[index]
                case "died":
                    self.watch.record(index, None)
                    self.failed_workers[index] = content
            self.handle(kind, content)

    def _stop_stalled(self) -> None:
        """Logs which workers make no step, and kills those that make none for too long."""
        for stall in self.watch.find_stalls():
            trial = f"trial {self.trials.get(stall.worker)} in worker {stall.worker}"
            condition = "" if stall.is_over else " if this goes on"
            log.warning("%s %s: the worker is stopped%s", trial, stall, condition)
            if stall.is_over:
                self.backend.kill(stall.worker)

    def _kill_workers(self) -> None:
        """Kills the workers that have not stopped on request, whose steps take too long."""
        for index in self.trials.keys() - self.failed_workers.keys() - self.stopped_workers:
            self.stopped_workers.add(index)
            self.backend.kill(index)

    def _requeue_stopped(self) -> None:
        """Requeues the trials of the workers that `_kill_workers` has killed."""
        stopped = self.stopped_workers & self.failed_workers.keys()
        trials = [number for index in stopped if (number := self.trials[index]) is not None]
        if stopped and self._run_with_lock(lambda: requeue_interrupted(self.study, trials)):
            for index in stopped:
                del self.trials[index], self.failed_workers[index]

    def _write_heartbeats(self, numbers: Collection[int | None]) -> None:
        trials = self.study.get_trials(deepcopy=False)
        write_heartbeats(self.study, [trial for trial in trials if trial.number in numbers])

    def _replace_failed(self) -> None:
        """Requeues or fails the trials of the workers in `failed_workers`; starts new workers."""
        trials, too_large = list[int](), list[int]()
        for index, reason in self.failed_workers.items():
            if (number := self.trials[index]) is not None:
                (too_large if reason == OUT_OF_MEMORY else trials).append(number)

        def end_trials() -> None:
            requeue_dead(self.study, trials)
            if too_large:
                fail_for_memory(self.study, too_large, self._batch_size)

        if (trials or too_large) and not self._run_with_lock(end_trials):
            return
        # A worker may die after it has ended its trial, and before it says so.
        known = self.study.get_trials(deepcopy=False)
        ended = [number for number in (*trials, *too_large) if known[number].state.is_finished()]
        failed, self.failed_workers = self.failed_workers, {}
        for index, reason in failed.items():
            trial = self.trials.pop(index)
            self.own_trials.discard(trial)
            end = "had ended" if trial in ended else "goes on later"
            end = "has failed" if trial in too_large else end
            what = "" if trial is None else f"; its trial {trial} {end}"
            log.warning("worker %s died (%s)%s", index, reason, what)
        for number in ended:
            self.handle("finished", number)
        self.worker_failures = 0 if too_large else self.worker_failures + 1
        if self.worker_failures == MAX_WORKER_FAILURES:
            self.error = self.error or StudyError(
                f"workers died {MAX_WORKER_FAILURES} times before any of them finished a trial, "
                f"the last by {reason}; if memory ran out, try fewer by `workers=`"
            )
            self.stop.set()
        if not self.stop.is_set():
            for index in failed:
                self._start(index)

    @property
    def _batch_size(self) -> int | None:
        return getattr(self.plan.spec.objective.data(), "batch_size", None)

    def _run_with_lock(self, action: Any) -> bool:
        """Runs `action` while holding the search lock.

        Returns False, without running it, if the lock is not free within a second.
        """
        try:
            self.backend.lock.acquire(timeout=LOCK_TIMEOUT_S)
        except Timeout:
            return False
        try:
            action()
        finally:
            self.backend.lock.release()
        return True
