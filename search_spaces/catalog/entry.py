"""An entry of the catalog of models. It names search spaces as text, so that none is imported."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ...models.types import Direction

SPACES = "latentune.search_spaces"
PUBLISHED = "published"
"""The name of the space with the network, the ranges or the values of a publication."""


@dataclass(frozen=True)
class Published:
    """How the source of a model has trained it; the space `published` uses these values.

    Attributes:
        params: Parameters of the first trial.
        epochs: Epochs of final training.
        batch_size: Items in a batch.
        normalize: Whether the network standardizes its input.
    """

    params: Mapping[str, Any]
    epochs: int
    batch_size: int
    normalize: bool = False


@dataclass(frozen=True)
class CatalogEntry:
    """One model of the catalog.

    Attributes:
        summary: One line about the model.
        spaces: Its search spaces by name, each as `module:function`; one of them is `default`.
        metrics: The metrics that can be objectives, and which way each is better. A metric is
            logged in validation as `val_NAME`; the first one is the default objective.
        metric_callbacks: The callbacks, as `module:class`, of those metrics that the model does
            not compute itself.
        kinds: The kinds of data that it accepts.
        predicts: The target that its data must have for each item: a `class`, a `number`, or
            nothing.
        first: Parameters of the first trial that differ from the model's defaults.
        published: How its source has trained it, if it has a space `published`.
        batch_size: Items in a batch; None for fewer on small data.
        epochs: Epochs of a trial.
        trials: Trials of a study.
        needs_encoder: Whether it is a classifier on the encoder of another study; its spaces only
            suggest the options of that classifier.
        min_side: Smallest side in pixels of images for which `auto` considers it.
        incomparable_metrics: Metrics by which `auto` does not compare it with other models.
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
    incomparable_metrics: tuple[str, ...] = ()


def spaces_of(module: str, function: str, *names: str) -> dict[str, str]:
    """Returns the paths of spaces by name: `default`, and one for each `FUNCTION_NAME`."""
    functions = {"default": function} | {name: f"{function}_{name}" for name in names}
    return {name: f"{SPACES}.{module}:{found}" for name, found in functions.items()}


METRICS = "latentune.objectives.metrics"
PROBE = {"probe": f"{METRICS}.metric_callbacks:NeighborProbe"}
"""The metric callback of every model that encodes."""
NEAREST_NEIGHBOR_METRIC = {"nearest": f"{METRICS}.metric_callbacks:NearestNeighbor"}
KID = {"kid": f"{METRICS}.metric_callbacks:KernelDistance"}
"""The metric callback of every model that generates images from a prior."""
