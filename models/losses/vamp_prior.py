"""VampPrior: a prior of latent codes that is learned together with the network."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from ..densities.mixture import LatentMixture
from .likelihoods import log_normal

Posterior = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Maps images (N, C, H, W) to means and log-variances of their codes, both (N, D)."""


class VampPrior(nn.Module):
    """A mixture of the posteriors of learned images, the pseudo-inputs, with equal weights.

    Args:
        n: Number of pseudo-inputs, at least 1.
        shape: The shape of an image, (C, H, W).

    References:
        VAE with a VampPrior (Tomczak, Welling, 2018)
    """

    def __init__(self, n: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.pseudo_inputs = nn.Parameter(torch.rand(n, *shape))

    def log_density(self, z: Tensor, posterior: Posterior) -> Tensor:
        """Returns the log density at codes z (N, D), with shape (N,)."""
        mean, log_variance = posterior(self.pseudo_inputs.clamp(0, 1))
        logs = log_normal(z[:, None], mean, log_variance)
        return logs.logsumexp(1) - math.log(len(mean))

    def to_mixture(self, posterior: Posterior) -> LatentMixture:
        """Returns the prior as a mixture of Gaussians."""
        with torch.inference_mode():
            mean, log_variance = posterior(self.pseudo_inputs.clamp(0, 1))
        means, variances = (t.double().cpu().numpy() for t in (mean, log_variance.exp()))
        weights = np.full(len(means), 1 / len(means))
        return LatentMixture(weights, means, variances[:, None] * np.eye(means.shape[1]))
