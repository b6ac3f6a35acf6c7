"""The trials of a study with one objective, ordered from the best to the worst."""

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState


def direction_sign(study: optuna.Study) -> int:
    """Returns 1 if lower values are better, and -1 if higher values are."""
    return 1 if study.direction == StudyDirection.MINIMIZE else -1


def rank_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Returns the complete trials by their values, followed by the pruned ones.

    A trial that was pruned later is better, because values of different epochs do not compare.
    """
    sign, states = direction_sign(study), (TrialState.COMPLETE, TrialState.PRUNED)

    def rank(trial: FrozenTrial) -> tuple[int, int, float]:
        pruned = trial.state == TrialState.PRUNED
        epochs = max(trial.intermediate_values, default=0) if pruned else 0
        return states.index(trial.state), -epochs, sign * trial.values[0]

    trials = study.get_trials(deepcopy=False, states=states)
    return sorted((trial for trial in trials if trial.values), key=rank)
