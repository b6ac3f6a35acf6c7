"""RandomViews: changed copies of items, of which a network learns what stays the same."""

from typing import Any

import torch
from torch import Tensor, nn

from .data_spec import DataSpec

CHUNK = 8
"""Items that are changed in the same way, so that a batch takes few calls."""
MAX_ANGLE = 30
MAX_MASKED = 0.6
"""Share of the features of a row that are replaced at most."""


class RandomViews(nn.Module):
    """Returns items that are changed at random, by torch's random generator.

    Images are cropped and resized, rotated, shifted, recolored and partly erased, and mirrored if
    `flip` is True. In a row of a table, features are replaced by those of other rows.

    Args:
        data: The description of the data, images or a table.
        strength: How strong the changes are, from 0 to 1.
        flip: Whether half of the images are mirrored.

    References:
        A Simple Framework for Contrastive Learning of Visual Representations (Chen, Kornblith,
        Norouzi, Hinton, 2020)
        SCARF: Self-Supervised Contrastive Learning using Random Feature Corruption (Bahri, Jiang,
        Tay, Metzler, 2022)
    """

    def __init__(self, data: DataSpec, strength: float, flip: bool) -> None:
        super().__init__()
        self.strength = strength
        self.transform = _image_transform(data, strength, flip) if data.kind == "image" else None

    def forward(self, x: Tensor) -> Tensor:
        """Returns a view of each of the items x, with shape (N, *data.shape)."""
        if self.transform is None:
            return self._exchange_features(x)
        order = torch.randperm(len(x), device=x.device)  # others share a change each time
        views = torch.empty_like(x)
        for chunk in torch.split(order, CHUNK):
            views[chunk] = self.transform(x[chunk])
        return views

    def _exchange_features(self, rows: Tensor) -> Tensor:
        others = rows[torch.randperm(len(rows), device=rows.device)]
        masked = torch.rand(rows.shape, device=rows.device) < MAX_MASKED * self.strength
        return torch.where(masked, others, rows)


def _image_transform(data: DataSpec, strength: float, flip: bool) -> Any:
    from torchvision.transforms import v2

    size = data.shape[1:]
    color = {"brightness": 0.8 * strength, "contrast": 0.8 * strength}
    if data.shape[0] == 3:
        color |= {"saturation": 0.8 * strength, "hue": 0.2 * strength}
    steps = [
        v2.RandomResizedCrop(size, scale=(1 - 0.8 * strength, 1.0), antialias=True),
        v2.RandomAffine(MAX_ANGLE * strength, translate=(0.2 * strength, 0.2 * strength)),
        v2.RandomErasing(p=0.5 * strength, scale=(0.02, 0.2)),
    ]
    steps += [v2.ColorJitter(**color)] if data.shape[0] in (1, 3) else []
    steps += [v2.RandomHorizontalFlip()] if flip else []
    return v2.Compose(steps)
