"""FID and KID of generated images, and a comparison of sampling methods by FID and KID."""

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ...models.densities.density import Codes
from ...models.roles import Codec, Decodes
from ..data.batches import apply_in_batches
from ..data.parts import Items
from ..data.tensor_data import TensorData
from ..progress import progress
from .image_features import ImageFeatures

N_BOOTSTRAP_SAMPLES = 20
MANY_FEATURES, FEW_SAMPLES = 512, 3
"""With more features than `MANY_FEATURES`, an FID takes many seconds, and fewer samples do."""
N_KID_SUBSETS = 50
KID_SUBSET_SIZE = 1000
REAL_ROW = "real"
"""Key of the rating of real training images, which no sampling method can beat."""
RECONSTRUCTION_ROW = "reconstructed"
"""Key of the rating of reconstructions, which shows the error of the decoder alone."""


class ImageQuality(NamedTuple):
    """Two distances between a set of real and a set of generated images; smaller is better.

    Attributes:
        fid: Frechet distance between Gaussians that are fitted to the features of both sets. It is
            smaller for larger sets, so compare only sets of the same size.
        fid_std: Standard deviation of `fid` over bootstrap samples of both sets.
        kid: Squared kernel distance (MMD) between the features. It does not depend on the size of
            the sets.
        kid_std: Standard deviation of `kid` over random subsets.

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
    """Returns FID and KID, given features of real (N, D) and generated (M, D) images.

    `seed` determines the bootstrap samples and the subsets.
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
            _compute_metric(
                fid, _sample_with_replacement(real), _sample_with_replacement(generated)
            ).item()
            for _ in range(N_BOOTSTRAP_SAMPLES if real.shape[1] <= MANY_FEATURES else FEW_SAMPLES)
        ]
    kid = kernel_distance(real, generated, seed)
    return ImageQuality(float(value), float(torch.tensor(spread).std()), *kid)


def kernel_distance(real: Tensor, generated: Tensor, seed: int = 0) -> tuple[float, float]:
    """Returns mean and standard deviation over random subsets of the squared kernel distance.

    The distance is between the features of real images (N, D) and of generated images (M, D).
    """
    from torchmetrics.image.kid import KernelInceptionDistance

    scale = _root_mean_square(real)
    size = min(KID_SUBSET_SIZE, len(real) // 2, len(generated) // 2)
    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore", UserWarning)  # about the memory of kept features
        torch.manual_seed(seed)
        kid = KernelInceptionDistance(
            _identity_network(real), subsets=N_KID_SUBSETS, subset_size=size
        )
        mean, std = _compute_metric(kid, real / scale, generated / scale)
    return float(mean), float(std)


def _root_mean_square(features: Tensor) -> Tensor:
    """Returns the root mean square of all features; 1 if all features are 0.

    Features are divided by it, because the polynomial kernel of KID depends on their scale.
    """
    scale = features.double().square().mean().sqrt()
    return scale.where(scale > 0, 1.0)


def _identity_network(features: Tensor) -> nn.Module:
    """Returns a network that returns its input, because torchmetrics asks for a network."""
    identity: Any = nn.Identity()
    identity.num_features = features.shape[1]
    return identity  # type: ignore[no-any-return]  # mypy does not know the attribute


def _compute_metric(metric: Any, real: Tensor, generated: Tensor) -> Any:
    metric.reset()
    metric.update(real, real=True)
    metric.update(generated, real=False)
    return metric.compute()


def _sample_with_replacement(features: Tensor) -> Tensor:
    return features[torch.randint(len(features), (len(features),))]


class SamplerRating(NamedTuple):
    """The distances of generated images from the images of two parts.

    The validation part chooses a sampling method, and the test part reports its quality.
    """

    validation: ImageQuality
    test: ImageQuality


@dataclass(frozen=True)
class SamplerRatings:
    """The ratings of all sampling methods.

    Attributes:
        rows: The rating of each sampling method, of `real` training images, and of `reconstructed`
            images if the model encodes.
        size: Number of images behind each rating.
        features: The network that computes the features, in words.
        n_features: Number of features of an image.
        winner: The method with the lowest FID on the validation part. None if there is only one
            method, or if the difference to the next method is small: their intervals of two
            standard deviations overlap.
    """

    rows: Mapping[str, SamplerRating]
    size: int
    features: str
    n_features: int
    winner: str | None

    def to_table(self) -> dict[str, Any]:
        """Returns the attributes as a dict of JSON values."""
        parts = {
            name: {part: found._asdict() for part, found in rating._asdict().items()}
            for name, rating in self.rows.items()
        }
        return {**asdict(self), "rows": parts}


def rate_samplers(
    model: Decodes,
    features: ImageFeatures,
    data: TensorData,
    codes: Mapping[str, Codes],
    seed: int,
) -> SamplerRatings:
    """Rates the sampling methods of a model by the images that it decodes from their latent codes.

    `codes` holds codes (N, D) for each method. `seed` determines the real training images and the
    bootstrap samples.
    """
    train, val, test = data.splits[:3]
    size = min(len(train), *map(len, codes.values()))
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    real = train.take(order[:size].tolist()).inputs
    sets = {name: torch.from_numpy(found[:size]) for name, found in codes.items()}
    with progress(f"rating {size:,} images of each method", len(sets) + 2) as advance:

        def rate(images: Items) -> SamplerRating:
            found = apply_in_batches(features.compute, images)
            advance(1)
            return SamplerRating(*(image_quality(part, found, seed) for part in part_features))

        part_features = [apply_in_batches(features.compute, part.inputs) for part in (val, test)]
        rows = {name: rate(apply_in_batches(model.decode, found)) for name, found in sets.items()}
        winner = find_winner(rows)
        rows[REAL_ROW] = rate(real)
        if isinstance(model, Codec):
            codec = model
            reconstructed = apply_in_batches(lambda x: codec.decode(codec.encode(x)), real)
            rows[RECONSTRUCTION_ROW] = rate(reconstructed)
    words = features.describe(part_features[1])
    return SamplerRatings(rows, size, words, features.length, winner)


def find_winner(rows: Mapping[str, SamplerRating]) -> str | None:
    """Returns the method with the lowest FID; None if the second best method may be as good."""
    first, *others = sorted(rows, key=lambda name: rows[name].validation.fid)
    if not others:
        return None
    best, next_best = (rows[name].validation for name in (first, others[0]))
    is_clear = best.fid + 2 * best.fid_std < next_best.fid - 2 * next_best.fid_std
    return first if is_clear else None
