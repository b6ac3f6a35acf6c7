"""Which configurations are tried, and which of them are given up early."""

from collections.abc import Callable

import optuna
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    SuccessiveHalvingPruner,
)
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial


class SpareEnqueued(BasePruner):
    """Never prunes a trial whose values were given: somebody wants to know what they are worth.

    The other trials are still compared with it.

    Args:
        pruner: Decides about the other trials.
    """

    def __init__(self, pruner: BasePruner) -> None:
        self.pruner = pruner

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        return self.pruner.prune(study, trial) and "fixed_params" not in trial.system_attrs


# Each is made for a number of epochs, and first looks when a tenth of them is over.
PRUNERS: dict[str, Callable[[int], BasePruner]] = {
    "halving": lambda epochs: SpareEnqueued(
        SuccessiveHalvingPruner(_tenth(epochs), reduction_factor=4, bootstrap_count=1)
    ),
    "hyperband": lambda epochs: SpareEnqueued(
        HyperbandPruner(_tenth(epochs), epochs, reduction_factor=3)
    ),
    "median": lambda epochs: SpareEnqueued(
        MedianPruner(n_startup_trials=4, n_warmup_steps=2 * _tenth(epochs))
    ),
    "none": lambda epochs: NopPruner(),
}
SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: TPESampler(n_startup_trials=5, seed=seed),
    "gp": lambda seed: GPSampler(n_startup_trials=5, seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
}


def _tenth(epochs: int) -> int:
    return max(1, epochs // 10)
