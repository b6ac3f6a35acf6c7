"""What a network can do: uses ask for a role, never for a class, and a stranger's may play it."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from torch import Tensor

if TYPE_CHECKING:
    from .densities.mixture import LatentMixture


@runtime_checkable
class Encodes(Protocol):
    """Can be mapped, and carry a head."""

    def encode(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to codes, with shape (N, D)."""


@runtime_checkable
class Decodes(Protocol):
    """Can be sampled, if it is known what its codes are distributed like."""

    def decode(self, z: Tensor) -> Tensor:
        """Maps codes z, with shape (N, D), to items, with shape (N, *data.shape)."""


@runtime_checkable
class Codec(Encodes, Decodes, Protocol):
    """Goes both ways: densities are fitted to its codes, and it can go between two items."""


@runtime_checkable
class Reconstructs(Protocol):
    """Is shown beside its input, and beside principal components."""

    def reconstruct(self, x: Tensor) -> Tensor:
        """Draws items x, with shape (N, *data.shape), again."""


@runtime_checkable
class HasPrior(Protocol):
    """Knows what its codes are distributed like."""

    def prior(self) -> "LatentMixture":
        """Returns a density over codes."""


@runtime_checkable
class Compares(Protocol):
    """Learns from items beside each other, of which some are shown."""

    def sample_groups(self, labels: Tensor) -> Tensor:
        """Draws groups of items with labels of shape (N,), and returns their places, (M, K)."""


@runtime_checkable
class Predicts(Protocol):
    """Is shown beside a linear model; of classes, with accuracies and a confusion matrix."""

    def answer(self, batch: Tensor) -> Tensor:
        """Maps what training sees, items or codes, to logits (N, classes), or numbers (N, 1)."""
