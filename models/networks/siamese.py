"""The network of siamese and triplet models: convolutions, pooling and batch norm."""

from math import prod

from torch import nn

from ..data_spec import DataSpec
from .initialization import scale_widths
from .lenet import conv_pool
from .standardize import standardize_input

CHANNELS = (32, 64)
HIDDEN = 256


class SiameseEncoder(nn.Sequential):
    """Maps images to codes, which are not normalised.

    Args:
        data: Images of any size.
        features: Length of a code D.
        width: How many times the published width each layer has.

    Its input has shape (N, C, H, W), its output (N, D).

    References:
        Dimensionality Reduction by Learning an Invariant Mapping (Hadsell, Chopra, LeCun, 2006)
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        first, second, hidden = scale_widths(width, *CHANNELS, HIDDEN)
        inputs, *size = data.shape
        one, size = conv_pool(inputs, first, size)
        two, size = conv_pool(first, second, size)
        flat = second * prod(size)
        super().__init__(
            *standardize_input(data),
            *one,
            nn.BatchNorm2d(first),
            *two,
            nn.Flatten(),
            nn.BatchNorm1d(flat),
            nn.Linear(flat, hidden),
            nn.ReLU(),
            nn.BatchNorm1d(hidden),
            nn.Linear(hidden, features),
        )
