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
from ...storage.trial_outcome import finished_trials, stop_reason
from ..study.study_error import StudyError
from .search_plan import SearchPlan
from .worker_context import SendMessage

MAX_EQUAL_FAILURES = 3

log = logging.getLogger(__name__)


def record_failure(
    trial: optuna.Trial, error: Exception, plan: SearchPlan, send: SendMessage
) -> None:
    """Records on a trial what has ended it, and has the head write the traceback to a file."""
    said = (str(error).splitlines() or [""])[0]
    path = plan.runs.failure(plan.name, trial.number)
    send("error", (trial.number, shown("".join(traceback.format_exception(error)))))
    trial.set_user_attr("stopped", shown(f"{type(error).__name__}: {said}"))
    trial.set_user_attr("failure", plan.runs.inside(path))


def stop_on_repeated_failure(trials: Sequence[FrozenTrial], plan: SearchPlan) -> None:
    """Ends a search that meets the same bug in every trial.

    Raises:
        StudyError: If the last three trials that it has finished failed for the same reason.
    """
    ended = [t for t in _finished_in_search(trials, plan) if t.datetime_complete is not None]
    last = sorted(ended, key=lambda t: t.datetime_complete or datetime.min)[-MAX_EQUAL_FAILURES:]
    bugs = {_reason_pattern(trial) for trial in last if "failure" in trial.user_attrs}
    if (
        len(last) == MAX_EQUAL_FAILURES == sum("failure" in t.user_attrs for t in last)
        and len(bugs) == 1
    ):
        raise StudyError(
            f"{MAX_EQUAL_FAILURES} trials in a row failed by {stop_reason(last[-1])}; "
            f"the whole traceback is in {plan.runs.root / last[-1].user_attrs['failure']}"
        )


def log_failures(study: optuna.Study, plan: SearchPlan) -> None:
    """Says how many trials of a search failed, and why."""
    failed = [
        trial
        for trial in _finished_in_search(study.get_trials(deepcopy=False), plan)
        if trial.state == TrialState.FAIL
    ]
    if not failed:
        return
    examples = {_reason_pattern(trial): trial for trial in failed}
    parts = []
    for pattern, count in Counter(map(_reason_pattern, failed)).most_common():
        path = examples[pattern].user_attrs.get("failure")
        where = f" (traceback in {plan.runs.root / path})" if path else ""
        parts.append(f"{count} x {stop_reason(examples[pattern])}{where}")
    word = "trial" if len(failed) == 1 else "trials"
    log.warning("%s %s failed: %s", len(failed), word, "; ".join(parts))


def _finished_in_search(trials: Sequence[FrozenTrial], plan: SearchPlan) -> list[FrozenTrial]:
    """Returns the finished trials that began in this search, by whichever process."""
    since = datetime.fromtimestamp(plan.started_at)
    return [
        t for t in finished_trials(trials) if t.datetime_start is None or t.datetime_start >= since
    ]


def _reason_pattern(trial: FrozenTrial) -> str:
    """Returns a reason without its numbers, which are those of the configuration."""
    return re.sub(r"\d+", "#", stop_reason(trial))
