"""Searches with Latentune until a value is reached and a number of trials is done.

python -m benchmarks.reach --target 0.02 --trials 15 --epochs 10 --seed 0
"""

import argparse
import json
import os
import signal
import tempfile
from contextlib import suppress

import optuna
from optuna.trial import FrozenTrial, TrialState

import latentune
from latentune.studies.trials import finished


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=float, required=True)
    parser.add_argument("--trials", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-default-first", action="store_true")
    options = parser.parse_args()
    reached = None

    def watch(study: optuna.Study, trial: FrozenTrial) -> None:
        """Prints when it was; whoever started this process knows how long ago it did."""
        nonlocal reached
        good = trial.state == TrialState.COMPLETE and trial.value <= options.target
        if good and reached is None:
            reached = trial.datetime_complete.timestamp()
        count = len(finished(study.get_trials(deepcopy=False)))
        if reached and count >= options.trials:
            epochs = sum(t.last_step or 0 for t in study.get_trials(deepcopy=False))
            print(json.dumps({"reached": reached, "trials": count, "epochs": epochs}), flush=True)
            os.kill(os.getpid(), signal.SIGINT)

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as runs, suppress(KeyboardInterrupt):
        latentune.search(
            *("conv-ae", "fashion-mnist"),
            space="seed",
            trials=1000,
            epochs=options.epochs,
            seed=options.seed,
            default_first=not options.no_default_first,
            workers=None,
            runs=runs,
            callbacks=[watch],
        )


if __name__ == "__main__":
    main()
