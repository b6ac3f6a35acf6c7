"""The trials of a study, the best one first."""

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from .case import Case


def comparable(case: Case) -> list[optuna.Study]:
    """Returns the studies of one objective, whose trials can be ranked."""
    return [study for study in case.studies if len(study.directions) == 1]


def sign(study: optuna.Study) -> float:
    """Returns what values are multiplied by so that less is better."""
    return 1.0 if study.direction == StudyDirection.MINIMIZE else -1.0


def ranked(study: optuna.Study) -> list[FrozenTrial]:
    """Returns the complete trials by their values, and behind them the pruned ones by theirs."""
    known = [trial for trial in study.get_trials(deepcopy=False) if trial.values]
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    tried = [trial for trial in known if trial.state in states]
    return sorted(tried, key=lambda t: (states.index(t.state), sign(study) * t.values[0]))
