"""Several processes on one study: started once, watched, and replaced when they die."""

import logging
import signal
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import optuna
import torch
from filelock import FileLock
from optuna.trial import TrialState

from ...objectives.memory import save_splits
from ..errors import StudyError
from .forks import context
from .plan import SearchPlan
from .trials import TrialCallback, fail, finished, requeue, say_waiting
from .worker import work

DEATHS = 3

log = logging.getLogger(__name__)


def run_workers(
    study: optuna.Study,
    plan: SearchPlan,
    stop: threading.Event,
    callbacks: Sequence[TrialCallback],
) -> None:
    """Runs the trials of a study in `plan.workers` processes; `run_trials` says how.

    Raises:
        StudyError: If three workers die with no trial finished between them.
        Exception: What a worker could not go on after.
    """
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "splits.pt"
        save_splits(data)
        crew = _Crew(study, plan, stop, callbacks, data)
        try:
            crew.run()
        finally:
            crew.end()


@dataclass
class _Worker:
    """A process, our end of the pipe to it, and the number of the trial that it runs now."""

    index: int
    process: BaseProcess
    pipe: Connection
    trial: int | None = None


@dataclass
class _Crew:
    """The workers of one search, as their parent sees them."""

    study: optuna.Study
    plan: SearchPlan
    stop: threading.Event
    callbacks: Sequence[TrialCallback]
    data: Path
    deaths: int = 0
    error: Exception | None = None
    workers: list[_Worker] = field(default_factory=list)
    awaited: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Starts the workers and follows them until all have left."""
        with FileLock(self.plan.runs.lock):
            left = self.plan.trials - len(finished(requeue(self.study)))
        self.workers = [self._start(index) for index in range(min(left, self.plan.workers))]
        asked = False
        while self.workers:
            if self.stop.is_set() and not asked:
                asked = True
                for worker in self.workers:
                    with suppress(OSError):  # it is gone already
                        worker.pipe.send("stop")
            # A signal does not wake this up: the timeout does.
            ready = wait([worker.pipe for worker in self.workers], timeout=0.2)
            for worker in [worker for worker in self.workers if worker.pipe in ready]:
                try:
                    message = worker.pipe.recv()
                except (EOFError, OSError):
                    self._leave(worker)
                else:
                    self._hear(worker, *message)
        if self.error is not None:
            raise self.error

    def end(self) -> None:
        """Ends what is still there after an error or a second Ctrl-C."""
        for worker in self.workers:
            worker.process.kill()
            worker.process.join()

    def _start(self, index: int) -> _Worker:
        ours, theirs = context.Pipe()
        threads = max(1, torch.get_num_threads() // self.plan.workers)
        process = context.Process(target=work, args=(self.plan, index, threads, self.data, theirs))
        process.start()
        theirs.close()  # so that its death ends the pipe
        return _Worker(index, process, ours)

    def _hear(self, worker: _Worker, word: str, content: Any) -> None:
        match word:
            case "started":
                (worker.trial,) = content
            case "finished":
                worker.trial, self.deaths = None, 0
                trial = self.study.get_trials(deepcopy=False)[content]
                for callback in self.callbacks:
                    callback(self.study, trial)
            case "waiting":
                elsewhere = set(content) - {other.trial for other in self.workers}
                if elsewhere - self.awaited:
                    self.awaited = elsewhere
                    say_waiting(sorted(elsewhere))
            case "failed":
                self.error = self.error or content
                self.stop.set()

    def _leave(self, worker: _Worker) -> None:
        self.workers.remove(worker)
        worker.process.join()
        code = worker.process.exitcode or 0
        if code == 0:
            return
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        again = ""
        if worker.trial is not None:
            again = f"; its trial {worker.trial} is tried again"
            with FileLock(self.plan.runs.lock):
                trial = self.study.get_trials(deepcopy=False)[worker.trial]
                if trial.state == TrialState.RUNNING:
                    fail(self.study, trial)
        log.warning("worker %s died (%s)%s", worker.index, how, again)
        self.deaths += 1
        if self.deaths == DEATHS:
            self.error = StudyError(
                f"{DEATHS} workers died before any of them finished a trial, the last by {how}; "
                "if memory ran out, try fewer by --workers"
            )
            self.stop.set()
        if not self.stop.is_set():
            self.workers.append(self._start(worker.index))
