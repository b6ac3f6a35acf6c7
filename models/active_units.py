"""ActiveUnits: counts the code dimensions that depend on the item."""

from torch import Tensor

from .growing_tensor import GrowingTensor

ACTIVE_UNIT_VARIANCE = 0.01


class ActiveUnits:
    """Collects the posterior means of an epoch, and counts the dimensions in which they vary.

    References:
        Importance Weighted Autoencoders (Burda, Grosse, Salakhutdinov, 2016)
    """

    def __init__(self) -> None:
        self._means = GrowingTensor()

    def update(self, means: Tensor) -> None:
        """Adds the posterior means (N, D) of a batch."""
        self._means.append(means)

    def compute(self) -> Tensor:
        """Returns the number of dimensions whose variance is above 0.01, and begins anew."""
        means = self._means.rows
        self._means = GrowingTensor()
        variances = means.var(0, correction=min(1, len(means) - 1))
        return (variances > ACTIVE_UNIT_VARIANCE).sum().float()
