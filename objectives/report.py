"""The callback between Lightning and Optuna: reports each epoch, and stops bad trials."""

import math
from typing import Literal

import optuna
import pytorch_lightning as pl
from optuna.trial import BaseTrial

Direction = Literal["minimize", "maximize"]


class MonitorError(ValueError):
    """The monitored metric is not among those that the model logs."""


class Diverged(ArithmeticError):  # noqa: N818 - it is a state of a trial
    """The monitored metric is no longer a finite number."""


class ReportEpochs(pl.Callback):
    """Reports the monitored metric to a trial after every epoch and remembers the best one.

    optuna-integration's callback needs the `lightning` distribution, and only warns when the
    metric is missing; a study would then never prune and never say so.

    Args:
        trial: The trial to report to.
        monitor: Name of a metric that the model logs in validation.
        direction: Which way is better.

    Raises:
        MonitorError: After the first epoch, if the model does not log the metric.
        Diverged: After an epoch whose metric is NaN or infinite.
        optuna.TrialPruned: After an epoch at which the study's pruner gives the trial up.
    """

    def __init__(self, trial: BaseTrial, monitor: str, direction: Direction) -> None:
        self.trial, self.monitor, self.direction = trial, monitor, direction
        self.best_value = math.inf if direction == "minimize" else -math.inf
        self.best_epoch = -1
        self.epochs = 0

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.sanity_checking:
            return
        epoch = trainer.current_epoch
        logged = trainer.callback_metrics
        if self.monitor not in logged:
            names = ", ".join(sorted(logged)) or "nothing"
            raise MonitorError(f"validation never logs {self.monitor!r}; it logs: {names}")
        value = float(logged[self.monitor])
        self.epochs = epoch + 1
        if not math.isfinite(value):
            raise Diverged(f"{self.monitor} is {value} after epoch {self.epochs}")
        better = (
            value < self.best_value if self.direction == "minimize" else value > self.best_value
        )
        if better:
            self.best_value, self.best_epoch = value, self.epochs
        self.trial.report(value, step=self.epochs)
        # A trial that has had all its epochs is complete, however bad.
        if self.epochs != trainer.max_epochs and self.trial.should_prune():
            raise optuna.TrialPruned(f"pruned after epoch {self.epochs}")
