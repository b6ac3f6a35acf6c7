"""Standardize: a layer, so that a trained network maps unscaled input to unscaled output."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..data_spec import DataSpec


def per_channel(data: DataSpec, values: Sequence[float]) -> Tensor:
    """Returns one value per channel or feature, in a shape that broadcasts with items.

    The values of a table are float64, like its rows. In float32, the deviation of a time in
    milliseconds would vanish beside its mean, and a charge in coulombs would become 0.
    """
    dtype = torch.double if data.kind == "table" else torch.float
    return torch.tensor(values, dtype=dtype).view(-1, *[1] * (len(data.shape) - 1))


class Standardize(nn.Module):
    """Subtracts the mean of each channel or feature and divides by its deviation, or the inverse.

    Input and output have shape (N, *data.shape). Standardized values are float32. The raw rows of
    a table are float64.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, data: DataSpec, inverse: bool = False) -> None:
        super().__init__()
        assert data.mean is not None
        assert data.std is not None
        self.register_buffer("mean", per_channel(data, data.mean))
        self.register_buffer("std", per_channel(data, data.std))
        self.inverse = inverse

    def forward(self, x: Tensor) -> Tensor:
        if self.inverse:
            return x * self.std + self.mean
        return ((x - self.mean) / self.std).float()


def cast_input(model: object, x: Tensor) -> Tensor:
    """Returns float64 rows as float32 if `model` does not standardize them itself."""
    if x.dtype != torch.double or not isinstance(model, nn.Module):
        return x
    return x if any(isinstance(part, Standardize) for part in model.modules()) else x.float()


def standardize_input(data: DataSpec) -> list[nn.Module]:
    """Returns the first layers of an encoder: Standardize, or none if `data` has no mean."""
    return [] if data.mean is None else [Standardize(data)]


def restore_output(data: DataSpec) -> list[nn.Module]:
    """Returns the last layers of an unbounded decoder: the inverse of Standardize, or none.

    There is none if `data` has no mean.
    """
    return [] if data.mean is None else [Standardize(data, inverse=True)]


def error_scale(data: DataSpec) -> Tensor:
    """Returns the unit of errors: the deviations of a standardized table, 1 for other data."""
    if data.kind == "table" and data.std is not None:
        return per_channel(data, data.std)
    return torch.ones(())
