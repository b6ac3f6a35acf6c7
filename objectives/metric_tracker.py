"""A callback that tracks the metrics of the epoch that counts."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import pytorch_lightning as pl

from ..models.types import Direction
from .training_errors import DivergenceError, MonitorError


class MetricTracker(pl.Callback):
    """Tracks the score of a training: one metric at its best epoch, or several at the last epoch.

    With several metrics, no single epoch is the best for all of them.

    Args:
        metrics: Metrics that are logged in validation, and which way each is better.
        on_epoch: Called after each epoch with its metrics, and whether it is the last one.

    Attributes:
        values: The metrics of the epoch that counts.
        best_epoch: The epoch that counts, starting at 1.
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
