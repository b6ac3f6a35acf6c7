"""What a network makes of ten images: for the dashboard, in final training and after it."""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from ..models.roles import Reconstructs

SHOWN = 10


class Reconstruction(NamedTuple):
    """Images and what was drawn of them, both with shape (N, C, H, W)."""

    originals: Tensor
    drawn: Tensor


def select_images(batches: Any) -> Tensor | None:
    """Returns ten images of a part, of as many classes as there are, with shape (N, C, H, W).

    Args:
        batches: The loader of the part; its first batch is used.

    Returns:
        None if batches hold no images.
    """
    batch = next(iter(cast(Iterable[Any], batches)))
    if not isinstance(batch, list | tuple) or batch[0].ndim != 4:
        return None
    chosen = _round_robin_order(batch[1]) if len(batch) > 1 else torch.arange(len(batch[0]))
    shown: Tensor = batch[0][chosen[:SHOWN].to(batch[0].device)]
    return shown


def reconstruct(model: pl.LightningModule, batches: Any) -> Reconstruction | None:
    """Lets a model reconstruct ten images of a part.

    Args:
        model: Any model; it is in eval mode afterwards.
        batches: The loader of the part; its first batch is used.

    Returns:
        None if the model does not reconstruct, or batches hold no images.
    """
    originals = select_images(batches) if isinstance(model, Reconstructs) else None
    return None if originals is None else reconstruct_images(model, originals)


def reconstruct_images(model: Any, originals: Tensor) -> Reconstruction:
    """Lets a model that reconstructs do so with images; it is in eval mode afterwards."""
    model.eval()
    with torch.inference_mode():
        return Reconstruction(originals, model.reconstruct(originals.to(model.device)))


def _round_robin_order(labels: Tensor) -> Tensor:
    """Returns the order in which the first image of each class comes first, then the second."""
    labels = labels.cpu()
    seen: dict[int, int] = {}
    ranks = []
    for label in labels.tolist():
        seen[label] = seen.get(label, -1) + 1
        ranks.append(seen[label])
    width = int(labels.max()) + 1
    return (torch.tensor(ranks) * width + labels).argsort()
