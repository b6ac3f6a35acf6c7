"""Callbacks that write checkpoints from which training can resume exactly."""

import logging
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint
from torch.serialization import safe_globals

from ..models.data_spec import DataSpec
from ..storage.atomic_write import atomic_file
from .rng import get_rng_state, set_rng_state

STATE_KEY = "LastEpochCheckpoint"
"""The key of this callback's state in a Lightning checkpoint."""
SAVE_TIME_FACTOR = 20
"""Training between two checkpoints takes at least this many times longer than writing one."""

log = logging.getLogger(__name__)


class ResumableCheckpoint(Checkpoint):
    """Base class of callbacks that make Lightning's checkpoints exactly resumable.

    A checkpoint additionally holds the states of the random number generators, and the last step
    of a schedule that depends on a metric. On a CPU with the same number of threads, resumed
    training gives the same numbers as uninterrupted training.

    Attributes:
        metrics: The metrics that the last epoch logged. A subclass sets it after each epoch.
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
    """Returns all metrics that the last epoch logged, by name."""
    return {name: float(value) for name, value in sorted(trainer.callback_metrics.items())}


def save_checkpoint(trainer: pl.Trainer, path: Path, *, weights_only: bool = False) -> None:
    """Writes a checkpoint atomically: if the process is killed, the previous file is intact."""
    with atomic_file(path) as partial:
        trainer.save_checkpoint(partial, weights_only)


class LastEpochCheckpoint(ResumableCheckpoint):
    """Writes a checkpoint after each epoch except the last one.

    Writing takes at most a twentieth of the time of training, so some short epochs write no
    checkpoint. If a checkpoint cannot be written, training continues.

    Args:
        path: The path of the checkpoint. Its folder is created if it does not exist.
        settings: Plain values that training depends on. A trial resumes only if these values are
            equal.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.path, self.settings = path, dict(settings)
        self._saved_at, self._save_seconds = 0.0, 0.0
        self._has_failed = False

    @property
    def state_key(self) -> str:
        return STATE_KEY

    def find_resumable(self, model: pl.LightningModule) -> Path | None:
        """Returns the path of a checked copy of the checkpoint; None if training cannot resume.

        Other processes do not change the copy. It is deleted when training starts.
        """
        if not self.path.is_file():
            return None
        try:
            shutil.copyfile(self.path, self._checked_copy)
            with safe_globals([DataSpec]):
                found = torch.load(self._checked_copy, map_location="cpu", weights_only=True)
            settings = found["callbacks"][STATE_KEY]["settings"]
            shapes = {name: weights.shape for name, weights in found["state_dict"].items()}
        except Exception:  # torch raises half a dozen classes for unreadable files
            log.info("%s is broken: its trial starts again", self.path)
            self._delete_checked_copy()
            return None
        frozen = _frozen_weights(model)
        trained = {n: w.shape for n, w in model.state_dict().items() if n not in frozen}
        if settings == self.settings and shapes == trained:
            return self._checked_copy
        self._delete_checked_copy()
        return None

    @property
    def _checked_copy(self) -> Path:
        return self.path.with_name(f".{self.path.stem}.{os.getpid()}.checked.partial")

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_train_start(trainer, pl_module)
        self._delete_checked_copy()

    def _delete_checked_copy(self) -> None:
        with suppress(OSError):
            self._checked_copy.unlink()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.metrics = logged_metrics(trainer)
        is_last = trainer.should_stop or trainer.current_epoch + 1 == trainer.max_epochs
        started = time.perf_counter()
        if is_last or started - self._saved_at < SAVE_TIME_FACTOR * self._save_seconds:
            return
        try:
            save_checkpoint(trainer, self.path)
        except (OSError, RuntimeError) as error:  # torch raises RuntimeError if the disk is full
            if not self._has_failed:
                log.warning("cannot write the checkpoint %s: %s", self.path, error)
            self._has_failed = True
        self._saved_at = time.perf_counter()
        self._save_seconds = self._saved_at - started

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        # The trial records the hyperparameters; `weights_only` would refuse to load some of them.
        checkpoint.pop(pl_module.CHECKPOINT_HYPER_PARAMS_KEY, None)
        for name in _frozen_weights(pl_module):
            del checkpoint["state_dict"][name]

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"settings": self.settings}


def _frozen_weights(model: pl.LightningModule) -> set[str]:
    """Returns the names of the weights of a frozen encoder, which need not be stored.

    The study that trained the encoder has them.
    """
    if not getattr(model, "frozen", False):
        return set()
    return {name for name in model.state_dict() if name.startswith("codec.")}
