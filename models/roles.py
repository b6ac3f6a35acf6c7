"""Protocols for the methods of a model that other code calls."""

from typing import Protocol, runtime_checkable

from torch import Tensor

from .densities.mixture import LatentMixture


@runtime_checkable
class Encodes(Protocol):
    """A model that maps items to latent codes.

    Its codes can be plotted, and a classifier can be trained on its codes.
    """

    def encode(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to latent codes, with shape (N, D)."""


@runtime_checkable
class Decodes(Protocol):
    """A model that maps latent codes to items.

    It can generate items if the distribution of its codes is known.
    """

    def decode(self, z: Tensor) -> Tensor:
        """Maps latent codes z, with shape (N, D), to items, with shape (N, *data.shape)."""


@runtime_checkable
class Codec(Encodes, Decodes, Protocol):
    """A model that encodes and decodes.

    Densities can be fitted to its latent codes, and it can interpolate between items.
    """


@runtime_checkable
class Reconstructs(Protocol):
    """A model that reconstructs items.

    Its error is compared with the error of principal components.
    """

    def reconstruct(self, x: Tensor) -> Tensor:
        """Reconstructs items x, with shape (N, *data.shape)."""


@runtime_checkable
class HasPrior(Protocol):
    """A model that knows the distribution of its latent codes."""

    def prior(self) -> LatentMixture:
        """Returns the prior density of latent codes."""


@runtime_checkable
class HasLikelihood(Protocol):
    """A model that estimates the likelihood of items."""

    def negative_elbo(self, x: Tensor) -> Tensor:
        """Returns minus the evidence lower bound of items x in nats, with shape (N,)."""

    def log_likelihood(self, x: Tensor, samples: int) -> Tensor:
        """Estimates log p(x) of items x in nats by importance sampling, with shape (N,)."""


@runtime_checkable
class HasPosterior(Protocol):
    """A model whose latent codes are normal distributions."""

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns mean and log-variance of the codes of items x, both (N, D)."""


@runtime_checkable
class Compares(Protocol):
    """A model that learns from groups of items, such as pairs or triplets."""

    def sample_groups(self, labels: Tensor) -> Tensor:
        """Returns the indices (M, K) of random groups of items with labels (N,)."""


@runtime_checkable
class Predicts(Protocol):
    """A model that predicts classes or numbers.

    Its score is compared with the score of a linear model.
    """

    def predict_batch(self, batch: Tensor) -> Tensor:
        """Maps a training batch to logits (N, classes) or numbers (N, 1).

        The batch holds items, or latent codes if the encoder of the model is frozen.
        """
