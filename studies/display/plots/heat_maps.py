"""Plots where an image differs from its reconstruction, on the image in its original size."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ....objectives.data.data_error import DataError
from ....objectives.data.preparation.augmentation import RESIZE_RATIO
from ....objectives.data.sources.image_decoding import decode_image

MAX_HEAT_MAPS = 50
"""Maximum number of images that get a heat map."""
MIN_SIDE = 128
"""The side in pixels to which smaller images are enlarged."""
OPACITY = 0.6
"""How much of the color of the largest error replaces the image."""
COLORS = "inferno"


def write_heat_map(name: str, image: Tensor, errors: Tensor, cropped: bool, path: Path) -> None:
    """Writes an image, and beside it the same image with its errors as colors.

    Args:
        name: The path of the image file, which is read in its original size. If there is no such
            file, `image` is shown.
        image: The image as the network reads it, with shape (1, C, H, W), from 0 to 1.
        errors: The error of each of its pixels, with shape (H, W).
        cropped: Whether the network reads a center square of photographs.
        path: The file that is written.
    """
    import matplotlib

    original = _original_image(name, image)
    height, width = original.shape[:2]
    share = 1 / RESIZE_RATIO if cropped else 1.0
    heat = _place_on_original(errors.numpy(), (width, height), share)
    heat = heat / max(heat.max(), 1e-12)
    colors = matplotlib.colormaps[COLORS](heat)[..., :3]
    opacity = OPACITY * heat[..., None]
    overlay = (1 - opacity) * original + opacity * colors
    both = np.concatenate([original, overlay], axis=1)
    pixels = (both * 255).round().clip(0, 255).astype(np.uint8)
    factor = max(1, -(-MIN_SIDE // max(height, width)))
    enlarged = pixels.repeat(factor, 0).repeat(factor, 1)
    Image.fromarray(enlarged).save(path)


def _original_image(name: str, image: Tensor) -> NDArray[np.float32]:
    """Returns the pixels of an image file (H, W, 3), or those of `image` if there is no file."""
    pixels = image[0].expand(3, -1, -1).numpy()
    if os.path.isfile(name):
        try:
            decoded = decode_image(name, "RGB").pixels
            pixels = decoded / 255 if decoded.dtype == np.uint8 else decoded
        except DataError:  # it has changed since it was scored
            pass
    return pixels.transpose(1, 2, 0).astype(np.float32)


def _place_on_original(
    errors: NDArray[np.float32], size: tuple[int, int], share: float
) -> NDArray[np.float32]:
    """Returns errors (h, w) on an image of `size`, of which the network has read the center.

    The network reads the largest part with its own ratio of sides; with a `share` below 1, less
    of it. The errors elsewhere are 0.
    """
    height, width = errors.shape
    scale = share * min(size[0] / width, size[1] / height)
    read = max(1, round(width * scale)), max(1, round(height * scale))
    resized = Image.fromarray(errors).resize(read, Image.Resampling.BILINEAR)
    placed = Image.new("F", size)
    placed.paste(resized, ((size[0] - read[0]) // 2, (size[1] - read[1]) // 2))
    return np.asarray(placed)
