"""The recent gain: what the last finished trials of a study have brought, beside seeds' spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import optuna
from optuna.trial import FrozenTrial, TrialState

from ....storage.study_record import read_study_record
from ....storage.study_summary import format_value
from ....storage.trial_outcome import finished_trials
from .seed_spread import SeedSpread


@dataclass(frozen=True)
class RecentGain:
    """The best value before and after the last finished trials.

    Attributes:
        metric: Name of the objective.
        trials: Number of these trials.
        before: The best value of the trials before them.
        after: The best value of all trials.
    """

    metric: str
    trials: int
    before: float
    after: float

    @property
    def amount(self) -> float:
        """How much better the best value has become, at least 0."""
        return abs(self.after - self.before)

    def __str__(self) -> str:
        trials = "trial" if self.trials == 1 else f"{self.trials} trials"
        if not self.amount:
            return f"the last {trials} brought no better {self.metric} than {self.before:.4g}"
        values = f"{self.before:.4g} -> {self.after:.4g}"
        share = f"{relative(self.amount, self.before)} " if self.before else ""
        return f"the last {trials} improved {self.metric} by {share}({values})"


def relative(amount: float, value: float) -> str:
    """Returns an amount as text, in per cent of a value, or as it is if the value is 0."""
    return f"{100 * amount / abs(value):.2g} %" if value else format_value(amount)


def by_completion(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Returns the finished trials in the order in which they were finished."""
    finished = finished_trials(trials)
    return sorted(finished, key=lambda t: (t.datetime_complete or datetime.min, t.number))


def recent_gain(
    study: optuna.Study, trials: Sequence[FrozenTrial], n_last: int
) -> RecentGain | None:
    """Returns what the last `n_last` finished trials of a study have brought.

    Pruned and failed trials are finished too. None if the study has several objectives, or if no
    trial was complete before the last ones.

    `trials` are all trials of the study.
    """
    finished = by_completion(trials)
    complete = [trial.state == TrialState.COMPLETE for trial in finished]
    if len(study.directions) > 1 or not any(complete[:-n_last]):
        return None
    choose = min if study.direction.name == "MINIMIZE" else max
    values = [t.values[0] if done else None for t, done in zip(finished, complete, strict=True)]
    before = choose(value for value in values[:-n_last] if value is not None)
    after = choose(value for value in values if value is not None)
    (metric,) = read_study_record(study).metric_names
    return RecentGain(metric, n_last, before, after)


def describe_gain(gain: RecentGain, spread: SeedSpread | None, study_name: str) -> str:
    """Returns a sentence with a gain and the spread of seeds, or how to measure the spread."""
    if spread is None:
        return f"{gain}; how much seeds differ is not known: latentune confirm {study_name}"
    return f"{gain}; seeds differ by {relative(spread.std, gain.after)} ({spread.source})"
