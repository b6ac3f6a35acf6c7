"""The callbacks between Lightning and Optuna: they follow a training, and stop bad trials."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import optuna
import pytorch_lightning as pl
from optuna.trial import BaseTrial

from ..models.errors import LatentuneError

Direction = Literal["minimize", "maximize"]
MODES: dict[Direction, Literal["min", "max"]] = {"minimize": "min", "maximize": "max"}
"""What Lightning calls the directions."""

PROVENANCE, STOPPED = "provenance", "stopped"
"""What a trial records of itself when its training begins, and why it ended or waits again."""
PRUNED = "pruned"
"""What a trial records the step under after which the pruner has given it up."""


class MonitorError(LatentuneError, ValueError):
    """The monitored metric is not among those that the model logs."""


class DivergenceError(ArithmeticError):
    """The monitored metric is no longer a finite number."""


class MetricTracker(pl.Callback):
    """Remembers what a training is worth.

    Args:
        metrics: Names of metrics that the model logs in validation, and which way each is
            better. Of one metric the best epoch counts. Of several, between which a trial is a
            compromise, the last epoch does.

    Attributes:
        values: The metrics of the epoch that counts.
        best_epoch: That epoch, counted from 1.
        epochs: How many epochs there were.

    Raises:
        MonitorError: After the first epoch, if the model does not log a metric.
        DivergenceError: After an epoch of which a metric is NaN or infinite.
    """

    def __init__(self, metrics: Mapping[str, Direction]) -> None:
        self.metrics = metrics
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
        self.on_epoch_metrics(values, trainer.max_epochs)

    def on_epoch_metrics(self, values: tuple[float, ...], max_epochs: int | None) -> None:
        """Does something with the metrics of the epoch that is over; nothing by itself."""

    def state_dict(self) -> dict[str, Any]:
        return {"values": self.values, "best_epoch": self.best_epoch, "epochs": self.epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        vars(self).update(state_dict)

    def _improves(self, value: float) -> bool:
        (direction,) = self.metrics.values()
        return value < self.values[0] if direction == "minimize" else value > self.values[0]


class PruningCallback(MetricTracker):
    """Reports the metric to a trial after every epoch, too.

    optuna-integration's callback needs the `lightning` distribution, and only warns when the
    metric is missing; a study would then never prune and never say so.

    Args:
        metrics: The one metric.
        reports: Where to report it.

    Raises:
        optuna.TrialPruned: After an epoch at which the study's pruner gives the trial up.
    """

    def __init__(self, metrics: Mapping[str, Direction], reports: "TrialReporter") -> None:
        super().__init__(metrics)
        self.reports = reports

    def on_epoch_metrics(self, values: tuple[float, ...], max_epochs: int | None) -> None:
        # A trial that has had all its epochs is complete, however bad.
        self.reports.add(values[0], self.epochs, last=self.epochs == max_epochs)


class EpochCounter(MetricTracker):
    """Writes down how far a trial has come that Optuna takes no report of after an epoch.

    Args:
        metrics: The metrics.
        trial: The trial.
        before: Epochs that it has had in other trainings.
    """

    def __init__(
        self, metrics: Mapping[str, Direction], trial: BaseTrial, before: int = 0
    ) -> None:
        super().__init__(metrics)
        self.trial, self.before = trial, before

    def on_epoch_metrics(self, values: tuple[float, ...], max_epochs: int | None) -> None:
        self.trial.set_user_attr("epochs", self.before + self.epochs)


class TrialReporter:
    """What a trial reports, step by step, to be compared with others.

    A trial that goes on from before its last report repeats some steps: nothing is reported or
    asked again of these, and what the pruner has decided once holds.

    Args:
        trial: The trial; of a study, or of none.
    """

    def __init__(self, trial: BaseTrial) -> None:
        self.trial, self.last = trial, 0
        # One that begins has no reports, and to look for them is a transaction.
        if isinstance(trial, optuna.Trial) and trial.user_attrs.keys() & {PROVENANCE, STOPPED}:
            known = trial.storage.get_trial(trial._trial_id).intermediate_values
            self.last = max(known, default=0)

    def add(self, value: float, step: int, *, last: bool) -> None:
        """Reports a value, and asks the pruner about it unless it is the last one.

        Raises:
            optuna.TrialPruned: If the pruner gives the trial up.
        """
        if step > self.last:
            self.trial.report(value, step)
        if not last and self._should_prune(step):
            raise optuna.TrialPruned(f"pruned after step {step}")

    def _should_prune(self, step: int) -> bool:
        """Asks the pruner, and writes down at once if it gives the trial up.

        Hyperband has noted then that the trial has reached a rung, and would let it pass if the
        process died and another one asked.
        """
        if self.trial.user_attrs.get(PRUNED) == step:
            return True
        if step < self.last or not self.trial.should_prune():
            return False
        self.trial.set_user_attr(PRUNED, step)
        return True
