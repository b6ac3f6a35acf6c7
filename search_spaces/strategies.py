"""Which configurations are tried, and which of them are given up early."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    WilcoxonPruner,
)
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState


class StatelessSampler(BaseSampler):
    """Chooses the values of a trial by a seed and its number alone, besides the other trials.

    A sampler of Optuna chooses by what it has drawn before. So a search that was stopped would go
    on with other values than one that was not, and a trial whose process died while its values
    were chosen would get others. Here each choice is that of a new sampler.

    Args:
        make: Makes a sampler of a seed.
        seed: The seed of the study.
    """

    def __init__(self, make: Callable[[int], BaseSampler], seed: int) -> None:
        self.make, self.seed = make, seed
        self._observer = make(seed)  # it draws nothing, and knows what it has looked at before

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._observer.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._new(trial, "").sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        sampler = self._new(trial, param_name)
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        self._observer.after_trial(study, trial, state, values)

    def _new(self, trial: FrozenTrial, name: str) -> BaseSampler:
        seeds = np.random.SeedSequence([self.seed, trial.number, crc32(name.encode())])
        return self.make(int(seeds.generate_state(1)[0]))


class HalvingPruner(BasePruner):
    """Prunes all but the best of the trials that have come as far, after fewer and fewer steps.

    "A System for Massively Parallel Hyperparameter Tuning" (Li et al., 2020). It decides as
    Optuna's `SuccessiveHalvingPruner` does, but by what trials have reported: that one looks at
    its own notes after every step, and each look is a transaction. A trial is pruned only if
    another one was better after the same step, and has not failed since.

    Args:
        first: The first step after which it decides, at least 1.
        factor: It keeps one trial in so many, at least 2, and decides again after so many times
            as many steps.
    """

    def __init__(self, first: int, factor: int) -> None:
        self.first, self.factor = first, factor

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        step = trial.last_step
        if step is None or not self._decides_after(step):
            return False
        rivals = [
            other.intermediate_values[step]
            for other in study.get_trials(deepcopy=False)
            if other.number != trial.number
            and other.state != TrialState.FAIL
            and step in other.intermediate_values
        ]
        sign = 1 if study.direction == StudyDirection.MINIMIZE else -1
        value = sign * trial.intermediate_values[step]
        better = sum(sign * rival < value for rival in rivals)
        return better >= max(1, (len(rivals) + 1) // self.factor)

    def _decides_after(self, step: int) -> bool:
        rung = self.first
        while rung < step:
            rung *= self.factor
        return rung == step


class SpareFixedTrials(BasePruner):
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


def _wilcoxon(runs: int) -> BasePruner:
    # As likely as it is by chance to be worse than the best trial in each training but the last.
    all_worse = 0.5 ** (runs - 1)
    with warnings.catch_warnings():
        # Optuna has called it experimental since 2024.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return WilcoxonPruner(p_threshold=max(0.1, 1.01 * all_worse))


WILCOXON = "wilcoxon"
NONE = "none"
# Each is made for a number of epochs, and first looks when a tenth of them is over; wilcoxon for
# a number of trainings.
PRUNERS: dict[str, Callable[[int], BasePruner]] = {
    "halving": lambda epochs: HalvingPruner(_tenth(epochs), factor=4),
    "hyperband": lambda epochs: HyperbandPruner(_tenth(epochs), epochs, reduction_factor=3),
    "median": lambda epochs: MedianPruner(n_startup_trials=4, n_warmup_steps=2 * _tenth(epochs)),
    WILCOXON: _wilcoxon,
    NONE: lambda epochs: NopPruner(),
}
SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: TPESampler(n_startup_trials=3, n_ei_candidates=64, seed=seed),
    "gp": lambda seed: GPSampler(n_startup_trials=5, seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
}


def _tenth(epochs: int) -> int:
    return max(1, epochs // 10)
