"""Chooses one trial on the Pareto front of a study of several objectives."""

import numpy as np
import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from ...storage.study_record import read_study_record
from .study_error import StudyError, check_known

KNEE = "knee"


def objective_names(study: optuna.Study) -> list[str]:
    """Returns the names of a study's objectives, as users type them for `--objectives`."""
    return [name.removeprefix("val_") for name in read_study_record(study).metrics]


def choose_preferred(study: optuna.Study, preference: str | None) -> FrozenTrial:
    """Returns one trial of the Pareto front: the best in one objective, or the knee of the front.

    The knee is the trial that is farthest from the line between the two ends of the front. It is a
    compromise: a further gain in one objective costs much of the other.

    Args:
        study: A study of several objectives.
        preference: Name of the objective, or `knee`.

    Raises:
        StudyError: If no trial is complete, or the preference is unknown or None.

    References:
        Finding Knees in Multi-objective Optimization (Branke, Deb, Dierolf, Osswald, 2004)
    """
    names = objective_names(study)
    choices = [*names, KNEE]
    if preference is None:
        raise StudyError(
            f"study {study.study_name!r} has no single best, but compromises between "
            f"{' and '.join(names)}; name a trial, such as {study.study_name}:0, or choose by: "
            f"latentune best {study.study_name} --prefer {'|'.join(choices)}"
        )
    check_known(preference, choices, f"{preference!r} cannot be preferred")
    front: list[FrozenTrial] = study.best_trials
    if not front:
        raise StudyError(f"study {study.study_name!r} has no complete trial yet")
    costs = _values_to_minimize(study, front)
    if preference == KNEE:
        return front[knee_point(costs)]
    # Trials that are equal in this objective are ordered by the others.
    first = names.index(preference)
    order = [first, *(i for i in range(len(names)) if i != first)]
    return front[int(np.lexsort(costs[:, order[::-1]].T)[0])]


def _values_to_minimize(study: optuna.Study, trials: list[FrozenTrial]) -> np.ndarray:
    """Returns an array of shape (N, K) with the K objective values of N trials.

    Values to maximize are negated, so lower is always better.
    """
    signs = [1 if way == StudyDirection.MINIMIZE else -1 for way in study.directions]
    return np.array([trial.values for trial in trials]) * signs


def knee_point(costs: np.ndarray) -> int:
    """Returns the index of the knee: the point farthest below the line between the front's ends.

    Args:
        costs: The points of the Pareto front, with shape (N, K). Lower is better.
    """
    low, high = costs.min(0), costs.max(0)
    scaled = (costs - low) / np.where(high > low, high - low, 1)
    # The ends lie on the plane where scaled costs sum to 1, so the knee has the smallest sum.
    return int(scaled.sum(1).argmin())
