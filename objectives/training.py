"""Lightning in silence: a trainer that prints and writes nothing, and an end to its exits."""

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytorch_lightning as pl
import torch

# Lightning makes PyTorch look for GPUs by NVML; where there is none, each step of an optimizer
# would try to load that library again.
if not torch.cuda.is_available():
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"


def quiet_trainer(max_epochs: int, callbacks: Sequence[pl.Callback], **options: Any) -> pl.Trainer:
    """Returns a trainer on one device that prints nothing and writes no file.

    Args:
        max_epochs: Epochs to train for.
        callbacks: Lightning callbacks.
        options: Keyword arguments passed to `pytorch_lightning.Trainer`.
    """
    defaults: dict[str, Any] = {
        "accelerator": "auto",
        "devices": 1,
        "num_sanity_val_steps": 0,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    with quiet():
        return pl.Trainer(max_epochs=max_epochs, callbacks=list(callbacks), **defaults | options)


def fit(trainer: pl.Trainer, model: pl.LightningModule, data: pl.LightningDataModule) -> None:
    """Trains a model in silence.

    Raises:
        KeyboardInterrupt: On Ctrl-C, which Lightning alone would turn into an exit that Optuna
            does not see: the trial would be left running for ever.
    """
    try:
        with quiet():
            trainer.fit(model, datamodule=data)
    except SystemExit:
        raise KeyboardInterrupt from None


@contextmanager
def quiet() -> Iterator[None]:
    """Silences what Lightning says of itself and of the libraries below it."""
    logger = logging.getLogger("pytorch_lightning")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"pytorch_lightning|lightning_utilities")
            yield
    finally:
        logger.setLevel(before)
