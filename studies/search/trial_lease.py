"""The lease of a trial, which lets one process write to it, and requeuing of trials.

A process loses the lease when another process requeues its trial.
"""

import time
from collections.abc import Sequence

import optuna
import pytorch_lightning as pl
from optuna.trial import FrozenTrial, TrialState

from ...objectives.training_errors import StopRequested
from ...storage.database import HEARTBEAT_S
from ...storage.heartbeats import stale_trials, write_missing_heartbeats
from ...storage.optuna_internals import read_trial, set_trial_state, write_constraint
from ...storage.trial_outcome import (
    INTERRUPTED,
    PROCESS_DIED,
    describe_memory_need,
    reached_epoch,
    violation,
)
from ...storage.trial_record import TrialRecord, amend_trial_record, read_trial_record

FAILED = "failed"
"""Name of the constraint that a failed trial breaks."""
MAX_DEATHS = 3  # a trial fails if its process dies so often after the same epoch


class LeaseLostError(StopRequested):
    """Raised if another process has requeued a trial, because this process sent no heartbeats."""


class TrialLease:
    """The right of this process to write to a trial, until another process requeues it."""

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial = trial
        self.worker_failures = read_trial_record(trial).worker_failures

    def check(self) -> FrozenTrial:
        """Returns the trial as it is in the database now.

        Raises:
            LeaseLostError: If another process has requeued or ended the trial.
        """
        now = read_trial(self.trial)
        failures = read_trial_record(now).worker_failures
        if now.state != TrialState.RUNNING or failures != self.worker_failures:
            raise LeaseLostError
        return now


class CheckLease(pl.Callback):
    """A callback that stops the training of a trial which another process has requeued.

    It checks the lease before validation, so that no epoch of such a trial is reported. One check
    in the time between two heartbeats is enough: a lease is lost after several missed heartbeats.
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
    """Requeues the RUNNING trials of dead processes, and returns all trials of the study.

    A process is dead if the last heartbeat of its trial is too old. If `is_only_process` is True,
    no other process works on the study, so every RUNNING trial is requeued.
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
    """Requeues the RUNNING trials with these numbers, whose processes died at the same moment.

    A trial is not requeued but fails if its process has died alone three times in a row after the
    same epoch, because its configuration is then the cause. If several processes die together,
    the cause is something else.
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
            finish_trial(study, trial, TrialState.FAIL, None)
        else:
            requeue_trial(study, trial, PROCESS_DIED)


def requeue_interrupted(study: optuna.Study, numbers: Sequence[int]) -> None:
    """Requeues the RUNNING trials with these numbers, whose processes were asked to stop."""
    trials = study.get_trials(deepcopy=False)
    for number in numbers:
        if trials[number].state == TrialState.RUNNING:
            requeue_trial(study, trials[number], INTERRUPTED)


def fail_for_memory(study: optuna.Study, numbers: Sequence[int], batch_size: int | None) -> None:
    """Ends the RUNNING trials with these numbers, whose processes were killed for their memory."""
    trials = study.get_trials(deepcopy=False)
    for trial in (trials[number] for number in numbers):
        if trial.state == TrialState.RUNNING:
            size = trial.params.get("batch_size", batch_size)
            reason = describe_memory_need(read_trial_record(trial).parameters, size)
            amend_trial_record(study, trial, TrialRecord(stopped=reason))
            finish_trial(study, trial, TrialState.FAIL, None)


def requeue_trial(study: optuna.Study, trial: FrozenTrial, reason: str) -> None:
    """Sets a RUNNING trial to WAITING and records the reason.

    The process that runs the trial next resumes it after its last epoch.
    """
    amend_trial_record(study, trial, TrialRecord(stopped=reason))
    set_trial_state(study, trial, TrialState.WAITING)


def finish_trial(
    study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
) -> None:
    """Ends a RUNNING trial with a state and values, as `Study.tell` does.

    Unlike `Study.tell`, it does not read the trial from the database again. The value of a pruned
    trial is its last intermediate value. A FAIL trial gets a constraint that it breaks, by which
    samplers avoid such parameters.
    """
    if state == TrialState.PRUNED and trial.last_step is not None:
        values = [trial.intermediate_values[trial.last_step]]
    study.sampler.after_trial(study, trial, state, values)
    if state == TrialState.FAIL and not violation(trial):
        write_constraint(study, trial, FAILED, 1.0)
    elif state != TrialState.FAIL and FAILED in trial.constraints:
        # The trial had failed before, but its process died before the next write.
        write_constraint(study, trial, FAILED, 0.0)
    floats = None if values is None else [float(value) for value in values]
    set_trial_state(study, trial, state, floats)
