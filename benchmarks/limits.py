"""Searches Fashion-MNIST with and without a limit of 30,000 weights, and by error and size.

    python -m benchmarks.limits --data-dir FOLDER --picture front.png

The study is the network of `conv-ae` with a searched width, on 800 images (576 to train) in trials
of 3 epochs instead of 60,000 images and 10 epochs, so that all takes a few minutes. Prints, for
each seed, the share of the points that were rejected, the largest trained network and the best
value beside those of searches with as many trials and no limit. Writes the front of `val_mse` and
`params`.
"""

import argparse
import contextlib
import shutil
import tempfile
from functools import partial
from pathlib import Path
from statistics import mean

import numpy as np
import optuna
from optuna.trial import BaseTrial

import latentune
from latentune import Autoencoder, DataSpec, Objective, StudyError, StudySpec, TensorData
from latentune.models.types import Direction
from latentune.storage.trial_outcome import finished_trials, is_rejected

N_IMAGES = 800
TRIALS = 15
SEEDS = (0, 1)
LIMIT = 30_000
IMAGES = "images.npy"


def space(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """The space of `conv-ae`, with a width also for gray images."""
    return Autoencoder(
        data,
        trial.suggest_int("latent_dim", 2, 64, log=True),
        width=trial.suggest_float("width", 0.25, 2, log=True),
        lr=trial.suggest_float("lr", 1e-4, 1e-2, log=True),
    )


images = partial(TensorData, IMAGES, batch_size=50)
SIZED = StudySpec("sized", Objective(space, images, max_epochs=3))
BOTH: dict[str, Direction] = {"val_mse": "minimize", "params": "minimize"}
FRONT = StudySpec("front", Objective(space, images, BOTH, max_epochs=3))


def describe(study: optuna.Study) -> list[str]:
    """Returns the cells of a row: the trained networks, their largest and the best value."""
    trained = finished_trials(study.trials)
    share = sum(map(is_rejected, study.trials)) / len(study.trials)
    largest = max(trial.user_attrs["parameters"] for trial in trained)
    best = study.best_trial
    size = best.user_attrs["parameters"]
    return [f"{len(trained)}", f"{share:.0%}", f"{largest:,}", f"{best.value:.4f}", f"{size:,}"]


def main() -> None:
    """Prints the table and writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", default=None)
    parser.add_argument("--picture", type=Path, default=Path("front.png"))
    options = parser.parse_args()
    picture = options.picture.absolute()
    data = TensorData("fashion-mnist", data_dir=options.data_dir)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        inputs = data.splits.train.inputs[:N_IMAGES, 0]
        np.save(IMAGES, np.asarray(inputs))
        search = partial(latentune.search, trials=TRIALS)
        try:
            search("conv-ae", IMAGES, limits={"params": LIMIT})
        except StudyError as error:
            print(f"conv-ae with its own space: {error}\n")
        print("| seed | limit | trials | rejected | largest | best val_mse | its weights |")
        print("|--|--|--|--|--|--|--|")
        best: dict[str, list[float]] = {"none": [], f"{LIMIT:,}": []}
        for seed in SEEDS:
            for limit, values in best.items():
                limits = None if limit == "none" else {"params": LIMIT}
                name = f"sized-{seed}-{len(limit)}"
                study = search("benchmarks.limits:SIZED", seed=seed, limits=limits, name=name)
                values.append(study.best_value)
                print("|", " | ".join([str(seed), limit, *describe(study)]), "|", flush=True)
        for limit, values in best.items():
            print(f"limit {limit}: mean of the best val_mse {mean(values):.4f}")
        front = latentune.search("benchmarks.limits:FRONT", trials=TRIALS)
        for trial in sorted(front.best_trials, key=lambda trial: trial.values[1]):
            print(f"front: val_mse {trial.values[0]:.4f}, {trial.values[1]:,.0f} params")
        shutil.copyfile("runs/front/front.png", picture)


if __name__ == "__main__":
    main()
