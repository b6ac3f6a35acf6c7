"""A study of your own whose networks have a searched width, so that their sizes differ much."""

from pathlib import Path

SPEC = """
from functools import partial
from latentune import Autoencoder, TensorData, Objective, StudySpec

def space(trial, data):
    width = trial.suggest_float("width", 0.25, 4, log=True)
    return Autoencoder(data, 4, "dense", width=width)

digits = partial(TensorData, "digits", batch_size=400)
METRICS = {"val_mse": "minimize", "params": "minimize", "ms": "minimize"}
SPEC = StudySpec("sized", Objective(space, digits, max_epochs=1))
FRONT = StudySpec("front", Objective(space, digits, METRICS, max_epochs=1))
"""


def write_sized_study() -> str:
    """Writes a module with the study `sized`, and returns how to search it.

    Its networks have 7,100 weights at the least, 112,000 at the most, and 28,252 by default.
    """
    Path("sized.py").write_text(SPEC)
    return "sized:SPEC"
