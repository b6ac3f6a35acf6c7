"""The end of a search when its last trials have gained less than seeds differ."""

import logging
from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial

from ...storage.study_record import StudyRecord, read_study_record, write_study_record
from ...storage.trial_outcome import finished_trials
from ..study.forecast.recent_gain import RecentGain, describe_gain, recent_gain
from ..study.forecast.seed_spread import SeedSpread, measured_spread
from ..study.patience import Patience
from .search_plan import SearchPlan

MIN_TRIALS = 6
"""Number of finished trials from which the gain of the last third is said: that of two trials."""

log = logging.getLogger(__name__)


def is_enough(study: optuna.Study, trials: Sequence[FrozenTrial], plan: SearchPlan) -> bool:
    """Returns True if `patience` ends the search: its last trials have gained too little.

    Trials from before an earlier search ended by `patience` do not count again, so that the same
    command runs more trials. Those that still run may gain more, so a worker waits for them.

    `trials` are all trials of the study.
    """
    if plan.patience is None or len(finished_trials(trials)) < plan.patience.trials:
        return False
    gain = recent_gain(study, trials, plan.patience.trials)
    if gain is None:
        return False
    spread = _spread(study, trials, plan.patience, gain)
    if spread is None or gain.amount >= spread.std:
        return False
    ended_at = read_study_record(study).patience_ended_at or 0
    return len(finished_trials(trials)) >= ended_at + plan.patience.trials


def _spread(
    study: optuna.Study, trials: Sequence[FrozenTrial], patience: Patience | None, gain: RecentGain
) -> SeedSpread | None:
    if patience is not None and patience.share is not None:
        return SeedSpread(patience.share * abs(gain.after), "given")
    return measured_spread(study, trials)


def log_gain(study: optuna.Study, plan: SearchPlan) -> None:
    """Logs what the last third of a study's trials has brought beside the spread of seeds.

    If `patience` has ended the search, it logs what the trials of `patience` have brought, and
    records the end on the study.
    """
    trials = study.get_trials(deepcopy=False)
    done = len(finished_trials(trials))
    ends = done < plan.trials and is_enough(study, trials, plan)
    n_last = plan.patience.trials if plan.patience is not None and ends else done // 3
    gain = recent_gain(study, trials, n_last) if ends or done >= MIN_TRIALS else None
    if gain is None:
        return
    line = describe_gain(gain, _spread(study, trials, plan.patience, gain), plan.name)
    if not ends:
        log.info(line)
        return
    write_study_record(study, StudyRecord(patience_ended_at=done))
    log.info(
        "%s: `patience=` ends the search after %s of %s trials; the same command tries at least "
        "%s more",
        line,
        done,
        plan.trials,
        min(n_last, plan.trials - done),
    )
