"""Seconds and size of `latentune report`, by the number of trials and of pictures.

python -m benchmarks.report --trials 30 1000 --pictures 0 12

The trials are synthetic: complete, pruned and failed ones over eight parameters. The pictures are
PNG files of 1,400 x 1,000 pixels with 4,000 dots each, as large plots are. Each report is made by
a process of its own; the table has the fastest of `--runs` times, its CPU seconds, and the size of
the page.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial
from PIL import Image

from latentune.storage.trial_insertion import add_trials

STUDY = "synthetic"
RANGES = {f"p{number}": FloatDistribution(1e-6, 1.0, log=True) for number in range(6)} | {
    f"choice{number}": CategoricalDistribution(("relu", "tanh", None)) for number in range(2)
}
STATES = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.PRUNED, TrialState.FAIL)
ATTRIBUTES = {
    "command": "latentune search mlp synthetic.csv",
    "recipe": {"model": "mlp", "data": "synthetic.csv"},
    "metrics": {"val_loss": "minimize"},
    "definition": {"model": "mlp", "data": "synthetic 4", "split": "0123456789abcdef"},
}
PROVENANCE = {"seed": 0, "versions": {"optuna": optuna.__version__}}


def make_study(runs: Path, trials: int, pictures: int) -> None:
    """Makes a runs folder with a study and the pictures of a final training."""
    folder = runs / STUDY / "final"
    folder.mkdir(parents=True)
    study = optuna.create_study(study_name=STUDY, storage=f"sqlite:///{runs}/studies.db")
    for name, value in ATTRIBUTES.items():
        study.set_user_attr(name, value)
    drawn, start = np.random.default_rng(0), datetime.now()
    made = []
    for number in range(trials):
        params = {
            name: 10 ** drawn.uniform(-6, 0)
            if isinstance(of, FloatDistribution)
            else of.choices[drawn.integers(3)]
            for name, of in RANGES.items()
        }
        state = STATES[drawn.integers(4)]
        trial = create_trial(
            state=state,
            values=None if state == TrialState.FAIL else [abs(np.log10(params["p0"]) + 2) + 0.1],
            params=params,
            distributions=RANGES,
            intermediate_values={step: float(drawn.random()) for step in range(1, 11)},
            user_attrs={
                "epochs": 10,
                "best_epoch": 10,
                "hparams": params,
                "provenance": PROVENANCE,
                "stopped": "it diverged" if state == TrialState.FAIL else state.name.lower(),
            },
        )
        trial.datetime_start = start + timedelta(seconds=30 * number)
        trial.datetime_complete = trial.datetime_start + timedelta(seconds=25)
        made.append(trial)
    add_trials(study, made)
    (folder / "metrics.json").write_text(json.dumps({"test_accuracy": 0.9, "parameters": 1}))
    for number in range(pictures):
        pixels = np.full((1000, 1400, 3), 255, np.uint8)
        y, x = drawn.integers(0, 994, 4000), drawn.integers(0, 1394, 4000)
        for row, column, color in zip(y, x, drawn.integers(0, 255, (4000, 3)), strict=True):
            pixels[row : row + 6, column : column + 6] = color
        Image.fromarray(pixels).save(folder / f"plot-{number}.png")


def measure(runs: Path) -> tuple[float, float, int]:
    """Returns the wall seconds, the CPU seconds and the bytes of a report."""
    command = [sys.executable, "-m", "latentune", "report", STUDY, "--runs", str(runs)]
    before, began = os.times(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return wall, cpu, (runs / STUDY / "report.html").stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[30, 1000])
    parser.add_argument("--pictures", type=int, nargs="+", default=[0, 12])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(f"{'trials':>7} {'pictures':>9} {'seconds':>8} {'CPU s':>7} {'kB':>7}")
    for trials in options.trials:
        for pictures in options.pictures:
            with tempfile.TemporaryDirectory() as folder:
                runs = Path(folder) / "runs"
                make_study(runs, trials, pictures)
                wall, cpu, size = min(measure(runs) for _ in range(options.runs))
            print(f"{trials:>7,} {pictures:>9} {wall:>8.1f} {cpu:>7.1f} {size / 1000:>7,.0f}")


if __name__ == "__main__":
    main()
