"""Searching: making or resuming a study and running its trials up to a total."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import optuna
import pytorch_lightning as pl
from optuna.trial import FrozenTrial, TrialState

from ..objectives.objective import INTERRUPTED, Interrupted, TrialFailed
from ..search_spaces.watch import random_trials
from ..storage.best import write_best
from ..storage.dashboard import note
from ..storage.database import GRACE_S, database_exists, open_database, retry, retry_stale
from .callbacks import AttachReconstructions, StopOnRequest, stop_on_signal
from .plan import PRUNERS, SAMPLERS, SearchPlan, plan_search
from .recipe import StudyError
from .results import best_of, open_study

TrialCallback = Callable[[optuna.Study, FrozenTrial], None]

WAITING = "waiting for trial %s: it runs elsewhere, or died less than %s s ago"

log = logging.getLogger(__name__)


def search(
    model: str,
    data: str | None = None,
    *,
    callbacks: Sequence[TrialCallback] = (),
    **options: Any,
) -> optuna.Study:
    """Makes the study `MODEL-DATA`, or goes on with it, until it has its total of trials.

    Args:
        model: A key of the catalogue, or `module:NAME` of a `StudySpec` of your own.
        data: `digits`, `fashion-mnist`, `mnist`, or a folder of images.
        callbacks: Called with the study and each finished trial.
        options: `name` of the study; `trials`, its total over all searches; `seconds` after
            which no trial starts; `pruner` and `sampler`, keys of `PRUNERS` and `SAMPLERS`;
            `runs`, the folder for everything; `storage`, the Optuna URL of another database;
            and the attributes of `Recipe`: `space`, `ranges`, `epochs`, `batch_size`,
            `image_size`, `data_dir`, `seed`.

    Returns:
        The study, of which every trial has finished.

    Raises:
        StudyError: If an option is not allowed, or the study exists with another definition.
        SpaceError: If a range does not fit the space.
        DataError: If the data is missing or broken.
        StorageError: If the database or the folder cannot be used.
        MonitorError: If the model never logs the monitored metric.
        KeyboardInterrupt: On Ctrl-C and SIGTERM; the trial that was running is in the queue.
    """
    plan = plan_search(model, data, **options)
    return run_search(
        plan, command=f"latentune.search({model!r}, {data!r}, ...)", callbacks=callbacks
    )


def run_search(
    plan: SearchPlan, *, command: str, callbacks: Sequence[TrialCallback] = ()
) -> optuna.Study:
    """Runs a planned search.

    Args:
        plan: What to search, and where.
        command: What the user typed; it is kept on the study.
        callbacks: Called with the study and each finished trial.

    Returns:
        The study, of which every trial has finished.
    """
    study = _resume(plan) if database_exists(plan.storage) else None
    plan.runs.make()
    if study is None:
        plan.spec.objective.rehearse(random_trials(1)[0])
        study = _make(plan, command)
    study.pruner = PRUNERS[plan.pruner]()
    # Derived from the trials so far, because a sampler that starts anew repeats its first points.
    seeds = np.random.SeedSequence([plan.recipe.seed, len(study.get_trials(deepcopy=False))])
    study.sampler = SAMPLERS[plan.sampler](int(seeds.generate_state(1)[0]))
    with stop_on_signal() as stop:
        _run_trials(study, plan, stop, callbacks)
    if any(t.state == TrialState.COMPLETE for t in study.get_trials(deepcopy=False)):
        write_best(best_of(study), plan.runs.best(plan.name))
    if stop.is_set():
        raise KeyboardInterrupt
    return study


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """Returns the trials that count towards a study's total: not those that are tried again."""
    trials = study.get_trials(deepcopy=False)
    again = {n for trial in trials for n in trial.system_attrs.get("retry_history", [])}
    return [t for t in trials if t.state.is_finished() and t.number not in again]


def _resume(plan: SearchPlan) -> optuna.Study | None:
    storage = open_database(plan.storage)
    if plan.name not in optuna.get_all_study_names(storage):
        return None
    study = open_study(storage, plan.name)
    before, now = study.user_attrs["definition"], plan.definition
    differing = [
        f"{name} is {before.get(name, 'absent')} there, {now.get(name, 'absent')} here"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]
    if differing:
        raise StudyError(
            f"study {plan.name!r} exists and differs: {'; '.join(differing)}. "
            "Repeat its options, or give this search a new study by --name"
        )
    return study


def _make(plan: SearchPlan, command: str) -> optuna.Study:
    objective = plan.spec.objective
    storage = open_database(plan.storage, create=True)
    study = optuna.create_study(
        study_name=plan.name, storage=storage, direction=objective.direction
    )
    study.set_user_attr("recipe", plan.recipe.to_table())
    study.set_user_attr("definition", dict(plan.definition))
    study.set_user_attr("monitor", objective.monitor)
    study.set_user_attr("command", command)
    facts = "\n".join(f"| {name} | {value} |" for name, value in plan.definition.items())
    note(study, f"Made by `{command}`\n\n| | |\n|--|--|\n{facts}\n")
    return study


def _run_trials(
    study: optuna.Study,
    plan: SearchPlan,
    stop: threading.Event,
    callbacks: Sequence[TrialCallback],
) -> None:
    started, waiting = time.monotonic(), False

    def extras(trial: optuna.Trial) -> list[pl.Callback]:
        own = plan.spec.objective.callbacks(trial)
        return [*own, StopOnRequest(stop), AttachReconstructions(trial, plan.runs.artifacts)]

    objective = replace(plan.spec.objective, callbacks=extras)
    while True:
        _requeue(study)
        out_of_time = plan.seconds is not None and time.monotonic() - started > plan.seconds
        left = plan.trials - len(finished(study))
        if stop.is_set() or out_of_time or left <= 0:
            return
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        if left <= len(running):
            if not waiting:
                log.info(WAITING, ", ".join(str(trial.number) for trial in running), GRACE_S)
            waiting = True
            stop.wait(1)
            continue
        try:
            study.optimize(objective, n_trials=1, catch=(TrialFailed,), callbacks=callbacks)
        except (Interrupted, KeyboardInterrupt):
            stop.set()


def _requeue(study: optuna.Study) -> None:
    """Puts every trial in the queue again that ended for no reason of its own."""
    retry_stale(study)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        # A process that died between asking for a trial and its first heartbeat left no trace.
        started = trial.datetime_start or datetime.now()
        if not trial.user_attrs and (datetime.now() - started).total_seconds() > GRACE_S:
            study.tell(trial.number, state=TrialState.FAIL)
            retry(study, trial)
    for trial in finished(study):
        if trial.state == TrialState.FAIL and trial.user_attrs.get("stopped") == INTERRUPTED:
            retry(study, trial)
