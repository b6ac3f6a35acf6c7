"""Searches recorded learning curves with samplers and pruners, to choose the defaults.

A Gaussian process fills the space between the recorded configurations, so that a search of many
trials costs milliseconds and can be repeated with many seeds. There are two sets of curves, whose
trainings differ: our own (`benchmarks/curves.py`), and another one at Sobol points.

    python -W ignore -m benchmarks.replay --seeds 60

Prints the median epochs until a complete trial is within 2 % of the median that Optuna's own TPE
finds in 150 epochs without pruning, and the median of the best complete values after some epochs.
p is that of Wilcoxon's test against our defaults, paired by seed.
"""

import argparse
import copy
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from math import inf
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.trial import TrialState
from rich.console import Console
from rich.table import Table
from scipy.stats import wilcoxon

from latentune import DataSpec
from latentune.search_spaces.autoencoder_spaces import conv_ae_published
from latentune.search_spaces.strategies import PRUNERS, SAMPLERS, HalvingPruner
from latentune.search_spaces.suggestions import record_parameters

OURS = "curves"
SETS = (OURS, "curves_sobol")
DATA = DataSpec((1, 28, 28))
EPOCHS = 10
BUDGETS = (50, 100, 150)  # epochs
MOST = 200  # epochs of a search
COMPONENTS = 3


class Case(NamedTuple):
    """A sampler by its seed, and a pruner."""

    sampler: Callable[[int], BaseSampler]
    pruner: BasePruner = NopPruner()


class Extrapolating(BaseSampler):
    """Shows pruned trials to a sampler as if they were complete.

    Their value is the last one times the median gain that complete trials had from there.
    """

    def __init__(self, sampler: BaseSampler) -> None:
        self.sampler = sampler

    def infer_relative_search_space(self, study: Any, trial: Any) -> Any:
        return self.sampler.infer_relative_search_space(study, trial)

    def sample_relative(self, study: Any, trial: Any, search_space: Any) -> Any:
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        curves = [complete.intermediate_values for complete in trials]
        for pruned in study.get_trials(states=(TrialState.PRUNED,)):
            last = pruned.last_step
            gains = [curve[max(curve)] / curve[last] for curve in curves]
            pruned.state = TrialState.COMPLETE
            pruned.value = pruned.intermediate_values[last] * median(gains or [1])
            trials.append(pruned)
        shown = copy.copy(study)
        shown._get_trials = lambda *_, **__: (
            trials
        )  # of all states, a sampler asks for the finished
        return self.sampler.sample_relative(shown, trial, search_space)

    def sample_independent(self, *arguments: Any) -> Any:
        return self.sampler.sample_independent(*arguments)


HALVING = PRUNERS["halving"](EPOCHS)
DEFAULT, PLAIN = "TPE, halving (default)", "TPE of Optuna"


def tpe(start: int = 3, multivariate: bool = True) -> Callable[[int], BaseSampler]:
    """Returns a function of the seed that makes our TPE with so many random trials first."""
    return lambda seed: TPESampler(
        n_startup_trials=start, n_ei_candidates=64, multivariate=multivariate, seed=seed
    )


def gp(seed: int) -> BaseSampler:
    return GPSampler(n_startup_trials=5, seed=seed)


CASES = {
    DEFAULT: Case(SAMPLERS["tpe"], HALVING),
    "TPE, 10 start-up trials": Case(tpe(10), HALVING),
    "TPE, univariate": Case(tpe(multivariate=False), HALVING),
    "TPE, first rung at 2": Case(tpe(), HalvingPruner(2, 4)),
    "TPE, 10 start-up, first rung at 2": Case(tpe(10), HalvingPruner(2, 4)),
    "GP, no pruning": Case(gp),
    "GP, halving, extrapolated": Case(lambda seed: Extrapolating(gp(seed)), HALVING),
    "random, halving": Case(lambda seed: RandomSampler(seed=seed), HALVING),
    PLAIN: Case(lambda seed: TPESampler(seed=seed)),
}


class Surrogate:
    """Predicts the learning curve of any configuration from recorded ones.

    Args:
        points: The parameters of each recorded configuration.
        curves: The value of each configuration after each epoch, all above 0.
        space: The distribution of each parameter.
    """

    def __init__(
        self,
        points: Sequence[Mapping[str, Any]],
        curves: Sequence[Sequence[float]],
        space: Mapping[str, BaseDistribution],
    ) -> None:
        from sklearn.decomposition import PCA
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
        from sklearn.model_selection import cross_val_predict
        from sklearn.multioutput import MultiOutputRegressor

        self.count, self.space = len(points), space
        x = np.array([self._place(params) for params in points])
        logs = np.log(curves)
        self.pca = PCA(COMPONENTS).fit(logs)
        codes = self.pca.transform(logs)
        smooth = ConstantKernel() * RBF(np.full(x.shape[1], 0.5), (0.05, 10))
        one = GaussianProcessRegressor(smooth + WhiteKernel(0.05, (1e-4, 1)), normalize_y=True)
        self.gp = MultiOutputRegressor(one)
        with warnings.catch_warnings(action="ignore"):  # a length may well be at its bound
            guesses = cross_val_predict(self.gp, x, codes, cv=10)
            self.gp.fit(x, codes)
        predicted = self.pca.inverse_transform(guesses)
        last, guess = logs[:, -1], predicted[:, -1]
        self.r2 = 1 - ((last - guess) ** 2).sum() / ((last - last.mean()) ** 2).sum()

    def __call__(self, params: Mapping[str, Any]) -> list[float]:
        code = self.gp.predict(np.array([self._place(params)]))
        return list(np.exp(self.pca.inverse_transform(code)[0]))

    def _place(self, params: Mapping[str, Any]) -> list[float]:
        """Returns the place of each number in its range, from 0 to 1, and 0 or 1 for choices."""
        place = []
        for name, found in self.space.items():
            if isinstance(found, CategoricalDistribution):
                place += [float(params[name] == choice) for choice in found.choices]
                continue
            scale = np.log if found.log else np.asarray
            value, low, high = scale([params[name], found.low, found.high])
            place.append((value - low) / (high - low))
        return place


@cache
def surrogate(curve_set: str = OURS) -> Surrogate:
    """Returns the surrogate of this process."""
    lines = Path(__file__).with_name(f"{curve_set}.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    space = record_parameters(conv_ae_published, DATA).distributions
    return Surrogate(
        [record["params"] for record in records], [record["val_mse"] for record in records], space
    )


def search(name: str, seed: int, curve_set: str = OURS) -> list[tuple[int, float]]:
    """Returns the epochs spent and the best complete value so far, after each trial."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    curves, case = surrogate(curve_set), CASES[name]
    study = optuna.create_study(sampler=case.sampler(seed), pruner=case.pruner)
    history: list[tuple[int, float]] = []
    spent, best = 0, inf
    while spent < MOST:
        trial = study.ask(dict(curves.space))
        curve = curves(trial.params)
        for epoch, value in enumerate(curve, start=1):
            trial.report(value, epoch)
            if epoch < len(curve) and trial.should_prune():
                study.tell(trial, state=TrialState.PRUNED)
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


def epochs_to(history: list[tuple[int, float]], target: float) -> float:
    """Returns the epochs after which a search had found the target, at most `MOST`."""
    return min(next((spent for spent, best in history if best <= target), MOST), MOST)


def paired_p(values: Sequence[float], others: Sequence[float]) -> str:
    """Returns the p value of Wilcoxon's test, if there is a difference."""
    differences = np.nan_to_num(values, posinf=1) - np.nan_to_num(others, posinf=1)
    return f"{wilcoxon(differences).pvalue:.3f}" if differences.any() else "-"


def compare(curve_set: str, seeds: int, pool: ProcessPoolExecutor) -> Table:
    """Searches a set of curves in all cases."""
    futures = {
        name: [pool.submit(search, name, seed, curve_set) for seed in range(seeds)]
        for name in CASES
    }
    found = {name: [future.result() for future in each] for name, each in futures.items()}
    target = 1.02 * median(best_at(history, max(BUDGETS)) for history in found[PLAIN])
    curves = surrogate(curve_set)
    table = Table("", "epochs to target", "p", title_justify="left", box=None)
    table.title = (
        f"{curve_set}: {curves.count} curves, R2 of the predicted last epoch {curves.r2:.2f}, "
        f"target {target:.4f}"
    )
    for budget in BUDGETS:
        table.add_column(f"best at {budget}")
        table.add_column("p")
    reached = {name: [epochs_to(h, target) for h in found[name]] for name in CASES}
    best = {
        (name, budget): [best_at(h, budget) for h in found[name]]
        for name in CASES
        for budget in BUDGETS
    }
    for name in CASES:
        row = [f"{median(reached[name]):.0f}", paired_p(reached[name], reached[DEFAULT])]
        for budget in BUDGETS:
            values = best[name, budget]
            row += [f"{median(values):.4f}", paired_p(values, best[DEFAULT, budget])]
        table.add_row(name, *row)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=60)
    options = parser.parse_args()
    console = Console(width=120)
    with ProcessPoolExecutor() as pool:
        for curve_set in SETS:
            console.print(compare(curve_set, options.seeds, pool))


if __name__ == "__main__":
    main()
