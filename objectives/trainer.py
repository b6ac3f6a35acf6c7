"""Lightning in silence: a trainer that prints and writes nothing, and an end to its exits."""

import logging
import math
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO
from torch.serialization import safe_globals

from ..models.data_spec import DataSpec
from .data.data_error import DataError
from .progress import progress

# Lightning makes PyTorch look for GPUs by NVML; where there is none, each step of an optimizer
# would try to load that library again.
if not torch.cuda.is_available():
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"


class DirectCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint where it belongs.

    Lightning would write it to the temporary folder first, where it would stay after a kill.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        torch.save(checkpoint, path)


def quiet_trainer(
    max_epochs: int, callbacks: Sequence[pl.Callback], data: Any = None, **options: Any
) -> pl.Trainer:
    """Returns a trainer on one device that prints nothing and writes no file.

    Args:
        max_epochs: Epochs to train for.
        callbacks: Lightning callbacks.
        data: What is trained on, if that decides the device; see `choose_accelerator`.
        options: Keyword arguments passed to `pytorch_lightning.Trainer`.
    """
    options["accelerator"] = choose_accelerator(options.get("accelerator", "auto"), data)
    defaults: dict[str, Any] = {
        "devices": 1,
        "num_sanity_val_steps": 0,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "plugins": [DirectCheckpointIO()],
    }
    with silence_lightning():
        return pl.Trainer(max_epochs=max_epochs, callbacks=list(callbacks), **defaults | options)


def choose_accelerator(asked: str, data: Any) -> str:
    """Returns where data are trained on: numbers in float64 on the CPU, if the GPU is Apple's.

    Rows of a table and numbers to predict are in float64, which MPS does not have.

    Args:
        asked: What Lightning calls an accelerator, such as `auto`.
        data: The data module, whose `spec` is a `DataSpec`, or None.

    Raises:
        DataError: If `mps` was asked for by name.
    """
    spec = getattr(data, "spec", None)
    exact = isinstance(spec, DataSpec) and (spec.kind == "table" or spec.target is not None)
    if not (exact and torch.backends.mps.is_available()) or asked == "cpu":
        return asked
    if asked == "mps":
        raise DataError("numbers need float64, which mps does not have: leave out `accelerator=`")
    return "cpu"


def fit(
    trainer: pl.Trainer,
    model: pl.LightningModule,
    data: pl.LightningDataModule,
    last: Path | None = None,
) -> None:
    """Trains a model in silence.

    Args:
        trainer: The trainer.
        model: The model.
        data: Its data module.
        last: The checkpoint of Lightning to go on from; it is read without running code in it.

    Raises:
        KeyboardInterrupt: On Ctrl-C, which Lightning alone would turn into an exit that Optuna
            does not see: the trial would be left running for ever.
    """
    try:
        with silence_lightning(), safe_globals([DataSpec]):
            trainer.fit(model, datamodule=data, ckpt_path=last, weights_only=True)
    except SystemExit:
        raise KeyboardInterrupt from None


class TrainingProgress(pl.Callback):
    """Shows the batches of a training on the display; in a pipe, a line a minute.

    Args:
        what: What is trained, such as `training conv-ae-digits`.
        metric: What such a line says of the last epoch, beside its number.
    """

    def __init__(self, what: str, metric: str = "") -> None:
        self.what, self.metric, self.last = what, metric, ""
        self._open = ExitStack()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        batches = trainer.num_training_batches * (trainer.max_epochs or 0)
        total = int(batches) if 0 < batches < math.inf else None
        self._advance = self._open.enter_context(progress(self.what, total))
        self._advance(trainer.current_epoch * int(total or 0) // (trainer.max_epochs or 1))

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        self._advance(1, lambda: self._epoch(trainer))

    def on_validation_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        self._advance(0, lambda: self._epoch(trainer))

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.metric in trainer.callback_metrics:
            self.last = f", {self.metric} {float(trainer.callback_metrics[self.metric]):.4g}"

    def _epoch(self, trainer: pl.Trainer) -> str:
        return f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}{self.last}"

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._open.close()

    def on_exception(self, *args: Any) -> None:
        self._open.close()


@contextmanager
def silence_lightning() -> Iterator[None]:
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
