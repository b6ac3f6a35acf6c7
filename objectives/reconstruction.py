"""Reconstructs ten images, for the dashboard and after the final training."""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from ..models.roles import Reconstructs

N_IMAGES = 10


class Reconstruction(NamedTuple):
    """Images and the reconstructions of these images, both with shape (N, C, H, W)."""

    originals: Tensor
    reconstructions: Tensor


def select_images(batches: Any) -> Tensor | None:
    """Returns ten images of the first batch, from as many classes as possible.

    The result is None if the batch has no images.
    """
    batch = next(iter(cast(Iterable[Any], batches)))
    if not isinstance(batch, list | tuple) or batch[0].ndim != 4:
        return None
    order = _round_robin_order(batch[1]) if len(batch) > 1 else torch.arange(len(batch[0]))
    images: Tensor = batch[0][order[:N_IMAGES].to(batch[0].device)]
    return images


def reconstruct(model: pl.LightningModule, batches: Any) -> Reconstruction | None:
    """Returns ten images of the first batch with their reconstructions.

    The result is None if the batch has no images, or the model does not reconstruct.
    """
    originals = select_images(batches) if isinstance(model, Reconstructs) else None
    return None if originals is None else reconstruct_images(model, originals)


def reconstruct_images(model: Any, originals: Tensor) -> Reconstruction:
    """Returns images with their reconstructions; sets the model to eval mode."""
    model.eval()
    with torch.inference_mode():
        return Reconstruction(originals, model.reconstruct(originals.to(model.device)))


def _round_robin_order(labels: Tensor) -> Tensor:
    """Returns indices: of the first item of each class, then of the second items, and so on."""
    labels = labels.cpu()
    seen: dict[int, int] = {}
    ranks = []
    for label in labels.tolist():
        seen[label] = seen.get(label, -1) + 1
        ranks.append(seen[label])
    width = int(labels.max()) + 1
    return (torch.tensor(ranks) * width + labels).argsort()
