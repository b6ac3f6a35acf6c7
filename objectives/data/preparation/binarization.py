"""Binarization: pixels as random draws of 0 or 1, with their values as probabilities."""

import torch
from torch import Tensor

from ....models.pixels import to_float
from ..data_error import DataError
from ..parts import Part


class RandomBinarization:
    """Draws the pixels of training images anew in each batch, from torch's random generator.

    References:
        On the Quantitative Analysis of Deep Belief Networks (Salakhutdinov, Murray, 2008)
    """

    def __call__(self, images: Tensor) -> Tensor:
        """Returns images of zeros and ones, of the same shape, as floats."""
        return torch.bernoulli(to_float(images))


def binarize(part: Part, seed: int) -> Part:
    """Returns a part whose pixels are drawn once; the same seed draws the same pixels.

    Raises:
        DataError: If the images are decoded on demand.
    """
    if not isinstance(part.inputs, Tensor):
        raise DataError("photographs that are decoded on demand cannot be drawn as zeros and ones")
    images = to_float(part.inputs)
    drawn = torch.bernoulli(images, generator=torch.Generator().manual_seed(seed))
    if part.inputs.dtype == torch.uint8:
        drawn = (255 * drawn).to(torch.uint8)
    return Part(drawn, *part[1:])
