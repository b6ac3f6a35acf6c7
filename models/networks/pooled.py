"""Convolutions with pooling between them; the code is a small map of a few channels."""

from itertools import pairwise

from torch import nn

from ..data_spec import DataSpec
from .feature_maps import code_channels, feature_map_sizes
from .initialization import init_weights, scale_widths
from .standardize import restore_output, standardize_input

CHANNELS = 16
SMALLEST = 7
LAST_LAYER_GAIN = 0.1  # see `init_weights`


class PooledEncoder(nn.Sequential):
    """Maps images to features: convolutions, each before a ReLU and a mean over 2x2 pixels.

    Args:
        data: Images.
        features: Number of features D that leave the encoder: a multiple of the cells of the
            smallest map, 49 of 28x28 pixels.
        width: How many times the published number of channels each layer has.

    Its input has shape (N, C, H, W), its output (N, D).

    Raises:
        ValueError: If the features are no whole number of maps.
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        channels = _channels(data, features, width)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(channels):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
            layers.append(nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False))
        # The last map is made at the smallest size.
        super().__init__(*standardize_input(data), *layers[:-1], nn.Flatten())
        init_weights(self)


class PooledDecoder(nn.Sequential):
    """Maps features to images: convolutions, each pixel repeated between them.

    Args:
        data: Images.
        features: Number of features D that enter the decoder: likewise.
        width: How many times the published number of channels each layer has.

    Its input has shape (N, D), its output (N, C, H, W).
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        channels = _channels(data, features, width)[::-1]
        smallest, *larger = reversed(feature_map_sizes(data.shape, SMALLEST))
        layers: list[nn.Module] = [nn.Unflatten(1, (channels[0], *smallest))]
        for (inputs, outputs), size in zip(pairwise(channels), [*larger, None], strict=True):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
            if size is not None:
                layers.append(nn.Upsample(size))
        super().__init__(*layers[:-1], *restore_output(data))
        init_weights(self, LAST_LAYER_GAIN)


def _channels(data: DataSpec, features: int, width: float) -> list[int]:
    """Returns the channels of the image, behind each layer, and of the code: 1, 16, 8, 4."""
    halved = feature_map_sizes(data.shape, SMALLEST)[1:]
    wide = [CHANNELS] * (len(halved) - 1) + [CHANNELS // 2]
    return [data.shape[0], *scale_widths(width, *wide), code_channels(features, halved[-1])]
