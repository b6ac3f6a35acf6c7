"""The workers of a search: who runs which trial, who has died, and what goes on later."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from filelock import Timeout
from optuna.trial import FrozenTrial

from ...storage.database import HEARTBEAT_S, check_file_identity, file_identity, write_heartbeats
from ...storage.lock_wait import hold_lock
from ...storage.search_lock import SEARCH_LOCK_NAME, Lock
from ...storage.trial_outcome import finished_trials
from ..study.study_error import StudyError
from .coordinator import Coordinator
from .trial_lease import requeue_dead, requeue_dead_trials
from .worker_backend import WorkerBackend

MAX_WORKER_FAILURES = 4  # one more than a point may cost
LOCK_TIMEOUT_S = 1
SIMULTANEOUS_S = 0.3  # in which those die that something else has killed together

log = logging.getLogger(__name__)


@dataclass
class WorkerPool:
    """The workers of one search, as its head sees them.

    Attributes:
        coordinator: What is done with what they tell.
        stop: Set when training is to end.
        backend: How they are reached.
        lock: The lock that they choose their trials under.
    """

    coordinator: Coordinator
    stop: threading.Event
    backend: WorkerBackend
    lock: Lock
    trials: dict[int, int | None] = field(default_factory=dict)  # what each worker runs now
    failed_workers: dict[int, str] = field(
        default_factory=dict
    )  # what those died of that have to be buried
    worker_failures: int = 0
    error: Exception | None = None
    awaited_trials: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Starts the workers and follows them until all have left.

        Raises:
            StudyError: If workers die again and again, and finish no trial between.
            DatabaseLostError: If the database was deleted or replaced meanwhile.
            Exception: What a worker could not go on after.
        """
        plan, study = self.coordinator.plan, self.coordinator.study
        with hold_lock(self.lock, SEARCH_LOCK_NAME):
            remaining = plan.trials - len(finished_trials(requeue_dead_trials(study)))
        for index in range(min(remaining, plan.workers)):
            self._start(index)
        stop_requested, known, last_heartbeat = False, file_identity(plan.storage), 0.0
        while self.trials or self.failed_workers:
            check_file_identity(plan.storage, known)
            if self.stop.is_set() and not stop_requested:
                stop_requested = True
                self.backend.request_stop()
            for index, kind, content in self.backend.receive(0.2):
                self._receive(index, kind, content)
            if self.failed_workers:
                time.sleep(SIMULTANEOUS_S)
                for index, kind, content in self.backend.receive(0):
                    self._receive(index, kind, content)
                self._requeue_failed()
            if (
                self.backend.needs_heartbeat_proxy
                and time.monotonic() - last_heartbeat > HEARTBEAT_S
            ):
                last_heartbeat = time.monotonic()
                self._requeue_stale()
        if self.error is not None:
            raise self.error

    def _start(self, index: int) -> None:
        self.backend.start(index)
        self.trials[index] = None

    def _receive(self, index: int, kind: str, content: Any) -> None:
        match kind:
            case "started":
                self.trials[index] = content
                if (
                    self.backend.needs_heartbeat_proxy
                ):  # of an earlier begin, it may be said to be silent
                    self._write_heartbeats({content})
            case "finished":
                self.trials[index], self.worker_failures = None, 0
            case "waiting":
                elsewhere = set(content) - set(self.trials.values())
                if not elsewhere - self.awaited_trials:
                    return
                self.awaited_trials = elsewhere
                content = elsewhere
            case "failed":
                self.error = self.error or content
                self.stop.set()
            case "finished_work":
                del self.trials[index]
            case "died":
                self.failed_workers[index] = content
        self.coordinator.handle(kind, content)

    def _write_heartbeats(self, numbers: set[int]) -> None:
        trials: Sequence[FrozenTrial] = self.coordinator.study.get_trials(deepcopy=False)
        write_heartbeats(
            self.coordinator.study, [trial for trial in trials if trial.number in numbers]
        )

    def _requeue_failed(self) -> None:
        """Lets the trials of those that died together go on, and others take their places."""
        trials = [
            n for n in (self.trials[index] for index in self.failed_workers) if n is not None
        ]
        if trials:
            try:
                self.lock.acquire(timeout=LOCK_TIMEOUT_S)
            except Timeout:  # who holds it may be dead too: that is heard first
                return
            try:
                requeue_dead(self.coordinator.study, trials)
            finally:
                self.lock.release()
        failed_workers, self.failed_workers = self.failed_workers, {}
        for index, exit_reason in failed_workers.items():
            trial = self.trials.pop(index)
            again = "" if trial is None else f"; its trial {trial} goes on later"
            log.warning("worker %s died (%s)%s", index, exit_reason, again)
        self.worker_failures += 1
        if self.worker_failures == MAX_WORKER_FAILURES:
            self.error = self.error or StudyError(
                f"workers died {MAX_WORKER_FAILURES} times before any of them finished a "
                f"trial, the last by {exit_reason}; if memory ran out, try fewer by `workers=`"
            )
            self.stop.set()
        if not self.stop.is_set():
            for index in failed_workers:
                self._start(index)

    def _requeue_stale(self) -> None:
        """Says which trials are alive, and lets those wait again that are nobody's."""
        self._write_heartbeats({number for number in self.trials.values() if number is not None})
        try:
            self.lock.acquire(timeout=LOCK_TIMEOUT_S)
        except Timeout:
            return
        try:
            requeue_dead_trials(self.coordinator.study)
        finally:
            self.lock.release()
