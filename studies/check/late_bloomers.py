"""Late bloomers: trials that were as bad as the pruned ones at first, and became the best."""

from collections import defaultdict
from collections.abc import Iterator
from statistics import median

from optuna.trial import FrozenTrial, TrialState

from .checkup import Checkup
from .finding import Finding, list_trials
from .ranked_trials import direction_sign, rank_trials, single_objective_studies
from .suggested_commands import search_command

MIN_PRUNED = 3
"""How many trials must have been pruned after an epoch to tell which value is pruned there."""


def find_late_bloomers(checkup: Checkup) -> Iterator[Finding]:
    """Finds good trials that were, after some epoch, no better than the trials pruned there.

    The median value of at least three trials that were pruned after an epoch is the pruning
    threshold of that epoch. A trial of the best third that did not beat the threshold would have
    been pruned too, had the pruner not spared it, as it spares the defaults and the first trials.
    If this holds for a third of the best trials, and for two at least, then the values of that
    epoch say little about the final value.
    """
    for study in single_objective_studies(checkup):
        sign = direction_sign(study)
        pruned: dict[int, list[float]] = defaultdict(list)
        for trial in study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)):
            if trial.intermediate_values:
                epoch = max(trial.intermediate_values)
                pruned[epoch].append(_best_cost_until(trial, epoch, sign))
        thresholds = {
            epoch: median(costs) for epoch, costs in pruned.items() if len(costs) >= MIN_PRUNED
        }
        complete = [trial for trial in rank_trials(study) if trial.state == TrialState.COMPLETE]
        best = complete[: max(2, len(complete) // 3)]
        late = [
            trial.number
            for trial in best
            if any(
                _best_cost_until(trial, epoch, sign) >= threshold
                for epoch, threshold in thresholds.items()
            )
        ]
        if len(late) >= max(2, len(best) / 3):
            epochs = " and ".join(map(str, sorted(thresholds)))
            yield Finding(
                "advice",
                f"{list_trials(late)} of {study.study_name}, among its best {len(best)}, were no "
                f"better than the trials that were pruned after epoch {epochs}",
                search_command(study, checkup, {}, "--from", study.study_name, "--pruner", "none"),
            )


def _best_cost_until(trial: FrozenTrial, epoch: int, sign: int) -> float:
    costs = [sign * value for at, value in trial.intermediate_values.items() if at <= epoch]
    return min(costs, default=float("-inf"))
