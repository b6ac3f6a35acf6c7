"""LeNet, and an encoder of the same blocks, which are convolutions with pooling."""

from collections.abc import Sequence
from math import prod

from torch import nn

from ..data_spec import DataSpec
from .layers import init_weights, scale_widths
from .standardize import standardize_input

LENET_CHANNELS = (6, 16)
LENET_HIDDEN_WIDTHS = (220, 184)
SIAMESE_CHANNELS = (32, 64)
SIAMESE_HIDDEN_WIDTH = 256
KERNEL_SIZE = 5
MIN_UNPADDED_SIDE = 10  # pixels of a side; a smaller side is padded for such a kernel


class LeNet(nn.Sequential):
    """Maps images (N, C, H, W) of any size to features (N, features).

    `hidden` is the width of the first linear layer. The other layers are scaled in proportion.

    References:
        Gradient-Based Learning Applied to Document Recognition
        (LeCun, Bottou, Bengio, Haffner, 1998)
    """

    def __init__(self, data: DataSpec, hidden: int) -> None:
        width = hidden / LENET_HIDDEN_WIDTHS[0]
        first, second, features = scale_widths(width, *LENET_CHANNELS, LENET_HIDDEN_WIDTHS[1])
        colors, *size = data.shape
        block_1, size = conv_pool(colors, first, size)
        block_2, size = conv_pool(first, second, size)
        super().__init__(
            *standardize_input(data),
            *block_1,
            *block_2,
            nn.Flatten(),
            nn.Linear(second * prod(size), hidden),
            nn.ReLU(),
            nn.Linear(hidden, features),
            nn.ReLU(),
        )
        self.features = features
        init_weights(self)


def conv_pool(inputs: int, outputs: int, size: Sequence[int]) -> tuple[list[nn.Module], list[int]]:
    """Returns a convolution with ReLU and max pooling, and the size of the resulting feature map.

    A side is padded if it has less than 10 pixels.
    """
    padding = [KERNEL_SIZE // 2 if side < MIN_UNPADDED_SIDE else 0 for side in size]
    convolution = nn.Conv2d(inputs, outputs, KERNEL_SIZE, padding=(padding[0], padding[1]))
    sides = zip(size, padding, strict=True)
    pooled = [-(-(side + 2 * border - KERNEL_SIZE + 1) // 2) for side, border in sides]
    return [convolution, nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)], pooled


class SiameseEncoder(nn.Sequential):
    """Encodes images (N, C, H, W) of any size to latent codes (N, D); codes are not normalized.

    References:
        Dimensionality Reduction by Learning an Invariant Mapping (Hadsell, Chopra, LeCun, 2006)
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        first, second, hidden = scale_widths(width, *SIAMESE_CHANNELS, SIAMESE_HIDDEN_WIDTH)
        colors, *size = data.shape
        block_1, size = conv_pool(colors, first, size)
        block_2, size = conv_pool(first, second, size)
        flat = second * prod(size)
        super().__init__(
            *standardize_input(data),
            *block_1,
            nn.BatchNorm2d(first),
            *block_2,
            nn.Flatten(),
            nn.BatchNorm1d(flat),
            nn.Linear(flat, hidden),
            nn.ReLU(),
            nn.BatchNorm1d(hidden),
            nn.Linear(hidden, features),
        )
