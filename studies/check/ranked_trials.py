"""The trials of a study, the best one first."""

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from .checkup import Checkup


def single_objective_studies(checkup: Checkup) -> list[optuna.Study]:
    """Returns the studies of one objective, whose trials can be ranked."""
    return [study for study in checkup.studies if len(study.directions) == 1]


def direction_sign(study: optuna.Study) -> float:
    """Returns what values are multiplied by so that less is better."""
    return 1.0 if study.direction == StudyDirection.MINIMIZE else -1.0


def rank_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Returns the complete trials by their values, and behind them those that a pruner gave up.

    Of these, who was given up later is better, because the values of two epochs do not compare.
    """
    way, states = direction_sign(study), (TrialState.COMPLETE, TrialState.PRUNED)

    def place(trial: FrozenTrial) -> tuple[int, int, float]:
        complete = trial.state == TrialState.COMPLETE
        epochs = 0 if complete else max(trial.intermediate_values, default=0)
        return states.index(trial.state), -epochs, way * trial.values[0]

    tried = study.get_trials(deepcopy=False, states=states)
    return sorted((trial for trial in tried if trial.values), key=place)
