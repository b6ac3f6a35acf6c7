"""Classifiers on the encoder of another study."""

from .entry import PUBLISHED, SPACES, CatalogEntry, Published
from .predictors import CLASS_METRICS

FIRST = {"lr": 1e-2}  # an epoch of codes has few steps

HEADS = {
    "head": CatalogEntry(
        summary="classifier on the encoder of another study (--encoder)",
        spaces={
            "default": f"{SPACES}.head:head",
            "optimiser": f"{SPACES}.head:head_optimiser",
        },
        metrics=CLASS_METRICS,
        kinds=("image", "table"),
        predicts="class",
        first=FIRST,
        trials=30,
        on_encoder=True,
    ),
    "transfer": CatalogEntry(
        summary="classifier on a network of torchvision (--encoder resnet18)",
        spaces={
            "default": f"{SPACES}.head:transfer",
            PUBLISHED: f"{SPACES}.head:transfer_published",
            "step": f"{SPACES}.head:transfer_step",
        },
        metrics=CLASS_METRICS,
        kinds=("image", "table"),
        predicts="class",
        first=FIRST,
        published=Published({"lr": 0.01, "momentum": 0.99}, epochs=10, batch_size=32),
        on_encoder=True,
    ),
}
