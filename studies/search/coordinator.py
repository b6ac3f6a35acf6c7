"""The coordinator of a search: the process that the user started."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from ...storage.atomic_write import write_text
from ...storage.database import GRACE_S, DatabaseError, check_file_identity, file_identity
from ...storage.resume_checkpoints import remove_resume_checkpoint, remove_stale_checkpoints
from ...storage.s3_bucket import Bucket
from ...storage.scratch_folder import is_only_scratch, scratch_folder
from ...storage.storage_error import StorageError
from ...storage.study_record import StudyRecord, read_study_record, write_study_record
from ...storage.study_summary import Study
from ...storage.trial_outcome import unfinished_trials
from ..study.study_results import write_results
from .deadline import log_time_up, stop_at_deadline
from .enough import log_gain
from .fork_server import start_fork_server
from .process_backend import ProcessBackend
from .rejections import log_rejections
from .search_outcome import log_outcome
from .search_plan import SearchPlan
from .stalled_workers import Stall, StallWatch
from .study_creation import open_or_create_study
from .trial_lease import requeue_dead_trials
from .trial_loop import TrialLoop
from .worker_context import local_context
from .worker_pool import WorkerBackend, WorkerPool

TrialCallback = Callable[[optuna.Study, FrozenTrial], None]

log = logging.getLogger(__name__)


@dataclass
class Coordinator:
    """Runs a planned search.

    Trials run in this process, in other processes or on other machines. Only the coordinator
    writes the files of the study, writes log messages and calls `callbacks`. Each callback gets
    the study and one trial, after this trial has finished.
    """

    plan: SearchPlan
    callbacks: Sequence[TrialCallback] = ()
    study: Study = field(init=False)

    def __post_init__(self) -> None:
        self._watch = StallWatch(self.plan.stall_limits)  # of the trial in this process

    def run(self, command: str) -> Study:
        """Runs the search and returns its study.

        A new study records `command`, the command line or the call that started the search.

        Raises:
            KeyboardInterrupt: If a signal has stopped the search.
        """
        plan = self.plan
        if plan.workers > 1 and plan.cluster is None:
            start_fork_server()
        if plan.bucket is not None:
            Bucket(plan.bucket).check()
        plan.runs.make()
        self.study = open_or_create_study(plan, command)
        if read_study_record(self.study).last_search != plan.settings:
            write_study_record(self.study, StudyRecord(last_search=plan.settings))
        identity = file_identity(plan.storage)
        for values in plan.enqueued_params:
            self.study.enqueue_trial(dict(values), skip_if_exists=True)
        with (
            scratch_folder(plan.runs.cache) as scratch,
            _stop_on_signal() as stop,
            stop_at_deadline(plan, stop) as is_time_up,
        ):
            try:
                with plan.hold_lock():
                    # A search that begins now starts no trial before it holds this lock.
                    is_only = plan.storage == plan.runs.database and is_only_scratch(scratch)
                    requeue_dead_trials(self.study, is_only_process=is_only)
                    self._remove_stale_checkpoints()
                self._run_trials(scratch, stop)
            except (StorageError, *DatabaseError):
                check_file_identity(
                    plan.storage, identity
                )  # a lost database may cause any other error
                raise
        check_file_identity(plan.storage, identity)
        with plan.hold_lock():
            self._remove_stale_checkpoints()
        log_rejections(self.study, plan.started_at)
        log_outcome(self.study, plan)
        log_gain(self.study, plan)
        if is_time_up.is_set():
            log_time_up(self.study, plan)
        if self.study.best_trials:
            write_results(self.study, plan.runs)
        if stop.is_set() and not is_time_up.is_set():
            raise KeyboardInterrupt
        return self.study

    def _run_trials(self, scratch: Path, stop: threading.Event) -> None:
        plan = self.plan
        if plan.workers == 1 and plan.cluster is None:
            context = local_context(plan, self._handle_message, scratch)
            with self._watch.in_thread(_log_stall):
                TrialLoop(self.study, plan, stop, context).run()
            return
        backend: WorkerBackend
        if plan.cluster is None:
            backend = ProcessBackend(plan, scratch)
        else:
            from .ray_backend import RayBackend  # Ray is an extra

            backend = RayBackend(plan, scratch)
        try:
            WorkerPool(self.study, plan, stop, backend, self._handle_message).run()
        finally:
            backend.close()

    def _handle_message(self, kind: str, content: Any) -> None:
        """Handles a message of a worker; see `SendMessage`."""
        match kind:
            case "finished":
                remove_resume_checkpoint(self.plan.runs, self.plan.name, content)
                trial = self.study.get_trials(deepcopy=False)[content]
                for callback in self.callbacks:
                    callback(self.study, trial)
            case "error":
                number, traceback = content
                write_text(self.plan.runs.failure(self.plan.name, number), traceback)
            case "pace":
                self._watch.record(0, content)
            case "waiting":
                log.info(
                    "waiting for trial %s: another process runs it, or died less than %s s ago",
                    ", ".join(map(str, sorted(content))),
                    GRACE_S,
                )

    def _remove_stale_checkpoints(self) -> None:
        trials = self.study.get_trials(deepcopy=False)
        remove_stale_checkpoints(self.plan.runs, self.plan.name, unfinished_trials(trials))


def _log_stall(stall: Stall) -> None:
    """Logs that the trial in this process makes no step; nothing else could stop it."""
    if not stall.is_over:
        log.warning(
            "the trial %s: Ctrl-C twice ends the search; with `workers=` 2, a worker that stalls "
            "would be stopped",
            stall,
        )


@contextmanager
def _stop_on_signal() -> Iterator[threading.Event]:
    """Yields an event. The first Ctrl-C or SIGTERM sets it, and the second ends the process."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may handle signals
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def request(number: int, frame: object) -> None:
        stop.set()
        restore()

    for number in before:
        signal.signal(number, request)
    try:
        yield stop
    finally:
        restore()
