"""Loggers of final training: TensorBoard and Weights & Biases."""

import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import Logger, TensorBoardLogger, WandbLogger
from torch import Tensor
from torchvision.transforms.functional import to_pil_image

from ...models.data_spec import DataSpec
from ...models.roles import Encodes, HasPrior
from ...objectives.data.encoded_data import EncodedData
from ...objectives.progress import progress
from ..display.plots.image_grids import shrink_images
from ..study.study_error import StudyError
from ..study.training_options import TrainingOptions

MAX_EMBEDDINGS = 2000
THUMBNAIL_SIDE = 32
"""Maximum side in pixels of an image in TensorBoard's projector.

All images together must fit into one image with sides of 8,192 pixels.
"""
WANDB_PROJECT = "latentune"
"""Name of the project at Weights & Biases."""


def check_logger(name: str) -> None:
    """Raises StudyError if the logger `name` is not installed, or needs a login first."""
    if name != TrainingOptions.logger and find_spec(name) is None:
        raise StudyError(f"{name} is not installed: pip install 'latentune[{name}]'")
    if name == "wandb":
        _check_login()


def _check_login() -> None:
    import wandb

    if os.environ.get("WANDB_MODE", wandb.setup().settings.mode) != "online":
        return
    try:
        is_known = wandb.login(prompt=False)
    except wandb.Error as error:
        raise StudyError(f"wandb refuses the key: {str(error).splitlines()[0]}") from error
    if not is_known:
        raise StudyError("wandb needs a login: type `wandb login`, or set WANDB_MODE=offline")


@contextmanager
def open_logger(folder: Path, name: str, study: str) -> Iterator[Logger | bool]:
    """Yields the logger `name` for a Trainer. It writes into the folder `name` inside `folder`.

    For `csv` it yields False, because metrics.csv is written without a logger. At the end of the
    block, the logger is closed.
    """
    if name == "tensorboard":
        logger = TensorBoardLogger(folder, name="", version=name, default_hp_metric=False)
        try:
            yield logger
        finally:
            logger.experiment.close()
    elif name == "wandb":
        import wandb

        settings = wandb.Settings(silent=True, disable_git=True)
        run = wandb.init(project=WANDB_PROJECT, name=study, dir=folder, settings=settings)
        try:
            yield WandbLogger(experiment=run, save_dir=folder)
        finally:
            run.finish()
    else:
        yield False


def log_images(loggers: Iterable[Logger], name: str, grid: Tensor, epoch: int) -> None:
    """Logs the image `grid` of an epoch, with shape (C, H, W) and values in [0, 1]."""
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_image(name, grid, epoch)
        elif isinstance(logger, WandbLogger):
            logger.log_image(name, [to_pil_image(grid)], caption=[f"epoch {epoch}"])


def log_network(logger: Logger | bool, model: pl.LightningModule, data: Any) -> None:
    """Logs the graph of a trained network, and latent codes of validation items, to TensorBoard.

    For other loggers it does nothing. The model must be on the CPU. TensorBoard's projector gets
    up to 2,000 latent codes, with the image and the class of each item if there are any.
    """
    if not isinstance(logger, TensorBoardLogger):
        return
    model.eval()
    with progress("logging the network to TensorBoard"), _silence_tracing():
        _log_graph(logger, model, data.spec)
        if isinstance(model, Encodes):
            _log_codes(logger, model, data)


@contextmanager
def _silence_tracing() -> Iterator[None]:
    """Silences the warnings and the output of PyTorch when it traces a network in the block."""
    with torch.inference_mode(), warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        yield


def _log_graph(logger: TensorBoardLogger, model: Any, spec: DataSpec) -> None:
    dtype = torch.long if spec.kind == "text" else torch.float32
    example = torch.zeros(1, *spec.shape, dtype=dtype)
    if isinstance(model, HasPrior) and not isinstance(model, Encodes):
        example = torch.from_numpy(model.prior().sample(1))
    with pl.core.module._jit_is_scripting():  # or tracing would ask for the trainer
        try:
            logger.experiment.add_graph(model, example)
        except Exception:  # a network may raise anything when it is traced
            logger.experiment.add_text("graph", "The network cannot be traced.")


def _log_codes(logger: TensorBoardLogger, model: Any, data: Any) -> None:
    items = data.items if isinstance(data, EncodedData) else data
    items.setup("fit")
    inputs, targets = _take_first_items(items.val_dataloader())
    codes = torch.cat([model.encode(part).flatten(1) for part in torch.split(inputs, 500)])
    names = None
    if targets is not None:
        classes = data.spec.classes
        columns = targets.reshape(len(targets), -1).tolist()
        names = [
            classes[row[0]] if classes else ", ".join(f"{t:.4g}" for t in row) for row in columns
        ]
    thumbnails = shrink_images(inputs, THUMBNAIL_SIDE) if inputs.ndim == 4 else None
    logger.experiment.add_embedding(codes, names, thumbnails, tag="validation")


def _take_first_items(batches: Any) -> tuple[Tensor, Tensor | None]:
    """Returns the first 2,000 items in `batches`, and their targets or None."""
    found: list[Any] = []
    for batch in cast(Iterable[Any], batches):
        found.append([column.cpu() for column in batch[:2]])
        if sum(len(inputs) for inputs, *_ in found) >= MAX_EMBEDDINGS:
            break
    inputs, *targets = (torch.cat(c)[:MAX_EMBEDDINGS] for c in zip(*found, strict=True))
    return inputs, targets[0] if targets else None
