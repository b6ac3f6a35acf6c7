"""The total correlation of latent codes, a part of the KL divergence of a VAE."""

import math

import torch
from torch import Tensor


def total_correlation(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Returns the estimated dependence between the dimensions of codes, in nats.

    It is the KL divergence of the density of all codes from the product of its marginals. The
    density is that of the posteriors of the batch (minibatch weighting). So the estimate is at
    most as large as a batch can tell, and 0 for a single dimension.

    Args:
        z: A code of each item, with shape (N, D).
        mean: Means of the posteriors of the items, with shape (N, D).
        log_variance: Log-variances of the posteriors, with shape (N, D).

    References:
        Isolating Sources of Disentanglement in Variational Autoencoders (Chen, Li, Grosse,
        Duvenaud, 2018)
    """
    deviations = (z[:, None] - mean) * (-log_variance / 2).exp()
    # The log density (N, N, D) of each dimension of each code under each posterior.
    logs = -(deviations.square() + log_variance + math.log(2 * math.pi)) / 2
    n = math.log(len(z))
    joint = logs.sum(2).logsumexp(1) - n
    marginals = (logs.logsumexp(1) - n).sum(1)
    return torch.mean(joint - marginals)
