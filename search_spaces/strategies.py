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
from optuna.trial import FrozenTrial, TrialState


class Sparing(BasePruner):
    """Never prunes a trial whose values were given, nor the last chance of a complete one.

    Whoever gives values wants to know what they are worth; the other trials are still compared
    with them.

    Args:
        pruner: Decides about the other trials.
        trials: Trials of the study.
    """

    def __init__(self, pruner: BasePruner, trials: int) -> None:
        self.pruner, self.trials = pruner, trials

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        if not self.pruner.prune(study, trial) or "fixed_params" in trial.system_attrs:
            return False
        last = trial.number >= self.trials - 1
        return not last or bool(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))


# Each is made for a number of epochs, and first looks when a tenth of them is over.
PRUNERS: dict[str, Callable[[int], BasePruner]] = {
    "halving": lambda epochs: SuccessiveHalvingPruner(
        _tenth(epochs), reduction_factor=4, bootstrap_count=1
    ),
    "hyperband": lambda epochs: HyperbandPruner(_tenth(epochs), epochs, reduction_factor=3),
    "median": lambda epochs: MedianPruner(n_startup_trials=4, n_warmup_steps=2 * _tenth(epochs)),
    "none": lambda epochs: NopPruner(),
}
SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: TPESampler(n_startup_trials=3, n_ei_candidates=64, seed=seed),
    "gp": lambda seed: GPSampler(n_startup_trials=5, seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
}


def _tenth(epochs: int) -> int:
    return max(1, epochs // 10)
