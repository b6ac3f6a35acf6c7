"""How strange an item is to a network: the size of its reconstruction error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from ...models.data_spec import DataSpec
from ...models.networks.standardise import unit
from ...models.roles import Reconstructs
from ..data.batches import in_batches

if TYPE_CHECKING:
    from ..data.parts import Items


def anomaly_scores(model: Reconstructs, data: DataSpec, items: Items) -> Tensor:
    """Returns the L2 norm of each item's reconstruction error, in units of the data.

    Those are values of pixels from 0 to 1 and, in a standardised table, deviations.

    Args:
        model: The trained network, on the CPU and in eval mode.
        data: What an item is.
        items: The items, with shape (N, *data.shape).

    Returns:
        Scores with shape (N,), at least 0.

    References:
        Outlier Detection Using Replicator Neural Networks (Hawkins, He, Williams, Baxter, 2002)
    """
    scale = unit(data)

    def scores(x: Tensor) -> Tensor:
        errors: Tensor = ((model.reconstruct(x) - x) / scale).flatten(1)
        return errors.square().sum(1).sqrt()

    return in_batches(scores, items)
