"""Computes mean and standard deviation of each channel or feature of the training part."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from ....models.pixels import to_float
from ...progress import progress
from ..batches import Batches, evaluation_batch_size
from ..parts import Items

EPSILON = torch.finfo(torch.double).eps
CHUNK_SIZE = 1024
MAX_MEASURED_IMAGES = 2000  # the mean of 2,000 images is accurate to about 1 %

Moments = tuple[tuple[float, ...], tuple[float, ...]]
_moments: dict[str, Moments] = {}


def mean_and_std(chunks: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Returns the mean and the standard deviation of each column of a matrix.

    The matrix comes in chunks of rows. Means and squared deviations of the chunks are merged,
    which loses no digits even if the mean is large. If a column is constant except for rounding
    errors, its deviation is set to 1.

    Args:
        chunks: Matrices of shape (n, F), with at least one row in total.

    Returns:
        Two float64 tensors of shape (F,).

    References:
        Algorithms for Computing the Sample Variance: Analysis and Recommendations (Chan, Golub,
        LeVeque, 1983); scikit-learn uses its bound of rounding errors, too.

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
        chunk_mean = chunk_mean + deviations.mean(0)  # corrects the rounding error of the mean
        shift = chunk_mean - mean
        within, between = (values - chunk_mean).square().sum(0), shift**2
        squares = squares + within + between * (count * n / (count + n))
        mean = mean + shift * (n / (count + n))
        count += n
    variance = squares / count
    rounding = count * EPSILON * variance + (count * EPSILON * mean) ** 2
    return mean, variance.sqrt().where(variance > rounding, 1.0)


def channel_moments(inputs: Items, fingerprint: str) -> Moments:
    """Returns the means and the standard deviations of the channels or features of `inputs`.

    The result is cached under `fingerprint`, because every trial needs it.
    """
    if fingerprint not in _moments:
        # In chunks, because bytes that fit in memory may not fit as floats.
        mean, std = mean_and_std(
            to_float(chunk).movedim(1, -1).flatten(0, -2) for chunk in _measured_chunks(inputs)
        )
        _moments[fingerprint] = tuple(mean.tolist()), tuple(std.tolist())
    return _moments[fingerprint]


def _measured_chunks(inputs: Items) -> Iterator[Tensor]:
    """Yields all items in chunks; if images are decoded on demand, only a sample of them."""
    if isinstance(inputs, Tensor):
        yield from torch.split(inputs, CHUNK_SIZE)
        return
    sample = inputs.take(range(0, len(inputs), -(-len(inputs) // MAX_MEASURED_IMAGES)))
    task = f"measuring {len(sample):,} of {len(inputs):,} images"
    with progress(task, len(sample)) as advance:
        for (batch,) in Batches((sample,), evaluation_batch_size(sample), shuffle=False):
            yield batch
            advance(len(batch))
