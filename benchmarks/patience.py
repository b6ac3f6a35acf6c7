"""Tells what `--patience` saves and loses, in searches of recorded learning curves.

    python -W ignore -m benchmarks.patience --seeds 40

Each search has 100 trials, with the default sampler and pruner. Seeds differ by 1 %; a row is a
patience, and the share below which a gain is nothing. The table has, over the searches of both
sets of curves: the trials that ran; how much worse the best value is than after 100 trials; and
the same without luck, which is the value of the best trial without the spread of its seed.
"""

import argparse
from itertools import product
from statistics import median
from typing import NamedTuple

import numpy as np
from optuna.trial import TrialState
from rich.console import Console
from rich.table import Table

from latentune.studies.study.forecast.recent_gain import by_completion, recent_gain

from .replay import SETS
from .stand_in import SEED_SPREAD, WITHOUT_LUCK, StandIn, search_curves

TRIALS = 100
PATIENCES = (5, 10, 15, 20, 30)
SHARES = (SEED_SPREAD, SEED_SPREAD / 2)


class End(NamedTuple):
    """Where a patience ends a search: the trials that ran, and the shares that are lost."""

    trials: int
    lost: float
    lost_without_luck: float


def end(found: StandIn, patience: int, share: float) -> End:
    """Returns where a patience ends a search, by the rule of `search`."""
    finished = by_completion(found.trials)
    stop = len(finished)
    for n in range(patience, len(finished)):
        gain = recent_gain(found.study, finished[:n], patience)
        if gain is not None and gain.amount < share * abs(gain.after):
            stop = n
            break
    complete = [
        [t for t in part if t.state == TrialState.COMPLETE] for part in (finished[:stop], finished)
    ]
    early, late = (min(trials, key=lambda trial: trial.values[0]) for trials in complete)
    pairs = (
        (early.values[0], late.values[0]),
        (
            early.user_attrs[WITHOUT_LUCK],
            late.user_attrs[WITHOUT_LUCK],
        ),
    )
    return End(stop, *(before / after - 1 for before, after in pairs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=40)
    options = parser.parse_args()
    searches = [
        search_curves(SETS[seed % len(SETS)], 200 + seed, TRIALS) for seed in range(options.seeds)
    ]
    table = Table(
        "patience", "trials of 100", "lost", "9 in 10 below", "lost without luck", box=None
    )
    for share, patience in product(SHARES, PATIENCES):
        ends = [end(found, patience, share) for found in searches]
        lost, quiet = [one.lost for one in ends], [one.lost_without_luck for one in ends]
        table.add_row(
            f"{patience}:{share:.1%}",
            f"{median(one.trials for one in ends):.0f}",
            f"{median(lost):.1%}",
            f"{np.quantile(lost, 0.9):.1%}",
            f"{median(quiet):.1%}",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
