"""Tables of studies and trials for the console, and sentences about studies."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from rich.table import Table

from ...objectives.progress import format_limit
from ...search_spaces.model_choice import strip_model_prefix
from ...storage.optuna_internals import count_trials, trial_by_number
from ...storage.runs_folder import Runs
from ...storage.study_export import PARAM_PREFIX, disambiguate
from ...storage.study_record import read_study_record
from ...storage.study_summary import format_value
from ...storage.trial_outcome import REJECTED, STATE_NAMES, state_name, stop_reason
from ...storage.trial_record import read_trial_record
from ..display.progress_display import format_best, format_values
from ..display.terminal import console
from ..study.definition import LIMITS_ENTRY
from ..study.failure_causes import describe_causes
from ..study.forecast.forecast import forecast
from ..study.leaderboard import chooses_model, leaderboard
from ..study.lineage import describe_origins, study_tree
from ..study.misplaced_checkpoints import is_stale
from ..study.rejected_trials import describe_rejected, rejected_numbers

if TYPE_CHECKING:
    from ..search.search_plan import SearchPlan

MAX_SHOWN_TRIALS = 100
"""Maximum number of trials of a study for which the table shows all trials."""
LATEST_TRIALS = 50
"""Number of the latest trials that the table shows if there are more."""
MAX_FORECAST_TRIALS = 2000
"""Maximum number of trials for which a forecast, which reads all of them, is quick."""


def print_plan(plan: "SearchPlan", measured: Mapping[str, str]) -> None:
    """Prints the settings and the search space of a planned search, and what was measured."""
    first = [
        ", ".join(f"{n}={format_value(v, 'None')}" for n, v in of.items()) for of in plan.first
    ]
    of_study = dict(plan.definition)
    if plan.reusable_trials is not None:
        of_study["from"] = str(plan.reusable_trials)
    if LIMITS_ENTRY in of_study and plan.recipe.encoder is None:
        of_study[LIMITS_ENTRY] += f": {_feasible_share(plan)}"
    of_search = {
        "trials": str(plan.trials),
        "time": _describe_limit(plan.seconds),
        "trial time": _describe_limit(plan.trial_seconds),
        "workers": str(plan.workers),
        "cluster": "none, but this machine" if plan.cluster is None else str(plan.cluster),
        "first trial": "; then ".join(first) or "sampled",
        "learns from": str(plan.learned_points or "no other study"),
        "pruner": plan.pruner,
        "sampler": plan.sampler,
        "storage": plan.storage,
        "artifacts": plan.bucket or str(plan.runs.artifacts),
    }
    table = Table(title=plan.name, show_header=False, title_justify="left", box=None)
    for name, value in (*of_study.items(), *of_search.items(), *measured.items()):
        table.add_row(name, value)
    console.print(table)


def _describe_limit(seconds: float | None) -> str:
    return "no limit" if seconds is None else format_limit(seconds)


def _feasible_share(plan: "SearchPlan") -> str:
    from ...objectives.network_costs import COSTS
    from ..study.feasible_share import describe_feasible_share

    points = plan.points
    limits = {n: m for n, m in points.objective.limits.items() if not COSTS[n].needs_weights}
    if not limits:
        return "measured before each training"
    return describe_feasible_share(points.objective.model, points.spec, limits)


def print_studies(studies: Sequence[optuna.Study], runs: Runs) -> None:
    """Prints a row for each study."""
    rejected = {study.study_name: len(rejected_numbers(study)) for study in studies}
    states = [*STATE_NAMES.values(), *([REJECTED] if any(rejected.values()) else [])]
    table = Table("study", "metric", "best", *states, box=None)
    for depth, study in study_tree(studies):
        monitor = read_study_record(study).monitor
        branch = f"{'  ' * (depth - 1)}└ " if depth else ""
        stale = " (stale)" if is_stale(study, runs) else ""
        table.add_row(
            f"{branch}{study.study_name}{stale}",
            monitor,
            format_best(study),
            *map(str, _count_states(study, rejected[study.study_name])[: len(states)]),
        )
    console.print(table)


def _count_states(study: optuna.Study, rejected: int) -> list[int]:
    """Returns the number of trials in each state of `STATE_NAMES`, and that of rejected trials."""
    counts = {state: count_trials(study, state) for state in STATE_NAMES}
    counts[TrialState.FAIL] -= rejected
    return [*counts.values(), rejected]


def print_study(study: optuna.Study, runs: Runs) -> None:
    """Prints where a study comes from, a row for each trial, and the results of `confirm`."""
    record = read_study_record(study)
    for line in describe_origins(study):
        console.print(line)
    if record.artifacts:
        console.print(f"its pictures are in {record.artifacts}")
    if (source := record.encoder_source) is not None:
        which = "a configuration of no trial" if source.trial is None else f"trial {source.trial}"
        console.print(f"on the encoder of {source.study}, {which}")
        if is_stale(study, runs):
            console.print("stale: that encoder was deleted or trained again since")
    rejected = rejected_numbers(study)
    trials = _shown_trials(study, rejected)
    console.print(_trial_table(trials, ("trial", "state", record.monitor, "epochs", "stopped")))
    for line in describe_rejected(study):
        console.print(line)
    if (hidden := count_trials(study) - len(rejected) - len(trials)) > 0:
        console.print(f"{hidden:,} more trials: latentune export {study.study_name}")
    if count_trials(study, TrialState.FAIL):
        for line in describe_causes(study.get_trials(deepcopy=False)):
            console.print(line)
    if chooses_model(study):
        print_leaderboard(study)
    for line in describe_confirmed(study):
        console.print(line)
    if count_trials(study) <= MAX_FORECAST_TRIALS:
        expected = str(forecast(study, study.get_trials(deepcopy=False), datetime.now()))
        if expected:
            console.print(expected)


def _shown_trials(study: optuna.Study, rejected: Collection[int]) -> list[FrozenTrial]:
    """Returns the trials for the table of a study: all but the rejected, if they are at most 100.

    Of more trials, it returns the best, the unfinished and the latest 50.
    """
    numbers = [number for number in range(count_trials(study)) if number not in rejected]
    if len(numbers) <= MAX_SHOWN_TRIALS:
        return [t for t in study.get_trials(deepcopy=False) if t.number not in rejected]
    unfinished = study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING))
    shown = {trial.number: trial for trial in unfinished}
    if len(study.directions) == 1 and count_trials(study, TrialState.COMPLETE):
        best = study.best_trial
        shown[best.number] = best
    for number in numbers[-LATEST_TRIALS:]:
        if number not in shown and (trial := trial_by_number(study, number)) is not None:
            shown[number] = trial
    return [shown[number] for number in sorted(shown)]


def _trial_table(trials: Sequence[FrozenTrial], facts: tuple[str, ...]) -> Table:
    short = [strip_model_prefix(trial.params) for trial in trials]
    params = sorted({name for values in short for name in values})
    table = Table(*facts, *disambiguate(params, facts, PARAM_PREFIX).values(), box=None)
    for trial, values in zip(trials, short, strict=True):
        epochs = read_trial_record(trial).epochs
        table.add_row(
            str(trial.number),
            state_name(trial),
            format_values(trial),
            "" if epochs is None else str(epochs),
            stop_reason(trial),
            *(format_value(values[n], none="None") if n in values else "-" for n in params),
        )
    return table


def describe_confirmed(study: optuna.Study) -> list[str]:
    """Returns a list with one sentence about the trial that `confirm` chose, or an empty list.

    The sentence also names a better trial that was found later.
    """
    confirmed = read_study_record(study).confirmed
    if confirmed is None:
        return []
    best, before = study.best_value, confirmed.search_value
    lower = study.direction == StudyDirection.MINIMIZE
    if best == before or lower != (best < before):
        return [str(confirmed)]
    better = f"trial {study.best_trial.number} has {best:.4g} since, and the best had {before:.4g}"
    return [f"{confirmed}; {better}: latentune confirm {study.study_name}"]


def print_leaderboard(study: optuna.Study) -> None:
    """Prints the leaderboard of a study; the first row is the winner."""
    rows = leaderboard(study)
    table = Table(*(rows[0] if rows else ()), box=None)
    for row in rows:
        table.add_row(*map(format_value, row.values()))
    console.print(table)
