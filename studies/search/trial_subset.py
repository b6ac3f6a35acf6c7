"""The trials of a large study that a sampler sees, because its time grows with their number."""

from collections.abc import Sequence

import numpy as np
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ...storage.optuna_internals import nondomination_ranks
from .infeasible_trials import is_infeasible

MAX_TRIALS = 2000


def choose_trials(
    trials: Sequence[FrozenTrial], directions: Sequence[StudyDirection]
) -> Sequence[FrozenTrial]:
    """Returns the trials from which a sampler learns, in their order.

    These are all trials, or if more than 2,000 are complete, pruned or infeasible, the 200 best
    complete trials, a random sample of the others, and the RUNNING trials. The sample depends only
    on the number of trials.
    """
    learnt = (TrialState.COMPLETE, TrialState.PRUNED)
    n_best = MAX_TRIALS // 10  # TPE models at most a tenth of the trials as good ones
    indices = np.array(
        [i for i, trial in enumerate(trials) if trial.state in learnt or is_infeasible(trial)]
    )
    if len(indices) <= MAX_TRIALS:
        return trials
    complete = np.array([trials[i].state == TrialState.COMPLETE for i in indices])
    values = np.array([trials[i].values for i in indices[complete]])
    signs = [-1 if way == StudyDirection.MAXIMIZE else 1 for way in directions]
    ranks = nondomination_ranks(values.reshape(-1, len(signs)) * signs, n_best)
    best = indices[complete][np.argsort(ranks, kind="stable")[:n_best]]
    others = np.setdiff1d(indices, best)
    n_others = MAX_TRIALS - len(best)
    sample = np.random.default_rng(len(trials)).choice(others, n_others, replace=False)
    running = [i for i, trial in enumerate(trials) if trial.state == TrialState.RUNNING]
    return [trials[i] for i in sorted([*best, *sample, *running])]
