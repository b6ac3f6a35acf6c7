"""What a training needs to go on after its last epoch as if it had never been stopped."""

import os
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint

from .rng import get_rng_state, set_rng_state


class ResumableCheckpoint(Checkpoint):
    """Puts into a checkpoint of Lightning what it lacks, and writes it at once or not at all.

    The generators that the next epoch draws from are missing there, and the last step of a
    schedule that goes by a metric. On the CPU, on as many threads, a training that goes on ends
    with the numbers of one that was not stopped.

    Attributes:
        metrics: What the last epoch has logged; a subclass keeps it after each epoch.
    """

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for config in trainer.lr_scheduler_configs:
            # Lightning steps these by a metric after a checkpoint, so that it lacks the last step.
            by_metric = config.reduce_on_plateau and config.interval == "epoch"
            if self.metrics and by_metric and pl_module.automatic_optimization:
                scheduler: Any = config.scheduler
                scheduler.step(self.metrics[str(config.monitor)])

    def state_dict(self) -> dict[str, Any]:
        return {"metrics": self.metrics, "random": get_rng_state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        # Before loaders are asked for the next epoch, some of which draw its order at once.
        self.metrics = state_dict["metrics"]
        set_rng_state(state_dict["random"])


def logged_metrics(trainer: pl.Trainer) -> dict[str, float]:
    """Returns all metrics that an epoch has logged, by name."""
    return {name: float(value) for name, value in sorted(trainer.callback_metrics.items())}


def save(trainer: pl.Trainer, path: Path, partial: Path, *, weights_only: bool = False) -> None:
    """Writes a checkpoint at once, so that a kill leaves the one before.

    Args:
        trainer: What is saved.
        path: Where to.
        partial: Where it grows; it is in the same folder.
        weights_only: Whether nothing is kept that training needs to go on.
    """
    trainer.save_checkpoint(partial, weights_only)
    os.replace(partial, path)
