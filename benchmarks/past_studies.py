"""Records trials of two models on five small data sets, for `learn_from.py` to search again.

    python -W ignore -m benchmarks.past_studies --trials 48 --out benchmarks/past_studies.jsonl

A data set has 1,000 images for training and 250 for validation. Two data sets
are made here: shapes at random places, and waves in six directions. The configurations are a Sobol
sequence in the model's default search space, and each is trained once.
"""

import argparse
import gc
import json
import tempfile
import warnings
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import optuna
import torch
from numpy.typing import NDArray
from optuna.trial import FrozenTrial

from latentune import Objective, TensorData
from latentune.models.types import Space
from latentune.objectives.data.parts import Part
from latentune.search_spaces.autoencoder_spaces import conv_ae
from latentune.search_spaces.predictor_spaces import mlp

TRAIN, VAL = 1000, 250  # images
EPOCHS = 5
ROUND = 16  # trials of a model on a data set, before the next model or data set
RESIZED = ("mnist", "fashion-mnist")
MODELS: Mapping[str, tuple[Space, str]] = {
    "conv-ae": (conv_ae, "val_mse"),
    "mlp": (mlp, "val_loss"),
}
"""The search space and the metric of each model."""


def draw_shapes(rng: np.random.Generator, n: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns n images of 16x16 pixels with a square, a disc, a ring or a cross, and the class."""
    rows, columns = np.mgrid[:16, :16]
    classes = rng.integers(0, 4, n)
    images = np.empty((n, 16, 16))
    for image, kind in zip(images, classes, strict=True):
        (y, x), radius = rng.uniform(5, 11, 2), rng.uniform(2, 5)
        across, down = abs(columns - x), abs(rows - y)
        distance = np.hypot(across, down)
        inside = {
            0: (across < radius) & (down < radius),
            1: distance < radius,
            2: (distance < radius) & (distance > radius / 2),
            3: ((across < 1) & (down < radius)) | ((down < 1) & (across < radius)),
        }[int(kind)]
        image[:] = rng.uniform(0.5, 1) * inside + rng.uniform(0, 0.2, (16, 16))
    return images, classes


def draw_waves(rng: np.random.Generator, n: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns n images of 20x20 pixels with waves, and which of six directions they have."""
    rows, columns = np.mgrid[:20, :20]
    classes = rng.integers(0, 6, n)
    angle = (classes * np.pi / 6)[:, None, None]
    length, phase = rng.uniform(4, 12, (n, 1, 1)), rng.uniform(0, 2 * np.pi, (n, 1, 1))
    along = columns * np.cos(angle) + rows * np.sin(angle)
    waves = 0.5 + 0.3 * np.sin(2 * np.pi * along / length + phase)
    return waves + rng.uniform(0, 0.2, waves.shape), classes


MADE = {"shapes": draw_shapes, "waves": draw_waves}
"""The data sets that are made here: images with values from 0 to 1.2, before they are clipped."""
DATA = ("mnist", "fashion-mnist", "digits", *MADE)


def some_images(name: str, folder: Path) -> TensorData:
    """Returns a small data set; files of the data sets that are made here go to `folder`."""
    source, file = name, folder / f"{name}.npz"
    if name in MADE:
        source = str(file)
        if not file.exists():
            x, y = MADE[name](np.random.default_rng(0), TRAIN + 2 * VAL)
            np.savez(file, x=(x.clip(0, 1) * 255).astype(np.uint8), y=y)
    data = TensorData(source, image_size=14 if name in RESIZED else None, batch_size=64)
    train, val = data.splits.train, data.splits.val
    inputs = torch.cat([train.inputs, val.inputs])
    targets = torch.cat([train.targets, val.targets])
    n = min(TRAIN, len(inputs) * TRAIN // (TRAIN + VAL))
    data.splits = data.splits.with_parts(
        train=Part(inputs[:n], targets[:n]), val=Part(inputs[n : n + VAL], targets[n : n + VAL])
    )
    return data


class Recorder:
    """Trains configurations of a model on a data set, and writes the learning curve of each."""

    def __init__(self, model: str, name: str, data: TensorData, seed: int, out: TextIO) -> None:
        space, metric = MODELS[model]
        self.objective = Objective(space, lambda: data, {metric: "minimize"}, max_epochs=EPOCHS)
        sampler = optuna.samplers.QMCSampler(scramble=True, seed=seed)
        self.study = optuna.create_study(sampler=sampler, pruner=optuna.pruners.NopPruner())
        self.key, self.out = {"model": model, "data": name}, out

    def run(self, trials: int) -> None:
        """Trains so many more configurations of the Sobol sequence."""
        self.study.optimize(self.objective, trials, callbacks=[self._write])

    def _write(self, study: optuna.Study, trial: FrozenTrial) -> None:
        params = {n: _round(v) if isinstance(v, float) else v for n, v in trial.params.items()}
        curve = [_round(value) for value in trial.intermediate_values.values()]
        self.out.write(json.dumps({**self.key, "params": params, "values": curve}) + "\n")
        self.out.flush()


def _round(value: float) -> float:
    return float(f"{value:.5g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=48)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder, options.out.open("w") as out:
        recorders = [
            Recorder(model, name, some_images(name, Path(folder)), seed, out)
            for seed, (name, model) in enumerate(product(DATA, MODELS))
        ]
        gc.collect()
        gc.freeze()  # a trial ends with a collection of all that was not frozen
        for _ in range(options.trials // ROUND):
            for recorder in recorders:
                recorder.run(ROUND)


if __name__ == "__main__":
    main()
