"""How far generated images are from real ones, as numbers."""

import warnings
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

RESAMPLES = 20
KID_SUBSETS = 50
KID_SUBSET_SIZE = 1000


class ImageQuality(NamedTuple):
    """Two distances between sets of images; the smaller, the more alike they are.

    Attributes:
        fid: Frechet distance between Gaussians fitted to the features of both sets. It falls
            with their size, so that sets of one size alone compare.
        fid_std: Its standard deviation over resamples of both sets, with replacement.
        kid: Squared kernel distance (MMD) of the features, of which size is no part.
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


def quality(real: Tensor, drawn: Tensor, seed: int = 0) -> ImageQuality:
    """Compares features of real images with features of generated ones.

    Args:
        real: Features of real images, with shape (N, D).
        drawn: Features of generated images, with shape (M, D), from the same network.
        seed: Chooses the resamples, and the subsets that the kernel distance is averaged over.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    scale = _scale(real)
    real, drawn = real / scale, drawn / scale
    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore", UserWarning)  # it keeps all features, as we want it to
        torch.manual_seed(seed)
        fid = FrechetInceptionDistance(_identity(real)).set_dtype(torch.float64)
        value = _distance(fid, real, drawn)
        spread = [
            _distance(fid, _resample(real), _resample(drawn)).item() for _ in range(RESAMPLES)
        ]
    kid = kernel_distance(real, drawn, seed)
    return ImageQuality(float(value), float(torch.tensor(spread).std()), *kid)


def kernel_distance(real: Tensor, drawn: Tensor, seed: int = 0) -> tuple[float, float]:
    """Returns the squared kernel distance of features, its mean and deviation over subsets.

    Args:
        real: Features of real images, with shape (N, D).
        drawn: Features of generated images, with shape (M, D), from the same network.
        seed: Chooses the subsets.
    """
    from torchmetrics.image.kid import KernelInceptionDistance

    scale = _scale(real)
    size = min(KID_SUBSET_SIZE, len(real) // 2, len(drawn) // 2)
    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore", UserWarning)  # it keeps all features, as we want it to
        torch.manual_seed(seed)
        kid = KernelInceptionDistance(_identity(real), subsets=KID_SUBSETS, subset_size=size)
        mean, std = _distance(kid, real / scale, drawn / scale)
    return float(mean), float(std)


def _scale(features: Tensor) -> Tensor:
    """Returns the root mean square of features; 1 if all of them are 0.

    The kernel is a polynomial of the features, so that they shall have a common scale.
    """
    scale = features.double().square().mean().sqrt()
    return scale.where(scale > 0, 1.0)


def _identity(features: Tensor) -> nn.Module:
    """Returns the network that the metrics ask for; the features are there already."""
    identity: Any = nn.Identity()
    identity.num_features = features.shape[1]
    return identity  # type: ignore[no-any-return]  # mypy knows no attribute of a module


def _distance(metric: Any, real: Tensor, drawn: Tensor) -> Any:
    metric.reset()
    metric.update(real, real=True)
    metric.update(drawn, real=False)
    return metric.compute()


def _resample(features: Tensor) -> Tensor:
    return features[torch.randint(len(features), (len(features),))]
