"""Running the trials of a study: one after another, beside any number of other processes."""

import gc
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Literal

import numpy as np
import optuna
import pytorch_lightning as pl
from filelock import FileLock
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from ...objectives.objective import INTERRUPTED, Interrupted, TrialFailed
from ...storage.database import GRACE_S, retry, retry_stale
from .callbacks import AttachReconstructions, StopOnRequest
from .plan import SearchPlan
from .strategies import PRUNERS, SAMPLERS, Sparing

TrialCallback = Callable[[optuna.Study, FrozenTrial], None]
Report = Callable[[Literal["started", "waiting"], Sequence[int]], None]

log = logging.getLogger(__name__)


def run_trials(
    study: optuna.Study,
    plan: SearchPlan,
    stop: threading.Event,
    callbacks: Sequence[TrialCallback],
    report: Report,
    worker: int = 0,
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
        worker: Which of the processes of this search this one is; each samples differently.
    """
    spec = plan.spec
    study.sampler = _sampler(study, plan, worker)
    study.pruner = Sparing(PRUNERS[plan.pruner](spec.objective.max_epochs), plan.trials)
    input_shape = spec.objective.data().input_shape
    lock = FileLock(plan.runs.lock)

    def extras(trial: optuna.Trial) -> list[pl.Callback]:
        own = spec.objective.callbacks(trial)
        return [*own, StopOnRequest(stop), AttachReconstructions(trial, plan.runs.artifacts)]

    objective = replace(spec.objective, callbacks=extras)

    def run(trial: optuna.Trial) -> float | tuple[float, ...]:
        report("started", [trial.number])
        objective.model(trial, input_shape)
        lock.release()
        return objective(trial)

    awaited: list[int] = []
    with _only_new_garbage():
        while True:
            with _held(lock):
                trials = requeue(study)
                left = plan.trials - len(finished(trials))
                if stop.is_set() or plan.late or left <= 0:
                    return
                running = [trial.number for trial in trials if trial.state == TrialState.RUNNING]
                if left > len(running):
                    try:
                        study.optimize(run, n_trials=1, catch=(TrialFailed,), callbacks=callbacks)
                    except (Interrupted, KeyboardInterrupt):
                        stop.set()
                    continue
                retry_stale(study)
            if running != awaited:
                awaited = running
                report("waiting", running)
            stop.wait(1)


@contextmanager
def _held(lock: FileLock) -> Iterator[None]:
    """Holds a lock that the block may release before its end."""
    lock.acquire()
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


def _sampler(study: optuna.Study, plan: SearchPlan, worker: int) -> BaseSampler:
    # Seeded by the trials so far too: a sampler that starts anew would repeat its first points.
    so_far = len(study.get_trials(deepcopy=False))
    seeds = np.random.SeedSequence([plan.recipe.seed, so_far, worker])
    return SAMPLERS[plan.sampler](int(seeds.generate_state(1)[0]))


def say_waiting(trials: Sequence[int]) -> None:
    """Tells the user why nothing happens."""
    numbers = ", ".join(map(str, trials))
    log.info(
        "waiting for trial %s: it runs elsewhere, or died less than %s s ago", numbers, GRACE_S
    )


def finished(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Returns those of a study's trials that count towards its total: not those tried again."""
    again = {n for trial in trials for n in trial.system_attrs.get("retry_history", [])}
    return [t for t in trials if t.state.is_finished() and t.number not in again]


def requeue(study: optuna.Study) -> list[FrozenTrial]:
    """Puts every trial in the queue again that ended for no reason of its own.

    Returns:
        All trials of the study as they are then.
    """
    trials = study.get_trials(deepcopy=False)
    dead = [trial for trial in trials if trial.state == TrialState.RUNNING and _traceless(trial)]
    for trial in dead:
        fail(study, trial)
    interrupted = [
        trial
        for trial in finished(trials)
        if trial.state == TrialState.FAIL and trial.user_attrs.get("stopped") == INTERRUPTED
    ]
    for trial in interrupted:
        retry(study, trial)
    return study.get_trials(deepcopy=False) if dead or interrupted else trials


def _traceless(trial: FrozenTrial) -> bool:
    """Whether the trial's process died between asking for it and its first heartbeat."""
    age = datetime.now() - (trial.datetime_start or datetime.now())
    return not trial.user_attrs and age.total_seconds() > GRACE_S


def fail(study: optuna.Study, trial: FrozenTrial) -> None:
    """Ends a trial whose process has died, and puts it in the queue again."""
    study.tell(trial.number, state=TrialState.FAIL)
    retry(study, trial)
