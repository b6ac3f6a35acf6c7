"""Features of images, by which sets of generated and of real images are compared."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from ...models.predictor import Predictor
from ..data.batches import apply_in_batches
from ..data.tensor_data import TensorData
from .feature_network import N_FEATURES, feature_network
from .inception import INCEPTION_FEATURES, load_inception

MIN_IMAGES = N_FEATURES + 1
"""Number of images that each set must have: of fewer, the covariance of features is singular."""


class ImageFeatures(NamedTuple):
    """A function that computes features of images.

    Attributes:
        compute: Maps images (N, C, H, W) to features (N, D).
        length: The number D of features.
        describe: Returns a text about the network, given the features (N, D) of the test part.
    """

    compute: Callable[[Tensor], Tensor]
    length: int
    describe: Callable[[Tensor], str]


def image_features(data: TensorData, file: str | Path | None = None) -> ImageFeatures:
    """Returns the features by which generated images are compared with those of `data`.

    They are those of an Inception network in `file`, as in published FIDs. Without a file, they
    are those of a classifier of the same images, or of an encoder that learns from them without
    labels, if there are no classes. Both are trained at the first call, and kept in the cache.

    Raises:
        DataError: If Inception does not take such images.
        StorageError: If the file has no weights of Inception.
    """
    if file is not None:
        compute = load_inception(Path(file), data.spec)
        return ImageFeatures(compute, INCEPTION_FEATURES, lambda _: f"the Inception in {file}")
    network = feature_network(data)
    if isinstance(network, Predictor):
        assert data.splits.test.targets is not None
        describe = partial(_describe_classifier, network, data.splits.test.targets)
        return ImageFeatures(network.features, N_FEATURES, describe)
    words = "an encoder that learned without labels"
    return ImageFeatures(network.encode, N_FEATURES, lambda _: words)


def unratable_reason(data: Any, n: int) -> str | None:
    """Returns why n generated images cannot be compared with `data`; None if they can."""
    if not isinstance(data, TensorData) or data.spec.kind != "image":
        return "the data are not images"
    parts = {"samples": n, "images to train on": len(data.splits.train)}
    parts |= {"images to validate": len(data.splits.val), "images to test": len(data.splits.test)}
    for items, count in parts.items():
        if count < MIN_IMAGES:
            return f"there are {count} {items}, and {MIN_IMAGES} are needed"
    return None


def _describe_classifier(network: Predictor, labels: Tensor, features: Tensor) -> str:
    right = apply_in_batches(network.output, features).argmax(1) == labels
    return f"a classifier with test accuracy {right.float().mean().item():.3f}"
