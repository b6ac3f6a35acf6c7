"""The deadline of a search: when its time is up, it stops as on Ctrl-C, but ends normally."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
from optuna.trial import TrialState

from ...objectives.progress import format_limit
from ...storage.trial_outcome import finished_trials, reached_epoch, unfinished_trials
from .search_plan import SearchPlan

log = logging.getLogger(__name__)


@contextmanager
def stop_at_deadline(plan: SearchPlan, stop: threading.Event) -> Iterator[threading.Event]:
    """Sets `stop` at the deadline of a search, if this comes before the end of the block.

    Yields another event, which is set only if the deadline was the first reason to stop.
    """
    is_time_up = threading.Event()
    if plan.seconds is None:
        yield is_time_up
        return

    def end_search() -> None:
        if not stop.is_set():
            is_time_up.set()
            stop.set()

    remaining = plan.started_at + plan.seconds - time.time()
    timer = threading.Timer(min(max(0.0, remaining), threading.TIMEOUT_MAX), end_search)
    timer.daemon = True
    timer.start()
    try:
        yield is_time_up
    finally:
        timer.cancel()


def log_time_up(study: optuna.Study, plan: SearchPlan) -> None:
    """Logs that the time of a search is up, and which trials the next search goes on with."""
    assert plan.seconds is not None
    trials = study.get_trials(deepcopy=False)
    done, waiting = len(finished_trials(trials)), sorted(unfinished_trials(trials))
    if done >= plan.trials:
        return
    complete = any(trial.state == TrialState.COMPLETE for trial in trials)
    found = f"{done} of {plan.trials} trials are finished" if complete else "no trial is complete"
    epochs = [reached_epoch(trials[number]) for number in waiting]
    if waiting:
        word, verb = ("trial", "waits") if len(waiting) == 1 else ("trials", "wait")
        after = "epoch" if len(waiting) == 1 else "epochs"
        found += f", {word} {_join(waiting)} {verb} after {after} {_join(epochs)}"
    has_gained = complete or any(epochs)
    way_on = "the same command goes on" if has_gained else "give it more time by `seconds=`"
    log.info("time is up after %s: %s; %s", format_limit(plan.seconds), found, way_on)


def _join(numbers: list[int]) -> str:
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last
