"""Trials that do all that trials do, but train: for benchmarks of what lies around training."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytorch_lightning as pl

from latentune.objectives.report import FollowEpochs
from latentune.studies.running.callbacks import CheckHold

PICTURE = bytes(10_000)  # as large as most


@contextmanager
def untrained(epoch_s: float = 0) -> Iterator[None]:
    """Lets trials of this process neither train nor draw nor collect garbage.

    Each epoch is better than all before it, so that no pruner ends a trial.

    Args:
        epoch_s: Seconds that an epoch sleeps.
    """

    def trainer(max_epochs: int, callbacks: list[Any], **options: Any) -> Any:
        return SimpleNamespace(
            callbacks=callbacks, max_epochs=max_epochs, sanity_checking=False, val_dataloaders=None
        )

    def fit(trainer: Any, model: pl.LightningModule, *args: Any) -> None:
        for epoch in range(trainer.max_epochs):
            time.sleep(epoch_s)
            trainer.current_epoch = epoch
            trainer.callback_metrics = {"val_mse": -time.time()}
            for callback in trainer.callbacks:
                if isinstance(callback, CheckHold):
                    callback.on_validation_start(trainer, model)
                if isinstance(callback, FollowEpochs):
                    callback.on_validation_end(trainer, model)
        for callback in trainer.callbacks:
            callback.on_fit_end(trainer, model)

    def draw(model: Any, data: Any, batches: Any, folder: Path) -> list[Path]:
        picture = folder / "reconstructions.png"
        picture.write_bytes(PICTURE)
        return [picture]

    with ExitStack() as stack:
        for name, stand_in in {
            "objectives.objective.quiet_trainer": trainer,
            "objectives.objective.fit": fit,
            "objectives.objective._release": lambda: None,
            "studies.running.callbacks.draw_pictures": draw,
            "studies.running.trials._only_new_garbage": nullcontext,
        }.items():
            stack.enter_context(patch(f"latentune.{name}", stand_in))
        yield
