"""Penalties on latent codes, which make an autoencoder's latent space fit for sampling."""

from collections.abc import Callable

import torch
from torch import Tensor

MMD_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Widths of the kernels, as multiples of the mean squared distance of two prior samples."""


def gradient_penalty(decode: Callable[[Tensor], Tensor], codes: Tensor) -> Tensor:
    """Returns an unbiased estimate of the mean squared Frobenius norm of the decoder's Jacobian.

    It is differentiated by a random direction of the output per code, so that its cost does not
    depend on the number of output values.

    Args:
        decode: Maps codes (N, D) to items (N, ...).
        codes: Latent codes, with shape (N, D).

    References:
        From Variational to Deterministic Autoencoders (Ghosh et al., 2020): RAE-GP
        A Stochastic Estimator of the Trace of the Influence Matrix (Hutchinson, 1990)
    """
    if not codes.requires_grad:
        codes = codes.detach().requires_grad_()
    items = decode(codes)
    directions = torch.randint_like(items, 2) * 2 - 1
    (gradients,) = torch.autograd.grad(items, codes, directions, create_graph=True)
    return gradients.square().sum(1).mean()


def mmd_to_normal(codes: Tensor) -> Tensor:
    """Returns an unbiased estimate of the squared MMD between codes and a standard normal density.

    The kernels are inverse multiquadrics of several widths. The estimate may be below 0.

    Args:
        codes: Latent codes, with shape (N, D); N is at least 2.

    References:
        A Kernel Two-Sample Test (Gretton et al., 2012)
        Wasserstein Auto-Encoders (Tolstikhin, Bousquet, Gelly, Schoelkopf, 2018): WAE-MMD
    """
    samples = torch.randn_like(codes)
    n, base = len(codes), 2.0 * codes.shape[1]

    def kernels(a: Tensor, b: Tensor) -> Tensor:
        squared = torch.cdist(a, b).square()
        return sum((scale * base / (scale * base + squared) for scale in MMD_SCALES), squared * 0)

    def mean_of_pairs(a: Tensor) -> Tensor:
        return (kernels(a, a).sum() - n * len(MMD_SCALES)) / (n * (n - 1))

    return mean_of_pairs(codes) + mean_of_pairs(samples) - 2 * kernels(codes, samples).mean()
