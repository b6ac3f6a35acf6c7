"""Rating ways of sampling: chosen on the validation part, reported on the test part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from ...models.densities.kde import Codes
from ...models.predictor import Predictor
from ...models.roles import Codec, Decodes
from ..data.batches import apply_in_batches
from ..data.tensor_data import TensorData
from ..progress import progress
from .feature_network import FEATURES
from .image_quality import ImageQuality, quality

if TYPE_CHECKING:
    from ..data.parts import Items

REAL = "real"
"""Stands beside the methods: how far other real images are, which no method can beat."""
RECONSTRUCTED = "reconstructed"
"""Stands beside the methods: how far the decoder alone is from real images."""


class SamplerRating(NamedTuple):
    """How far images are from those of two parts; the first is for choosing among methods."""

    validation: ImageQuality
    test: ImageQuality


@dataclass(frozen=True)
class SamplerRatings:
    """What samples are worth.

    Attributes:
        rows: The rating of each method, of `real` training images and, of a model that encodes,
            of `reconstructed` ones.
        size: Images in each of them.
        accuracy: Test accuracy of the classifier whose features are compared, from 0 to 1.
        winner: The method with the least FID on the validation part; None if there is one method
            alone, or its interval of two standard deviations overlaps that of the next.
    """

    rows: Mapping[str, SamplerRating]
    size: int
    accuracy: float
    winner: str | None

    def to_table(self) -> dict[str, Any]:
        """Returns everything as JSON can hold it."""
        parts = {
            name: {part: found._asdict() for part, found in rating._asdict().items()}
            for name, rating in self.rows.items()
        }
        return {**asdict(self), "rows": parts}


def unratable_reason(data: Any, n: int) -> str | None:
    """Returns why samples of this data cannot be rated, if so.

    Args:
        data: The data module.
        n: Number of samples.
    """
    if not isinstance(data, TensorData) or data.spec.kind != "image":
        return "the data are no images"
    if len(data.spec.classes) < 2:
        return "the data have no classes, on which features could be learnt"
    fewest = FEATURES + 1  # of fewer, a covariance says nothing
    parts = {"samples": n, "images to train on": len(data.splits.train)}
    parts |= {"images to validate": len(data.splits.val), "images to test": len(data.splits.test)}
    for what, count in parts.items():
        if count < fewest:
            return f"there are {count} {what}, and {fewest} are needed"
    return None


def rate_samplers(
    model: Decodes, network: Predictor, data: TensorData, drawn: Mapping[str, Codes], seed: int
) -> SamplerRatings:
    """Rates the images that a model decodes from codes.

    Args:
        model: The model.
        network: A classifier of the data, whose features are compared.
        data: The images that it was trained on, with labels.
        drawn: The codes that each method has drawn, with shape (N, D).
        seed: Chooses training images and resamples.
    """
    train, val, test = data.splits[:3]
    size = min(len(train), *(len(codes) for codes in drawn.values()))
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    real = train.take(order[:size].tolist()).inputs
    sets = {name: torch.from_numpy(codes[:size]) for name, codes in drawn.items()}
    with progress(f"rating {size:,} images of each method", len(sets) + 2) as advance:

        def rating(images: Items) -> SamplerRating:
            features = apply_in_batches(network.features, images)
            advance(1)
            return SamplerRating(*(quality(part, features, seed) for part in of_parts))

        of_parts = [apply_in_batches(network.features, part.inputs) for part in (val, test)]
        rows = {
            name: rating(apply_in_batches(model.decode, codes)) for name, codes in sets.items()
        }
        first = winner(rows)
        rows[REAL] = rating(real)
        if isinstance(model, Codec):
            codec = model
            drawn_again = apply_in_batches(lambda x: codec.decode(codec.encode(x)), real)
            rows[RECONSTRUCTED] = rating(drawn_again)
    assert test.targets is not None
    right = apply_in_batches(network.output, of_parts[1]).argmax(1) == test.targets
    return SamplerRatings(rows, size, right.float().mean().item(), first)


def winner(rows: Mapping[str, SamplerRating]) -> str | None:
    """Returns the method whose images are the most alike; None if the next is as good, or none."""
    first, *others = sorted(rows, key=lambda name: rows[name].validation.fid)
    if not others:
        return None
    best, next_best = (rows[name].validation for name in (first, others[0]))
    apart = best.fid + 2 * best.fid_std < next_best.fid - 2 * next_best.fid_std
    return first if apart else None
