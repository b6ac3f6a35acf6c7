"""The leaderboard of a study that chooses its model: the best value of each model."""

from collections import Counter
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState
from rich.table import Table

from ...search_spaces.catalog.candidates import AUTO, MODEL
from ...storage.study_record import read_study_record
from ...storage.study_summary import format_value
from ...storage.trial_outcome import finished_trials
from ..display.terminal import console


def chooses_model(study: optuna.Study) -> bool:
    """Returns True if the model is one of the searched parameters."""
    return read_study_record(study).recipe.model == AUTO


def leaderboard(study: optuna.Study) -> list[dict[str, Any]]:
    """Returns one row for each model that the study has tried, the best model first.

    Returns:
        The entries `model`, `trials` and `best`; `behind` and `%` are the absolute and relative
        distances to the best model. With several objectives, the entry `on the front`, the
        number of Pareto-optimal trials, replaces them.
    """
    trials = [t for t in finished_trials(study.get_trials(deepcopy=False)) if MODEL in t.params]
    counts = Counter(trial.params[MODEL] for trial in trials)
    rows: list[dict[str, Any]] = [{"model": name, "trials": n} for name, n in counts.items()]
    if len(study.directions) > 1:
        front = Counter(trial.params[MODEL] for trial in study.best_trials)
        rows = [{**row, "on the front": front[row["model"]]} for row in rows]
        return sorted(rows, key=lambda row: -row["on the front"])
    sign = 1 if study.direction == StudyDirection.MINIMIZE else -1
    losses: dict[str, list[float]] = {}
    for trial in trials:
        if trial.state == TrialState.COMPLETE:
            losses.setdefault(trial.params[MODEL], []).append(sign * float(trial.values[0]))
    lowest = {name: min(values) for name, values in losses.items()}
    for row in rows:
        loss, winner = lowest.get(row["model"]), min(lowest.values(), default=0.0)
        behind = None if loss is None else loss - winner
        row["best"] = None if loss is None else sign * loss
        row["behind"] = behind
        row["%"] = 100 * behind / abs(winner) if behind is not None and winner else None
    return sorted(rows, key=lambda row: lowest.get(row["model"], float("inf")))


def print_leaderboard(study: optuna.Study) -> None:
    """Prints the leaderboard of a study; the first row is the winner."""
    rows = leaderboard(study)
    table = Table(*(rows[0] if rows else ()), box=None)
    for row in rows:
        table.add_row(*map(format_value, row.values()))
    console.print(table)
