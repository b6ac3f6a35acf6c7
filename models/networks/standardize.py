"""Standardising as a layer, so that a trained network takes raw input and draws raw output."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..data_spec import DataSpec


def per_channel(data: DataSpec, values: Sequence[float]) -> Tensor:
    """Returns a value for each channel or feature, in a shape that goes with items.

    Those of a table are in float64, as its rows are: a time in milliseconds, or a charge in
    coulombs, has deviations that float32 cannot tell from its mean or from 0.
    """
    dtype = torch.double if data.kind == "table" else torch.float
    return torch.tensor(values, dtype=dtype).view(-1, *[1] * (len(data.shape) - 1))


class Standardize(nn.Module):
    """Subtracts the mean of each channel or feature, and divides by its standard deviation.

    Args:
        data: The data, with `mean` and `std`.
        inverse: Whether to do the opposite.

    Its input and output have shape (N, *data.shape). What is standardised is in float32; rows of
    a table, before it or after the inverse, are in float64.
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
    """Returns rows in float64 as float32 for a network that does not standardise them."""
    if x.dtype != torch.double or not isinstance(model, nn.Module):
        return x
    return x if any(isinstance(part, Standardize) for part in model.modules()) else x.float()


def standardize_input(data: DataSpec) -> list[nn.Module]:
    """Returns the first layer of an encoder; none if the data are taken as they are."""
    return [] if data.mean is None else [Standardize(data)]


def error_scale(data: DataSpec) -> Tensor:
    """Returns what an error is measured in: the deviation of a table's features, if known."""
    if data.kind == "table" and data.std is not None:
        return per_channel(data, data.std)
    return torch.ones(())


def restore_output(data: DataSpec) -> list[nn.Module]:
    """Returns the last layer of a decoder whose output has no bounds; none likewise."""
    return [] if data.mean is None else [Standardize(data, inverse=True)]
