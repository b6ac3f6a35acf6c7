"""Runs trials without training, for benchmarks of everything around it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytorch_lightning as pl

from latentune.objectives.trial_score import MetricTracker
from latentune.studies.search.trial_lease import CheckLease

PICTURE = bytes(10_000)  # as large as most


@contextmanager
def untrained(epoch_s: float = 0, curves: Sequence[Sequence[float]] = ()) -> Iterator[None]:
    """Makes trials of this process skip training, pictures and garbage collection.

    Args:
        epoch_s: Seconds that an epoch sleeps.
        curves: Learning curves; each trial repeats a random one. If empty, each epoch is better
            than all before it, so that no pruner ends a trial.
    """
    draws = np.random.default_rng(1)

    def trainer(max_epochs: int, callbacks: list[Any], *args: Any, **options: Any) -> Any:
        return SimpleNamespace(
            callbacks=callbacks, max_epochs=max_epochs, sanity_checking=False, val_dataloaders=None
        )

    def fit(trainer: Any, model: pl.LightningModule, *args: Any) -> None:
        curve = curves[draws.integers(len(curves))] if curves else None
        try:
            for epoch in range(trainer.max_epochs):
                time.sleep(epoch_s)
                trainer.current_epoch = epoch
                error = curve[epoch] if curve else -time.time()
                trainer.callback_metrics = {"val_mse": error}
                for callback in trainer.callbacks:
                    if isinstance(callback, CheckLease):
                        callback.on_validation_start(trainer, model)
                    if isinstance(callback, MetricTracker):
                        callback.on_validation_end(trainer, model)
        finally:  # a trial that is pruned has a picture as well
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
            "objectives.objective.free_memory": lambda: None,
            "studies.training.network_plots.plot_network": draw,
            "studies.search.trial_loop._freeze_existing_objects": nullcontext,
        }.items():
            stack.enter_context(patch(f"latentune.{name}", stand_in))
        yield
