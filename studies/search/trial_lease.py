"""The lease of a process on its trial, and requeuing the trials of dead processes."""

import time
from collections.abc import Sequence

import optuna
import pytorch_lightning as pl
from optuna.trial import FrozenTrial, TrialState

from ...objectives.training_errors import StopRequested
from ...storage.database import HEARTBEAT_S
from ...storage.heartbeats import stale_trials, write_missing_heartbeats
from ...storage.optuna_internals import read_trial, set_trial_state
from ...storage.trial_outcome import PROCESS_DIED, reached_epoch
from ...storage.trial_record import TrialRecord, amend_trial_record, read_trial_record

MAX_DEATHS = 3  # a trial fails if its process dies so often after the same epoch


class LeaseLostError(StopRequested):
    """Another process has requeued the trial, because this process sent no heartbeats."""


class TrialLease:
    """The right of a process to write to its trial."""

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial = trial
        self.worker_failures = read_trial_record(trial).worker_failures

    def check(self) -> FrozenTrial:
        """Returns the trial as the database holds it.

        Raises:
            LeaseLostError: If another process has requeued or ended the trial.
        """
        now = read_trial(self.trial)
        failures = read_trial_record(now).worker_failures
        if now.state != TrialState.RUNNING or failures != self.worker_failures:
            raise LeaseLostError
        return now


class CheckLease(pl.Callback):
    """Stops the training of a trial that another process has requeued.

    The lease is checked before validation, so that no further epoch is reported. It is checked
    once per heartbeat at most, because only several missed heartbeats lose a lease.
    """

    def __init__(self, lease: TrialLease) -> None:
        self.lease, self._checked = lease, time.monotonic()

    def on_validation_start(self, *args: object) -> None:
        if time.monotonic() - self._checked > HEARTBEAT_S:
            self.lease.check()
            self._checked = time.monotonic()


def requeue_dead_trials(
    study: optuna.Study, *, is_only_process: bool = False
) -> list[FrozenTrial]:
    """Requeues every RUNNING trial of a dead process, and returns all trials of the study.

    If this is the only process that works on the study, all RUNNING trials are of dead processes,
    whatever their heartbeats say.
    """
    trials = study.get_trials(deepcopy=False)
    write_missing_heartbeats(study, trials)
    if is_only_process:
        dead = [trial for trial in trials if trial.state == TrialState.RUNNING]
    else:
        dead = stale_trials(study, trials)
    if not dead:
        return trials
    requeue_dead(study, [trial.number for trial in dead])
    return study.get_trials(deepcopy=False)


def requeue_dead(study: optuna.Study, numbers: Sequence[int]) -> None:
    """Requeues RUNNING trials whose processes have died at the same moment.

    A trial fails if its process has died alone three times in a row after the same epoch: its
    configuration kills its processes. Processes that die together were killed from outside.
    """
    trials = study.get_trials(deepcopy=False)
    dead = [trials[number] for number in numbers if trials[number].state == TrialState.RUNNING]
    for trial in dead:
        epoch = reached_epoch(trial) if len(dead) == 1 else None
        failures = [*read_trial_record(trial).worker_failures, epoch]
        amend_trial_record(study, trial, TrialRecord(worker_failures=failures))
        if epoch is not None and failures[-MAX_DEATHS:] == [epoch] * MAX_DEATHS:
            why = f"{PROCESS_DIED} {MAX_DEATHS} times after epoch {epoch}"
            amend_trial_record(study, trial, TrialRecord(stopped=why))
            study.tell(trial.number, state=TrialState.FAIL)
        else:
            requeue_trial(study, trial, PROCESS_DIED)


def requeue_trial(study: optuna.Study, trial: FrozenTrial, reason: str) -> None:
    """Sets a RUNNING trial to WAITING; its next process resumes it after its last epoch."""
    amend_trial_record(study, trial, TrialRecord(stopped=reason))
    set_trial_state(study, trial, TrialState.WAITING)


def finish_trial(
    study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
) -> None:
    """Ends a RUNNING trial as `Study.tell` does, but does not read it from the database again.

    A pruned trial gets its last intermediate value.
    """
    if state == TrialState.PRUNED and trial.last_step is not None:
        values = [trial.intermediate_values[trial.last_step]]
    study.sampler.after_trial(study, trial, state, values)
    floats = None if values is None else [float(value) for value in values]
    set_trial_state(study, trial, state, floats)
