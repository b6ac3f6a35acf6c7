"""Trials that ended for no reason of their own: they wait as they are, and go on later."""

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from ...objectives.objective import StopRequested
from ...storage.database import stale_trials, write_missing_heartbeats

INTERRUPTED = "interrupted"
DIED = "its process died"
MAX_DEATHS = 3


class LeaseLost(StopRequested):
    """Others took this process for dead, and its trial is theirs."""


class TrialLease:
    """The right of a process to its trial, until it is silent for so long that others take it.

    Args:
        trial: A trial that has just begun, or begun again.
    """

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial = trial
        self.deaths = trial.user_attrs.get("deaths")

    def check(self) -> FrozenTrial:
        """Returns the trial as it is; raises LeaseLost if it is no longer this process's own."""
        now = self.trial.storage.get_trial(self.trial._trial_id)
        if now.state != TrialState.RUNNING or now.user_attrs.get("deaths") != self.deaths:
            raise LeaseLost
        return now


def requeue_dead_trials(
    study: optuna.Study, *, is_only_process: bool = False
) -> list[FrozenTrial]:
    """Lets every trial wait again whose process has died.

    Args:
        study: The study.
        is_only_process: Whether no other process works on the study: all RUNNING trials are dead.

    Returns:
        All trials of the study as they are then.
    """
    trials = study.get_trials(deepcopy=False)
    running = [trial for trial in trials if trial.state == TrialState.RUNNING]
    write_missing_heartbeats(study, trials)
    dead = running if is_only_process else stale_trials(study, trials)
    if not dead:
        return trials
    requeue_dead(study, [trial.number for trial in dead])
    return study.get_trials(deepcopy=False)


def requeue_dead(study: optuna.Study, numbers: Sequence[int]) -> None:
    """Lets trials wait whose processes have died, all at one moment.

    A point that has died three times in a row after the same epoch, and alone, kills its
    processes: it is given up. Several that die together have been killed by something else.

    Args:
        study: The study.
        numbers: Numbers of the trials; those that do not run are left as they are.
    """
    trials = study.get_trials(deepcopy=False)
    dead_trials = [
        trials[number] for number in numbers if trials[number].state == TrialState.RUNNING
    ]
    for trial in dead_trials:
        reached = _last_epoch(trial) if len(dead_trials) == 1 else None
        deaths = [*trial.user_attrs.get("deaths", []), reached]
        study._storage.set_trial_user_attr(trial._trial_id, "deaths", deaths)
        if reached is not None and deaths[-MAX_DEATHS:] == [reached] * MAX_DEATHS:
            why = f"{DIED} {MAX_DEATHS} times after epoch {reached}"
            study._storage.set_trial_user_attr(trial._trial_id, "stopped", why)
            study.tell(trial.number, state=TrialState.FAIL)
        else:
            requeue_trial(study, trial.number, DIED)


def requeue_trial(study: optuna.Study, number: int, why: str) -> None:
    """Lets a running trial wait, from where it goes on.

    The trial stays the same: whoever asks for it next gets its values, and trains on from the
    last epoch that was kept.

    Args:
        study: The study.
        number: Number of the trial.
        why: `INTERRUPTED` or `DIED`.
    """
    trial = study.get_trials(deepcopy=False)[number]
    if trial.state != TrialState.RUNNING:
        return
    study._storage.set_trial_user_attr(trial._trial_id, "stopped", why)
    study._storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)


def finish_trial(
    study: optuna.Study,
    trial: FrozenTrial,
    state: TrialState,
    values: Sequence[float] | None,
) -> None:
    """Ends a trial as `Study.tell` does, which would read it twice more.

    Args:
        study: The study.
        trial: The trial as it is now, running.
        state: How it has ended.
        values: What it is worth if it is complete; one that was pruned is worth its last report.
    """
    if state == TrialState.PRUNED and trial.last_step is not None:
        values = [trial.intermediate_values[trial.last_step]]
    study.sampler.after_trial(study, trial, state, values)
    worth = None if values is None else [float(value) for value in values]
    study._storage.set_trial_state_values(trial._trial_id, state, worth)


def finished_trials(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Returns those of a study's trials that count towards its total.

    Older databases hold a copy of each trial that was tried again, which counts in its place.
    """
    again = {n for trial in trials for n in trial.system_attrs.get("retry_history", [])}
    return [t for t in trials if t.state.is_finished() and t.number not in again]


def unfinished_trials(trials: Sequence[FrozenTrial]) -> set[int]:
    """Returns the numbers of the trials that have begun and not ended."""
    begun = [t for t in trials if t.state == TrialState.RUNNING or "stopped" in t.user_attrs]
    return {trial.number for trial in begun if not trial.state.is_finished()}


def reason(trial: FrozenTrial) -> str:
    """Returns why a trial ended, or waits to go on, in the words that users see."""
    stopped = str(trial.user_attrs.get("stopped", ""))
    if trial.state.is_finished():
        return stopped or (DIED if trial.state == TrialState.FAIL else "")
    if stopped and trial.state == TrialState.WAITING:
        return f"{stopped} after epoch {_last_epoch(trial)}"
    return ""


def _last_epoch(trial: FrozenTrial) -> int:
    """Returns how many epochs of a trial are known: reported, or written down in their place."""
    return max(len(trial.intermediate_values), int(trial.user_attrs.get("epochs", 0)))
