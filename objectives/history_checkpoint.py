"""HistoryCheckpoint: records the metrics of each epoch, and keeps the best and last checkpoint."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
import torch

from .objective import Objective
from .resumable_checkpoint import ResumableCheckpoint, logged_metrics, save_checkpoint

BEST_CHECKPOINT, LAST_CHECKPOINT = "model.ckpt", "last.ckpt"
LOSS = "val_loss"
STATE_KEY = "HistoryCheckpoint"
"""The key of this callback's state in a Lightning checkpoint."""


def find_best_row(history: pd.DataFrame, objective: Objective) -> dict[str, float]:
    """Returns the row of the best epoch; if the objective has several metrics, the last row.

    Of equally good epochs, it is the one with the least validation loss, if that is logged: many
    epochs have the same accuracy on few items.
    """
    best = history.iloc[-1]
    if objective.monitor is not None:
        name, way = objective.monitor
        names = [name, *({LOSS} & set(history) - {name})]
        order = [way == "minimize", True][: len(names)]
        best = history.sort_values(names, ascending=order, kind="stable").iloc[0]
    return {str(name): float(value) for name, value in best.items()}


class HistoryCheckpoint(ResumableCheckpoint):
    """Writes the metrics, the best weights and a resumable checkpoint after each epoch.

    Args:
        objective: The objective; its metric decides which epoch is the best.
        folder: The folder for three files. `metrics.csv` has a row per epoch, starting at 1.
            `model.ckpt` has the weights of the best epoch. Training resumes from `last.ckpt`.
        settings: Plain values that training depends on. Training resumes only if these values are
            equal.

    Attributes:
        rows: The metrics of each epoch.
        threads: The number of PyTorch's threads. The keys are the epochs from which on it was
            used. A resumed training goes on with the last number.
    """

    def __init__(self, objective: Objective, folder: Path, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.objective, self.folder, self.settings = objective, folder, dict(settings)
        self.rows: list[dict[str, float]] = []
        self.threads: dict[str, int] = {}
        self._earlier_seconds, self._started = 0.0, time.perf_counter()

    @property
    def state_key(self) -> str:
        return STATE_KEY

    @property
    def history(self) -> pd.DataFrame:
        """The metrics of all epochs as a table."""
        return pd.DataFrame(self.rows)

    @property
    def seconds(self) -> float:
        """The duration of training in seconds, without interruptions."""
        return self._earlier_seconds + time.perf_counter() - self._started

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.metrics = logged_metrics(trainer)
        row = {"epoch": trainer.current_epoch + 1, **self.metrics}
        self.rows.append(row)
        if [*self.threads.values()][-1:] != [torch.get_num_threads()]:
            self.threads[str(row["epoch"])] = torch.get_num_threads()
        self.history.to_csv(self.folder / "metrics.csv", index=False)
        if find_best_row(self.history, self.objective)["epoch"] == row["epoch"]:
            self._save(trainer, BEST_CHECKPOINT, weights_only=True)
        self._save(trainer, LAST_CHECKPOINT, weights_only=False)

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {
            "settings": self.settings,
            "rows": self.rows,
            "threads": self.threads,
            "seconds": self.seconds,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows, self._earlier_seconds = state_dict["rows"], state_dict["seconds"]
        self.threads = state_dict["threads"]
        torch.set_num_threads([*self.threads.values()][-1])
        super().load_state_dict({"metrics": self.rows[-1], **state_dict})

    def _save(self, trainer: pl.Trainer, name: str, *, weights_only: bool) -> None:
        save_checkpoint(trainer, self.folder / name, weights_only=weights_only)
