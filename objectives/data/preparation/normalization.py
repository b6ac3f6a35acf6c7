"""Mean and standard deviation of any scale, in float64 and from deviations."""

from collections.abc import Iterable

import torch
from torch import Tensor

EPSILON = torch.finfo(torch.double).eps


def mean_and_std(chunks: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Returns the mean and the standard deviation of each column of a matrix.

    Each chunk is reduced to its mean and its squared deviations, and these are merged, so that
    neither a large mean nor the size of the numbers costs digits. The deviation of a column is 1
    if it is no larger than what rounding makes of a constant, by the bound of scikit-learn.

    Args:
        chunks: Parts of the rows, each with shape (n, F); at least one row in all.

    Returns:
        Both with shape (F,), in float64.

    References:
        Algorithms for Computing the Sample Variance: Analysis and Recommendations (Chan, Golub,
        LeVeque, 1983), whose bound for rounding errors scikit-learn uses

    Example:
        >>> mean, std = mean_and_std([torch.tensor([[1e9 - 100.0], [1e9 + 100.0]]).double()])
        >>> mean.item(), std.item()
        (1000000000.0, 100.0)
    """
    count, mean, squares = 0, torch.zeros(1).double(), torch.zeros(1).double()
    for chunk in chunks:
        values, n = chunk.double(), len(chunk)
        chunk_mean = values.mean(0)
        deviations = values - chunk_mean
        chunk_mean = chunk_mean + deviations.mean(0)  # what rounding took from the first mean
        mean_shift = chunk_mean - mean
        squares = (
            squares
            + (values - chunk_mean).square().sum(0)
            + mean_shift**2 * (count * n / (count + n))
        )
        mean = mean + mean_shift * (n / (count + n))
        count += n
    variance = squares / count
    rounding = count * EPSILON * variance + (count * EPSILON * mean) ** 2
    return mean, variance.sqrt().where(variance > rounding, 1.0)
