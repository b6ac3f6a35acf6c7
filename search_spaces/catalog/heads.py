"""Classifiers on the encoder of another study."""

from .entry import PUBLISHED, CatalogEntry, Published, spaces_of
from .predictors import CLASS_METRICS

FIRST = {"lr": 1e-2}  # an epoch of codes has few steps

HEADS = {
    "head": CatalogEntry(
        summary="classifier on the encoder of another study (--encoder)",
        spaces=spaces_of("head_spaces", "head", "optimizer"),
        metrics=CLASS_METRICS,
        kinds=("image", "table"),
        predicts="class",
        first=FIRST,
        trials=30,
        needs_encoder=True,
    ),
    "transfer": CatalogEntry(
        summary="classifier on a network of torchvision (--encoder resnet18)",
        spaces=spaces_of("head_spaces", "transfer", PUBLISHED, "step"),
        metrics=CLASS_METRICS,
        kinds=("image", "table"),
        predicts="class",
        first=FIRST,
        published=Published({"lr": 0.01, "momentum": 0.99}, epochs=10, batch_size=32),
        needs_encoder=True,
    ),
}
