"""The end of a search: whether it ends early, and the log messages about its trials."""

import logging
import traceback
from collections.abc import Mapping, Sequence
from datetime import datetime

import optuna
from optuna.trial import FrozenTrial, TrialState

from ...models.types import Direction
from ...storage.redact import redact
from ...storage.study_record import StudyRecord, read_study_record, write_study_record
from ...storage.trial_outcome import finished_trials, stop_reason
from ...storage.trial_record import TrialRecord, read_trial_record, write_trial_record
from ..study.failure_causes import SUCCESSFUL, describe_causes, group_by_reason
from ..study.study_error import StudyError
from .search_plan import SearchPlan
from .worker_context import SendMessage

MAX_FIRST_BUGS = 3
"""A search ends if so many trials fail by bugs, and no trial of the study has ever succeeded."""
MAX_FAILURES = 10
"""A search ends if so many of its trials fail one after the other, for whatever reason."""
WAY_OUT = "narrow the space by `ranges=`, or repeat the command to go on"
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
        StudyError: If the last ten finished trials of this search failed, or three of them by bugs
            before any trial of the study has succeeded.
    """
    ended = [t for t in _trials_of_search(trials, plan) if t.datetime_complete is not None]
    ended.sort(key=lambda trial: trial.datetime_complete or datetime.min)
    succeeded = any(trial.state in SUCCESSFUL for trial in trials)
    bugs = [trial for trial in ended if read_trial_record(trial).failure]
    last = ended[-MAX_FAILURES:]
    if not succeeded and len(bugs) >= MAX_FIRST_BUGS:
        raise StudyError(f"{len(ended)} trials failed and none succeeded: {_explain(ended, plan)}")
    if len(last) == MAX_FAILURES and all(trial.state == TrialState.FAIL for trial in last):
        lines = [_explain(last, plan), *describe_causes(trials), WAY_OUT]
        raise StudyError(f"the last {MAX_FAILURES} trials failed: {'; '.join(lines)}")
    perfect = _find_perfect_trial(trials, plan.spec.objective.metrics)
    return perfect is not None and read_study_record(study).perfect_trial is None


def log_outcome(study: optuna.Study, plan: SearchPlan) -> None:
    """Logs why trials of a search failed, and the first trial with the best possible value."""
    trials = study.get_trials(deepcopy=False)
    of_search = _trials_of_search(trials, plan)
    if not of_search and len(finished_trials(trials)) >= plan.trials:
        log.info("%s has its %s trials; `trials=` adds more", plan.name, plan.trials)
    failed = [trial for trial in of_search if trial.state == TrialState.FAIL]
    if failed:
        word = "trial" if len(failed) == 1 else "trials"
        log.warning("%s %s failed: %s", len(failed), word, _explain(failed, plan))
        for line in describe_causes(trials):
            log.warning("%s", line)
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


def _explain(failed: Sequence[FrozenTrial], plan: SearchPlan) -> str:
    """Returns how often trials failed for each reason, and where its traceback is."""
    parts = []
    for group in group_by_reason(failed):
        path = read_trial_record(group[-1]).failure
        where = f" (traceback in {plan.runs.root / path})" if path else ""
        parts.append(f"{len(group)} x {stop_reason(group[-1])}{where}")
    return "; ".join(parts)


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
