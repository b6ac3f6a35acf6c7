"""What a network shows of itself: for the dashboard, for final training, and after each epoch."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytorch_lightning as pl
import torch
from torch import Tensor
from torchvision.utils import save_image

from ..models.roles import Compares, Decodes, Encodes, HasPrior
from ..objectives.data.batches import in_batches
from ..objectives.reconstruction import reconstruct
from ..storage.drawing.images import grouped_images, image_grid, reconstructions

DRAWN = 50  # images from a prior
GROUPS = 6


def draw_pictures(model: pl.LightningModule, data: Any, batches: Any, folder: Path) -> list[Path]:
    """Draws what fits what a model can do: reconstructions, samples, or items that it compares.

    Args:
        model: Any model; it is in eval mode afterwards.
        data: What is known of its data, a `DataSpec`.
        batches: The loader of the validation part; its first batch is used.
        folder: Where the pictures go.

    Returns:
        The files, if there are any.
    """
    model.eval()
    path = folder / "reconstructions.png"
    if (shown := reconstruct(model, batches)) is not None:
        reconstructions(*shown, path)
        return [path]
    if data.kind != "image":
        return []
    if isinstance(model, Decodes) and isinstance(model, HasPrior):
        path = folder / "samples.png"
        image_grid(_drawn(model), "Samples of the prior", path)
        return [path]
    if isinstance(model, Compares) and isinstance(model, Encodes):
        batch = next(iter(cast(Iterable[Any], batches)))
        return _draw_groups(model, batch[0], batch[1].cpu(), data.classes, folder)
    return []


class DrawEachEpoch(pl.Callback):
    """Draws what the same codes of the prior become after each epoch, one file an epoch.

    Args:
        folder: Where the files go; it is made if the model has a prior to draw from.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not (isinstance(pl_module, Decodes) and isinstance(pl_module, HasPrior)):
            return
        images = _drawn(pl_module)
        if images.ndim == 4:
            self.folder.mkdir(exist_ok=True)
            path = self.folder / f"epoch-{trainer.current_epoch + 1:03}.png"
            save_image(images, path, nrow=10, padding=1, pad_value=1)


def _drawn(model: Any) -> Tensor:
    """Returns what fixed codes become, the same for a model of any age."""
    codes = torch.from_numpy(model.prior().sample(DRAWN))
    return in_batches(lambda z: model.decode(z.to(model.device)).cpu(), codes)


def _draw_groups(
    model: Any, images: Tensor, labels: Tensor, classes: tuple[str, ...], folder: Path
) -> list[Path]:
    """Draws pairs or triplets of images with their labels, and how far apart their codes are."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        groups = model.groups_of(labels)[:GROUPS]
    if not len(groups):
        return []
    codes = in_batches(lambda x: model.encode(x.to(model.device)).cpu(), images[groups.flatten()])
    codes = codes.view(*groups.shape, -1)
    apart = (codes[:, 1:] - codes[:, :1]).norm(dim=2)
    path = folder / ("pairs.png" if groups.shape[1] == 2 else "triplets.png")
    names = [[classes[labels[place]] for place in group] for group in groups]
    grouped_images(images[groups].cpu(), names, apart.tolist(), path)
    return [path]
