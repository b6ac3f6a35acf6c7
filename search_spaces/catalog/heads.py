"""Classifiers on the encoder of another study."""

from .entry import SPACES, Entry
from .predictors import OF_CLASSES

HEADS = {
    "head": Entry(
        summary="classifier on the encoder of another study (--encoder)",
        spaces={
            "default": f"{SPACES}.head:head",
            "optimiser": f"{SPACES}.head:head_optimiser",
        },
        metrics=OF_CLASSES,
        kinds=("image", "table"),
        predicts="class",
        trials=30,
        on_encoder=True,
    ),
}
