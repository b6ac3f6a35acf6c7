"""Classifiers on the encoder of another study."""

from .entry import SPACES, Entry

HEADS = {
    "head": Entry(
        summary="classifier on the encoder of another study (--encoder)",
        spaces={
            "default": f"{SPACES}.head:head",
            "optimiser": f"{SPACES}.head:head_optimiser",
        },
        metrics={"accuracy": "maximize", "loss": "minimize"},
        kinds=("image", "table"),
        predicts="class",
        trials=30,
        on_encoder=True,
    ),
}
