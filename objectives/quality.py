"""How far generated images are from real ones, as numbers."""

import warnings
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

KID_SUBSETS = 50
KID_SUBSET_SIZE = 1000


class Quality(NamedTuple):
    """Two distances between sets of images; the smaller, the more alike they are.

    Attributes:
        fid: Frechet distance between Gaussians fitted to the features of both sets. It falls
            with their size, so that sets of one size alone compare.
        kid: Squared kernel distance (MMD) of the features, of which size is no part.
        kid_std: Its standard deviation over random subsets.

    References:
        GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium
        (Heusel et al., 2017)
        Demystifying MMD GANs (Binkowski, Sutherland, Arbel, Gretton, 2018)
    """

    fid: float
    kid: float
    kid_std: float


def quality(real: Tensor, drawn: Tensor, seed: int = 0) -> Quality:
    """Compares features of real images with features of generated ones.

    Args:
        real: Features of real images, with shape (N, D).
        drawn: Features of generated images, with shape (M, D), from the same network.
        seed: Chooses the subsets that the kernel distance is averaged over.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance

    identity: Any = nn.Identity()  # the features are there already
    identity.num_features = real.shape[1]
    # The kernel distance is a polynomial of the features: they shall have a common scale.
    scale = real.double().square().mean().sqrt()
    size = min(KID_SUBSET_SIZE, len(real) // 2, len(drawn) // 2)
    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore", UserWarning)  # it keeps all features, as we want it to
        torch.manual_seed(seed)
        fid = FrechetInceptionDistance(identity).set_dtype(torch.float64)
        kid = KernelInceptionDistance(identity, subsets=KID_SUBSETS, subset_size=size)
        for metric in (fid, kid):
            metric.update(real / scale, real=True)
            metric.update(drawn / scale, real=False)
        mean, std = kid.compute()
        return Quality(float(fid.compute()), float(mean), float(std))
