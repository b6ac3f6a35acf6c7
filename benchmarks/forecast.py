"""Tells how far forecasts are from what happened, in searches of recorded learning curves.

    python -W ignore -m benchmarks.forecast

Three tables. The relative error of the time left, in 20 searches that differ in curves, trials,
workers, pruner and sampler, after a third, a half and two thirds of their trials; the last column
has the error if the other trials took as long as the finished ones. A reliability table of the
predicted chance that 20 more trials are better by 1 %, in these and 40 more searches. The share of
its epochs that a trial trains for, by its number, on which the time left is based.
"""

import argparse
from datetime import datetime
from itertools import pairwise, product
from math import ceil
from statistics import fmean, median

import numpy as np
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.table import Table

from latentune.storage.trial_outcome import reached_epoch
from latentune.studies.study.forecast.epoch_shares import RECORDED_SHARES
from latentune.studies.study.forecast.gain_chance import GAIN, MIN_TRIALS, N_NEXT, gain_chance
from latentune.studies.study.forecast.recent_gain import by_completion
from latentune.studies.study.forecast.time_left import seconds_left

from .replay import EPOCHS, SETS
from .stand_in import START, StandIn, search_curves

TIMED = 20  # searches
PARTS = (1 / 3, 1 / 2, 2 / 3)
BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.01)


def timed_search(seed: int) -> StandIn:
    """Returns a search of its own kind: three in four are of the default pruner and sampler."""
    return search_curves(
        SETS[seed % 2],
        seed,
        trials=(30, 45, 60, 90)[seed // 2 % 4],
        workers=(1, 2, 4)[seed % 3],
        sampler="random" if seed % 8 == 3 else "tpe",
        pruner="none" if seed % 8 == 6 else "halving",
    )


def time_error(found: StandIn, part: float) -> float:
    """Returns the relative error of the time left after a part of the trials."""
    ends = [trial.datetime_complete or datetime.max for trial in by_completion(found.trials)]
    now = ends[ceil(part * len(ends)) - 1]
    predicted = seconds_left(found.at(now), found.search, EPOCHS, now)
    assert predicted is not None
    return predicted / (ends[-1] - now).total_seconds() - 1


def pace_error(found: StandIn, part: float) -> float:
    """Returns the error if the other trials took as long as those that are finished."""
    ends = [trial.datetime_complete or datetime.max for trial in by_completion(found.trials)]
    done = ceil(part * len(ends))
    now = ends[done - 1]
    predicted = (now - START).total_seconds() / done * (len(ends) - done)
    return predicted / (ends[-1] - now).total_seconds() - 1


def chances(found: StandIn) -> list[tuple[float, bool]]:
    """Returns the predicted chances of a search, and whether it was better."""
    trials, pairs = by_completion(found.trials), []
    for n in range(MIN_TRIALS, len(trials) - N_NEXT + 1, 10):
        before, after = _best(trials[:n]), _best(trials[: n + N_NEXT])
        chance = gain_chance(trials[:n], StudyDirection.MINIMIZE, found.search.sampler)
        if chance is not None:
            pairs.append((chance, after <= (1 - GAIN) * before))
    return pairs


def _best(trials: list[FrozenTrial]) -> float:
    values = [trial.values[0] for trial in trials if trial.state == TrialState.COMPLETE]
    return min(values, default=np.inf)


def reliability(pairs: list[tuple[float, bool]]) -> Table:
    """Returns a table of predicted and observed frequencies."""
    predicted, observed = (np.array(column, float) for column in zip(*pairs, strict=True))
    table = Table("predicted", "mean", "observed", "forecasts", title_justify="left", box=None)
    score, base = ((predicted - observed) ** 2).mean(), observed.var()
    table.title = f"Brier score {score:.3f}; of the mean frequency {base:.3f}"
    for low, high in pairwise(BINS):
        inside = (predicted >= low) & (predicted < high)
        if inside.any():
            means = (f"{column[inside].mean():.2f}" for column in (predicted, observed))
            table.add_row(f"{low:.1f} to {min(high, 1):.1f}", *means, str(inside.sum()))
    return table


def epoch_shares(pruner: str, sampler: str, seeds: int) -> list[str]:
    """Returns the mean shares of epochs of trials 1, 2 to 3, 4 to 7, and so on."""
    shares: dict[int, list[float]] = {}
    for curve_set, seed in product(SETS, range(seeds)):
        found = search_curves(curve_set, 1000 + seed, 64, sampler=sampler, pruner=pruner)
        for number, trial in enumerate(by_completion(found.trials), start=1):
            shares.setdefault(number.bit_length(), []).append(reached_epoch(trial) / EPOCHS)
    return [f"{fmean(shares[bits]):.2f}" for bits in range(1, 7)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="further searches of each set")
    parser.add_argument("--share-seeds", type=int, default=5, help="searches for each share")
    options = parser.parse_args()
    console = Console(width=120)
    timed = [timed_search(seed) for seed in range(TIMED)]
    columns = ("searches", "trials finished", "median error", "9 in 10 below", "bias", "by pace")
    table = Table(*columns, box=None)
    kinds = {
        "all": timed,
        "without pruner": [found for found in timed if found.search.pruner == "none"],
        "halving, 30 or 45 trials": [found for found in timed if found.search.trials < 60],
        "halving, 60 or 90 trials": [
            found for found in timed if found.search.trials >= 60 and found.search.pruner != "none"
        ],
    }
    for (kind, some), part in product(kinds.items(), PARTS):
        errors = [time_error(found, part) for found in some]
        sizes = list(map(abs, errors))
        by_pace = median(abs(pace_error(found, part)) for found in some)
        figures = (median(sizes), np.quantile(sizes, 0.9), median(errors), by_pace)
        table.add_row(
            f"{len(some)} {kind}", f"{part:.0%}", *(f"{figure:.0%}" for figure in figures)
        )
    console.print(table)
    pairs = [pair for found in timed for pair in chances(found)]
    for curve_set, seed in product(SETS, range(options.seeds)):
        pairs += chances(search_curves(curve_set, 100 + seed, 70))
    console.print(reliability(pairs))
    table = Table("pruner", "sampler", "1", "2-3", "4-7", "8-15", "16-31", "32-63", box=None)
    for pruner, sampler in RECORDED_SHARES:
        table.add_row(pruner, sampler, *epoch_shares(pruner, sampler, options.share_seeds))
    console.print(table)


if __name__ == "__main__":
    main()
