"""The leaderboard of a study that chooses the model: one row for each model."""

from collections import Counter
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState

from ...search_spaces.catalog.candidates import AUTO, MODEL
from ...storage.study_record import read_study_record
from ...storage.trial_outcome import finished_trials


def chooses_model(study: optuna.Study) -> bool:
    """Returns True if the model is one of the parameters that the study searches."""
    return read_study_record(study).recipe.model == AUTO


def leaderboard(study: optuna.Study) -> list[dict[str, Any]]:
    """Returns one row for each model that the study has tried, the best model first.

    Returns:
        Each row has `model` and `trials`, the number of finished trials. With one objective, it
        has `best`, the best value, and `behind` and `%`, the absolute and relative distance from
        the best model. With several objectives, it has `on the front`, the number of
        Pareto-optimal trials.
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
