"""The score of a trial: the metrics of its best epoch, or their means over several trainings."""

import math
from collections.abc import Callable, Mapping
from statistics import fmean, stdev
from typing import Any

import optuna
import pytorch_lightning as pl
from optuna.trial import BaseTrial

from ..models.types import Direction
from ..storage.optuna_internals import read_trial
from ..storage.trial_record import (
    TrainingResult,
    TrialRecord,
    read_trial_record,
    write_trial_record,
)
from .training_errors import DivergenceError, MonitorError, TimeOver


class MetricTracker(pl.Callback):
    """A callback that records the score of a training.

    One metric is taken from its best epoch. Several metrics are taken from the last epoch, because
    no single epoch is the best for all of them.

    Args:
        metrics: Names of metrics that are logged in validation, with their directions.
        on_epoch: Called after each epoch with the metrics, and with whether the epoch is the last
            one.

    Attributes:
        values: The metrics of the best or last epoch.
        best_epoch: The number of the epoch that `values` come from, starting at 1.
        epochs: Number of epochs so far.

    Raises:
        MonitorError: After the first epoch, if a metric is not logged.
        DivergenceError: After an epoch in which a metric is NaN or infinite.
    """

    def __init__(
        self,
        metrics: Mapping[str, Direction],
        on_epoch: Callable[[tuple[float, ...], bool], None] | None = None,
    ) -> None:
        self.metrics, self.on_epoch = metrics, on_epoch
        self.values: tuple[float, ...] = ()
        self.best_epoch = -1
        self.epochs = 0

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.sanity_checking:
            return
        logged = trainer.callback_metrics
        for name in self.metrics:
            if name not in logged:
                names = ", ".join(sorted(logged)) or "nothing"
                raise MonitorError(f"validation never logs {name!r}; it logs: {names}")
        values = tuple(float(logged[name]) for name in self.metrics)
        self.epochs = trainer.current_epoch + 1
        for name, value in zip(self.metrics, values, strict=True):
            if not math.isfinite(value):
                raise DivergenceError(f"{name} is {value} after epoch {self.epochs}")
        if len(values) > 1 or not self.values or self._improves(values[0]):
            self.values, self.best_epoch = values, self.epochs
        if self.on_epoch is not None:
            self.on_epoch(values, self.epochs == trainer.max_epochs)

    def state_dict(self) -> dict[str, Any]:
        return {"values": self.values, "best_epoch": self.best_epoch, "epochs": self.epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        vars(self).update(state_dict)

    def _improves(self, value: float) -> bool:
        (direction,) = self.metrics.values()
        return value < self.values[0] if direction == "minimize" else value > self.values[0]


class TrialScore:
    """Collects the scores of all trainings of a trial, including those of earlier processes.

    A trial with one training reports each epoch to Optuna. A trial with several trainings reports
    the score of each training, so that trials are compared on the same seed or fold.

    Args:
        trial: The trial.
        metrics: Names of the metrics, with their directions.
        n_trainings: Number of trainings of the trial, at least 1.

    Attributes:
        outcomes: The result of each finished training.
        time_limit: The time limit in seconds that has ended a training; None if none has.
    """

    def __init__(
        self, trial: BaseTrial, metrics: Mapping[str, Direction], n_trainings: int
    ) -> None:
        self.trial, self.metrics, self.n_trainings = trial, metrics, n_trainings
        record = read_trial_record(trial)
        self.outcomes, self.time_limit = list(record.trainings), record.time_limit
        self._tracker: MetricTracker | None = None
        self._last_step = 0  # a new trial has no reports, and reading them is a transaction
        if isinstance(trial, optuna.Trial) and (record.provenance or record.stopped):
            self._last_step = max(read_trial(trial).intermediate_values, default=0)

    def start_training(self) -> MetricTracker:
        """Returns a callback that tracks the next training."""
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

    def record_time_limit(self, end: TimeOver) -> None:
        """Records that a time limit has ended the current training.

        Raises:
            TimeOver: If the training has finished no epoch.
        """
        assert self._tracker is not None
        if not self._tracker.epochs:
            raise TimeOver(end.seconds, " before its first epoch")
        self.time_limit = end.seconds
        write_trial_record(self.trial, TrialRecord(time_limit=end.seconds))

    def finish_training(self) -> None:
        """Records the result of the current training."""
        assert self._tracker is not None
        self.outcomes.append(_to_training_result(self._tracker))
        self._tracker = None
        if self.n_trainings > 1:
            write_trial_record(self.trial, TrialRecord(trainings=self.outcomes))

    def report(self) -> None:
        """Reports the score of the last finished training to Optuna, if the trial has several.

        Raises:
            optuna.TrialPruned: If the study's pruner stops the trial.
        """
        step = len(self.outcomes)
        if step and self.n_trainings > 1 and len(self.metrics) == 1:
            (value,) = self.outcomes[-1].values
            self._report(value, step, step == self.n_trainings)

    def _report(self, value: float, step: int, is_last: bool) -> None:
        """Reports a value to Optuna, and raises TrialPruned if the pruner stops the trial.

        The pruner is not asked about the last value. A resumed trial repeats some steps; their
        values are not reported again.
        """
        if step > self._last_step:
            self.trial.report(value, step)
        if not is_last and self._should_prune(step):
            raise optuna.TrialPruned(f"pruned after step {step}")

    def _should_prune(self, step: int) -> bool:
        """Returns whether the pruner stops the trial, and records at once if it does.

        Hyperband remembers that the trial has reached a rung. If the process died before
        recording, another process would ask the pruner again, and it would not stop the trial.
        """
        if read_trial_record(self.trial).pruned_at == step:
            return True
        if step < self._last_step or not self.trial.should_prune():
            return False
        write_trial_record(self.trial, TrialRecord(pruned_at=step))
        return True

    @property
    def values(self) -> tuple[float, ...]:
        """The mean of each metric over the trainings."""
        return tuple(map(fmean, self._values_by_metric()))

    @property
    def spread(self) -> tuple[float, ...]:
        """The standard deviation of each metric over at least two trainings."""
        return tuple(map(stdev, self._values_by_metric()))

    def record_outcome(self, stopped: str) -> None:
        """Records on the trial why it ended (`stopped`), and after how many epochs."""
        known = [*self.outcomes, *([_to_training_result(self._tracker)] if self._tracker else [])]
        epochs = sum(outcome.epochs for outcome in known)
        best_epoch = round(fmean(outcome.best_epoch for outcome in known))
        record = TrialRecord(stopped=stopped, epochs=epochs, best_epoch=best_epoch)
        write_trial_record(self.trial, record)
        if len(self.outcomes) == self.n_trainings > 1:
            write_trial_record(self.trial, TrialRecord(spread=list(self.spread)))

    def _values_by_metric(self) -> list[list[float]]:
        values = [outcome.values for outcome in self.outcomes]
        return list(map(list, zip(*values, strict=True)))


def _to_training_result(tracker: MetricTracker) -> TrainingResult:
    return TrainingResult(
        values=list(tracker.values), epochs=tracker.epochs, best_epoch=tracker.best_epoch
    )
