"""Compares activations of a hidden layer on MNIST: `python -m benchmarks.ablation`.

Networks are trained as published: Adam at a constant rate of 1e-3, in batches of 100. The
published accuracy is printed next to the measured one, if there is one.
"""

import argparse

import pytorch_lightning as pl

from latentune.models.networks.dense import ACTIVATIONS
from latentune.models.predictor import Predictor
from latentune.objectives.data.tensor_data import TensorData
from latentune.objectives.trainer import fit, quiet_trainer, silence_lightning

PUBLISHED = {
    ("none", 2000, 1): 0.9128,
    ("none", 10, 1): 0.9069,
    ("none", 10, 4): 0.9254,
    ("none", 4, 4): 0.8604,
    ("none", 2, 4): 0.6753,
    ("none", 1, 4): 0.3822,
    ("none", 1, 14): 0.4195,
    ("relu", 1000, 2): 0.9707,
    ("relu", 100, 2): 0.9503,
}
"""Test accuracy by activation, width and epochs."""
ROWS = [*PUBLISHED, *((name, 1000, 2) for name in ACTIVATIONS if name != "relu")]


def accuracy(data: TensorData, activation: str, hidden: int, epochs: int) -> float:
    """Trains a network with one hidden layer, and returns its test accuracy."""
    pl.seed_everything(0, verbose=False)
    model = Predictor(
        data.spec, hidden=hidden, activation=activation, lr=1e-3, schedule="constant"
    )
    trainer = quiet_trainer(epochs, [])
    fit(trainer, model, data)
    with silence_lightning():
        (tested,) = trainer.test(model, datamodule=data, verbose=False)
    return tested["test_accuracy"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--rows", type=int, default=len(ROWS), help="how many rows of the table")
    options = parser.parse_args()
    data = TensorData(options.data, batch_size=100)
    print(f"{'activation':<12}{'width':>6}{'epochs':>8}{'published':>11}{'ours':>8}")
    for row in ROWS[: options.rows]:
        activation, hidden, epochs = row
        known = f"{PUBLISHED[row]:.4f}" if row in PUBLISHED else ""
        ours = accuracy(data, *row)
        print(f"{activation:<12}{hidden:>6}{epochs:>8}{known:>11}{ours:>8.4f}", flush=True)


if __name__ == "__main__":
    main()
