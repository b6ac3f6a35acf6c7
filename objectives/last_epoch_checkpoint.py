"""The last epoch of a trial that has not ended: kept in a file, and gone on from."""

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
from torch.serialization import safe_globals

from ..models.data_spec import DataSpec
from .resumable_checkpoint import ResumableCheckpoint, logged_metrics, save

STATE_KEY = "LastEpochCheckpoint"
"""Under which name a checkpoint holds the state of the callback below."""
SAVE_TIME_FACTOR = 20
"""How many times as long as it takes to keep an epoch shall lie between two that are kept."""

log = logging.getLogger(__name__)


class LastEpochCheckpoint(ResumableCheckpoint):
    """Keeps what a trial needs to go on, after each epoch but its last, which is soon repeated.

    It never takes more than about a twentieth of the time, because epochs that are short are not
    kept one by one. What cannot be written is not kept, and training goes on without.

    Args:
        path: The file, whose folder need not exist.
        settings: What training depends on, as plain values, so that others are not gone on with.
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
        """Returns a copy, if the file is whole, and of this training of this model; else None.

        The copy is what was checked, whatever befalls the file; it goes when training begins.
        """
        if not self.path.is_file():
            return None
        try:
            shutil.copyfile(self.path, self._checked_copy)
            with safe_globals([DataSpec]):
                found = torch.load(self._checked_copy, map_location="cpu", weights_only=True)
            then, weights = found["callbacks"][STATE_KEY]["settings"], found["state_dict"]
            shapes = {name: tensor.shape for name, tensor in weights.items()}
        except Exception:  # torch raises half a dozen classes for files that it cannot read
            log.info("%s is broken: its trial begins anew", self.path)
            self._delete_checked_copy()
            return None
        learning = {n: w.shape for n, w in model.state_dict().items() if n not in _frozen(model)}
        if then == self.settings and shapes == learning:
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
        ends = trainer.should_stop or trainer.current_epoch + 1 == trainer.max_epochs
        began = time.perf_counter()
        if ends or began - self._saved_at < SAVE_TIME_FACTOR * self._save_seconds:
            return
        partial = self.path.with_name(f".{self.path.stem}.{os.getpid()}.partial")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            save(trainer, self.path, partial)
        except (OSError, RuntimeError) as error:  # torch has an error of its own for a full disk
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            if not self._has_failed:
                log.warning("an epoch cannot be kept in %s: %s", self.path, error)
            self._has_failed = True
        self._saved_at = time.perf_counter()
        self._save_seconds = self._saved_at - began

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        # The trial has its values, some of which no safe file can hold.
        checkpoint.pop(pl_module.CHECKPOINT_HYPER_PARAMS_KEY, None)
        for name in _frozen(pl_module):
            del checkpoint["state_dict"][name]

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"settings": self.settings}


def _frozen(model: pl.LightningModule) -> set[str]:
    """Returns the names of the weights that a head leaves as its encoder had them."""
    if not getattr(model, "frozen", False):
        return set()
    return {name for name in model.state_dict() if name.startswith("codec.")}
