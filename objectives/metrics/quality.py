"""How far generated images are from real ones, as numbers."""

import warnings
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

RESAMPLES = 20
KID_SUBSETS = 50
KID_SUBSET_SIZE = 1000


class Quality(NamedTuple):
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


def quality(real: Tensor, drawn: Tensor, seed: int = 0) -> Quality:
    """Compares features of real images with features of generated ones.

    Args:
        real: Features of real images, with shape (N, D).
        drawn: Features of generated images, with shape (M, D), from the same network.
        seed: Chooses the resamples, and the subsets that the kernel distance is averaged over.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance

    identity: Any = nn.Identity()  # the features are there already
    identity.num_features = real.shape[1]
    # The kernel distance is a polynomial of the features: they shall have a common scale.
    scale = real.double().square().mean().sqrt()
    real, drawn = real / scale, drawn / scale
    size = min(KID_SUBSET_SIZE, len(real) // 2, len(drawn) // 2)
    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore", UserWarning)  # it keeps all features, as we want it to
        torch.manual_seed(seed)
        fid = FrechetInceptionDistance(identity).set_dtype(torch.float64)
        kid = KernelInceptionDistance(identity, subsets=KID_SUBSETS, subset_size=size)
        value = _distance(fid, real, drawn)
        spread = [
            _distance(fid, _resample(real), _resample(drawn)).item() for _ in range(RESAMPLES)
        ]
        _distance(kid, real, drawn)
        mean, std = kid.compute()
    return Quality(float(value), float(torch.tensor(spread).std()), float(mean), float(std))


def _distance(metric: Any, real: Tensor, drawn: Tensor) -> Any:
    metric.reset()
    metric.update(real, real=True)
    metric.update(drawn, real=False)
    return metric.compute()


def _resample(features: Tensor) -> Tensor:
    return features[torch.randint(len(features), (len(features),))]
