"""How long after its `--time` a search ends, and whether the next one goes on to the last bit.

    python -m benchmarks.time_limit
    python -m benchmarks.time_limit --seconds 20 --runs 3

Each search is a command of its own, so its time includes the start of Python. With one, two and
four workers, it is measured how long after its limit the command has ended. Then a study is
searched by commands that end too early, again and again, and once without a limit: the values of
all epochs and the hashes of all weights must be equal.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import optuna
from optuna.trial import TrialState

WORKERS = (1, 2, 4)
TRIALS, EPOCHS = 4, 30
SPEC = f"""
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytorch_lightning as pl

from latentune import Objective, StudySpec, TensorData
from latentune.search_spaces.autoencoder_spaces import conv_ae


class HashWeights(pl.Callback):
    def __init__(self, trial):
        self.trial = trial

    def on_train_end(self, trainer, pl_module):
        weights = pl_module.state_dict().values()
        content = b"".join(one.cpu().numpy().tobytes() for one in weights)
        with Path("hashes").open("a") as file:
            file.write(f"{{self.trial.number}} {{sha256(content).hexdigest()}}\\n")


def callbacks(trial):
    return [HashWeights(trial)]


digits = partial(TensorData, "digits")
SPEC = StudySpec("timed", Objective(conv_ae, digits, max_epochs={EPOCHS}, callbacks=callbacks))
"""


def _search(folder: Path, *words: object) -> float:
    """Runs a search in a folder; returns the seconds that the command took."""
    command = [sys.executable, "-m", "latentune", "search", *map(str, words)]
    started = time.monotonic()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.monotonic() - started


def _load(folder: Path, name: str) -> optuna.Study:
    return optuna.load_study(study_name=name, storage=f"sqlite:///{folder}/runs/studies.db")


def _overshoots(
    seconds: float, runs: int, workers: int, data: Sequence[str]
) -> tuple[list[float], int]:
    """Returns how late each of the searches ended, and the number of trials that wait."""
    late, waiting = [], 0
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            options = ("--trials", 10_000, "--time", f"{seconds:g}s", "--workers", workers)
            late.append(_search(folder, *data, "--name", "timed", *options) - seconds)
            trials = _load(folder, "timed").get_trials(deepcopy=False)
            assert not any(trial.state == TrialState.RUNNING for trial in trials)
            waiting += sum(trial.state == TrialState.WAITING for trial in trials)
    return late, waiting


def _results(folder: Path) -> tuple[list[object], list[str]]:
    trials = _load(folder, "timed").get_trials(deepcopy=False)
    values: list[object] = [(t.params, t.values, t.intermediate_values) for t in trials]
    return values, sorted((folder / "hashes").read_text().splitlines())


def _print_continued(seconds: float) -> None:
    """Compares a study of several searches that ended too early with one of a single search."""
    with tempfile.TemporaryDirectory() as name:
        whole, parts = Path(name, "whole"), Path(name, "parts")
        for folder in (whole, parts):
            folder.mkdir()
            (folder / "timed.py").write_text(SPEC)
        options = ("timed:SPEC", "--trials", TRIALS, "--workers", 1, "--pruner", "none")
        _search(whole, *options)
        searches, interrupted = 1, 0
        while _search(parts, *options, "--time", f"{seconds:g}s") >= 0:
            trials = _load(parts, "timed").get_trials(deepcopy=False)
            if sum(trial.state == TrialState.COMPLETE for trial in trials) == TRIALS:
                break
            searches += 1
            interrupted += any(t.user_attrs.get("stopped") == "interrupted" for t in trials)
        (values, hashes), (values_of_parts, hashes_of_parts) = _results(whole), _results(parts)
    print(
        f"{TRIALS} trials of {EPOCHS} epochs in {searches} searches, of which {interrupted} ended "
        f"in a trial: values {'equal' if values == values_of_parts else 'DIFFER'}, "
        f"weights {'equal' if hashes == hashes_of_parts else 'DIFFER'}"
    )


def main() -> None:
    """Prints how late searches end, and whether continued trials are equal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--data", nargs="+", default=["conv-ae", "digits"], help="MODEL DATA ...")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {' '.join(options.data)}")
    print("workers  runs  seconds late: least  median  most   trials that wait")
    for workers in WORKERS:
        late, waiting = _overshoots(options.seconds, options.runs, workers, options.data)
        print(
            f"{workers:7}  {len(late):4}  {min(late):19.1f}  {statistics.median(late):6.1f}  "
            f"{max(late):4.1f}   {waiting:16}",
            flush=True,
        )
    _print_continued(options.seconds / 3)


if __name__ == "__main__":
    main()
