"""Late bloomers: whether those that a pruner gave up could have been among the best."""

from collections import defaultdict
from collections.abc import Iterator
from statistics import median

from optuna.trial import FrozenTrial, TrialState

from .checkup import Checkup
from .finding import Finding, some
from .ranked_trials import direction_sign, rank_trials, single_objective_studies
from .suggested_commands import search_from_command

GIVEN_UP = 3
"""How many trials must have been given up after an epoch to say what that takes."""
BEST = 3
"""The best third of the complete trials are the good ones."""


def find_late_bloomers(checkup: Checkup) -> Iterator[Finding]:
    """Finds good trials that were, after an epoch, no better than those which it gave up.

    Of each epoch after which at least three trials were pruned, the median of what these had
    reached is what it took to be given up. A complete trial of the best third that had reached no
    more by then would have been cut too, had it not been spared (the defaults are, and whoever is
    first). If that is so of a third of them, and of two at least, the values of that epoch say
    little of the end.
    """
    for study in single_objective_studies(checkup):
        way = direction_sign(study)
        given_up: dict[int, list[float]] = defaultdict(list)
        for trial in study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)):
            if trial.intermediate_values:
                last = max(trial.intermediate_values)
                given_up[last].append(_reached(trial, last, way))
        bars = {at: median(found) for at, found in given_up.items() if len(found) >= GIVEN_UP}
        complete = [trial for trial in rank_trials(study) if trial.state == TrialState.COMPLETE]
        good = complete[: max(2, len(complete) // BEST)]
        cut = [
            trial.number
            for trial in good
            if any(_reached(trial, at, way) >= bar for at, bar in bars.items())
        ]
        if len(cut) >= max(2, len(good) / 3):
            epochs = " and ".join(str(at) for at in sorted(bars))
            yield Finding(
                "advice",
                f"{some(cut)} of {study.study_name}, among its best {len(good)}, no better than "
                f"those that were given up after epoch {epochs}",
                search_from_command(study, checkup, {}, "--pruner", "none"),
            )


def _reached(trial: FrozenTrial, epoch: int, way: float) -> float:
    """Returns the best value up to an epoch, of which less is better."""
    values = [way * value for at, value in trial.intermediate_values.items() if at <= epoch]
    return min(values, default=float("-inf"))
