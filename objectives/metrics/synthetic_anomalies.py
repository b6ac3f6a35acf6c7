"""Corrupted items, which stand for anomalies where none are known."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ...models.data_spec import Kind
from .error_maps import smooth_images

NOISE_SHARE = 0.5  # of the standard deviation of the values
PATCH_SHARE = 1 / 3  # of a side of an image, or of the features of a row
BLUR_SHARE = 1 / 16  # of the longer side

Corruption = Callable[[Tensor, torch.Generator], Tensor]
"""Maps items (N, *shape) to as many corrupted items, with a random generator."""


def add_noise(items: Tensor, rng: torch.Generator) -> Tensor:
    """Adds Gaussian noise to items (N, *shape); the values stay in the range of all items."""
    noise = torch.randn(items.shape, generator=rng)
    low, high = items.min(), items.max()
    return (items + NOISE_SHARE * items.std() * noise).clamp(low, high)


def blur(images: Tensor, rng: torch.Generator) -> Tensor:
    """Smooths images (N, C, H, W) with a Gaussian kernel."""
    return smooth_images(images, BLUR_SHARE)


def paste_patches(images: Tensor, rng: torch.Generator) -> Tensor:
    """Replaces a rectangle of each image (N, C, H, W) by that of another image."""
    height, width = images.shape[-2:]
    patch = [max(1, round(side * PATCH_SHARE)) for side in (height, width)]
    starts = [
        torch.randint(0, side - size + 1, (len(images), 1), generator=rng)
        for side, size in zip((height, width), patch, strict=True)
    ]
    inside = [
        (torch.arange(side) >= start) & (torch.arange(side) < start + size)
        for side, start, size in zip((height, width), starts, patch, strict=True)
    ]
    mask = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return torch.where(mask, _other_items(images, rng), images)


def add_noise_to_features(rows: Tensor, rng: torch.Generator) -> Tensor:
    """Adds noise of one standard deviation to a third of the features of each row (N, F)."""
    noise = torch.randn(rows.shape, generator=rng) * rows.std(0)
    return torch.where(_random_features(rows, rng), rows + noise, rows)


def exchange_features(rows: Tensor, rng: torch.Generator) -> Tensor:
    """Replaces a third of the features of each row (N, F) by those of another row."""
    return torch.where(_random_features(rows, rng), _other_items(rows, rng), rows)


CORRUPTIONS: Mapping[Kind, Mapping[str, Corruption]] = {
    "image": {"noise": add_noise, "blur": blur, "patch": paste_patches},
    "table": {"noise": add_noise_to_features, "exchange": exchange_features},
}
"""The corruptions of each kind of data, by name."""


def _random_features(rows: Tensor, rng: torch.Generator) -> Tensor:
    order = torch.rand(rows.shape, generator=rng).argsort(1)
    return order < max(1, round(rows.shape[1] * PATCH_SHARE))


def _other_items(items: Tensor, rng: torch.Generator) -> Tensor:
    """Returns for each of N items another one, if N is above 1."""
    shift = int(torch.randint(1, max(2, len(items)), (1,), generator=rng))
    return items.roll(shift, 0)
