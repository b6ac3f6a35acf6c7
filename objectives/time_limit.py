"""Callbacks that end a training before its last epoch: after some time, or after some epochs."""

import time
from dataclasses import replace
from typing import Any

import pytorch_lightning as pl

from ..storage.trial_record import TrialRecord
from .objective import Objective
from .training_errors import TimeOver

clock = time.monotonic


class TimeLimit(pl.Callback):
    """Raises `TimeOver` before the first step after a training has used up its time.

    The time before an interruption counts: a checkpoint holds the seconds of the epochs before it.

    Args:
        seconds: The time limit of a trial, above 0.
        n_trainings: Number of trainings of the trial; each has an equal share of the time.
    """

    accepts_groups = True

    def __init__(self, seconds: float, n_trainings: int) -> None:
        self.seconds, self.share = seconds, seconds / n_trainings
        self._earlier_seconds, self._started = 0.0, clock()

    def on_train_batch_start(self, *args: Any) -> None:
        self._check()

    def on_validation_batch_start(self, *args: Any) -> None:
        self._check()

    def _check(self) -> None:
        if self._used_seconds >= self.share:
            raise TimeOver(self.seconds)

    @property
    def _used_seconds(self) -> float:
        return self._earlier_seconds + clock() - self._started

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self._used_seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._earlier_seconds = state_dict["seconds"]


class EpochLimit(pl.Callback):
    """Raises `TimeOver` after some epochs, to repeat a training that a time limit has ended.

    The trainer knows nothing of this end, so a schedule of the learning rate is that of all
    epochs, as it was when the time was over.
    """

    def __init__(self, epochs: int, seconds: float) -> None:
        self.epochs, self.seconds = epochs, seconds

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == self.epochs:
            raise TimeOver(self.seconds)


def repeat_time_limit(objective: Objective, record: TrialRecord) -> Objective:
    """Returns an objective whose trainings end where a time limit has ended those of a trial.

    If no time limit has ended the trial, it returns `objective`.

    Args:
        objective: The objective of the study.
        record: The record of the trial.
    """
    if (seconds := record.time_limit) is None:
        return objective
    epochs = iter([training.epochs for training in record.trainings] or [record.epochs or 0])

    def callbacks(trial: Any) -> list[pl.Callback]:
        return [*objective.callbacks(trial), EpochLimit(next(epochs), seconds)]

    return replace(objective, callbacks=callbacks)
