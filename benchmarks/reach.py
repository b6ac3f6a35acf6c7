"""Searches by the command line until a given value is reached and enough trials have ended.

    python -m benchmarks.reach --target 0.02 --trials 15 --epochs 10 --seed 0

Prints the seconds from the start to the first epoch and to the first complete trial that reaches
the value, and the trials, epochs and seconds until the search was stopped.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna
from optuna.trial import TrialState

from latentune.storage.database import open_database

STUDY = "conv-ae-fashion-mnist"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=float, required=True)
    parser.add_argument("--trials", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-default-first", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as runs:
        command = [sys.executable, "-m", "latentune", "search", "conv-ae", "fashion-mnist"]
        command += ["--space", "published", "--trials", "1000", "--epochs", str(options.epochs)]
        command += ["--seed", str(options.seed), "--runs", runs]
        command += ["--no-default-first"] if options.no_default_first else []
        started = time.time()
        search = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        study = wait_for_study(Path(runs) / "studies.db")
        epoch_s = trial_s = None
        done: list[optuna.trial.FrozenTrial] = []
        while trial_s is None or len(done) < options.trials:
            time.sleep(0.5)
            trials = study.get_trials(deepcopy=False)
            done = [t for t in trials if t.state in (TrialState.COMPLETE, TrialState.PRUNED)]
            values = [value for trial in trials for value in trial.intermediate_values.values()]
            if epoch_s is None and min(values, default=1.0) <= options.target:
                epoch_s = time.time() - started
            complete = [trial for trial in done if trial.state == TrialState.COMPLETE]
            good = [trial for trial in complete if trial.value <= options.target]
            if trial_s is None and good:
                trial_s = time.time() - started
        seconds = time.time() - started
        search.send_signal(signal.SIGINT)
        search.wait()
    answer = {
        "epoch_s": epoch_s,
        "trial_s": trial_s,
        "trials": len(done),
        "epochs": sum(trial.last_step or 0 for trial in done),
        "seconds": seconds,
    }
    print(json.dumps(answer))


def wait_for_study(path: Path) -> optuna.Study:
    """Returns the study as soon as the search has created it."""
    while True:
        time.sleep(0.2)
        if path.exists():
            try:
                storage = open_database(f"sqlite:///{path}")
                if STUDY in optuna.get_all_study_names(storage):
                    return optuna.load_study(study_name=STUDY, storage=storage)
            except Exception:
                continue


if __name__ == "__main__":
    main()
