"""Roles of a network: protocols with the methods that other code calls."""

from typing import Protocol, runtime_checkable

from torch import Tensor

from .densities import LatentMixture


@runtime_checkable
class Encodes(Protocol):
    """Maps items to codes: its codes can be plotted, and a classifier can be trained on them."""

    def encode(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to codes, with shape (N, D)."""


@runtime_checkable
class Decodes(Protocol):
    """Maps codes to items: it can be sampled if the distribution of its codes is known."""

    def decode(self, z: Tensor) -> Tensor:
        """Maps codes z, with shape (N, D), to items, with shape (N, *data.shape)."""


@runtime_checkable
class Codec(Encodes, Decodes, Protocol):
    """Maps both ways: densities are fitted to its codes, and it can interpolate between items."""


@runtime_checkable
class Reconstructs(Protocol):
    """Reconstructs items: its error is compared with the error of principal components."""

    def reconstruct(self, x: Tensor) -> Tensor:
        """Reconstructs items x, with shape (N, *data.shape)."""


@runtime_checkable
class HasPrior(Protocol):
    """Knows the distribution of its codes."""

    def prior(self) -> LatentMixture:
        """Returns a density of codes."""


@runtime_checkable
class Compares(Protocol):
    """Learns from groups of items, such as pairs or triplets."""

    def sample_groups(self, labels: Tensor) -> Tensor:
        """Samples groups of items with labels (N,), and returns their indices (M, K)."""


@runtime_checkable
class Predicts(Protocol):
    """Predicts classes or numbers: its score is compared with the score of a linear model."""

    def predict_batch(self, batch: Tensor) -> Tensor:
        """Maps items or codes, as in training, to logits (N, classes) or numbers (N, 1)."""
