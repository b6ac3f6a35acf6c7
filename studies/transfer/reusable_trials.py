"""A search that goes on from another one, whose ranges or choices were fewer or others."""

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

import optuna
from optuna.trial import FrozenTrial, create_trial

from ...models.data_spec import DataSpec
from ...models.types import Space
from ...search_spaces.space_errors import NotInSpaceError
from ...search_spaces.suggestions import replay_distributions
from ...storage.database import open_database
from ...storage.study_record import Origin, read_study_record
from ...storage.trial_record import TrialRecord, write_trial_record
from ..study.definition import definition_differences, without_ranges
from ..study.study_error import StudyError
from ..study.study_lookup import open_study
from .archive_layout import FINISHED_STATES, trial_identity

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReusableTrials:
    """What a new search takes over.

    Attributes:
        study: Name of the old study.
        trials: Its trials whose points lie in the new space, as chosen from that.
        outside: How many others left it first at which parameter.
    """

    study: str
    trials: Sequence[FrozenTrial]
    outside: Mapping[str, int]

    def __str__(self) -> str:
        left = sum(self.outside.values())
        whole = len(self.trials) + left
        taken = f"{len(self.trials)} of {whole} trials of {self.study}"
        if not left:
            return taken
        why = ", ".join(f"{name} ({n})" for name, n in self.outside.items())
        return f"{taken}; {left} {'lies' if left == 1 else 'lie'} outside: {why}"

    def untried_points(self, points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Returns those points at which there is no trial yet."""
        tried = [trial.params.items() for trial in self.trials]
        return [point for point in points if not any(point.items() <= of for of in tried)]


def find_reusable_trials(
    name: str, space: Space, data: DataSpec, definition: Mapping[str, str], url: str
) -> ReusableTrials:
    """Looks at which trials of a study can be taken over by a search of another space.

    Args:
        name: Name of the study.
        space: The new space.
        data: The data.
        definition: The definition of the new study.
        url: Optuna URL of the database.

    Raises:
        StudyError: If there is no such study, or more than its ranges differs.
    """
    study = open_study(open_database(url), name)
    before = without_ranges(read_study_record(study).definition)
    if differing := definition_differences(before, without_ranges(definition)):
        raise StudyError(
            f"the trials of {name!r} cannot be compared with this search: {'; '.join(differing)}. "
            "Only ranges may differ; leave out `origin=`"
        )
    taken, outside = [], Counter[str]()
    for trial in study.get_trials(deepcopy=False, states=FINISHED_STATES):
        try:
            distributions = replay_distributions(space, trial.params, data)
        except NotInSpaceError as error:
            outside[error.parameter] += 1
            continue
        new = create_trial(
            state=trial.state,
            values=trial.values,
            params=trial.params,
            distributions=distributions,
            intermediate_values=trial.intermediate_values,
            user_attrs=trial.user_attrs,
        )
        write_trial_record(new, TrialRecord(origin=Origin(study=name, trial=trial.number)))
        new.datetime_start, new.datetime_complete = trial.datetime_start, trial.datetime_complete
        taken.append(new)
    return ReusableTrials(name, taken, dict(outside.most_common()))


def derive_study_name(usual: str, old: str, definition: Mapping[str, str], url: str) -> str:
    """Returns the name of a study that takes over another one's trials and was not named.

    It is the usual one if that is free, or else the old one with a number; or that of the study
    which the same search has made before.
    """
    storage = open_database(url)
    known = optuna.get_all_study_names(storage)
    base, first = old, 2
    is_copy = read_study_record(open_study(storage, old)).origin is not None
    if is_copy and (numbered := re.fullmatch(r"(.+)-(\d{1,6})", old)):
        base, first = numbered[1], int(numbered[2]) + 1
    for name in chain([usual], (f"{base}-{n}" for n in count(first))):
        if name not in known:
            return name
        record = read_study_record(optuna.load_study(study_name=name, storage=storage))
        same_origin = record.origin is not None and record.origin.study == old
        if same_origin and not definition_differences(record.definition, definition):
            return name
    raise AssertionError("numbers do not end")


def add_reusable_trials(study: optuna.Study, reusable_trials: ReusableTrials) -> None:
    """Adds the trials to a study that it does not have yet."""
    known = {trial_identity(trial) for trial in study.get_trials(deepcopy=False)}
    new = [trial for trial in reusable_trials.trials if trial_identity(trial) not in known]
    for trial in new:
        study.add_trial(trial)
    if new:
        log.info("took over %s", reusable_trials)
