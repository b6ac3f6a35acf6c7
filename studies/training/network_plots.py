"""Figures of the images that a network makes.

They are plotted after each trial, for the dashboard, and after each epoch and the end of final
training.
"""

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
"""Maximum side in pixels of an image in the figures of each epoch."""


def plot_network(
    model: pl.LightningModule, data: DataSpec, batches: Any, folder: Path
) -> list[Path]:
    """Plots the images that a model makes, and returns the paths of the figures in `folder`.

    A model that reconstructs, samples or compares images has figures of reconstructions, of
    samples of the prior, or of pairs or triplets. The images are those of the first of `batches`.
    After the call, the model is in eval mode.
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
        plot_image_grid(_decode_prior_samples(model), "Samples of the prior", files[-1])
    if isinstance(model, Compares) and isinstance(model, Encodes):
        batch = next(iter(cast(Iterable[Any], batches)))
        files += _plot_groups(model, batch[0], batch[1].cpu(), data.classes, folder)
    return files


class AttachPictures(pl.Callback):
    """A callback that attaches figures of the network to a trial after training or pruning."""

    def __init__(
        self, trial: optuna.Trial, data: DataSpec, store: ArtifactStore, scratch: Path
    ) -> None:
        self.trial, self.data, self.store, self.scratch = trial, data, store, scratch

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._attach_pictures(trainer, pl_module)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        if isinstance(exception, optuna.TrialPruned):
            self._attach_pictures(trainer, pl_module)

    def _attach_pictures(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        folder = self.scratch / f"trial-{self.trial.number}"
        try:
            folder.mkdir(exist_ok=True)  # a trial may be trained several times
            for picture in plot_network(model, self.data, trainer.val_dataloaders, folder):
                attach_picture(self.trial, picture, self.store)
        except OSError as error:  # such as a full disk, which ends the search
            raise unwritable_path_error(self.scratch, error) from error


class PlotEachEpoch(pl.Callback):
    """A callback that writes figures after each epoch: reconstructions, and samples of the prior.

    All epochs have the same original images and the same latent codes. The files of the first
    epoch are `reconstructions-001.png` and `samples-001.png`. Of more than 100 epochs, at most 100
    have figures, evenly spread. Loggers get the same figures. The callback does not change the
    random numbers of training.
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
            for name, grid in self._make_image_grids(pl_module).items():
                self.folder.mkdir(exist_ok=True)
                to_pil_image(grid).save(self.folder / f"{name}-{epoch:03}.png")
                log_images(trainer.loggers, name, grid, epoch)

    def _make_image_grids(self, model: pl.LightningModule) -> dict[str, Tensor]:
        grids = {}
        if self._originals is not None:
            pair = [images.cpu() for images in reconstruct_images(model, self._originals)]
            grids["reconstructions"] = _make_small_grid(torch.cat(pair), per_row=len(pair[0]))
        if isinstance(model, Decodes) and isinstance(model, HasPrior):
            samples = _decode_prior_samples(model)
            if samples.ndim == 4:
                grids["samples"] = _make_small_grid(samples, per_row=10)
        return grids


def _make_small_grid(images: Tensor, per_row: int) -> Tensor:
    """Returns one image of shape (C, H, W): a grid of small versions of `images`."""
    grid: Tensor = make_grid(
        shrink_images(images, MAX_IMAGE_SIDE), nrow=per_row, padding=1, pad_value=1
    )
    return grid[: images.shape[1]]


def _decode_prior_samples(model: Any) -> Tensor:
    """Returns decoded samples of the model's prior; each call decodes the same latent codes."""
    codes = torch.from_numpy(model.prior().sample(N_PRIOR_SAMPLES))
    return apply_in_batches(lambda z: model.decode(z.to(model.device)).cpu(), codes)


def _plot_groups(
    model: Any, images: Tensor, labels: Tensor, classes: tuple[str, ...], folder: Path
) -> list[Path]:
    """Plots pairs or triplets of images, and returns a list with the path of the figure.

    The figure has the class of each image and the distances between latent codes. The list is
    empty if the images make no pair or triplet.
    """
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
