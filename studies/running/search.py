"""Searching: making or resuming a study and running its trials up to a total."""

from collections.abc import Sequence
from typing import Any

import optuna
from optuna.trial import TrialState

from ...search_spaces.watch import random_trials
from ...storage.best import write_best
from ...storage.dashboard import note
from ...storage.database import database_exists, open_database
from ..encoders import parent
from ..errors import StudyError
from ..front import objectives
from ..pictures import pareto_front
from ..results import best_of, open_study
from .callbacks import stop_on_signal
from .forks import warm_up
from .plan import SearchPlan, plan_search
from .trials import TrialCallback, run_trials, say_waiting
from .workers import run_workers


def search(
    model: str,
    data: str | None = None,
    *,
    callbacks: Sequence[TrialCallback] = (),
    **options: Any,
) -> optuna.Study:
    """Makes the study `MODEL-DATA`, or goes on with it, until it has its total of trials.

    One worker is this process; its searches repeat exactly. Several are processes of their own,
    so the script that asks for them needs the usual `if __name__ == "__main__":`.

    Args:
        model: A key of the catalogue, or `module:NAME` of a `StudySpec` of your own.
        data: `digits`, `fashion-mnist`, `mnist`, or a folder of images.
        callbacks: Called with the study and each finished trial.
        options: `name` of the study; `trials`, its total over all searches; `seconds` after
            which no trial starts; `workers`, the number of processes, or None for what fits the
            machine; `default_first`, whether the first trial has the model's defaults;
            `enqueue`, paths of best.toml files to try after it; `pruner` and `sampler`, keys of
            `PRUNERS` and `SAMPLERS`; `runs`, the folder for everything; `storage`, the Optuna URL
            of another database; and the attributes of `Recipe`: `space`, `ranges`, `objectives`,
            `encoder` (a study, best.toml or checkpoint), `unfreeze`, `epochs`, `batch_size`,
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
    if plan.workers > 1:
        warm_up()
    study = _resume(plan) if database_exists(plan.storage) else None
    plan.runs.make()
    if study is None:
        plan.spec.objective.rehearse(random_trials(1)[0])
        study = _make(plan, command)
    for values in plan.enqueued:
        study.enqueue_trial(dict(values), skip_if_exists=True)
    with stop_on_signal() as stop:
        if plan.workers == 1:
            run_trials(study, plan, stop, callbacks, report=_report)
        else:
            run_workers(study, plan, stop, callbacks)
    if study.best_trials:
        _write_results(study, plan)
    if stop.is_set():
        raise KeyboardInterrupt
    return study


def _report(word: str, trials: Sequence[int]) -> None:
    if word == "waiting":
        say_waiting(trials)


def _write_results(study: optuna.Study, plan: SearchPlan) -> None:
    if len(study.directions) == 1:
        write_best(best_of(study), plan.runs.best(plan.name))
        return
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    pareto_front(
        [trial.values for trial in complete],
        [trial.values for trial in study.best_trials],
        objectives(study),
        plan.runs.front(plan.name),
    )


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
        study_name=plan.name, storage=storage, directions=list(objective.metrics.values())
    )
    study.set_user_attr("recipe", plan.recipe.to_table())
    study.set_user_attr("definition", dict(plan.definition))
    study.set_user_attr("monitor", ", ".join(objective.metrics))
    if plan.recipe.encoder is not None:
        study.set_user_attr("parent", parent(plan.recipe))
    study.set_user_attr("command", command)
    facts = "\n".join(f"| {name} | {value} |" for name, value in plan.definition.items())
    note(study, f"Made by `{command}`\n\n| | |\n|--|--|\n{facts}\n")
    if plan.first:
        study.enqueue_trial(dict(plan.first))
    return study
