"""Several processes on one study: started once, watched, and replaced when they die."""

import logging
import signal
import threading
import time
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

from ...objectives.data.splits import save_splits
from ...storage.database import check_identity, identity
from ...storage.runs import unwritable
from ..errors import StudyError
from .forks import context
from .plan import SearchPlan
from .retries import finished, put_back_dead, requeue
from .trials import TrialCallback, say_waiting
from .worker import DATA, work

DEATHS = 4  # one more than a point may cost
TOGETHER_S = 0.2  # in which those die that something else has killed together

log = logging.getLogger(__name__)


def run_workers(
    study: optuna.Study,
    plan: SearchPlan,
    stop: threading.Event,
    callbacks: Sequence[TrialCallback],
    scratch: Path,
) -> None:
    """Runs the trials of a study in `plan.workers` processes; `run_trials` says how.

    Raises:
        StudyError: If four workers die with no trial finished between them.
        DatabaseLost: If the database was deleted or replaced meanwhile.
        Exception: What a worker could not go on after.
    """
    try:
        save_splits(scratch / DATA)
    except (OSError, RuntimeError) as error:  # torch has an error of its own for a full disk
        raise unwritable(scratch, error) from error
    crew = _Crew(study, plan, stop, callbacks, scratch)
    try:
        crew.run()
    finally:
        crew.end()


@dataclass
class _Worker:
    """A process, our end of the pipe to it, and the number of the trial that it runs now.

    Whether it leaves is said by itself: its exit code reaches us through the process that it was
    forked from, which may have died.
    """

    index: int
    process: BaseProcess
    pipe: Connection
    trial: int | None = None
    left: bool = False


@dataclass
class _Crew:
    """The workers of one search, as their parent sees them."""

    study: optuna.Study
    plan: SearchPlan
    stop: threading.Event
    callbacks: Sequence[TrialCallback]
    scratch: Path
    deaths: int = 0
    error: Exception | None = None
    workers: list[_Worker] = field(default_factory=list)
    awaited: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Starts the workers and follows them until all have left."""
        with FileLock(self.plan.runs.lock):
            left = self.plan.trials - len(finished(requeue(self.study)))
        self.workers = [self._start(index) for index in range(min(left, self.plan.workers))]
        asked, known = False, identity(self.plan.storage)
        while self.workers:
            check_identity(self.plan.storage, known)
            if self.stop.is_set() and not asked:
                asked = True
                for worker in self.workers:
                    with suppress(OSError):  # it is gone already
                        worker.pipe.send("stop")
            # A signal does not wake this up: the timeout does.
            wait([worker.pipe for worker in self.workers], timeout=0.2)
            gone = [worker for worker in self.workers if self._listen(worker)]
            if any(not worker.left for worker in gone):
                time.sleep(TOGETHER_S)
                gone += [w for w in self.workers if w not in gone and self._listen(w)]
            self._bury([worker for worker in gone if not worker.left])
            self.workers = [worker for worker in self.workers if worker not in gone]
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
        process = context.Process(
            target=work, args=(self.plan, index, threads, self.scratch, theirs)
        )
        process.start()
        theirs.close()  # so that its death ends the pipe
        return _Worker(index, process, ours)

    def _listen(self, worker: _Worker) -> bool:
        """Hears all that a worker has said, and returns whether it is gone."""
        try:
            while worker.pipe.poll():
                self._hear(worker, *worker.pipe.recv())
        except (EOFError, OSError):
            worker.process.join()
            return True
        return False

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
            case "left":
                worker.left = True

    def _bury(self, dead: Sequence[_Worker]) -> None:
        """Lets the trials of workers that died together go on, and others take their places."""
        trials = [worker.trial for worker in dead if worker.trial is not None]
        if trials:
            with FileLock(self.plan.runs.lock):
                put_back_dead(self.study, trials)
        for worker in dead:
            code = worker.process.exitcode or 0
            how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            again = "" if worker.trial is None else f"; its trial {worker.trial} goes on later"
            log.warning("worker %s died (%s)%s", worker.index, how, again)
            self.deaths += 1
            if self.deaths == DEATHS:
                self.error = StudyError(
                    f"{DEATHS} workers died before any of them finished a trial, the last by "
                    f"{how}; if memory ran out, try fewer by `workers=`"
                )
                self.stop.set()
            if not self.stop.is_set():
                self.workers.append(self._start(worker.index))
