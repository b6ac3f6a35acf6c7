"""Sorts the trials of a study with one objective from the best to the worst."""

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState


def direction_sign(study: optuna.Study) -> int:
    """Returns 1 if lower values are better in a study, and -1 if higher values are better."""
    return 1 if study.direction == StudyDirection.MINIMIZE else -1


def rank_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Returns the complete trials of a study, the best first, followed by the pruned trials.

    Pruned trials are sorted by their last epoch, the latest first. Trials that were pruned after
    the same epoch are sorted by their values.
    """
    sign, states = direction_sign(study), (TrialState.COMPLETE, TrialState.PRUNED)

    def rank(trial: FrozenTrial) -> tuple[int, int, float]:
        pruned = trial.state == TrialState.PRUNED
        epochs = max(trial.intermediate_values, default=0) if pruned else 0
        return states.index(trial.state), -epochs, sign * trial.values[0]

    trials = study.get_trials(deepcopy=False, states=states)
    return sorted((trial for trial in trials if trial.values), key=rank)
