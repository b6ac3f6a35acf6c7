"""Encoder of convolutions and pooling, and its decoder; the latent code is a small feature map."""

from itertools import pairwise

from torch import nn

from ..data_spec import DataSpec
from .layers import code_channels, feature_map_sizes, init_weights, scale_widths
from .standardize import restore_output, standardize_input

CHANNELS = 16
SMALLEST_SIDE = 7
LAST_LAYER_GAIN = 0.1


class PooledEncoder(nn.Sequential):
    """Encodes images (N, C, H, W) by convolutions, each followed by ReLU and 2x2 mean pooling.

    Raises:
        ValueError: If D is not a multiple of the cells of the smallest map, 49 for 28x28 pixels.
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(_layer_channels(data, features, width)):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
            layers.append(nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False))
        # The last convolution works at the smallest size, without pooling.
        super().__init__(*standardize_input(data), *layers[:-1], nn.Flatten())
        init_weights(self)


class PooledDecoder(nn.Sequential):
    """Decodes features to images by convolutions and nearest-neighbor upsampling between them."""

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        channels = _layer_channels(data, features, width)[::-1]
        smallest, *larger = reversed(feature_map_sizes(data.shape, SMALLEST_SIDE))
        layers: list[nn.Module] = [nn.Unflatten(1, (channels[0], *smallest))]
        for (inputs, outputs), size in zip(pairwise(channels), [*larger, None], strict=True):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
            if size is not None:
                layers.append(nn.Upsample(size))
        super().__init__(*layers[:-1], *restore_output(data))
        init_weights(self, LAST_LAYER_GAIN)


def _layer_channels(data: DataSpec, features: int, width: float) -> list[int]:
    """Returns the number of channels of the image, of each layer, and of the code: 1, 16, 8, 4."""
    halved = feature_map_sizes(data.shape, SMALLEST_SIDE)[1:]
    hidden = [CHANNELS] * (len(halved) - 1) + [CHANNELS // 2]
    return [data.shape[0], *scale_widths(width, *hidden), code_channels(features, halved[-1])]
