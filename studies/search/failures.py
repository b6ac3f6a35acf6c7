"""Trials that a bug has ended: the search goes on, unless the same one comes three times."""

import logging
import re
import traceback
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import optuna
from optuna.trial import FrozenTrial, TrialState

from ...storage.redact import shown
from ..study.study_error import StudyError
from .links import Tell
from .plan import SearchPlan
from .retries import finished, reason

SAME_BUGS = 3

log = logging.getLogger(__name__)


def note_failure(trial: optuna.Trial, error: Exception, plan: SearchPlan, tell: Tell) -> None:
    """Records on a trial what has ended it, and has the head write the traceback to a file."""
    said = (str(error).splitlines() or [""])[0]
    path = plan.runs.failure(plan.name, trial.number)
    tell("bug", (trial.number, shown("".join(traceback.format_exception(error)))))
    trial.set_user_attr("stopped", shown(f"{type(error).__name__}: {said}"))
    trial.set_user_attr("failure", plan.runs.inside(path))


def check_failures(trials: Sequence[FrozenTrial], plan: SearchPlan) -> None:
    """Ends a search that meets the same bug in every trial.

    Raises:
        StudyError: If the last three trials that it has finished failed for the same reason.
    """
    ended = [t for t in _of_search(trials, plan) if t.datetime_complete is not None]
    last = sorted(ended, key=lambda t: t.datetime_complete or datetime.min)[-SAME_BUGS:]
    bugs = {_pattern(trial) for trial in last if "failure" in trial.user_attrs}
    if len(last) == SAME_BUGS == sum("failure" in t.user_attrs for t in last) and len(bugs) == 1:
        raise StudyError(
            f"{SAME_BUGS} trials in a row failed by {reason(last[-1])}; "
            f"the whole traceback is in {plan.runs.root / last[-1].user_attrs['failure']}"
        )


def sum_up_failures(study: optuna.Study, plan: SearchPlan) -> None:
    """Says how many trials of a search failed, and why."""
    failed = [
        trial
        for trial in _of_search(study.get_trials(deepcopy=False), plan)
        if trial.state == TrialState.FAIL
    ]
    if not failed:
        return
    examples = {_pattern(trial): trial for trial in failed}
    parts = []
    for pattern, count in Counter(map(_pattern, failed)).most_common():
        path = examples[pattern].user_attrs.get("failure")
        where = f" (traceback in {plan.runs.root / path})" if path else ""
        parts.append(f"{count} x {reason(examples[pattern])}{where}")
    word = "trial" if len(failed) == 1 else "trials"
    log.warning("%s %s failed: %s", len(failed), word, "; ".join(parts))


def _of_search(trials: Sequence[FrozenTrial], plan: SearchPlan) -> list[FrozenTrial]:
    """Returns the finished trials that began in this search, by whichever process."""
    since = datetime.fromtimestamp(plan.since)
    return [t for t in finished(trials) if t.datetime_start is None or t.datetime_start >= since]


def _pattern(trial: FrozenTrial) -> str:
    """Returns a reason without its numbers, which are those of the configuration."""
    return re.sub(r"\d+", "#", reason(trial))
