"""Two convolutions and two linear layers: a small classifier's body."""

from collections.abc import Sequence
from math import prod

from torch import nn

from ..data_spec import DataSpec
from .initialization import init_weights, scale_widths
from .standardize import standardize_input

CHANNELS = (6, 16)
HIDDEN = (220, 184)
KERNEL = 5
PADDED_BELOW = 10  # pixels of a side, below which such a kernel needs a border


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
        first, second, last = scale_widths(width, *CHANNELS, HIDDEN[1])
        inputs, *size = data.shape
        one, size = conv_pool(inputs, first, size)
        two, size = conv_pool(first, second, size)
        super().__init__(
            *standardize_input(data),
            *one,
            *two,
            nn.Flatten(),
            nn.Linear(second * prod(size), hidden),
            nn.ReLU(),
            nn.Linear(hidden, last),
            nn.ReLU(),
        )
        self.features = last
        init_weights(self)


def conv_pool(inputs: int, outputs: int, size: Sequence[int]) -> tuple[list[nn.Module], list[int]]:
    """Returns a convolution before a ReLU and pooling, and the size of the map that they leave.

    Args:
        inputs: Channels of their input.
        outputs: Channels of their output.
        size: Height and width of their input; a small side is given a border first.
    """
    height, width = (KERNEL // 2 if side < PADDED_BELOW else 0 for side in size)
    convolution = nn.Conv2d(inputs, outputs, KERNEL, padding=(height, width))
    sides = zip(size, (height, width), strict=True)
    left = [-(-(side + 2 * padding - KERNEL + 1) // 2) for side, padding in sides]
    return [convolution, nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)], left
