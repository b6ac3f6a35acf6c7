"""The base of callbacks that write checkpoints from which training resumes exactly."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint

from ..storage.atomic_write import atomic_file
from .rng import get_rng_state, set_rng_state


class ResumableCheckpoint(Checkpoint):
    """Adds to Lightning's checkpoints what they lack to resume training exactly.

    These are the states of the random number generators, and the last step of a schedule that
    depends on a metric. On the CPU, with as many threads, resumed training ends with the numbers
    of an uninterrupted one.

    Attributes:
        metrics: The metrics that the last epoch has logged; a subclass sets it after each epoch.
    """

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for config in trainer.lr_scheduler_configs:
            # Lightning writes the checkpoint before it steps these by a metric.
            by_metric = config.reduce_on_plateau and config.interval == "epoch"
            if self.metrics and by_metric and pl_module.automatic_optimization:
                scheduler: Any = config.scheduler
                scheduler.step(self.metrics[str(config.monitor)])

    def state_dict(self) -> dict[str, Any]:
        return {"metrics": self.metrics, "random": get_rng_state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        # Lightning calls this before a data loader draws the order of the next epoch.
        self.metrics = state_dict["metrics"]
        set_rng_state(state_dict["random"])


def logged_metrics(trainer: pl.Trainer) -> dict[str, float]:
    """Returns all metrics that an epoch has logged, by name."""
    return {name: float(value) for name, value in sorted(trainer.callback_metrics.items())}


def save_checkpoint(trainer: pl.Trainer, path: Path, *, weights_only: bool = False) -> None:
    """Writes a checkpoint atomically, so that the previous one survives a kill."""
    with atomic_file(path) as partial:
        trainer.save_checkpoint(partial, weights_only)
