"""Searches recorded learning curves with every sampler and pruner, to choose the defaults.

A Gaussian process fills the space between the recorded configurations, so that a search of many
trials costs milliseconds and can be repeated with many seeds:

    python -m benchmarks.replay --seeds 40
"""

import argparse
import json
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import product
from math import inf
from pathlib import Path
from statistics import median

import numpy as np
import optuna
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    SuccessiveHalvingPruner,
)
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from rich.console import Console
from rich.table import Table

from latentune import DataSpec
from latentune.search_spaces.autoencoder_spaces import conv_ae_published
from latentune.search_spaces.suggestions import record_parameters

RECORDED = Path(__file__).with_name("curves.jsonl")
DATA = DataSpec((1, 28, 28))
BUDGETS = (50, 100, 150)  # epochs
TRIALS = 15
COMPONENTS = 3
BASELINE = ("tpe, 5 start-up trials", "none")

SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "random": lambda seed: RandomSampler(seed=seed),
    "tpe, 5 start-up trials": lambda seed: TPESampler(n_startup_trials=5, seed=seed),
    "tpe, 3 start-up trials, 64 candidates": lambda seed: TPESampler(
        n_startup_trials=3, n_ei_candidates=64, seed=seed
    ),
    "gp, 5 start-up trials": lambda seed: GPSampler(n_startup_trials=5, seed=seed),
}
PRUNERS: dict[str, Callable[[], BasePruner]] = {
    "none": NopPruner,
    "median": partial(MedianPruner, n_startup_trials=4, n_warmup_steps=2),
    "halving by 2": partial(SuccessiveHalvingPruner, 1, 2),
    "halving by 3": partial(SuccessiveHalvingPruner, 1, 3),
    "halving by 4": partial(SuccessiveHalvingPruner, 1, 4),
    "halving by 2, bootstrap": partial(SuccessiveHalvingPruner, 1, 2, bootstrap_count=1),
    "halving by 4, bootstrap": partial(SuccessiveHalvingPruner, 1, 4, bootstrap_count=1),
    "halving by 3 from epoch 2, bootstrap": partial(
        SuccessiveHalvingPruner, 2, 3, bootstrap_count=1
    ),
    "halving by 4 from epoch 2, bootstrap": partial(
        SuccessiveHalvingPruner, 2, 4, bootstrap_count=1
    ),
    "hyperband by 3": partial(HyperbandPruner, 1, 10, 3),
}


class Surrogate:
    """Predicts the learning curve of any configuration from the recorded ones."""

    def __init__(self) -> None:
        from sklearn.decomposition import PCA
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
        from sklearn.model_selection import cross_val_predict
        from sklearn.multioutput import MultiOutputRegressor

        records = [json.loads(line) for line in RECORDED.read_text().splitlines()]
        self.space = record_parameters(conv_ae_published, DATA).distributions
        x = np.array([self._place(record["params"]) for record in records])
        curves = np.log([record["val_mse"] for record in records])
        self.pca = PCA(COMPONENTS).fit(curves)
        codes = self.pca.transform(curves)
        smooth = ConstantKernel() * RBF(np.full(x.shape[1], 0.5), (0.05, 10))
        one = GaussianProcessRegressor(smooth + WhiteKernel(0.05, (1e-4, 1)), normalize_y=True)
        self.gp = MultiOutputRegressor(one)
        with warnings.catch_warnings(action="ignore"):  # a length may well be at its bound
            guesses = cross_val_predict(self.gp, x, codes, cv=10)
            self.gp.fit(x, codes)
        predicted = self.pca.inverse_transform(guesses)
        last, guess = curves[:, -1], predicted[:, -1]
        self.r2 = 1 - ((last - guess) ** 2).sum() / ((last - last.mean()) ** 2).sum()

    def __call__(self, params: Mapping[str, float]) -> list[float]:
        code = self.gp.predict(np.array([self._place(params)]))
        return list(np.exp(self.pca.inverse_transform(code)[0]))

    def _place(self, params: Mapping[str, float]) -> list[float]:
        ends = {name: np.log([d.low, d.high]) for name, d in self.space.items()}
        return [(np.log(params[n]) - low) / (high - low) for n, (low, high) in ends.items()]


@cache
def surrogate() -> Surrogate:
    """Returns the surrogate of this process."""
    return Surrogate()


def search(sampler: str, pruner: str, seed: int) -> list[tuple[int, float]]:
    """Returns the epochs spent and the best complete value so far, after each trial."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    curves = surrogate()
    study = optuna.create_study(sampler=SAMPLERS[sampler](seed), pruner=PRUNERS[pruner]())
    history: list[tuple[int, float]] = []
    spent, best = 0, inf
    while spent < max(BUDGETS) or len(history) < TRIALS:
        trial = study.ask(dict(curves.space))
        curve = curves(trial.params)
        for epoch, value in enumerate(curve, start=1):
            trial.report(value, epoch)
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            best = min(best, *curve)
            study.tell(trial, min(curve))
        spent += epoch
        history.append((spent, best))
    return history


def best_at(history: list[tuple[int, float]], epochs: int) -> float:
    """Returns the best value that a search had found after so many epochs."""
    return min((best for spent, best in history if spent <= epochs), default=inf)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=40)
    options = parser.parse_args()
    console = Console(width=140)
    curves = surrogate()
    count = len(RECORDED.read_text().splitlines())
    console.print(f"{count} curves; R2 of the predicted last epoch: {curves.r2:.2f}")
    cases = list(product(SAMPLERS, PRUNERS))
    with ProcessPoolExecutor() as pool:
        futures = {
            case: [pool.submit(search, *case, seed) for seed in range(options.seeds)]
            for case in cases
        }
        results = {case: [f.result() for f in found] for case, found in futures.items()}
    naive = [best_at(history, max(BUDGETS)) for history in results[BASELINE]]
    target = 1.02 * median(naive)
    console.print(f"target: {target:.4f}, within 2 % of the median of {', '.join(BASELINE)}")
    table = Table(
        "sampler",
        "pruner",
        "epochs to target",
        *(f"best at {budget}" for budget in BUDGETS),
        f"best of {TRIALS} trials",
        "their epochs",
    )
    for (sampler, pruner), histories in results.items():
        reached = [next((n for n, best in h if best <= target), inf) for h in histories]
        table.add_row(
            sampler,
            pruner,
            f"{median(reached):.0f}",
            *(f"{median(best_at(h, budget) for h in histories):.4f}" for budget in BUDGETS),
            f"{median(h[TRIALS - 1][1] for h in histories):.4f}",
            f"{median(h[TRIALS - 1][0] for h in histories):.0f}",
        )
    console.print(table)


if __name__ == "__main__":
    main()
