"""The result of `verify`: the recorded and the repeated outcome of a trial, and what changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from optuna.trial import FrozenTrial, TrialState

from ...storage.trial_record import read_trial_record
from ..display.result import Result

Value = float | tuple[float, ...] | str
"""The value of a trial, the values of several objectives, or the reason of a failure."""


@dataclass(frozen=True)
class TrialOutcome:
    """The values that a trial reported, by step, and its final value."""

    reports: Mapping[int, float]
    value: Value

    @classmethod
    def of_trial(cls, trial: FrozenTrial) -> Self:
        """Returns the recorded outcome of a trial."""
        if trial.state == TrialState.FAIL:
            return cls(trial.intermediate_values, read_trial_record(trial).stopped)
        values = tuple(trial.values)
        return cls(trial.intermediate_values, values[0] if len(values) == 1 else values)

    def first_difference(self, other: Self) -> int | None:
        """Returns the first step with different values in both; None if there is no such step."""
        steps = sorted({*self.reports, *other.reports})
        return next((n for n in steps if self.reports.get(n) != other.reports.get(n)), None)

    def value_at(self, step: int | None) -> Value:
        """Returns the value of a step; the final value if the step is None or was not reached."""
        return self.value if step is None else self.reports.get(step, self.value)


@dataclass(frozen=True, repr=False)
class Verification(Result):
    """The recorded values of a trial, and the values when it is run again.

    Attributes:
        study: Name of the study.
        trial: Number of the trial.
        state: The recorded state, such as `pruned`.
        monitor: Name of the metric.
        step: `epoch` if the trial reports a value per epoch; `training` if it has several
            trainings and reports a value per training.
        reproduced: Whether all reported values equal the recorded ones to the last bit.
        first_difference: The first epoch or training with another value, counted from 1; None if
            there is none, or if the trial was not run again.
        recorded_value: The recorded value of the step `first_difference`; the recorded value of
            the trial if that is None; the reason if the trial failed.
        current_value: The value of the same step in the new run; None if the trial was not run
            again.
        changes: The recorded and the current state of each fact that has changed, by its name.
    """

    study: str
    trial: int
    state: str
    monitor: str
    step: str
    reproduced: bool
    first_difference: int | None
    recorded_value: Value
    current_value: Value | None
    changes: Mapping[str, tuple[object, object]] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The result in one line."""
        trial = f"trial {self.trial}, {self.state}"
        if self.current_value is None:
            return f"{trial}: not run again, because the data have changed"
        values = (
            f"{self.monitor} {_all_digits(self.recorded_value)} recorded, "
            f"{_all_digits(self.current_value)} now"
        )
        if self.reproduced:
            return f"{trial}: reproduced, {values}"
        if self.first_difference is None:
            return f"{trial}: differs, {values}"
        return f"{trial}: differs from {self.step} {self.first_difference} on, {values}"

    @property
    def reasons(self) -> list[str]:
        """Possible reasons of a difference, one per line."""
        lines = [f"{name}: {then} then, {now} now" for name, (then, now) in self.changes.items()]
        if not (lines or self.reproduced):
            lines = [
                "no recorded fact has changed: does the model use a random generator of its own?"
            ]
        return lines

    def __rich__(self) -> str:
        return "\n".join([self.summary, *(f"  {line}" for line in self.reasons)])


def _all_digits(value: Value) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
