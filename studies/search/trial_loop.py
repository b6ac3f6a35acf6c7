"""Running the trials of a study: one after another, beside any number of other processes."""

import gc
import logging
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from ...objectives.data.data_error import DataError
from ...objectives.objective import (
    HPARAMS,
    StopOnRequest,
    StopRequested,
    TrialFailed,
    model_attributes,
)
from ...search_spaces.strategies import PRUNERS, SAMPLERS, SpareFixedTrials, StatelessSampler
from ...search_spaces.suggestions import build_without_weights
from ...storage.database import DatabaseError, check_file_identity, file_identity, heartbeat
from ...storage.lock_wait import acquire
from ...storage.runs_folder import StorageError, write_error
from ...storage.search_lock import SEARCH_LOCK_NAME, Lock
from ...storage.trial_outcome import INTERRUPTED, finished_trials
from ..study.study_error import StudyError
from .new_trial import new_trial
from .perfect_trial import should_end_early
from .search_plan import SearchPlan
from .trial_callbacks import AttachPictures, CheckLease
from .trial_failures import record_failure, stop_on_repeated_failure
from .trial_lease import (
    LeaseLost,
    TrialLease,
    finish_trial,
    requeue_dead_trials,
    requeue_trial,
)
from .worker_context import WorkerContext

# What ends a search and is no fault of the trial in which it shows.
SEARCH_ERRORS = (DataError, StorageError, StudyError, *DatabaseError)
# A process that slept too long finds that another one has taken its trial, or ended it.
LEASE_ERRORS: tuple[type[Exception], ...] = (LeaseLost, UpdateFinishedTrialError)

log = logging.getLogger(__name__)


def run_trials(
    study: optuna.Study, plan: SearchPlan, stop: threading.Event, context: WorkerContext
) -> None:
    """Runs trials until the study has its total, the time is over, or `stop` is set.

    Databases hand a waiting trial to everybody who asks at the same moment, and a count is out of
    date when it is read. So a process holds a lock from counting the trials until its own has
    suggested every value, which the samplers of the others then see.

    Args:
        study: The study.
        plan: The search.
        stop: Set when training is to end.
        context: What ties this process to the head of the search.

    Raises:
        StudyError: If three trials in a row failed by the same bug.
        DatabaseLostError: If the database was deleted or replaced meanwhile.
    """
    spec = plan.spec
    study.sampler = StatelessSampler(SAMPLERS[plan.sampler], plan.recipe.seed)
    study.pruner = SpareFixedTrials(PRUNERS[plan.pruner](spec.objective.n_reports), plan.trials)
    data = spec.objective.data().spec
    lock = context.lock
    search_errors: tuple[type[Exception], ...] = (*SEARCH_ERRORS, *context.connection_errors)
    known = file_identity(plan.storage)

    def suggest(trial: optuna.Trial) -> Mapping[str, Any]:
        """Lets a trial suggest every value, and returns what it records of its model."""
        return model_attributes(
            build_without_weights(spec.objective.model, trial, data)
        )  # without reading an encoder

    def train(trial: optuna.Trial, lease: TrialLease) -> tuple[TrialState, Sequence[float] | None]:
        """Trains a trial, and returns how it ended; the lock is let go on the way."""
        pictures = AttachPictures(trial, data, context.artifacts, context.scratch)
        extra_callbacks = [
            CheckLease(lease),
            StopOnRequest(stop),
            pictures,
            *context.extra_callbacks(trial.number),
        ]
        try:
            if HPARAMS not in trial.user_attrs:  # it waited for its first time, or has a bug
                suggest(trial)
            lock.release()
            objective = replace(
                spec.objective,
                callbacks=lambda trial: [*spec.objective.callbacks(trial), *extra_callbacks],
                last_epoch=lambda trial: context.last_epoch(trial.number),
            )
            value = objective(trial)
            return TrialState.COMPLETE, value if isinstance(value, Sequence) else [value]
        except optuna.TrialPruned:
            return TrialState.PRUNED, None
        except TrialFailed:
            return TrialState.FAIL, None
        except (*search_errors, *LEASE_ERRORS):
            raise
        except (StopRequested, KeyboardInterrupt):
            stop.set()
            return TrialState.WAITING, None
        except Exception as error:
            record_failure(trial, error, plan, context.send)
        return TrialState.FAIL, None

    def run(trial: optuna.Trial) -> None:
        lease = TrialLease(trial)
        context.send("started", trial.number)
        with heartbeat(trial):
            try:
                state, values = train(trial, lease)
            except search_errors:
                with (
                    suppress(
                        StorageError, *DatabaseError, *LEASE_ERRORS, *context.connection_errors
                    ),
                    _locked(lock),
                ):
                    lease.check()
                    requeue_trial(study, trial.number, INTERRUPTED)  # or found by its silence
                raise
            with _locked(lock):  # or others might take it between the two
                now = lease.check()
                if state == TrialState.WAITING:
                    requeue_trial(study, trial.number, INTERRUPTED)
                    return
                finish_trial(study, now, state, values)
        context.send("finished", trial.number)

    awaited_trials: list[int] = []
    with _frozen_garbage():
        while True:
            with _locked(lock):
                check_file_identity(plan.storage, known)
                trials = (
                    requeue_dead_trials(study)
                    if context.may_declare_dead
                    else study.get_trials(deepcopy=False)
                )
                stop_on_repeated_failure(trials, plan)
                remaining = plan.trials - len(finished_trials(trials))
                if (
                    stop.is_set()
                    or plan.is_out_of_time
                    or remaining <= 0
                    or should_end_early(study, trials, plan)
                ):
                    return
                running = [trial.number for trial in trials if trial.state == TrialState.RUNNING]
                if remaining > len(running):
                    waits = any(trial.state == TrialState.WAITING for trial in trials)
                    with suppress(*LEASE_ERRORS):
                        run(
                            _ask_waiting_trial(study)
                            if waits
                            else new_trial(study, trials, suggest)
                        )
                    continue
            if running != awaited_trials:
                awaited_trials = running
                context.send("waiting", running)
            stop.wait(1)


def _ask_waiting_trial(study: optuna.Study) -> optuna.Trial:
    with warnings.catch_warnings():  # of Optuna's own heartbeats, which it does not send here
        warnings.filterwarnings("ignore", message="Heartbeat of storage")
        return study.ask()


@contextmanager
def _locked(lock: Lock) -> Iterator[None]:
    """Holds a lock, also one that is held already; the block may release it before its end."""
    try:
        if not lock.is_locked:  # not every kind can be had twice
            acquire(lock, SEARCH_LOCK_NAME)
    except OSError as error:  # of the file that it is
        raise write_error(Path(getattr(lock, "lock_file", ".")), error) from error
    try:
        yield
    finally:
        if lock.is_locked:
            lock.release()


@contextmanager
def _frozen_garbage() -> Iterator[None]:
    """Keeps the garbage collector off what is there already.

    Each trial ends with a collection, and to go through all that torch and Lightning have
    imported took 0.3 s.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
