"""Compares samplers and pruners in real searches of equal CPU time, as `replay.py` does on curves.

python -W ignore -m benchmarks.real_samplers --seconds 20 --seeds 5

Each search has the model's defaults first and runs in this process. The table has the medians of
the best complete values, and with how many seeds a case is better than our defaults.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import inf
from statistics import median
from typing import Any
from unittest.mock import patch

import optuna
import pytorch_lightning  # noqa: F401 - before the CPU time of the first search begins
from optuna.trial import TrialState

import latentune
from latentune import Objective, StudySpec
from latentune.search_spaces import strategies
from latentune.search_spaces.autoencoder_spaces import conv_ae

from .curves import some_images
from .replay import CASES, DEFAULT

EPOCHS = 10
CONV_AE = StudySpec("conv-ae", Objective(conv_ae, lambda: some_images(1000), max_epochs=EPOCHS))
SEARCHES: Mapping[str, Mapping[str, Any]] = {
    "conv-ae, 1,000 of fashion-mnist": {"model": "benchmarks.real_samplers:CONV_AE"},
    "mlp, wine, loss": {"model": "mlp", "data": "wine", "objectives": ["loss"]},
    "dense-vae, digits": {"model": "dense-vae", "data": "digits", "epochs": EPOCHS},
}


class BudgetSpentError(Exception):
    """The CPU time of a search is spent."""


def search(words: Mapping[str, Any], case: str, seed: int, seconds: float) -> float:
    """Returns the best complete value that a search finds in so many CPU seconds."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    started = time.process_time()
    values = []

    def note(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        if time.process_time() - started > seconds:
            raise BudgetSpentError
        if trial.state == TrialState.COMPLETE:
            values.append(trial.value)

    replaced: Callable[[int], Any] = CASES[case].sampler
    with (
        tempfile.TemporaryDirectory() as runs,
        patch.dict(strategies.SAMPLERS, tpe=replaced),
        patch.dict(strategies.PRUNERS, halving=lambda epochs: CASES[case].pruner),
        suppress(BudgetSpentError),
    ):
        latentune.search(**words, trials=1000, seed=seed, runs=runs, callbacks=[note])
    return min(values, default=inf)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    options = parser.parse_args()
    cases = dict.fromkeys([DEFAULT, *options.cases])
    for name, words in SEARCHES.items():
        found: dict[str, list[float]] = {case: [] for case in cases}
        for seed in range(options.seeds):
            for case in cases:
                found[case].append(search(words, case, seed, options.seconds))
        for case, values in found.items():
            wins = sum(mine < ours for mine, ours in zip(values, found[DEFAULT], strict=True))
            print(
                f"{name:<34}{case:<36}{median(values):.5f}  better with {wins}", values, flush=True
            )


if __name__ == "__main__":
    main()
