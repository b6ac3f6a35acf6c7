"""Points whose networks exceed a limit: how a search begins, goes on and ends in spite of them."""

import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from ...objectives.training_errors import CostError
from ...search_spaces.catalog.candidates import MODEL
from ...storage.trial_outcome import REJECTED, finished_trials, is_rejected, violation
from ...storage.trial_record import read_trial_record
from ..study.point_check import PointCheck
from ..study.rejected_trials import describe_rejected
from ..study.study_error import StudyError

MAX_REJECTED = 200
"""Number of points in a row without one within the limits after which a search ends."""

log = logging.getLogger(__name__)


def fitting_points(points: Sequence[dict[str, Any]], check: PointCheck) -> list[dict[str, Any]]:
    """Returns the points that exceed no limit, and logs a line about each of the others.

    A point that lacks parameters, which a sampler will choose, is returned too.
    """
    found = []
    for point in points:
        try:
            excess = check.excess(point)
        except CostError:
            raise
        except ValueError:  # Optuna's, for a parameter that is missing
            excess = ""
        if excess:
            of_model = f" of {point[MODEL]}" if MODEL in point else ""
            log.info("the defaults%s are %s", of_model, excess)
        else:
            found.append(point)
    return found


def finds_no_point(trials: Sequence[FrozenTrial], since: float) -> bool:
    """Returns whether the last 200 points since a time all exceeded a limit.

    Args:
        trials: The trials of a study.
        since: The time, in seconds since the epoch.
    """
    return len(_rejected_in_a_row(trials, since)) == MAX_REJECTED


def log_rejections(study: optuna.Study, since: float) -> None:
    """Logs how many points of a search were rejected.

    Args:
        study: The study.
        since: When the search began, in seconds since the epoch.

    Raises:
        StudyError: If the search found no point within the limits, and ran no trial.
    """
    trials = study.get_trials(deepcopy=False)
    if not finds_no_point(trials, since):
        for line in describe_rejected(study):
            log.info("%s", line)
    elif any(_is_newer(trial, since) for trial in finished_trials(trials)):
        log.warning("the search ends: %s", describe_rejections(trials, since))
    else:
        raise StudyError(describe_rejections(trials, since))


def describe_rejections(trials: Sequence[FrozenTrial], since: float) -> str:
    """Returns a sentence about the last points, which exceed a limit, with the way out."""
    nearest = read_trial_record(min(_rejected_in_a_row(trials, since), key=violation))
    return (
        f"{MAX_REJECTED} points in a row exceed a limit, and the nearest has "
        f"{nearest.stopped.removeprefix(f'{REJECTED}: ')}: "
        "choose higher `limits=` or narrower `ranges=` under another `name=`"
    )


def _rejected_in_a_row(trials: Sequence[FrozenTrial], since: float) -> list[FrozenTrial]:
    """Returns up to 200 of the last trials, as far as they were rejected since a time."""

    def is_new(trial: FrozenTrial) -> bool:
        return is_rejected(trial) and _is_newer(trial, since)

    return list(takewhile(is_new, reversed(trials[-MAX_REJECTED:])))


def _is_newer(trial: FrozenTrial, since: float) -> bool:
    return (trial.datetime_start or datetime.min) >= datetime.fromtimestamp(since)
