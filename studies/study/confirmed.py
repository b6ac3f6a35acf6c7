"""What `confirm` has found about a study, in the words that users see."""

import optuna
from optuna.study import StudyDirection

from ...storage.study_record import read_study_record


def describe_confirmed(study: optuna.Study) -> list[str]:
    """Returns what is confirmed in a study, and whether the search has gone beyond it since."""
    confirmed = read_study_record(study).confirmed
    if confirmed is None:
        return []
    best, before = study.best_value, confirmed.search_value
    lower = study.direction == StudyDirection.MINIMIZE
    if best == before or lower != (best < before):
        return [str(confirmed)]
    beyond = f"trial {study.best_trial.number} has {best:.4g} since, and the best had {before:.4g}"
    return [f"{confirmed}; {beyond}: latentune confirm {study.study_name}"]
