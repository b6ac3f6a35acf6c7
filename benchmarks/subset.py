"""Compares searches whose sampler sees all trials with searches whose sampler sees a subset.

A surrogate of recorded learning curves takes the place of training. The bound is smaller than in a
search, but TPE models as many trials as good ones:

    python -W ignore -m benchmarks.subset --bound 300 --trials 800 --seeds 6
"""

import argparse
from collections.abc import Sequence
from statistics import median
from unittest.mock import patch

import optuna
from optuna.distributions import IntDistribution
from optuna.trial import TrialState

from latentune.search_spaces.strategies import PRUNERS, SAMPLERS, StatelessSampler
from latentune.storage.trial_record import TrialRecord
from latentune.studies.search.new_trial import new_trial
from latentune.studies.study.defaults import PRUNER
from latentune.studies.study.search_options import SearchOptions

from .past_trials import EPOCHS
from .replay import surrogate


def search(seed: int, bound: int, trials: int) -> list[float]:
    """Returns the error that each configuration can reach; the sampler sees `bound` trials."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    curves = surrogate()
    study = optuna.create_study(
        sampler=StatelessSampler(SAMPLERS[SearchOptions.sampler], seed),
        pruner=PRUNERS[PRUNER](EPOCHS),
    )

    def suggest(trial: optuna.Trial) -> TrialRecord:
        for name, distribution in curves.space.items():
            kind = "int" if isinstance(distribution, IntDistribution) else "float"
            ends = distribution.low, distribution.high
            getattr(trial, f"suggest_{kind}")(name, *ends, log=distribution.log)
        return TrialRecord()

    reached: list[float] = []
    with patch("latentune.studies.search.trial_subset.MAX_TRIALS", bound):
        for _ in range(trials):
            trial = new_trial(study, study.get_trials(deepcopy=False), suggest)
            curve = curves(trial.params)
            study.tell(trial, *_train(trial, curve))
            reached.append(min(curve))
    return reached


def _train(trial: optuna.Trial, curve: Sequence[float]) -> tuple[float | None, TrialState]:
    for epoch, value in enumerate(curve, start=1):
        trial.report(value, epoch)
        if epoch < len(curve) and trial.should_prune():
            return None, TrialState.PRUNED
    return min(curve), TrialState.COMPLETE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bound", type=int, default=300)
    parser.add_argument("--trials", type=int, default=800)
    parser.add_argument("--seeds", type=int, default=6)
    options = parser.parse_args()
    cases = {"all": options.trials, "subset": options.bound}
    found: dict[str, list[list[float]]] = {name: [] for name in cases}
    for seed in range(options.seeds):
        for name, bound in cases.items():
            found[name].append(search(seed, bound, options.trials))
    for after in (2 * options.bound, options.trials):
        best = {name: [min(each[:after]) for each in runs] for name, runs in found.items()}
        print(f"best of {after} trials: {_compare(best)}")
    later = {
        name: [median(each[options.bound :]) for each in runs] for name, runs in found.items()
    }
    print(f"median of the trials after the first {options.bound}: {_compare(later)}")


def _compare(found: dict[str, list[float]]) -> str:
    better = sum(few < full for full, few in zip(*found.values(), strict=True))
    values = ", ".join(f"{name} {median(each):.6f}" for name, each in found.items())
    return f"{values}; subset better in {better} of {len(found['all'])}"


if __name__ == "__main__":
    main()
