"""The loop in which a worker runs trials of a study, together with other workers."""

import gc
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from ...objectives.data.data_error import DataError
from ...objectives.pace import ReportPace
from ...objectives.stop_on_request import StopOnRequest
from ...objectives.time_limit import TimeLimit
from ...objectives.training_errors import StopRequested, TrialFailed
from ...search_spaces.strategies import PRUNERS, SAMPLERS, SpareFixedTrials, StatelessSampler
from ...storage.database import DatabaseError, check_file_identity, file_identity
from ...storage.heartbeats import heartbeat
from ...storage.lock_wait import acquire
from ...storage.search_lock import SEARCH_LOCK_NAME
from ...storage.storage_error import StorageError, unwritable_path_error
from ...storage.trial_outcome import INTERRUPTED, finished_trials
from ...storage.trial_record import read_trial_record, write_trial_record
from ..study.study_error import StudyError
from ..training.network_plots import AttachPictures
from .enough import is_enough
from .new_trial import next_trial
from .rejections import finds_no_point
from .search_outcome import record_failure, should_end_early
from .search_plan import SearchPlan
from .trial_lease import (
    CheckLease,
    LeaseLostError,
    TrialLease,
    finish_trial,
    requeue_dead_trials,
    requeue_trial,
)
from .worker_context import WorkerContext

SEARCH_ERRORS = (DataError, StorageError, StudyError, *DatabaseError)
"""Errors that end the search. The trial in which they occur is not their cause."""
LEASE_ERRORS: tuple[type[Exception], ...] = (LeaseLostError, UpdateFinishedTrialError)
"""Errors that are raised if another process has requeued or ended the trial of this process."""


@dataclass
class TrialLoop:
    """Runs trials until the study has the planned number, or `stop` is set.

    Each process holds the search lock while it counts the trials and creates or takes the next
    one. Without the lock, two processes could take the same WAITING trial or run too many trials.
    With the lock, the sampler also sees the parameters of all RUNNING trials.

    The loop sets the sampler and the pruner of the study.
    """

    study: optuna.Study
    plan: SearchPlan
    stop: threading.Event
    context: WorkerContext
    search_errors: tuple[type[Exception], ...] = field(init=False)

    def __post_init__(self) -> None:
        self.objective = self.plan.spec.objective
        self.points = self.plan.points
        self.search_errors = (*SEARCH_ERRORS, *self.context.connection_errors)
        sampler, pruner = SAMPLERS[self.plan.sampler], PRUNERS[self.plan.pruner]
        self.study.sampler = StatelessSampler(sampler, self.plan.recipe.seed)
        self.study.pruner = SpareFixedTrials(pruner(self.objective.n_reports), self.plan.trials)

    def run(self) -> None:
        """Runs the loop.

        Raises:
            StudyError: If ten trials in a row failed, or three by bugs and none has succeeded.
            DatabaseLostError: If the database was deleted or replaced.
        """
        identity, awaited = file_identity(self.plan.storage), list[int]()
        with _freeze_existing_objects():
            while True:
                with self._hold_lock():
                    check_file_identity(self.plan.storage, identity)
                    trials = self._read_trials()
                    ends = should_end_early(self.study, trials, self.plan)
                    ends = ends or finds_no_point(trials, self.plan.started_at)
                    remaining = self.plan.trials - len(finished_trials(trials))
                    running = [t.number for t in trials if t.state == TrialState.RUNNING]
                    if is_enough(self.study, trials, self.plan):
                        remaining = min(remaining, len(running))
                    if ends or remaining <= 0 or self.stop.is_set():
                        return
                    if remaining > len(running):
                        trial = next_trial(self.study, trials, self.points.suggest)
                        if trial is not None:
                            with suppress(*LEASE_ERRORS):
                                self._run_trial(trial)
                        continue
                if running != awaited:
                    awaited = running
                    self.context.send("waiting", running)
                self.stop.wait(1)

    def _read_trials(self) -> list[FrozenTrial]:
        if self.context.may_declare_dead:
            return requeue_dead_trials(self.study)
        return self.study.get_trials(deepcopy=False)

    def _run_trial(self, trial: optuna.Trial) -> None:
        """Runs a trial and records how it ended. The search lock is released during training."""
        lease = TrialLease(trial)
        self.context.send("started", trial.number)
        with heartbeat(trial):
            try:
                state, values = self._train(trial, lease)
            except self.search_errors:
                # If this fails too, the trial is requeued when its heartbeats are missed.
                with suppress(*self.search_errors, *LEASE_ERRORS), self._hold_lock():
                    requeue_trial(self.study, lease.check(), INTERRUPTED)
                raise
            with self._hold_lock():  # others could requeue it between check and write
                now = lease.check()
                if state == TrialState.WAITING:
                    requeue_trial(self.study, now, INTERRUPTED)
                    return
                finish_trial(self.study, now, state, values)
        self.context.send("finished", trial.number)

    def _train(
        self, trial: optuna.Trial, lease: TrialLease
    ) -> tuple[TrialState, Sequence[float] | None]:
        """Trains the model of a trial; returns the new state and the values of the trial."""
        context = self.context
        callbacks = [
            CheckLease(lease),
            StopOnRequest(self.stop),
            ReportPace(partial(context.send, "pace"), self.plan.stall_limits.report_interval),
            AttachPictures(trial, self.points.spec, context.artifacts, context.scratch),
            *context.extra_callbacks(trial.number),
        ]
        objective = replace(
            self.objective,
            callbacks=lambda trial: [
                *self.objective.callbacks(trial),
                *callbacks,
                *self._time_limit(),
            ],
            last_epoch=lambda trial: context.last_epoch(trial.number),
        )
        try:
            if read_trial_record(trial).hparams is None:  # enqueued, or an error in the space
                record = self.points.suggest(trial)
                write_trial_record(trial, record)
                if record.rejected:
                    return TrialState.FAIL, None
            context.lock.release()
            value = objective(trial)
            return TrialState.COMPLETE, value if isinstance(value, Sequence) else [value]
        except optuna.TrialPruned:
            return TrialState.PRUNED, None
        except TrialFailed:
            return TrialState.FAIL, None
        except self.search_errors + LEASE_ERRORS:
            raise
        except (StopRequested, KeyboardInterrupt):
            self.stop.set()
            return TrialState.WAITING, None
        except Exception as error:
            record_failure(trial, error, self.plan, context.send)
        return TrialState.FAIL, None

    def _time_limit(self) -> list[TimeLimit]:
        seconds = self.plan.trial_seconds
        return [] if seconds is None else [TimeLimit(seconds, self.objective.n_trainings)]

    @contextmanager
    def _hold_lock(self) -> Iterator[None]:
        """Holds the search lock in the block, which may release it earlier.

        If this process already holds the lock, it is not acquired again.
        """
        lock = self.context.lock
        try:
            if not lock.is_locked:
                acquire(lock, SEARCH_LOCK_NAME)
        except OSError as error:
            raise unwritable_path_error(Path(getattr(lock, "lock_file", ".")), error) from error
        try:
            yield
        finally:
            if lock.is_locked:
                lock.release()


@contextmanager
def _freeze_existing_objects() -> Iterator[None]:
    """Excludes all objects that exist before the block from garbage collection in the block.

    Each trial ends with a garbage collection. It would take 0.3 s for the objects that torch and
    Lightning create when they are imported. So only young garbage is collected here; older garbage
    stays until the block ends.
    """
    gc.collect(1)
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
