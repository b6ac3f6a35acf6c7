"""FID and KID: distances between the features of generated and of real images."""

import warnings
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

RESAMPLES = 20
KID_SUBSETS = 50
KID_SUBSET_SIZE = 1000


class ImageQuality(NamedTuple):
    """Two distances between sets of images; smaller is better.

    Attributes:
        fid: Frechet distance between Gaussians fitted to the features of both sets. It falls with
            the size of the sets, so that only sets of one size are comparable.
        fid_std: Its standard deviation over bootstrap samples of both sets.
        kid: Squared kernel distance (MMD) of the features, which does not depend on size.
        kid_std: Its standard deviation over random subsets.

    References:
        GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium
        (Heusel et al., 2017)
        Demystifying MMD GANs (Binkowski, Sutherland, Arbel, Gretton, 2018)
    """

    fid: float
    fid_std: float
    kid: float
    kid_std: float


def image_quality(real: Tensor, generated: Tensor, seed: int = 0) -> ImageQuality:
    """Returns the distances between features of generated images (M, D) and real ones (N, D).

    The seed determines the bootstrap samples and the subsets.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    scale = _root_mean_square(real)
    real, generated = real / scale, generated / scale
    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore", UserWarning)  # about the memory of kept features
        torch.manual_seed(seed)
        fid = FrechetInceptionDistance(_identity_network(real)).set_dtype(torch.float64)
        value = _compute_metric(fid, real, generated)
        spread = [
            _compute_metric(fid, _resample(real), _resample(generated)).item()
            for _ in range(RESAMPLES)
        ]
    kid = kernel_distance(real, generated, seed)
    return ImageQuality(float(value), float(torch.tensor(spread).std()), *kid)


def kernel_distance(real: Tensor, generated: Tensor, seed: int = 0) -> tuple[float, float]:
    """Returns mean and deviation over subsets of the squared kernel distance of features.

    The features of real images have shape (N, D), and of generated images (M, D).
    """
    from torchmetrics.image.kid import KernelInceptionDistance

    scale = _root_mean_square(real)
    size = min(KID_SUBSET_SIZE, len(real) // 2, len(generated) // 2)
    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore", UserWarning)  # about the memory of kept features
        torch.manual_seed(seed)
        kid = KernelInceptionDistance(
            _identity_network(real), subsets=KID_SUBSETS, subset_size=size
        )
        mean, std = _compute_metric(kid, real / scale, generated / scale)
    return float(mean), float(std)


def _root_mean_square(features: Tensor) -> Tensor:
    """Returns the root mean square of features, or 1 if all are 0.

    The kernel is a polynomial, so KID depends on the scale of the features.
    """
    scale = features.double().square().mean().sqrt()
    return scale.where(scale > 0, 1.0)


def _identity_network(features: Tensor) -> nn.Module:
    """Returns a network that does not change features; torchmetrics expects a network."""
    identity: Any = nn.Identity()
    identity.num_features = features.shape[1]
    return identity  # type: ignore[no-any-return]  # mypy does not know the attribute


def _compute_metric(metric: Any, real: Tensor, generated: Tensor) -> Any:
    metric.reset()
    metric.update(real, real=True)
    metric.update(generated, real=False)
    return metric.compute()


def _resample(features: Tensor) -> Tensor:
    return features[torch.randint(len(features), (len(features),))]
