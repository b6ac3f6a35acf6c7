"""Which trials of a study are finished, and why a trial ended or waits."""

from collections.abc import Sequence

from optuna.trial import BaseTrial, FrozenTrial, TrialState

from .trial_record import read_trial_record

INTERRUPTED = "interrupted"
PROCESS_DIED = "its process died"
REJECTED = "rejected"
OUT_OF_MEMORY = "out of memory"
STATE_NAMES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}
"""The word for each state of a trial in messages to users; see also `state_name`."""


def finished_trials(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Returns the complete, pruned and failed trials. Only these count towards a study's total.

    Rejected trials, whose networks exceed a limit, are not among them.
    """
    return [trial for trial in trials if trial.state.is_finished() and not is_rejected(trial)]


def is_rejected(trial: FrozenTrial) -> bool:
    """Returns whether a trial was rejected because its network exceeds a limit of the study."""
    return trial.state == TrialState.FAIL and read_trial_record(trial).rejected


def state_name(trial: FrozenTrial) -> str:
    """Returns the word for the state of a trial in messages to users, such as `pruned`."""
    return REJECTED if is_rejected(trial) else STATE_NAMES[trial.state]


def violation(trial: BaseTrial) -> float:
    """Returns the sum of the constraints that a trial breaks; 0 if the trial is feasible."""
    return sum(value for value in trial.constraints.values() if value > 0)


def unfinished_trials(trials: Sequence[FrozenTrial]) -> set[int]:
    """Returns the numbers of the trials that have been started and have not ended."""
    return {
        trial.number
        for trial in trials
        if trial.state == TrialState.RUNNING
        or (trial.state == TrialState.WAITING and read_trial_record(trial).stopped)
    }


def stop_reason(trial: FrozenTrial) -> str:
    """Returns, in words for users, why a trial ended or waits to be resumed."""
    reason = read_trial_record(trial).stopped
    if trial.state.is_finished():
        return reason or (PROCESS_DIED if trial.state == TrialState.FAIL else "")
    if reason and trial.state == TrialState.WAITING:
        return f"{reason} after epoch {reached_epoch(trial)}"
    return ""


def describe_memory_need(
    parameters: int | None, batch_size: int | None, peak_bytes: int | None = None
) -> str:
    """Returns the reason of a trial that ran out of memory, with its size as far as known."""
    facts = []
    if parameters is not None:
        facts.append(f"{parameters:,} parameter{'' if parameters == 1 else 's'}")
    if batch_size is not None:
        facts.append(f"batch of {batch_size:,}")
    if peak_bytes:
        facts.append(f"{peak_bytes / 2**30:.2f} GiB at its peak")
    return ": ".join(filter(None, [OUT_OF_MEMORY, ", ".join(facts)]))


def reached_epoch(trial: FrozenTrial) -> int:
    """Returns the last epoch that a trial has reported or recorded."""
    return max(len(trial.intermediate_values), read_trial_record(trial).epochs or 0)
