"""A Lightning trainer that prints nothing, and a callback that shows its progress."""

import logging
import math
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO
from pytorch_lightning.profilers import PassThroughProfiler
from torch.serialization import safe_globals

from ..models.data_spec import DataSpec
from ..models.learner import Learner
from .data.batches import DeviceDataModule
from .data.data_error import DataError
from .progress import progress

# Lightning makes PyTorch look for GPUs by NVML. Without a GPU, each optimizer step would try to
# load that library again.
if not torch.cuda.is_available():
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"


STEP_HOOKS = (
    *("training_step", "backward", "on_before_backward", "on_after_backward"),
    *("configure_optimizers", "optimizer_step", "optimizer_zero_grad", "lr_scheduler_step"),
    *("on_before_zero_grad", "on_before_optimizer_step"),
    *("on_before_batch_transfer", "on_after_batch_transfer"),
    *("on_train_batch_start", "on_train_batch_end"),
)
"""Lightning's hooks that a model or a callback overrides in order to see or change each step."""


PRECISIONS: dict[str, Literal["32-true", "bf16-mixed", "16-mixed"]] = {
    "32": "32-true",
    "bf16": "bf16-mixed",
    "16": "16-mixed",
}
"""Lightning's name of each precision: bits of a number in the network."""


class DirectCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint directly to its folder.

    Lightning would first write it to the system's temporary folder. If the process is killed, the
    file would stay there.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        torch.save(checkpoint, path)


class NoProfiler(PassThroughProfiler):
    """Measures nothing; Lightning's own class would make a context manager at each hook."""

    _nothing: AbstractContextManager[Any] = nullcontext()

    def profile(self, action_name: str) -> AbstractContextManager[Any]:  # type: ignore[override]
        return self._nothing


def quiet_trainer(
    max_epochs: int, callbacks: Sequence[pl.Callback], data: Any = None, **options: Any
) -> pl.Trainer:
    """Returns a Lightning trainer on one device that prints nothing and writes no file.

    `data` may restrict the choice of the device. `options` are other options of `Trainer`.
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
        "profiler": NoProfiler(),
    }
    with silence_lightning():
        return pl.Trainer(max_epochs=max_epochs, callbacks=list(callbacks), **defaults | options)


def training_device(data: Any) -> torch.device:
    """Returns the device on which `quiet_trainer` trains a model on `data`."""
    device: torch.device = quiet_trainer(1, [], data).strategy.root_device
    return device


def choose_accelerator(requested: str, data: Any) -> str:
    """Returns `requested`, or `cpu` if the data is float64 and the GPU is Apple's (MPS).

    Rows of a table and numeric targets are float64, which MPS does not support.

    Raises:
        DataError: If `mps` was requested explicitly.
    """
    spec = getattr(data, "spec", None)
    is_float64 = isinstance(spec, DataSpec) and (spec.kind == "table" or spec.target is not None)
    if not (is_float64 and torch.backends.mps.is_available()) or requested == "cpu":
        return requested
    if requested == "mps":
        raise DataError(
            "predicting numbers needs float64, which mps lacks: leave out `accelerator=`"
        )
    return "cpu"


def fit(
    trainer: pl.Trainer,
    model: pl.LightningModule,
    data: pl.LightningDataModule,
    checkpoint: Path | None = None,
) -> None:
    """Trains a model without output; resumes from `checkpoint` if it is given.

    Raises:
        KeyboardInterrupt: On Ctrl-C. Lightning alone would exit in a way that Optuna does not
            notice, and the trial would stay RUNNING.
    """
    if isinstance(data, DeviceDataModule):
        data.grouped = accepts_groups(trainer, model)
    try:
        with silence_lightning(), safe_globals([DataSpec]):
            trainer.fit(model, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    except SystemExit:
        raise KeyboardInterrupt from None
    finally:
        if isinstance(data, DeviceDataModule):
            data.grouped = False  # another trainer may not accept groups


def accepts_groups(trainer: pl.Trainer, model: pl.LightningModule) -> bool:
    """Returns True if a step of `trainer` may be a group of batches; see `BatchGroups`.

    This is so if nothing else sees, counts or records the single steps. A callback with the
    attribute `accepts_groups` may see groups.
    """
    own = model.configure_callbacks()
    callbacks = [*trainer.callbacks, *(own if isinstance(own, Sequence) else [own])]  # type: ignore[attr-defined]
    return (
        isinstance(model, Learner)
        and model.automatic_optimization
        and trainer.precision == "32-true"
        and trainer.max_steps == -1
        and isinstance(trainer.limit_train_batches, float)  # a share, not a number
        and not trainer.loggers
        and not _overrides_step_hook(model, Learner)
        and all(
            getattr(callback, "accepts_groups", False)
            or not _overrides_step_hook(callback, pl.Callback)
            for callback in callbacks
        )
    )


def _overrides_step_hook(instance: object, base: type) -> bool:
    return any(
        getattr(type(instance), hook, None) is not getattr(base, hook, None) for hook in STEP_HOOKS
    )


class TrainingProgress(pl.Callback):
    """Shows the progress of a training, step by step, and a metric of the last epoch."""

    accepts_groups = True

    def __init__(self, title: str, metric: str = "") -> None:
        self.title, self.metric, self.last_value = title, metric, ""
        self._stack = ExitStack()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        batches = trainer.num_training_batches * (trainer.max_epochs or 0)
        total = int(batches) if 0 < batches < math.inf else None
        self._advance = self._stack.enter_context(progress(self.title, total))
        self._advance(trainer.current_epoch * int(total or 0) // (trainer.max_epochs or 1))

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        self._advance(1, lambda: self._describe_epoch(trainer))

    def on_validation_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        self._advance(0, lambda: self._describe_epoch(trainer))

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.metric in trainer.callback_metrics:
            value = float(trainer.callback_metrics[self.metric])
            self.last_value = f", {self.metric} {value:.4g}"

    def _describe_epoch(self, trainer: pl.Trainer) -> str:
        return f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}{self.last_value}"

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._stack.close()

    def on_exception(self, *args: Any) -> None:
        self._stack.close()


@contextmanager
def silence_lightning() -> Iterator[None]:
    """Turns off the messages and warnings of Lightning and its libraries in a `with` block."""
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"pytorch_lightning|lightning_utilities")
            yield
    finally:
        logger.setLevel(level)
