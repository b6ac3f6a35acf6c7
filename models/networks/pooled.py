"""Convolutions with pooling between them; the code is a small map of a few channels."""

from itertools import pairwise
from math import ceil, log2, prod

from torch import nn

from ..data_spec import DataSpec
from .standardise import restored, standardised
from .weights import draw_weights, scaled

CHANNELS = 16
SMALLEST = 7


def sides(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Returns height and width before each halving, and after the last: about 7 pixels remain.

    That is one halving for 8 pixels, two for 28 and 32, three for 64.
    """
    height, width = shape[1:]
    halvings = max(1, round(log2(max(height, width) / SMALLEST)))
    return [(ceil(height / 2**n), ceil(width / 2**n)) for n in range(halvings + 1)]


def cells(shape: tuple[int, ...]) -> int:
    """Returns how many cells the smallest map has, of which a code holds whole channels."""
    return prod(sides(shape)[-1])


class PooledEncoder(nn.Sequential):
    """Maps images to features: convolutions, each before a ReLU and a mean over 2x2 pixels.

    Args:
        data: Images.
        features: Number of features D that leave the encoder: a multiple of `cells`.
        width: How many times the published number of channels each layer has.

    Its input has shape (N, C, H, W), its output (N, D).

    Raises:
        ValueError: If the features are no whole number of maps.
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        channels = _channels(data, features, width)
        layers: list[nn.Module] = []
        for before, after in pairwise(channels):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
            layers.append(nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False))
        # The last map is made at the smallest size.
        super().__init__(*standardised(data), *layers[:-1], nn.Flatten())
        draw_weights(self)


class PooledDecoder(nn.Sequential):
    """Maps features to images: convolutions, each pixel repeated between them.

    Args:
        data: Images.
        features: Number of features D that enter the decoder: a multiple of `cells`.
        width: How many times the published number of channels each layer has.

    Its input has shape (N, D), its output (N, C, H, W).
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        channels = _channels(data, features, width)[::-1]
        sizes = sides(data.shape)[::-1]
        layers: list[nn.Module] = [nn.Unflatten(1, (channels[0], *sizes[0]))]
        for (before, after), size in zip(pairwise(channels), [*sizes[1:], None], strict=True):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
            if size is not None:
                layers.append(nn.Upsample(size))
        super().__init__(*layers[:-1], *restored(data))
        draw_weights(self)


def _channels(data: DataSpec, features: int, width: float) -> list[int]:
    """Returns the channels of the image, behind each layer, and of the code: 1, 16, 8, 4."""
    size = cells(data.shape)
    if features % size:
        raise ValueError(
            f"latent_dim (={features}) of a pooled network must be a multiple of {size}, "
            "the cells of its smallest map."
        )
    halvings = len(sides(data.shape)) - 1
    wide = [CHANNELS] * (halvings - 1) + [CHANNELS // 2]
    return [data.shape[0], *scaled(width, *wide), features // size]
