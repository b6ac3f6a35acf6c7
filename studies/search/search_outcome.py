"""The end of a search: whether it ends early, and the log messages about its trials."""

import logging
import re
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import optuna
from optuna.trial import FrozenTrial, TrialState

from ...models.types import Direction
from ...storage.redact import redact
from ...storage.study_record import StudyRecord, read_study_record, write_study_record
from ...storage.trial_outcome import finished_trials, stop_reason
from ...storage.trial_record import TrialRecord, read_trial_record, write_trial_record
from ..study.study_error import StudyError
from .search_plan import SearchPlan
from .worker_context import SendMessage

MAX_EQUAL_FAILURES = 3
PERFECT_VALUES: dict[Direction, tuple[float, frozenset[str]]] = {
    "maximize": (1.0, frozenset({"accuracy", "balanced_accuracy", "probe", "nearest", "r2"})),
    "minimize": (0.0, frozenset({"mse", "mae", "loss", "kl"})),
}
"""For each direction: a value, and the metrics for which no value is better."""

log = logging.getLogger(__name__)


def record_failure(
    trial: optuna.Trial, error: Exception, plan: SearchPlan, send: SendMessage
) -> None:
    """Records the error that ended a trial, and sends its traceback to the coordinator."""
    message = (str(error).splitlines() or [""])[0]
    send("error", (trial.number, redact("".join(traceback.format_exception(error)))))
    stopped = redact(f"{type(error).__name__}: {message}")
    path = plan.runs.inside(plan.runs.failure(plan.name, trial.number))
    write_trial_record(trial, TrialRecord(stopped=stopped, failure=path))


def should_end_early(study: optuna.Study, trials: Sequence[FrozenTrial], plan: SearchPlan) -> bool:
    """Returns True if a trial of the study has the best possible value.

    Returns False if an earlier search has already reported this value: this search then runs the
    remaining trials.

    Raises:
        StudyError: If the last three finished trials of this search failed by the same error.
    """
    ended = [t for t in _trials_of_search(trials, plan) if t.datetime_complete is not None]
    last = sorted(ended, key=lambda t: t.datetime_complete or datetime.min)[-MAX_EQUAL_FAILURES:]
    tracebacks = [path for trial in last if (path := read_trial_record(trial).failure)]
    if len(tracebacks) == MAX_EQUAL_FAILURES and len(set(map(_reason_pattern, last))) == 1:
        raise StudyError(
            f"{MAX_EQUAL_FAILURES} trials in a row failed by {stop_reason(last[-1])}; "
            f"the whole traceback is in {plan.runs.root / tracebacks[-1]}"
        )
    perfect = _find_perfect_trial(trials, plan.spec.objective.metrics)
    return perfect is not None and read_study_record(study).perfect_trial is None


def log_outcome(study: optuna.Study, plan: SearchPlan) -> None:
    """Logs why trials of a search failed, and the first trial with the best possible value."""
    trials = study.get_trials(deepcopy=False)
    of_search = _trials_of_search(trials, plan)
    if not of_search and len(finished_trials(trials)) >= plan.trials:
        log.info("%s has its %s trials; `trials=` adds more", plan.name, plan.trials)
    _log_failures([t for t in of_search if t.state == TrialState.FAIL], plan)
    perfect = _find_perfect_trial(trials, plan.spec.objective.metrics)
    if perfect is None:
        return
    write_study_record(study, StudyRecord(perfect_trial=perfect.number))
    (name,) = plan.spec.objective.metrics
    line = f"trial {perfect.number} has {name} {perfect.values[0]:g}, and no value is better"
    done = len(finished_trials(trials))
    if done >= plan.trials:
        log.info("%s: further trials cannot improve it", line)
        return
    rest = f"after {done} of {plan.trials} trials; the same command tries the others"
    log.info("%s: the search ends %s", line, rest)


def _log_failures(failed: Sequence[FrozenTrial], plan: SearchPlan) -> None:
    if not failed:
        return
    examples = {_reason_pattern(trial): trial for trial in failed}
    parts = []
    for pattern, count in Counter(map(_reason_pattern, failed)).most_common():
        path = read_trial_record(examples[pattern]).failure
        where = f" (traceback in {plan.runs.root / path})" if path else ""
        parts.append(f"{count} x {stop_reason(examples[pattern])}{where}")
    word = "trial" if len(failed) == 1 else "trials"
    log.warning("%s %s failed: %s", len(failed), word, "; ".join(parts))


def _find_perfect_trial(
    trials: Sequence[FrozenTrial], metrics: Mapping[str, Direction]
) -> FrozenTrial | None:
    """Returns the first complete trial with the best possible value of its metric, or None.

    With several metrics, it returns None.
    """
    if len(metrics) > 1:
        return None
    ((name, direction),) = metrics.items()
    bound, names = PERFECT_VALUES[direction]
    if name.removeprefix("val_") not in names:
        return None
    complete = (trial for trial in trials if trial.state == TrialState.COMPLETE)
    return next((trial for trial in complete if trial.values == [bound]), None)


def _trials_of_search(trials: Sequence[FrozenTrial], plan: SearchPlan) -> list[FrozenTrial]:
    """Returns the finished trials that any process has started since this search began."""
    since = datetime.fromtimestamp(plan.started_at)
    finished = finished_trials(trials)
    return [t for t in finished if t.datetime_start is None or t.datetime_start >= since]


def _reason_pattern(trial: FrozenTrial) -> str:
    """Returns why a trial stopped, with `#` for each number.

    Reasons that differ only in their numbers become equal texts.
    """
    return re.sub(r"\d+", "#", stop_reason(trial))
