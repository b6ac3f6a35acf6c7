"""Figures of the output of a network, for the dashboard, at the end of training and per epoch."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import optuna
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.seed import isolate_rng
from torch import Tensor
from torchvision.transforms.functional import to_pil_image
from torchvision.utils import make_grid

from ...models.data_spec import DataSpec
from ...models.roles import Compares, Decodes, Encodes, HasPrior, Reconstructs
from ...objectives.data.batches import apply_in_batches
from ...objectives.reconstruction import reconstruct, reconstruct_images, select_images
from ...storage.artifact_store import ArtifactStore, attach_picture
from ...storage.storage_error import unwritable_path_error
from ..display.plots.image_grids import (
    plot_image_grid,
    plot_image_groups,
    plot_reconstructions,
    shrink_images,
)
from .training_loggers import log_images

N_PRIOR_SAMPLES = 50
MAX_PLOTTED_GROUPS = 6
MAX_PLOTTED_EPOCHS = 100
MAX_IMAGE_SIDE = 32
"""Pixels of an image in the figures of epochs."""


def plot_network(
    model: pl.LightningModule, data: DataSpec, batches: Any, folder: Path
) -> list[Path]:
    """Plots what a model can do with images, and returns the paths of the figures.

    A model may reconstruct images, sample from its prior, or compare images. It is in eval mode
    afterwards. Of the batches of the validation part, only the first is used.
    """
    model.eval()
    if data.kind != "image":
        return []
    files = []
    if (pair := reconstruct(model, batches)) is not None:
        files.append(folder / "reconstructions.png")
        plot_reconstructions(*pair, files[-1])
    if isinstance(model, Decodes) and isinstance(model, HasPrior):
        files.append(folder / "samples.png")
        plot_image_grid(_prior_samples(model), "Samples of the prior", files[-1])
    if isinstance(model, Compares) and isinstance(model, Encodes):
        batch = next(iter(cast(Iterable[Any], batches)))
        files += _plot_groups(model, batch[0], batch[1].cpu(), data.classes, folder)
    return files


class AttachPictures(pl.Callback):
    """Attaches plots of the network to its trial when training ends or is pruned."""

    def __init__(
        self, trial: optuna.Trial, data: DataSpec, store: ArtifactStore, scratch: Path
    ) -> None:
        self.trial, self.data, self.store, self.scratch = trial, data, store, scratch

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._attach(trainer, pl_module)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        if isinstance(exception, optuna.TrialPruned):
            self._attach(trainer, pl_module)

    def _attach(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        folder = self.scratch / f"trial-{self.trial.number}"
        try:
            folder.mkdir(exist_ok=True)  # a trial may be trained several times
            for picture in plot_network(model, self.data, trainer.val_dataloaders, folder):
                attach_picture(self.trial, picture, self.store)
        except OSError as error:  # such as a full disk, which ends the search
            raise unwritable_path_error(self.scratch, error) from error


class PlotEachEpoch(pl.Callback):
    """Plots reconstructions of the same images and samples of the same codes after each epoch.

    The files are small, `reconstructions-001.png` and `samples-001.png` after the first epoch, of
    at most 100 epochs, evenly spread. Loggers get the same images. The random generators of
    training are not used, so that it is the same with figures and without.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._originals: Tensor | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if isinstance(pl_module, Reconstructs) and trainer.val_dataloaders is not None:
            with isolate_rng():
                self._originals = select_images(trainer.val_dataloaders)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        epoch = trainer.current_epoch + 1
        if epoch % math.ceil((trainer.max_epochs or 1) / MAX_PLOTTED_EPOCHS):
            return
        with isolate_rng():
            for name, grid in self._image_grids(pl_module).items():
                self.folder.mkdir(exist_ok=True)
                to_pil_image(grid).save(self.folder / f"{name}-{epoch:03}.png")
                log_images(trainer.loggers, name, grid, epoch)

    def _image_grids(self, model: pl.LightningModule) -> dict[str, Tensor]:
        grids = {}
        if self._originals is not None:
            pair = [images.cpu() for images in reconstruct_images(model, self._originals)]
            grids["reconstructions"] = _small_grid(torch.cat(pair), per_row=len(pair[0]))
        if isinstance(model, Decodes) and isinstance(model, HasPrior):
            samples = _prior_samples(model)
            if samples.ndim == 4:
                grids["samples"] = _small_grid(samples, per_row=10)
        return grids


def _small_grid(images: Tensor, per_row: int) -> Tensor:
    """Returns a grid of images, with shape (C, H, W), where C is the number of their channels."""
    grid: Tensor = make_grid(
        shrink_images(images, MAX_IMAGE_SIDE), nrow=per_row, padding=1, pad_value=1
    )
    return grid[: images.shape[1]]


def _prior_samples(model: Any) -> Tensor:
    """Returns the images of codes from the prior; the codes are the same in each epoch."""
    codes = torch.from_numpy(model.prior().sample(N_PRIOR_SAMPLES))
    return apply_in_batches(lambda z: model.decode(z.to(model.device)).cpu(), codes)


def _plot_groups(
    model: Any, images: Tensor, labels: Tensor, classes: tuple[str, ...], folder: Path
) -> list[Path]:
    """Plots pairs or triplets of images with their labels and the distances of their codes."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        groups = model.sample_groups(labels)[:MAX_PLOTTED_GROUPS]
    if not len(groups):
        return []
    codes = apply_in_batches(
        lambda x: model.encode(x.to(model.device)).cpu(), images[groups.flatten()]
    )
    codes = codes.view(*groups.shape, -1)
    distances = (codes[:, 1:] - codes[:, :1]).norm(dim=2)
    path = folder / ("pairs.png" if groups.shape[1] == 2 else "triplets.png")
    names = [[classes[labels[index]] for index in group] for group in groups]
    plot_image_groups(images[groups].cpu(), names, distances.tolist(), path)
    return [path]
