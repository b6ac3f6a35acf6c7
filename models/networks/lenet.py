"""Two convolutions and two linear layers: a small classifier's body."""

from math import prod

from torch import nn

from ..data_spec import DataSpec
from .standardise import standardised
from .weights import draw_weights, scaled

CHANNELS = (6, 16)
HIDDEN = (220, 184)
KERNEL = 5
SMALL = 16  # pixels of a side, below which two such kernels need a border


class LeNet(nn.Sequential):
    """Maps images to features: convolutions, each before a ReLU and pooling, and linear layers.

    Args:
        data: Images of any size.
        hidden: Units of the first linear layer; the others keep the published proportion to it.

    Its input has shape (N, C, H, W), its output (N, `features`).

    Attributes:
        features: How many features leave it.

    References:
        Gradient-Based Learning Applied to Document Recognition
        (LeCun, Bottou, Bengio, Haffner, 1998)
    """

    def __init__(self, data: DataSpec, hidden: int) -> None:
        width = hidden / HIDDEN[0]
        first, second, last = scaled(width, *CHANNELS, HIDDEN[1])
        _, height, wide = data.shape
        padding = (_padding(height), _padding(wide))
        size = [_halved(_halved(s, p), p) for s, p in zip((height, wide), padding, strict=True)]
        super().__init__(
            *standardised(data),
            nn.Conv2d(data.shape[0], first, KERNEL, padding=padding),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(first, second, KERNEL, padding=padding),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Flatten(),
            nn.Linear(second * prod(size), hidden),
            nn.ReLU(),
            nn.Linear(hidden, last),
            nn.ReLU(),
        )
        self.features = last
        draw_weights(self)


def _padding(side: int) -> int:
    return KERNEL // 2 if side < SMALL else 0


def _halved(side: int, padding: int) -> int:
    """Returns how many pixels of a side a convolution and pooling leave."""
    return -(-(side + 2 * padding - KERNEL + 1) // 2)
