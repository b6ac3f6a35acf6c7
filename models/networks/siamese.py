"""The encoder of siamese and triplet models: convolutions, pooling and batch norm."""

from math import prod

from torch import nn

from ..data_spec import DataSpec
from .initialization import scale_widths
from .lenet import conv_pool
from .standardize import standardize_input

CHANNELS = (32, 64)
HIDDEN = 256


class SiameseEncoder(nn.Sequential):
    """Encodes images (N, C, H, W) of any size to codes (N, D), which are not normalized.

    References:
        Dimensionality Reduction by Learning an Invariant Mapping (Hadsell, Chopra, LeCun, 2006)
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        first, second, hidden = scale_widths(width, *CHANNELS, HIDDEN)
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
