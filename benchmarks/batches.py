"""Compares rules for the batch size of small data: `python -m benchmarks.batches`.

A batch holds n // 64 of n items, at most 64, and at least as many as a rule says. All rules train
the same networks with several learning rates. The best rate and epoch of each seed count, as in a
search. `same time` is the best rate for as many epochs as take the processor time of the first
rule. Fashion-MNIST is read from `LATENTUNE_DATA`, and surnames from its folder `names`.
"""

import csv
import os
import tempfile
import time
from collections import defaultdict
from math import inf
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

import numpy as np
import optuna
import pytorch_lightning as pl
import torch
from sklearn.datasets import load_diabetes

from latentune import StudySpec, TensorData
from latentune.objectives.trainer import fit, quiet_trainer
from latentune.storage.runs_folder import Runs
from latentune.studies.study.build import build_spec
from latentune.studies.study.recipe import Recipe

LEAST = (2, 8, 16, 32)
SEEDS = 2
RATES = (1e-3, 3e-3, 1e-2)
"""The learning rates; those of linear models are ten times higher."""
PARAMS = {"latent_dim": 8, "layers": 1, "hidden": 128, "activation": "relu", "smoothing": 0.05}
PARAMS |= {"l1": 1e-8, "l2": 1e-6, "beta": 1, "network": "gru", "balance": 0, "width": 1}
SETS = (
    ("wine", "mlp", "val_loss"),
    ("wine", "dense-ae", "val_mse"),
    ("breast-cancer", "mlp", "val_loss"),
    ("breast-cancer", "logistic-regression", "val_loss"),
    ("diabetes", "linear-regression", "val_mse"),
    ("fashion-175", "conv-ae", "val_mse"),
    ("fashion-175", "cnn", "val_loss"),
    ("fashion-1000", "cnn", "val_loss"),
    ("digits", "conv-ae", "val_mse"),
    ("fashion-5000", "dense-vae", "val_loss"),
    ("names-1000", "name-rnn", "val_loss"),
)


def write_data(folder: Path) -> None:
    """Writes a table of scikit-learn, and parts of Fashion-MNIST and of the surnames."""
    load_diabetes(as_frame=True).frame.to_csv(folder / "diabetes.csv", index=False)
    images, labels, *_ = TensorData("fashion-mnist").splits.train
    assert labels is not None
    for n in (175, 1000, 5000):
        np.savez(folder / f"fashion-{n}.npz", images=images[:n], labels=labels[:n])
    names = [
        (name, path.stem)
        for path in sorted(Path(os.environ["LATENTUNE_DATA"], "names").glob("*.txt"))
        for name in path.read_text().split()
    ]
    chosen = np.random.default_rng(0).permutation(len(names))[:1000]
    with (folder / "names-1000.csv").open("w", newline="") as out:
        csv.writer(out).writerows([("name", "class"), *(names[i] for i in chosen)])


class BestValue(pl.Callback):
    """Keeps the lowest value of a metric."""

    def __init__(self, metric: str) -> None:
        self.metric, self.value = metric, inf

    def on_validation_end(self, trainer: pl.Trainer, *args: Any) -> None:
        self.value = min(self.value, float(trainer.callback_metrics[self.metric]))


def train(
    spec: StudySpec, data: Any, size: int, rate: float, metric: str, epochs: int
) -> tuple[float, float]:
    """Returns the best value of a metric, and the processor time of the training."""
    pl.seed_everything(spec.objective.seed, verbose=False)
    data.batch_size = size
    params = PARAMS | {"lr": rate}
    model = spec.objective.model(optuna.trial.FixedTrial(params), data.spec)
    best, begin = BestValue(metric), time.process_time()
    fit(quiet_trainer(epochs, [best]), model, data)
    return best.value, time.process_time() - begin


def compare(source: str, name: str, model: str, metric: str, folder: Path) -> None:
    """Prints a line for each batch size: processor time, and the metric within both limits."""
    usual, same_time, seconds = (defaultdict[int, list[float]](list) for _ in range(3))
    rates = [rate * 10 for rate in RATES] if "regression" in model else RATES
    for seed in range(SEEDS):
        spec = build_spec(Recipe(model, source, seed=seed), Runs(folder))
        data, epochs = spec.objective.data(), spec.objective.max_epochs
        n = len(data.splits.train)
        for size in sorted({max(least, min(64, n // 64)) for least in LEAST}):
            found = [(*train(spec, data, size, rate, metric, epochs), rate) for rate in rates]
            value, _, rate = min(found)
            usual[size].append(value)
            seconds[size].append(mean(cost for _, cost, _ in found))
            more = round(epochs * next(iter(seconds.values()))[-1] / seconds[size][-1])
            value = train(spec, data, size, rate, metric, more)[0] if more > epochs else value
            same_time[size].append(value)
    print(f"{name}, {model}: {metric} of {n} items, {epochs} epochs")
    for size, values in usual.items():
        results = (
            f"{mean(found):.4g} ± {pstdev(found):.2g}" for found in (values, same_time[size])
        )
        print(f"  {size:2} {mean(seconds[size]):5.2f} s {' same time '.join(results)}", flush=True)


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_data(folder)
        for name, model, metric in SETS:
            source = str(next(folder.glob(f"{name}.*"), name))
            compare(source, name, model, metric, folder)
    print(f"{time.process_time():.0f} s of processor time")


if __name__ == "__main__":
    main()
