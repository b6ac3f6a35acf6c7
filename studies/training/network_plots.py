"""What a network shows of itself: for the dashboard, for final training, and after each epoch."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.seed import isolate_rng
from torch import Tensor
from torchvision.transforms.functional import to_pil_image
from torchvision.utils import make_grid

from ...models.roles import Compares, Decodes, Encodes, HasPrior, Reconstructs
from ...objectives.data.batches import apply_in_batches
from ...objectives.reconstruction import reconstruct, reconstruct_images, select_images
from ..display.plots.image_grids import (
    plot_image_grid,
    plot_image_groups,
    plot_reconstructions,
    shrink_images,
)
from .training_loggers import log_images

PRIOR_SAMPLES = 50  # images from a prior
GROUPS_SHOWN = 6
MAX_PLOTTED_EPOCHS = 100  # of which pictures are drawn, at most
MAX_SIDE = 32  # pixels of an image in these, at most


def plot_network(model: pl.LightningModule, data: Any, batches: Any, folder: Path) -> list[Path]:
    """Draws all that a model can do: reconstructions, samples, and items that it compares.

    Args:
        model: Any model; it is in eval mode afterwards.
        data: What is known of its data, a `DataSpec`.
        batches: The loader of the validation part; its first batch is used.
        folder: Where the pictures go.

    Returns:
        The files, if there are any.
    """
    model.eval()
    if data.kind != "image":
        return []
    drawn = []
    if (shown := reconstruct(model, batches)) is not None:
        drawn.append(folder / "reconstructions.png")
        plot_reconstructions(*shown, drawn[-1])
    if isinstance(model, Decodes) and isinstance(model, HasPrior):
        drawn.append(folder / "samples.png")
        plot_image_grid(_prior_samples(model), "Samples of the prior", drawn[-1])
    if isinstance(model, Compares) and isinstance(model, Encodes):
        batch = next(iter(cast(Iterable[Any], batches)))
        drawn += _plot_groups(model, batch[0], batch[1].cpu(), data.classes, folder)
    return drawn


class PlotEachEpoch(pl.Callback):
    """Draws what the same images and the same codes of the prior become, epoch by epoch.

    The files are small, `reconstructions-001.png` and `samples-001.png` after the first epoch,
    and of at most 100 epochs, evenly spread. Loggers get the same pictures. Nothing is drawn from
    the generators of training, so that it is the same with pictures and without.

    Args:
        folder: Where the files go; it is made once there is something to draw.
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
            for name, grid in self._grids(pl_module).items():
                self.folder.mkdir(exist_ok=True)
                to_pil_image(grid).save(self.folder / f"{name}-{epoch:03}.png")
                log_images(trainer.loggers, name, grid, epoch)

    def _grids(self, model: pl.LightningModule) -> dict[str, Tensor]:
        found = {}
        if self._originals is not None:
            shown = torch.cat(
                [image.cpu() for image in reconstruct_images(model, self._originals)]
            )
            found["reconstructions"] = _small_grid(shown, per_row=len(shown) // 2)
        if isinstance(model, Decodes) and isinstance(model, HasPrior):
            drawn = _prior_samples(model)
            if drawn.ndim == 4:
                found["samples"] = _small_grid(drawn, per_row=10)
        return found


def _small_grid(images: Tensor, per_row: int) -> Tensor:
    """Returns images in rows, with shape (C, H, W), in as many channels as they have."""
    grid: Tensor = make_grid(shrink_images(images, MAX_SIDE), nrow=per_row, padding=1, pad_value=1)
    return grid[: images.shape[1]]


def _prior_samples(model: Any) -> Tensor:
    """Returns what fixed codes become, the same for a model of any age."""
    codes = torch.from_numpy(model.prior().sample(PRIOR_SAMPLES))
    return apply_in_batches(lambda z: model.decode(z.to(model.device)).cpu(), codes)


def _plot_groups(
    model: Any, images: Tensor, labels: Tensor, classes: tuple[str, ...], folder: Path
) -> list[Path]:
    """Draws pairs or triplets of images with their labels, and how far apart their codes are."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        groups = model.sample_groups(labels)[:GROUPS_SHOWN]
    if not len(groups):
        return []
    codes = apply_in_batches(
        lambda x: model.encode(x.to(model.device)).cpu(), images[groups.flatten()]
    )
    codes = codes.view(*groups.shape, -1)
    apart = (codes[:, 1:] - codes[:, :1]).norm(dim=2)
    path = folder / ("pairs.png" if groups.shape[1] == 2 else "triplets.png")
    names = [[classes[labels[place]] for place in group] for group in groups]
    plot_image_groups(images[groups].cpu(), names, apart.tolist(), path)
    return [path]
