"""The score of a trial: that of the best epoch of one training, or the mean of several ones."""

from collections.abc import Mapping
from statistics import fmean, stdev

import optuna
from optuna.trial import BaseTrial

from ..models.types import Direction
from ..storage.optuna_internals import read_trial
from ..storage.trial_record import (
    TrainingResult,
    TrialRecord,
    read_trial_record,
    write_trial_record,
)
from .metric_tracker import MetricTracker


class TrialScore:
    """The outcomes of a trial's trainings, in this process and in earlier ones.

    A trial that is trained once reports its epochs. A trial that is trained several times reports
    the score of each training, so that trials are compared on the same seed or fold.

    Args:
        trial: The trial.
        metrics: Names of the metrics, and which way each is better.
        n_trainings: How many trainings the trial has, at least 1.

    Attributes:
        outcomes: The result of each finished training.
    """

    def __init__(
        self, trial: BaseTrial, metrics: Mapping[str, Direction], n_trainings: int
    ) -> None:
        self.trial, self.metrics, self.n_trainings = trial, metrics, n_trainings
        record = read_trial_record(trial)
        self.outcomes = list(record.trainings)
        self._tracker: MetricTracker | None = None
        self._last_step = 0  # a new trial has no reports, and reading them is a transaction
        if isinstance(trial, optuna.Trial) and (record.provenance or record.stopped):
            self._last_step = max(read_trial(trial).intermediate_values, default=0)

    def start_training(self) -> MetricTracker:
        """Returns the callback that tracks the next training."""
        self._tracker = MetricTracker(self.metrics, self._on_epoch)
        return self._tracker

    def _on_epoch(self, values: tuple[float, ...], is_last: bool) -> None:
        assert self._tracker is not None
        epochs = self._tracker.epochs
        if self.n_trainings == len(values) == 1:
            self._report(values[0], epochs, is_last)
        else:  # no epoch is reported to Optuna
            before = sum(outcome.epochs for outcome in self.outcomes)
            write_trial_record(self.trial, TrialRecord(epochs=before + epochs))

    def finish_training(self) -> None:
        """Records the outcome of the current training."""
        assert self._tracker is not None
        self.outcomes.append(_outcome(self._tracker))
        self._tracker = None
        if self.n_trainings > 1:
            write_trial_record(self.trial, TrialRecord(trainings=self.outcomes))

    def report(self) -> None:
        """Reports the score of the last finished training, if the trial has several.

        Raises:
            optuna.TrialPruned: If the study's pruner stops the trial.
        """
        step = len(self.outcomes)
        if step and self.n_trainings > 1 and len(self.metrics) == 1:
            (value,) = self.outcomes[-1].values
            self._report(value, step, step == self.n_trainings)

    def _report(self, value: float, step: int, is_last: bool) -> None:
        """Reports a value, and asks the pruner unless it is the last one.

        A resumed trial repeats some steps, which are not reported again.
        """
        if step > self._last_step:
            self.trial.report(value, step)
        if not is_last and self._should_prune(step):
            raise optuna.TrialPruned(f"pruned after step {step}")

    def _should_prune(self, step: int) -> bool:
        """Asks the pruner, and records at once if it stops the trial.

        Hyperband remembers that the trial has reached a rung. If the process died and another
        process asked again, the pruner would not stop the trial.
        """
        if read_trial_record(self.trial).pruned_at == step:
            return True
        if step < self._last_step or not self.trial.should_prune():
            return False
        write_trial_record(self.trial, TrialRecord(pruned_at=step))
        return True

    @property
    def values(self) -> tuple[float, ...]:
        """The means of the metrics over the trainings."""
        return tuple(map(fmean, self._columns()))

    @property
    def spread(self) -> tuple[float, ...]:
        """The standard deviations of the metrics over at least two trainings."""
        return tuple(map(stdev, self._columns()))

    def record_outcome(self, stopped: str) -> None:
        """Records on the trial why it ended, and after how many epochs."""
        known = [*self.outcomes, *([_outcome(self._tracker)] if self._tracker else [])]
        epochs = sum(outcome.epochs for outcome in known)
        best_epoch = round(fmean(outcome.best_epoch for outcome in known))
        record = TrialRecord(stopped=stopped, epochs=epochs, best_epoch=best_epoch)
        write_trial_record(self.trial, record)
        if len(self.outcomes) == self.n_trainings > 1:
            write_trial_record(self.trial, TrialRecord(spread=list(self.spread)))

    def _columns(self) -> list[list[float]]:
        values = [outcome.values for outcome in self.outcomes]
        return list(map(list, zip(*values, strict=True)))


def _outcome(tracker: MetricTracker) -> TrainingResult:
    return TrainingResult(
        values=list(tracker.values), epochs=tracker.epochs, best_epoch=tracker.best_epoch
    )
