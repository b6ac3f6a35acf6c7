"""The result of `confirm` in a line."""

import optuna
from optuna.study import StudyDirection

from ...storage.study_record import read_study_record


def describe_confirmed(study: optuna.Study) -> list[str]:
    """Returns a line about the confirmed trial, and about a better one that was found later."""
    confirmed = read_study_record(study).confirmed
    if confirmed is None:
        return []
    best, before = study.best_value, confirmed.search_value
    lower = study.direction == StudyDirection.MINIMIZE
    if best == before or lower != (best < before):
        return [str(confirmed)]
    better = f"trial {study.best_trial.number} has {best:.4g} since, and the best had {before:.4g}"
    return [f"{confirmed}; {better}: latentune confirm {study.study_name}"]
