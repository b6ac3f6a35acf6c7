"""Measures how much closer a confirmed configuration is to the best one that was tried.

The values of trials are a true value with noise, without training. The best trial of each search
is compared with the configuration that `latentune confirm` chooses by its race:

    python -m benchmarks.confirm --repetitions 200
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from rich.console import Console
from rich.table import Table

from latentune.studies.check.race import race, winner
from latentune.studies.study.defaults import CONFIRM_SEEDS, CONFIRM_TOP

CURVES = Path(__file__).with_name("curves.jsonl")
TRIALS = 30
SHARED = 0.3  # of the variance of noise: what a seed adds for every configuration
NOISES = (0.5, 1, 2, 4, 8)  # standard deviations, in mean distances between the first five


@dataclass(frozen=True)
class Regret:
    """How much worse a choice is than the best configuration tried, in log error.

    Attributes:
        searched: The best trial of the search.
        confirmed: The confirmed configuration.
        trainings: Number of trainings that confirmed it.
    """

    searched: float
    confirmed: float
    trainings: int


def recorded() -> dict[str, np.ndarray]:
    """Returns log errors of recorded trials: random ones, and ones as a sampler chooses them."""
    curves = [json.loads(line)["val_mse"] for line in CURVES.read_text().splitlines()]
    values = np.sort(np.log([min(curve) for curve in curves]))
    return {"all": values, "the best third": values[: len(values) // 3]}


def distance(values: np.ndarray, draws: int = 500) -> float:
    """Returns the mean distance between the first five configurations of a search."""
    generator = np.random.default_rng(0)
    tried = np.sort([generator.choice(values, TRIALS, replace=False) for _ in range(draws)])
    return float(np.diff(tried[:, :CONFIRM_TOP]).mean())


def simulate(values: np.ndarray, noise: float, generator: Generator) -> Regret:
    """Searches and confirms once.

    Args:
        values: True values of configurations, one for each trial; less is better.
        noise: Standard deviation of the noise that a training adds.
        generator: Generator of trials and noise.
    """
    true = generator.choice(values, TRIALS, replace=False)
    order = np.argsort(true + noise * generator.standard_normal(TRIALS))[:CONFIRM_TOP]
    of_seeds = noise * SHARED**0.5 * generator.standard_normal(CONFIRM_SEEDS)

    def train(chosen: Sequence[int], seed: int) -> list[float]:
        own = noise * (1 - SHARED) ** 0.5 * generator.standard_normal(len(chosen))
        return (true[order[list(chosen)]] + of_seeds[seed] + own).tolist()

    costs = race(train, CONFIRM_TOP, CONFIRM_SEEDS)
    best = winner(costs)
    assert best is not None  # nothing fails here
    regrets = true[order] - true.min()
    return Regret(float(regrets[0]), float(regrets[best]), sum(map(len, costs)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=200)
    options = parser.parse_args()
    table = Table(
        "true values", "noise", "regret of the search", "confirmed", "ratio", "trainings"
    )
    for name, values in recorded().items():
        for relative in NOISES:
            noise, generator = relative * distance(values), np.random.default_rng(0)
            found = [simulate(values, noise, generator) for _ in range(options.repetitions)]
            searched = float(np.mean([regret.searched for regret in found]))
            confirmed = float(np.mean([regret.confirmed for regret in found]))
            trainings = np.mean([regret.trainings for regret in found])
            table.add_row(
                name,
                f"{relative:g} distances, {100 * noise:.1f} %",
                f"{100 * searched:.2f} %",
                f"{100 * confirmed:.2f} %",
                f"{confirmed / searched:.2f}" if searched else "-",
                f"{trainings:.1f} of {CONFIRM_TOP * CONFIRM_SEEDS}",
            )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
