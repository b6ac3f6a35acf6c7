"""What the catalogue says of a model; spaces are text, so that none is imported for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Direction = Literal["minimize", "maximize"]

SPACES = "latentune.search_spaces"
PUBLISHED = "published"
"""What a space is called that has the network, the ranges or the values of a publication."""


@dataclass(frozen=True)
class Published:
    """How a model's source has trained it; the space `seed` takes these over.

    Attributes:
        params: Values of the space `seed`, which its first trial has.
        epochs: Epochs of its final training.
        batch_size: Items in a batch.
        normalize: Whether the network saw standardised data.
    """

    params: Mapping[str, Any]
    epochs: int
    batch_size: int
    normalize: bool = False


@dataclass(frozen=True)
class CatalogEntry:
    """One model of the catalogue.

    Attributes:
        summary: What it is, in a line.
        spaces: Its search spaces by name, each as `module:function`; `default` is one of them.
        metrics: Which way each metric is better that a study can have as an objective. It is
            logged in validation as `val_NAME`; the first is searched unless asked otherwise.
        metric_callbacks: Those of the metrics that the model cannot know by itself, with the
            callback that logs each, as `module:class`.
        kinds: Kinds of data that it is made for.
        predicts: What its data must have for each item, a `class` or a `number`, if anything.
        first: Values that the first trial has in place of the model's defaults.
        published: How its source has trained it, if it has a space for that.
        batch_size: Items in a batch, if it shall be as many of small data too.
        epochs: Epochs of a trial.
        trials: Trials of a study.
        on_encoder: Whether it is put on the encoder of another study; its space then takes the
            trained model too.
        min_side: Side in pixels from which images are worth its time; `auto` leaves smaller ones
            to others.
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
    on_encoder: bool = False
    min_side: int = 1
    incomparable_metrics: tuple[str, ...] = ()


PROBE = {"probe": "latentune.objectives.metrics.nearest_neighbors:NeighborProbe"}
"""The judge of everything that encodes."""
KID = {"kid": "latentune.objectives.metrics.kernel_distance:KernelDistance"}
"""The judge of everything that draws images from a prior."""
