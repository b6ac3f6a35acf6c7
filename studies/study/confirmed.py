"""The result of `confirm` in a line."""

import optuna
from optuna.study import StudyDirection

from ...storage.study_record import read_study_record


def describe_confirmed(study: optuna.Study) -> list[str]:
    """Returns a line for the confirmed trial, with the better one that was found since, if any."""
    confirmed = read_study_record(study).confirmed
    if confirmed is None:
        return []
    best, before = study.best_value, confirmed.search_value
    lower = study.direction == StudyDirection.MINIMIZE
    if best == before or lower != (best < before):
        return [str(confirmed)]
    better = f"trial {study.best_trial.number} has {best:.4g} since, and the best had {before:.4g}"
    return [f"{confirmed}; {better}: latentune confirm {study.study_name}"]
