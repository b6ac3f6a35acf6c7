"""Samplers, which choose the parameters of a trial, and pruners, which stop bad trials early."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, WilcoxonPruner
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState


class StatelessSampler(BaseSampler):
    """A sampler that depends only on the study's seed, the trial number and the other trials.

    Optuna's samplers depend on the random numbers that they have used. A resumed search would thus
    try other values than an uninterrupted search. This sampler calls `make` for a new Optuna
    sampler at every call.
    """

    def __init__(self, make: Callable[[int], BaseSampler], seed: int) -> None:
        self.make, self.seed = make, seed
        self._observer = make(seed)  # draws no random numbers, but caches the search space

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._observer.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._new_sampler(trial, "").sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        sampler = self._new_sampler(trial, param_name)
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        self._observer.after_trial(study, trial, state, values)

    def _new_sampler(self, trial: FrozenTrial, name: str) -> BaseSampler:
        seeds = np.random.SeedSequence([self.seed, trial.number, crc32(name.encode())])
        return self.make(int(seeds.generate_state(1)[0]))


class HalvingPruner(BasePruner):
    """Prunes all but the best trials at certain steps, as Optuna's SuccessiveHalvingPruner does.

    The distance between these steps grows. Optuna's pruner reads and writes attributes of trials,
    which costs a transaction per step; this pruner needs only the reported values. It prunes a
    trial only if another trial was better at the same step and has not failed later.

    Args:
        first: The first step at which trials are pruned, at least 1.
        factor: One of `factor` trials is kept, at least 2. The next pruning is after `factor`
            times as many steps.

    References:
        A System for Massively Parallel Hyperparameter Tuning (Li et al., 2020)
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
    """Prunes as another pruner does, but never a trial whose parameters the user gave.

    The user wants to know the score of these parameters. The last trial is not pruned either if no
    trial is complete. The other pruner still compares its trials with the spared trials.
    """

    def __init__(self, pruner: BasePruner, trials: int) -> None:
        self.pruner, self.trials = pruner, trials

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        if not self.pruner.prune(study, trial) or "fixed_params" in trial.system_attrs:
            return False
        is_last = trial.number >= self.trials - 1
        return not is_last or bool(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))


def _make_wilcoxon(trainings: int) -> BasePruner:
    # The probability that a trial that is as good as the best is worse in all trainings but one.
    all_worse = 0.5 ** (trainings - 1)
    with warnings.catch_warnings():
        # Optuna has called this pruner experimental since 2024.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return WilcoxonPruner(p_threshold=max(0.1, 1.01 * all_worse))


def _tenth_of_epochs(epochs: int) -> int:
    return max(1, epochs // 10)


WILCOXON = "wilcoxon"
NONE = "none"
PRUNERS: dict[str, Callable[[int], BasePruner]] = {
    "halving": lambda epochs: HalvingPruner(_tenth_of_epochs(epochs), factor=4),
    "hyperband": lambda epochs: HyperbandPruner(
        _tenth_of_epochs(epochs), epochs, reduction_factor=3
    ),
    "median": lambda epochs: MedianPruner(
        n_startup_trials=4, n_warmup_steps=2 * _tenth_of_epochs(epochs)
    ),
    WILCOXON: _make_wilcoxon,
    NONE: lambda epochs: NopPruner(),
}
"""Functions by name. Each returns a pruner, given the number of epochs of a trial.

`wilcoxon` takes the number of trainings of a trial instead.
"""
SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: TPESampler(n_startup_trials=3, n_ei_candidates=64, seed=seed),
    "gp": lambda seed: GPSampler(n_startup_trials=5, seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
}
"""Functions by name. Each returns an Optuna sampler, given a seed."""
