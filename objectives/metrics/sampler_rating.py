"""Ratings of sampling methods: the validation part chooses, the test part reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from ...models.densities import Codes
from ...models.predictor import Predictor
from ...models.roles import Codec, Decodes
from ..data.batches import apply_in_batches
from ..data.tensor_data import TensorData
from ..progress import progress
from .image_quality import ImageQuality, image_quality

if TYPE_CHECKING:
    from ..data.parts import Items

REAL = "real"
"""The row of real training images, which no method can beat."""
RECONSTRUCTED = "reconstructed"
"""The row of reconstructions, which shows the error of the decoder without sampling."""


class SamplerRating(NamedTuple):
    """The distance of images from two parts: the first chooses a method, the second reports."""

    validation: ImageQuality
    test: ImageQuality


@dataclass(frozen=True)
class SamplerRatings:
    """Ratings of all sampling methods.

    Attributes:
        rows: The rating of each method, of `real` training images and, if the model encodes, of
            `reconstructed` ones.
        size: Number of images in each row.
        accuracy: Test accuracy of the classifier that computes the features, from 0 to 1.
        winner: The method with the lowest FID on the validation part; None with one method, or if
            its interval of two standard deviations overlaps the interval of the next method.
    """

    rows: Mapping[str, SamplerRating]
    size: int
    accuracy: float
    winner: str | None

    def to_table(self) -> dict[str, Any]:
        """Returns all attributes as JSON values."""
        parts = {
            name: {part: found._asdict() for part, found in rating._asdict().items()}
            for name, rating in self.rows.items()
        }
        return {**asdict(self), "rows": parts}


def rate_samplers(
    model: Decodes, network: Predictor, data: TensorData, codes: Mapping[str, Codes], seed: int
) -> SamplerRatings:
    """Rates the images that a model decodes from the codes (N, D) of each sampling method.

    The features of a classifier of the same labeled data are compared. The seed determines the
    real training images and the bootstrap samples.
    """
    train, val, test = data.splits[:3]
    size = min(len(train), *map(len, codes.values()))
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    real = train.take(order[:size].tolist()).inputs
    sets = {name: torch.from_numpy(found[:size]) for name, found in codes.items()}
    with progress(f"rating {size:,} images of each method", len(sets) + 2) as advance:

        def rate(images: Items) -> SamplerRating:
            features = apply_in_batches(network.features, images)
            advance(1)
            return SamplerRating(*(image_quality(part, features, seed) for part in part_features))

        part_features = [apply_in_batches(network.features, part.inputs) for part in (val, test)]
        rows = {name: rate(apply_in_batches(model.decode, found)) for name, found in sets.items()}
        winner = find_winner(rows)
        rows[REAL] = rate(real)
        if isinstance(model, Codec):
            codec = model
            reconstructed = apply_in_batches(lambda x: codec.decode(codec.encode(x)), real)
            rows[RECONSTRUCTED] = rate(reconstructed)
    assert test.targets is not None
    right = apply_in_batches(network.output, part_features[1]).argmax(1) == test.targets
    return SamplerRatings(rows, size, right.float().mean().item(), winner)


def find_winner(rows: Mapping[str, SamplerRating]) -> str | None:
    """Returns the method with the lowest FID; None if the second best may be as good."""
    first, *others = sorted(rows, key=lambda name: rows[name].validation.fid)
    if not others:
        return None
    best, next_best = (rows[name].validation for name in (first, others[0]))
    is_clear = best.fid + 2 * best.fid_std < next_best.fid - 2 * next_best.fid_std
    return first if is_clear else None
