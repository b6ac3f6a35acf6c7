"""CatalogEntry: a model of the catalog. Search spaces are names, so that none is imported."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ...models.types import Direction

SPACES = "latentune.search_spaces"
PUBLISHED = "published"
"""The name of a space with the network and the values of a publication."""


@dataclass(frozen=True)
class Published:
    """How the publication of a model trained it. The space `published` uses these values.

    Attributes:
        params: Parameters of the first trial.
        epochs: Number of epochs of the final training.
        batch_size: Number of items in a batch.
        normalize: Whether the network standardizes its input.
    """

    params: Mapping[str, Any]
    epochs: int
    batch_size: int
    normalize: bool = False


@dataclass(frozen=True)
class CatalogEntry:
    """A model of the catalog.

    Attributes:
        summary: One line about the model.
        spaces: The search spaces of the model, by name. Each is written as `module:function`. One
            name is `default`.
        metrics: Metrics that can be objectives, with their directions. A metric is logged in
            validation as `val_NAME`. The first metric is the default objective.
        metric_callbacks: Callbacks for the metrics that the model does not compute itself, by
            metric. Each is written as `module:class`.
        kinds: The kinds of data that the model accepts.
        predicts: The target that the data must have: a `class` or a `number` for each item; None
            if no target is needed.
        first: Parameters of the first trial that differ from the defaults of the model.
        published: How the publication trained the model, if the model has a space `published`.
        batch_size: Number of items in a batch. If None, small data gets smaller batches.
        epochs: Number of epochs of a trial.
        trials: Number of trials of a study.
        needs_encoder: Whether the model is a classifier on the encoder of another study. Then its
            spaces suggest only the options of this classifier.
        min_side: The smallest side of images, in pixels, for which `auto` considers the model.
        bernoulli: Whether a decoded pixel is the probability of a 1, so that images may be
            binarized.
        incomparable_metrics: Metrics by which `auto` does not compare the model with others.
    """

    summary: str
    spaces: Mapping[str, str]
    metrics: Mapping[str, Direction]
    metric_callbacks: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ("image",)
    predicts: Literal["class", "number"] | None = None
    first: Mapping[str, Any] = field(default_factory=dict)
    published: Published | None = None
    batch_size: int | None = None
    epochs: int = 10
    trials: int = 20
    needs_encoder: bool = False
    min_side: int = 1
    bernoulli: bool = False
    incomparable_metrics: tuple[str, ...] = ()


def spaces_of(module: str, function: str, *names: str) -> dict[str, str]:
    """Returns the spaces of a model by name, each as `module:function`.

    They are `default`, which is `function`, and for each of `names` the function `function_NAME`.
    """
    functions = {"default": function} | {name: f"{function}_{name}" for name in names}
    return {name: f"{SPACES}.{module}:{found}" for name, found in functions.items()}


METRICS_PACKAGE = "latentune.objectives.metrics"
PROBE = {"probe": f"{METRICS_PACKAGE}.metric_callbacks:NeighborProbe"}
"""The metric callback for models that encode."""
NEAREST_NEIGHBOR_METRIC = {"nearest": f"{METRICS_PACKAGE}.metric_callbacks:NearestNeighbor"}
KID = {"kid": f"{METRICS_PACKAGE}.metric_callbacks:KernelDistance"}
"""The metric callback for models that generate images from a prior."""
