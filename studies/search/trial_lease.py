"""Trials that ended for no reason of their own: they wait as they are, and go on later."""

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from ...objectives.objective import StopRequested
from ...storage.database import stale_trials, write_missing_heartbeats
from ...storage.trial_outcome import PROCESS_DIED, STOPPED, reached_epoch

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
        reached = reached_epoch(trial) if len(dead_trials) == 1 else None
        deaths = [*trial.user_attrs.get("deaths", []), reached]
        study._storage.set_trial_user_attr(trial._trial_id, "deaths", deaths)
        if reached is not None and deaths[-MAX_DEATHS:] == [reached] * MAX_DEATHS:
            why = f"{PROCESS_DIED} {MAX_DEATHS} times after epoch {reached}"
            study._storage.set_trial_user_attr(trial._trial_id, STOPPED, why)
            study.tell(trial.number, state=TrialState.FAIL)
        else:
            requeue_trial(study, trial.number, PROCESS_DIED)


def requeue_trial(study: optuna.Study, number: int, why: str) -> None:
    """Lets a running trial wait, from where it goes on.

    The trial stays the same: whoever asks for it next gets its values, and trains on from the
    last epoch that was kept.

    Args:
        study: The study.
        number: Number of the trial.
        why: `INTERRUPTED` or `PROCESS_DIED`.
    """
    trial = study.get_trials(deepcopy=False)[number]
    if trial.state != TrialState.RUNNING:
        return
    study._storage.set_trial_user_attr(trial._trial_id, STOPPED, why)
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
