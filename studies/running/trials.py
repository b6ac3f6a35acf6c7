"""Running the trials of a study: one after another, beside any number of other processes."""

import gc
import logging
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

import optuna
from filelock import FileLock
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from ...objectives.data.errors import DataError
from ...objectives.objective import Interrupted, StopOnRequest, TrialFailed
from ...search_spaces.strategies import PRUNERS, SAMPLERS, Repeatable, Sparing
from ...search_spaces.watch import ask
from ...storage.database import GRACE_S, DatabaseError, check_identity, heartbeat, identity
from ...storage.last_epochs import forget_epoch, last_epoch
from ...storage.runs import StorageError, unwritable
from ..errors import StudyError
from .callbacks import AttachPictures, CheckHold
from .failures import check_failures, note_failure
from .plan import SearchPlan
from .retries import INTERRUPTED, Hold, TakenOver, finished, put_back, requeue

TrialCallback = Callable[[optuna.Study, FrozenTrial], None]
Report = Callable[[Literal["started", "waiting"], Sequence[int]], None]

# What ends a search and is no fault of the trial in which it shows.
OUTSIDE = (DataError, StorageError, StudyError, *DatabaseError)
# A process that slept too long finds that another one has taken its trial, or ended it.
TAKEN = (TakenOver, UpdateFinishedTrialError)

log = logging.getLogger(__name__)


def run_trials(
    study: optuna.Study,
    plan: SearchPlan,
    stop: threading.Event,
    callbacks: Sequence[TrialCallback],
    report: Report,
    scratch: Path,
) -> None:
    """Runs trials until the study has its total, the time is over, or `stop` is set.

    SQLite hands a waiting trial to everybody who asks at the same moment, and a count is out of
    date when it is read. So a process holds a lock from counting the trials until its own has
    suggested every value, which the samplers of the others then see.

    Args:
        study: The study.
        plan: The search.
        stop: Set when training is to end.
        callbacks: Called with the study and each trial that this process has finished.
        report: Called with `started` and the number of a trial that begins here, or with
            `waiting` and the numbers of the trials elsewhere that are all that is left.
        scratch: A folder for files that are made and moved away.

    Raises:
        StudyError: If three trials in a row failed by the same bug.
        DatabaseLost: If the database was deleted or replaced meanwhile.
    """
    spec = plan.spec
    study.sampler = Repeatable(SAMPLERS[plan.sampler], plan.recipe.seed)
    study.pruner = Sparing(PRUNERS[plan.pruner](spec.objective.steps), plan.trials)
    data = spec.objective.data().spec
    lock = FileLock(plan.runs.lock)
    known = identity(plan.storage)

    def train(
        trial: optuna.Trial, hold: Hold
    ) -> tuple[TrialState, float | Sequence[float] | None]:
        """Trains a trial, and returns how it ended; the lock is let go on the way."""
        pictures = AttachPictures(trial, data, plan.runs.artifacts, scratch)
        extras = [CheckHold(hold), StopOnRequest(stop), pictures]
        try:
            ask(spec.objective.model, trial, data)  # an encoder is read later, without the lock
            lock.release()
            objective = replace(
                spec.objective,
                callbacks=lambda trial: [*spec.objective.callbacks(trial), *extras],
                last_epoch=lambda trial: last_epoch(plan.runs, plan.name, trial.number),
            )
            return TrialState.COMPLETE, objective(trial)
        except optuna.TrialPruned:
            return TrialState.PRUNED, None
        except TrialFailed:
            return TrialState.FAIL, None
        except (*OUTSIDE, *TAKEN):
            raise
        except (Interrupted, KeyboardInterrupt):
            stop.set()
            return TrialState.WAITING, None
        except Exception as error:
            note_failure(trial, error, plan)
        return TrialState.FAIL, None

    def run(trial: optuna.Trial) -> None:
        hold = Hold(trial)
        report("started", [trial.number])
        with heartbeat(trial):
            try:
                state, values = train(trial, hold)
            except OUTSIDE:
                with suppress(StorageError, *DatabaseError, *TAKEN), _held(lock):
                    hold.check()
                    put_back(study, trial.number, INTERRUPTED)  # or found by its silence
                raise
            with _held(lock):  # or others might take it between the two
                hold.check()
                if state == TrialState.WAITING:
                    put_back(study, trial.number, INTERRUPTED)
                    return
                ended = study.tell(trial, values, state)
        forget_epoch(plan.runs, plan.name, trial.number)
        for callback in callbacks:
            callback(study, ended)

    awaited: list[int] = []
    with _only_new_garbage():
        while True:
            with _held(lock):
                check_identity(plan.storage, known)
                trials = requeue(study)
                check_failures(trials, plan)
                left = plan.trials - len(finished(trials))
                if stop.is_set() or plan.late or left <= 0:
                    return
                running = [trial.number for trial in trials if trial.state == TrialState.RUNNING]
                if left > len(running):
                    with suppress(*TAKEN):
                        run(_ask(study))
                    continue
            if running != awaited:
                awaited = running
                report("waiting", running)
            stop.wait(1)


def _ask(study: optuna.Study) -> optuna.Trial:
    with warnings.catch_warnings():  # of Optuna's own heartbeats, which it does not send here
        warnings.filterwarnings("ignore", message="Heartbeat of storage")
        return study.ask()


@contextmanager
def _held(lock: FileLock) -> Iterator[None]:
    """Holds a lock that the block may release before its end."""
    try:
        lock.acquire()
    except OSError as error:
        raise unwritable(Path(lock.lock_file), error) from error
    try:
        yield
    finally:
        if lock.is_locked:
            lock.release()


@contextmanager
def _only_new_garbage() -> Iterator[None]:
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


def say_waiting(trials: Sequence[int]) -> None:
    """Tells the user why nothing happens."""
    numbers = ", ".join(map(str, trials))
    log.info(
        "waiting for trial %s: it runs elsewhere, or died less than %s s ago", numbers, GRACE_S
    )
