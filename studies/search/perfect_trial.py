"""A search that has found a value which no trial can beat: it ends, and says so."""

import logging
from collections.abc import Mapping, Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from ...models.types import Direction
from ...storage.trial_outcome import finished_trials
from .search_plan import SearchPlan

PERFECT_VALUES: dict[Direction, tuple[float, frozenset[str]]] = {
    "maximize": (1.0, frozenset({"accuracy", "balanced_accuracy", "probe", "nearest", "r2"})),
    "minimize": (0.0, frozenset({"mse", "mae", "loss", "kl"})),
}
"""The best value that there is in each direction, and the metrics that have it as their bound."""
PERFECT_ATTRIBUTE = "perfect"
"""The attribute of a study whose search has ended for this reason: the next one goes on."""

log = logging.getLogger(__name__)


def perfect_trial(
    trials: Sequence[FrozenTrial], metrics: Mapping[str, Direction]
) -> FrozenTrial | None:
    """Returns the first complete trial whose value cannot be beaten; None if there is none.

    Args:
        trials: The trials of a study.
        metrics: The metrics of the study, and which way each is better.
    """
    if len(metrics) > 1:
        return None
    ((name, way),) = metrics.items()
    bound, names = PERFECT_VALUES[way]
    if name.removeprefix("val_") not in names:
        return None
    complete = (trial for trial in trials if trial.state == TrialState.COMPLETE)
    return next((trial for trial in complete if trial.values == [bound]), None)


def should_end_early(study: optuna.Study, trials: Sequence[FrozenTrial], plan: SearchPlan) -> bool:
    """Returns whether no further trial is worth its time, and no earlier search has said so."""
    found = perfect_trial(trials, plan.spec.objective.metrics)
    return found is not None and PERFECT_ATTRIBUTE not in study.user_attrs


def log_perfect_trial(study: optuna.Study, plan: SearchPlan) -> None:
    """Says at the end of a search that no trial can beat what was found, and how to go on."""
    trials = study.get_trials(deepcopy=False)
    found = perfect_trial(trials, plan.spec.objective.metrics)
    if found is None:
        return
    (name,) = plan.spec.objective.metrics
    done, asked = len(finished_trials(trials)), plan.trials
    line = f"trial {found.number} has {name} {found.values[0]:g}, and no value is better"
    study.set_user_attr(PERFECT_ATTRIBUTE, found.number)
    if done >= asked:
        log.info("%s: further trials cannot improve it", line)
        return
    way_on = f"the search ends after {done} of {asked} trials; the same command tries the others"
    log.info("%s: %s", line, way_on)
