"""What a training has logged: a row an epoch, and the best of them."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint

from .objective import Objective
from .randomness import random_state, set_random_state

BEST, LAST = "model.ckpt", "last.ckpt"
STATE = "KeepEpochs"
"""Under which name a checkpoint holds the state of the callback below."""


def best_row_of(history: pd.DataFrame, objective: Objective) -> dict[str, float]:
    """Returns the row of the best epoch; of several objectives, that of the last one."""
    best = history.iloc[-1]
    if objective.best_by is not None:
        name, way = objective.best_by
        best = history.sort_values(name, ascending=way == "minimize", kind="stable").iloc[0]
    return {str(name): float(value) for name, value in best.items()}


class KeepEpochs(Checkpoint):
    """Keeps metrics, the best weights, and whatever training needs to go on, after each epoch.

    A checkpoint of Lightning lacks the generators that the next epoch draws from, and the rows of
    the epochs before; both are in the state of this callback. On the CPU, a training that was
    stopped and went on ends with the numbers of one that was not.

    Args:
        objective: What makes an epoch the best.
        folder: Where `metrics.csv` goes, with a row an epoch, counted from 1; `model.ckpt`, with
            the weights of the best epoch; and `last.ckpt`, of which training goes on.
        settings: What training depends on, as plain values, so that others are not gone on with.

    Attributes:
        rows: The metrics of each epoch.
    """

    def __init__(self, objective: Objective, folder: Path, settings: Mapping[str, Any]) -> None:
        self.objective, self.folder, self.settings = objective, folder, dict(settings)
        self.rows: list[dict[str, float]] = []
        self._spent, self._since = 0.0, time.perf_counter()

    @property
    def state_key(self) -> str:
        return STATE

    @property
    def history(self) -> pd.DataFrame:
        """The rows as a table."""
        return pd.DataFrame(self.rows)

    @property
    def seconds(self) -> float:
        """How long training took, without the time between being stopped and going on."""
        return self._spent + time.perf_counter() - self._since

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for config in trainer.lr_scheduler_configs:
            # Lightning steps these by a metric after a checkpoint, so that it lacks the last step.
            by_metric = config.reduce_on_plateau and config.interval == "epoch"
            if self.rows and by_metric and pl_module.automatic_optimization:
                scheduler: Any = config.scheduler
                scheduler.step(self.rows[-1][str(config.monitor)])

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        logged = trainer.callback_metrics
        row = {"epoch": trainer.current_epoch + 1, **{n: float(logged[n]) for n in sorted(logged)}}
        self.rows.append(row)
        self.history.to_csv(self.folder / "metrics.csv", index=False)
        if best_row_of(self.history, self.objective)["epoch"] == row["epoch"]:
            _save(trainer, self.folder / BEST, weights_only=True)
        _save(trainer, self.folder / LAST, weights_only=False)

    def state_dict(self) -> dict[str, Any]:
        return {
            "settings": self.settings,
            "rows": self.rows,
            "seconds": self.seconds,
            "random": random_state(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        # Before loaders are asked for the next epoch, some of which draw its order at once.
        self.rows, self._spent = state_dict["rows"], state_dict["seconds"]
        set_random_state(state_dict["random"])


def _save(trainer: pl.Trainer, path: Path, *, weights_only: bool) -> None:
    partial = path.with_name(f".{path.name}.partial")
    trainer.save_checkpoint(partial, weights_only)
    os.replace(partial, path)  # at once, so that a kill leaves the one before
