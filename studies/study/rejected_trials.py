"""The trials of a study that were rejected, because their networks exceed a limit of the study."""

import optuna

from ...storage.optuna_internals import count_trials
from ...storage.read_only_storage import trial_attributes
from ...storage.study_record import read_study_record
from .definition import LIMITS_ENTRY


def rejected_numbers(study: optuna.Study) -> set[int]:
    """Returns the numbers of the rejected trials of a study."""
    return {number for number, value in trial_attributes(study, "rejected").items() if value}


def describe_rejected(study: optuna.Study) -> list[str]:
    """Returns a list with one sentence about the rejected trials, or an empty list."""
    limits = read_study_record(study).definition.get(LIMITS_ENTRY)
    if limits is None:
        return []
    rejected, total = len(rejected_numbers(study)), count_trials(study)
    share = f", {100 * rejected / total:.0f} %" if rejected else ""
    return [f"limits: {limits}; {rejected:,} of {total:,} points were rejected untrained{share}"]
