"""Compares `search mlp wine --trials 20` with scikit-learn's random search of an MLP, 20 draws.

python -W ignore -m benchmarks.sklearn_search --runs 5

Both search by the accuracy on the same validation part, in turns, with another split in each run.
scikit-learn has our ranges, or layers of at most 100 units as people write them; `MLPClassifier`
trains as long as it does by default. Seconds are of whole processes with their imports, and
processor time is of all their processes, each on one thread. The test accuracy of Latentune is of
`train`, which is timed apart; scikit-learn fits its best draw to the training and the validation
part.
"""

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np

DRAWS = 20
WIDTHS = np.geomspace(32, 1024, 16).astype(int).tolist()
LAYERS = {
    "scikit-learn, our ranges": [(width,) * depth for width in WIDTHS for depth in (1, 2, 3)],
    "scikit-learn, small": [(50,), (100,), (50, 50), (100, 100)],
}
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of Linux: processes without a parent become our children


def write_split(path: Path, seed: int) -> None:
    """Writes Latentune's parts of wine, so that scikit-learn is timed without PyTorch."""
    from latentune import TensorData

    splits = TensorData("wine", seed=seed, normalize=False).splits
    parts = {"train": splits.train, "val": splits.val, "test": splits.test}
    arrays = {f"{name}_x": part.inputs.numpy() for name, part in parts.items()}
    np.savez(path, **arrays, **{f"{name}_y": part.targets.numpy() for name, part in parts.items()})


def search_by_sklearn(name: str, path: Path, seed: int) -> float:
    """Returns the test accuracy of the best of random configurations."""
    from scipy.stats import loguniform
    from sklearn.model_selection import PredefinedSplit, RandomizedSearchCV
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    parts = np.load(path)
    x, y = (np.concatenate([parts[f"train_{of}"], parts[f"val_{of}"]]) for of in "xy")
    fold = np.repeat([-1, 0], [len(parts["train_y"]), len(parts["val_y"])])
    ranges = {
        "mlpclassifier__hidden_layer_sizes": LAYERS[name],
        "mlpclassifier__activation": ["relu", "tanh", "logistic", "identity"],
        "mlpclassifier__learning_rate_init": loguniform(1e-4, 1e-2),
        "mlpclassifier__alpha": loguniform(1e-9, 1e-2),
    }
    model = make_pipeline(StandardScaler(), MLPClassifier(random_state=seed))
    search = RandomizedSearchCV(model, ranges, n_iter=DRAWS, cv=PredefinedSplit(fold))
    search.set_params(random_state=seed).fit(x, y)
    return float(search.score(parts["test_x"], parts["test_y"]))


def measure(command: Sequence[str]) -> tuple[float, float, str]:
    """Returns the CPU and wall seconds of all processes of a command, and its last line."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    cpu = wall = 0.0
    while True:
        try:
            pid, status, used = os.wait3(0)
        except ChildProcessError:  # all have ended
            return cpu, wall, lines[-1]
        cpu += used.ru_utime + used.ru_stime
        if pid == process.pid:
            wall = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise RuntimeError(f"{' '.join(command)} failed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--run", choices=LAYERS, help=argparse.SUPPRESS)
    parser.add_argument("--split", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(search_by_sklearn(options.run, options.split, options.seed))
        return
    ctypes.CDLL(None).prctl(SUBREAPER, 1)
    rows: dict[str, list[tuple[float, ...]]] = {name: [] for name in (*LAYERS, "search", "train")}
    for seed in range(options.runs):
        with tempfile.TemporaryDirectory() as place:
            split, runs = Path(place, "split.npz"), Path(place, "runs")
            write_split(split, seed)
            of_run = ("--seed", str(seed))
            for name in LAYERS:
                peer = ("--run", name, "--split", str(split), *of_run)
                cpu, wall, accuracy = measure(("benchmarks.sklearn_search", *peer))
                rows[name].append((cpu, wall, float(accuracy)))
            ours = ("latentune", "search", "mlp", "wine", "--trials", str(DRAWS), *of_run)
            searched = measure((*ours, "--runs", str(runs)))[:2]
            trained = measure(("latentune", "train", "mlp-wine", "--runs", str(runs)))[:2]
            metrics = json.loads((runs / "mlp-wine" / "final" / "metrics.json").read_text())
            rows["search"].append((*searched, metrics["test_accuracy"]))
            rows["train"].append((*trained, metrics["test_accuracy"]))
            for name, values in rows.items():
                print(f"run {seed}: {name}", *(f"{value:.3f}" for value in values[-1]), flush=True)
    print("| medians | CPU s | wall s | test accuracy |\n|--|--|--|--|")
    for name, found in rows.items():
        cpu, wall, accuracy = map(median, zip(*found, strict=True))
        print(f"| {name} | {cpu:.1f} | {wall:.1f} | {accuracy:.3f} |")


if __name__ == "__main__":
    main()
