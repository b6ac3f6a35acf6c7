"""Reuses trials: a search with other ranges starts with the trials of an older study."""

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

import optuna
from optuna.trial import FrozenTrial, create_trial

from ...search_spaces.space_errors import NotInSpaceError
from ...search_spaces.suggestions import replay_distributions
from ...storage.database import open_database
from ...storage.study_record import Origin, read_study_record
from ...storage.trial_record import TrialRecord, write_trial_record
from ..study.definition import LIMITS_ENTRY, comparable_entries, definition_differences
from ..study.point_check import PointCheck
from ..study.study_error import StudyError
from ..study.study_lookup import open_study
from .study_archive import REUSABLE_STATES, trial_identity

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReusableTrials:
    """The trials of an older study that a new search can use.

    Attributes:
        study: Name of the older study.
        trials: Copies of the trials that are inside the new search space, with the distributions
            of the new search space.
        outside: Number of trials outside of the new search space, by parameter: the first one
            with a value outside of its range. Trials that exceed a limit are counted by `limits`.
    """

    study: str
    trials: Sequence[FrozenTrial]
    outside: Mapping[str, int]

    def __str__(self) -> str:
        n_outside = sum(self.outside.values())
        text = f"{len(self.trials)} of {len(self.trials) + n_outside} trials of {self.study}"
        if not n_outside:
            return text
        counts = ", ".join(f"{name} ({n})" for name, n in self.outside.items())
        return f"{text}; {n_outside} {'lies' if n_outside == 1 else 'lie'} outside: {counts}"

    def untried_points(self, points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Returns the points that no trial has tried. A point is a set of parameter values."""
        tried = [trial.params.items() for trial in self.trials]
        return [point for point in points if not any(point.items() <= params for params in tried)]


def find_reusable_trials(
    name: str, points: PointCheck, definition: Mapping[str, str], url: str
) -> ReusableTrials:
    """Returns the trials of an older study that are inside the search space of a new study.

    Args:
        name: Name of the older study.
        points: The search space and the limits of the new study.
        definition: Definition of the new study.
        url: Optuna URL of the database.

    Raises:
        StudyError: If the older study does not exist, or its definition differs in more than
            ranges.
    """
    study = open_study(url, name)
    old = comparable_entries(read_study_record(study).definition)
    if differing := definition_differences(old, comparable_entries(definition)):
        raise StudyError(
            f"the trials of {name!r} cannot be compared with this search: {'; '.join(differing)}. "
            "Only ranges and limits may differ; leave out `origin=`"
        )
    reusable, outside = [], Counter[str]()
    for trial in study.get_trials(deepcopy=False, states=REUSABLE_STATES):
        try:
            distributions = replay_distributions(points.objective.model, trial.params, points.spec)
        except NotInSpaceError as error:
            outside[error.parameter] += 1
            continue
        if points.excess(trial.params, with_weights=True):
            outside[LIMITS_ENTRY] += 1
            continue
        copy = create_trial(
            state=trial.state,
            values=trial.values,
            params=trial.params,
            distributions=distributions,
            intermediate_values=trial.intermediate_values,
            user_attrs=trial.user_attrs,
        )
        write_trial_record(copy, TrialRecord(origin=Origin(study=name, trial=trial.number)))
        copy.datetime_start, copy.datetime_complete = trial.datetime_start, trial.datetime_complete
        reusable.append(copy)
    return ReusableTrials(name, reusable, dict(outside.most_common()))


def derive_study_name(usual: str, old: str, definition: Mapping[str, str], url: str) -> str:
    """Returns a name for a new study that reuses the trials of an older study.

    That is the usual name if no study has it, and otherwise the old name with a number. If an
    existing study already reuses these trials with the same definition, its name is returned.

    Args:
        usual: The usual name, from model and data.
        old: Name of the older study.
        definition: Definition of the new study.
        url: Optuna URL of the database.
    """
    storage = open_database(url)
    known = optuna.get_all_study_names(storage)
    base, first = old, 2
    numbered = re.fullmatch(r"(.+)-(\d{1,6})", old)
    if numbered and read_study_record(open_study(storage, old)).origin is not None:
        base, first = numbered[1], int(numbered[2]) + 1
    for name in chain([usual], (f"{base}-{n}" for n in count(first))):
        if name not in known:
            break
        record = read_study_record(optuna.load_study(study_name=name, storage=storage))
        is_copy = record.origin is not None and record.origin.study == old
        if is_copy and not definition_differences(record.definition, definition):
            break
    return name


def add_reusable_trials(study: optuna.Study, reusable_trials: ReusableTrials) -> None:
    """Adds the reusable trials to a study, except those that the study has already."""
    known = {trial_identity(trial) for trial in study.get_trials(deepcopy=False)}
    new = [trial for trial in reusable_trials.trials if trial_identity(trial) not in known]
    for trial in new:
        study.add_trial(trial)
    if new:
        log.info("reuses %s", reusable_trials)
