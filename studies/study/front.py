"""Studies of several objectives: the trials that no other beats, and choosing one of them."""

import numpy as np
import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from ...objectives.front import knee
from ...search_spaces.words import did_you_mean
from .errors import StudyError

KNEE = "knee"


def objectives(study: optuna.Study) -> list[str]:
    """Returns the names of a study's objectives, as `objectives` takes them."""
    monitor: str = study.user_attrs["monitor"]
    return [name.removeprefix("val_") for name in monitor.split(", ")]


def prefer(study: optuna.Study, wish: str | None) -> FrozenTrial:
    """Chooses a trial of the Pareto front.

    Args:
        study: A study of several objectives.
        wish: The objective in which the trial shall be best, or `knee` for the trial that is
            farthest from the line between the two ends of the front: beyond it, a little more of
            one objective costs much of the other.

    Raises:
        StudyError: If no trial is complete, or there is no such wish.

    References:
        Finding Knees in Multi-objective Optimization (Branke, Deb, Dierolf, Osswald, 2004)
    """
    names = objectives(study)
    wishes = [*names, KNEE]
    if wish is None:
        raise StudyError(
            f"study {study.study_name!r} has no single best, but compromises between "
            f"{' and '.join(names)}; name a trial, such as {study.study_name}:0, or choose by: "
            f"latentune best {study.study_name} --prefer {'|'.join(wishes)}"
        )
    if wish not in wishes:
        raise StudyError(f"{wish!r} cannot be preferred; {did_you_mean(wish, wishes)}")
    front: list[FrozenTrial] = study.best_trials
    if not front:
        raise StudyError(f"study {study.study_name!r} has no complete trial yet")
    costs = _costs(study, front)
    if wish == KNEE:
        return front[knee(costs)]
    # Trials that are equal in it differ in the others.
    first = names.index(wish)
    order = [first, *(i for i in range(len(names)) if i != first)]
    return front[int(np.lexsort(costs[:, order[::-1]].T)[0])]


def _costs(study: optuna.Study, trials: list[FrozenTrial]) -> np.ndarray:
    """Returns the values of trials, with shape (N, K), such that less is better."""
    signs = [1 if way == StudyDirection.MINIMIZE else -1 for way in study.directions]
    return np.array([trial.values for trial in trials]) * signs
