"""The leaderboard of a study that chooses its model: the best value of each model."""

from collections import Counter
from typing import TYPE_CHECKING

import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState
from rich.table import Table

from ...search_spaces.catalog.candidates import AUTO, MODEL
from ...storage.study_record import read_study_record
from ...storage.study_summary import format_value
from ...storage.trial_outcome import finished_trials
from ..display.terminal import console

if TYPE_CHECKING:
    import pandas as pd


def chooses_model(study: optuna.Study) -> bool:
    """Returns True if the model is one of the searched parameters."""
    return read_study_record(study).recipe.model == AUTO


def leaderboard(study: optuna.Study) -> "pd.DataFrame":
    """Returns one row for each model that the study has tried, the best model first.

    Returns:
        The columns `model`, `trials` and `best`; `behind` and `%` are the absolute and relative
        distances to the best model. With several objectives, the column `on the front`, the
        number of Pareto-optimal trials, replaces them.
    """
    import pandas as pd

    trials = [t for t in finished_trials(study.get_trials(deepcopy=False)) if MODEL in t.params]
    counts = Counter(trial.params[MODEL] for trial in trials)
    table = pd.DataFrame({"model": list(counts), "trials": list(counts.values())})
    if len(study.directions) > 1:
        front = Counter(trial.params[MODEL] for trial in study.best_trials)
        table["on the front"] = [front[model] for model in counts]
        return table.sort_values("on the front", ascending=False, kind="stable")
    lower = study.direction == StudyDirection.MINIMIZE
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    values = pd.Series([trial.value for trial in complete], dtype=float)
    of_models = values.groupby([trial.params[MODEL] for trial in complete])
    table["best"] = table["model"].map(of_models.min() if lower else of_models.max())
    winner = values.min() if lower else values.max()
    table["behind"] = (table["best"] - winner).abs()
    table["%"] = 100 * table["behind"] / abs(winner)
    return table.sort_values("best", ascending=lower, kind="stable")


def print_leaderboard(study: optuna.Study) -> None:
    """Prints the leaderboard of a study; the first row is the winner."""
    table = leaderboard(study).replace({float("nan"): None})
    shown = Table(*table.columns, box=None)
    for row in table.itertuples(index=False):
        shown.add_row(*map(format_value, row))
    console.print(shown)
