"""The pace of a training, which a callback reports while the training makes steps."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytorch_lightning as pl

clock = time.monotonic


class Pace(NamedTuple):
    """The slowest step of a training so far, in seconds, and the number of finished epochs."""

    slowest: float
    epochs: int


class ReportPace(pl.Callback):
    """Reports the pace of a training every few seconds, and None at its end.

    A step is the time between two hooks, so validation, metrics and checkpoints are steps too.
    There is no pace before the first training step has ended.

    Args:
        report: Called with the pace.
        interval: Least number of seconds between two reports.
    """

    accepts_groups = True

    def __init__(self, report: Callable[[Pace | None], None], interval: float) -> None:
        self.report, self.interval = report, interval
        self._slowest, self._stepped_at, self._reported_at = 0.0, clock(), -interval
        self._has_stepped = False

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._stepped_at = clock()

    def on_train_batch_start(self, trainer: pl.Trainer, *args: Any) -> None:
        self._step(trainer)

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        self._has_stepped = True
        self._step(trainer)

    def on_validation_batch_start(self, trainer: pl.Trainer, *args: Any) -> None:
        self._step(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._step(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.report(None)

    def on_exception(self, *args: Any) -> None:
        self.report(None)

    def _step(self, trainer: pl.Trainer) -> None:
        now = clock()
        self._slowest = max(self._slowest, now - self._stepped_at)
        self._stepped_at = now
        if self._has_stepped and now - self._reported_at >= self.interval:
            self._reported_at = now
            self.report(Pace(self._slowest, trainer.current_epoch))
