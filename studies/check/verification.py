"""What became of a trial that was run again: its course then and now, and what has changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from optuna.trial import FrozenTrial, TrialState

from ...storage.trial_record import read_trial_record

Value = float | tuple[float, ...] | str
"""What a trial is worth, of one or several objectives; or the reason why it failed."""

DATA = "data"


@dataclass(frozen=True)
class TrialOutcome:
    """What a trial reported by step, and how it ended."""

    reported: Mapping[int, float]
    end: Value

    @classmethod
    def of(cls, trial: FrozenTrial) -> "TrialOutcome":
        """Returns the course that a trial has recorded."""
        if trial.state == TrialState.FAIL:
            return cls(trial.intermediate_values, read_trial_record(trial).stopped)
        values = tuple(trial.values)
        return cls(trial.intermediate_values, values[0] if len(values) == 1 else values)

    def first_difference(self, other: "TrialOutcome") -> int | None:
        """Returns the first step of which two courses have different values, if there is one."""
        steps = sorted({*self.reported, *other.reported})
        return next((n for n in steps if self.reported.get(n) != other.reported.get(n)), None)

    def at(self, step: int | None) -> Value:
        """Returns the value of a step; the end, if there is none."""
        return self.end if step is None else self.reported.get(step, self.end)


@dataclass(frozen=True)
class Verification:
    """What a trial was, and what it is when it runs again.

    Attributes:
        study: Name of the study.
        trial: Number of the trial.
        state: How it ended, such as `pruned`.
        monitor: What its values are called.
        step: What it reports the values of: each `epoch`, or of several trainings each `training`.
        reproduced: Whether all that it reports is what was recorded, to the last bit.
        epoch: The first epoch or training that differs, counted from 1; None if none does, or
            nothing was run.
        recorded: The value of that epoch, else what the trial was worth; a reason if it failed.
        now: The same of today; None if nothing was run.
        changed: What is not as it was: what was recorded and what it is now, by its name.
        notes: What else is to be known.
    """

    study: str
    trial: int
    state: str
    monitor: str
    step: str
    reproduced: bool
    epoch: int | None
    recorded: Value
    now: Value | None
    changed: Mapping[str, tuple[object, object]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """What became of the trial, in a line."""
        trial = f"trial {self.trial}, {self.state}"
        if self.now is None:
            return f"{trial}: not run again, because the data are others now"
        values = f"{self.monitor} {_exact(self.recorded)} recorded, {_exact(self.now)} now"
        if self.reproduced:
            return f"{trial}: reproduced, {values}"
        since = "" if self.epoch is None else f" from {self.step} {self.epoch} on"
        return f"{trial}: differs{since}, {values}"

    @property
    def why(self) -> list[str]:
        """What may be the reason of a difference, a line each."""
        lines = [f"{what}: {then} then, {now} now" for what, (then, now) in self.changed.items()]
        if not (lines or self.reproduced):
            lines = ["nothing that was recorded has changed: does the model draw from elsewhere?"]
        return [*lines, *self.notes]

    def __str__(self) -> str:
        return "\n".join([self.line, *(f"  {line}" for line in self.why)])

    __repr__ = __str__  # what a notebook shows


def _exact(value: Value | None) -> str:
    """Returns a value with all its digits."""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
