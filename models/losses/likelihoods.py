"""Log densities of normal variables and of pixels, in nats."""

import math

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy


def log_normal(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Returns the log density of independent normal variables at z (..., D), with shape (...)."""
    squared = (z - mean).square() * (-log_variance).exp()
    return -(squared + log_variance + math.log(2 * math.pi)).sum(-1) / 2


def log_bernoulli(x: Tensor, probabilities: Tensor) -> Tensor:
    """Returns the log probability of items x (N, ...) with values from 0 to 1, with shape (N,)."""
    with torch.autocast(x.device.type, enabled=False):  # unsupported in half precision
        loss = binary_cross_entropy(probabilities.float(), x.float(), reduction="none")
    return -loss.flatten(1).sum(1)


def log_gaussian(x: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """Returns the log density of items x (N, ...) with one standard deviation, with shape (N,)."""
    squared = ((x - mean) * torch.exp(-log_scale)) ** 2 / 2
    constant = log_scale + math.log(2 * math.pi) / 2
    return -(squared + constant).flatten(1).sum(1)


def sample_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Returns samples (N, D) of normal densities, through which gradients reach their moments."""
    return mean + (log_variance / 2).exp() * torch.randn_like(mean)
