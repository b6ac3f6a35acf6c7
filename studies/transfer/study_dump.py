"""Converts a study with all its trials to JSON, and reads such JSON after checking every value.

An archive has this JSON and no database file, because it is not safe to open any SQLite file.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Annotated, Any, Literal

import optuna
from optuna.distributions import (
    BaseDistribution,
    check_distribution_compatibility,
    distribution_to_json,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial
from pydantic import BeforeValidator, Field, ValidationError

from ...storage.attribute_types import Owner, attribute_errors, name_error
from ...storage.cell_checks import parse_distribution, time_error
from ...storage.optuna_internals import check_trial, system_attributes
from ...storage.record import Record, validation_message
from ...storage.runs_folder import Runs, check_study_name
from ...storage.storage_error import StorageError
from ...storage.study_record import StudyRecord, metrics_error
from ..study.recipe import Recipe

DUMP_FORMAT = 1
REQUIRED_ATTRIBUTES = ("command", "recipe", "metrics", "definition")
"""The user attributes that every study of Latentune has."""


@dataclass(frozen=True)
class StudyDump:
    """All that the database has about a study.

    Attributes:
        name: Name of the study.
        directions: The direction of each objective.
        user_attrs: The attributes of Latentune and of users.
        system_attrs: The attributes of Optuna and its dashboard.
        trials: The trials. No trial is RUNNING.
    """

    name: str
    directions: list[StudyDirection]
    user_attrs: dict[str, Any]
    system_attrs: dict[str, Any]
    trials: list[FrozenTrial]

    def to_json(self) -> dict[str, Any]:
        """Returns the study as a JSON object, which `read_dump` reads."""
        return {
            "format": DUMP_FORMAT,
            "name": self.name,
            "directions": [direction.name for direction in self.directions],
            "user_attrs": self.user_attrs,
            "system_attrs": self.system_attrs,
            "trials": [
                {
                    "number": trial.number,
                    "state": trial.state.name,
                    "values": trial.values,
                    "params": trial.params,
                    "distributions": {
                        name: json.loads(distribution_to_json(distribution))
                        for name, distribution in trial.distributions.items()
                    },
                    "intermediate_values": trial.intermediate_values,
                    "user_attrs": trial.user_attrs,
                    "system_attrs": trial.system_attrs,
                    "started": trial.datetime_start and trial.datetime_start.isoformat(),
                    "ended": trial.datetime_complete and trial.datetime_complete.isoformat(),
                }
                for trial in self.trials
            ],
        }


def dump_study(study: optuna.Study) -> StudyDump:
    """Returns all that the database has about a study. RUNNING trials become WAITING."""
    trials = study.get_trials()
    for trial in trials:
        if trial.state == TrialState.RUNNING:
            trial.state = TrialState.WAITING
    return StudyDump(
        name=study.study_name,
        directions=study.directions,
        user_attrs=study.user_attrs,
        system_attrs=system_attributes(study),
        trials=trials,
    )


def read_dump(table: Any, path: str) -> StudyDump:
    """Returns the study that the JSON object `table` describes, after checking every value.

    `path` is the file with the JSON object, for error messages.

    Raises:
        StorageError: If an entry is missing or of the wrong type, the recipe is invalid, or a
            trial has an impossible state or a value outside of its distribution.
    """
    try:
        return _check_study(_Study.model_validate(table))
    except ValidationError as error:
        reason = validation_message(error)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
    raise StorageError(f"{path} is not a study that latentune has exported: {reason}")


def check_compatible(trials: Iterable[FrozenTrial]) -> None:
    """Raises ValueError if the trials cannot be in one study, because of their distributions."""
    first: dict[str, BaseDistribution] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            check_distribution_compatibility(first.setdefault(name, distribution), distribution)


def _parse_time(text: Any) -> datetime | None:
    if text is not None and (error := time_error(text)):
        raise ValueError(f"{text!r:.40} as a time: {error}")
    return None if text is None else datetime.fromisoformat(text)


TimeField = Annotated[datetime | None, BeforeValidator(_parse_time)]
StepField = Annotated[int, BeforeValidator(int), Field(ge=0, lt=2**31)]


class _Trial(Record):
    """The fields of a trial in the JSON of a study."""

    number: int
    state: Literal["COMPLETE", "PRUNED", "FAIL", "WAITING"]
    values: list[float] | None
    params: dict[str, Any]
    distributions: dict[str, Any]
    intermediate_values: dict[StepField, float]
    user_attrs: dict[str, Any]
    system_attrs: dict[str, Any]
    started: TimeField
    ended: TimeField


class _Study(Record):
    """The fields of the JSON of a study."""

    format: Literal[1]
    name: str
    directions: Annotated[list[Literal["MINIMIZE", "MAXIMIZE"]], Field(min_length=1)]
    user_attrs: dict[str, Any]
    system_attrs: dict[str, Any]
    trials: list[_Trial]


def _check_study(study: _Study) -> StudyDump:
    """Returns the study in a parsed JSON object, after checking its attributes and trials."""
    for name in REQUIRED_ATTRIBUTES:
        if name not in study.user_attrs:
            raise KeyError(name)
    _check_attributes("study", study.user_attrs, study.system_attrs)
    record = StudyRecord.parse_valid(study.user_attrs)
    if error := metrics_error(record.metrics, study.directions):
        raise ValueError(error)
    Recipe.parse(record.recipe.to_table(), Runs())
    trials = []
    for number, trial in enumerate(study.trials):
        if trial.number != number:
            raise ValueError(f"trial {number} is missing")
        if trial.values is not None and len(trial.values) != len(study.directions):
            raise ValueError(
                f"trial {number} has {len(trial.values)} values, not {len(study.directions)}"
            )
        trials.append(_check_trial(trial))
    check_compatible(trials)
    return StudyDump(
        name=check_study_name(study.name),
        directions=[StudyDirection[name] for name in study.directions],
        user_attrs=study.user_attrs,
        system_attrs=study.system_attrs,
        trials=trials,
    )


def _check_trial(entry: _Trial) -> FrozenTrial:
    """Returns the Optuna trial in a parsed JSON object, after checking it.

    Raises:
        ValueError: If a value of the trial is not valid.
    """
    if entry.values is not None and entry.state in ("FAIL", "WAITING"):
        raise ValueError(f"trial {entry.number} has values although it is {entry.state}")
    _check_attributes("trial", entry.user_attrs, entry.system_attrs)
    for error in filter(None, map(name_error, entry.params)):
        raise ValueError(error)
    trial = create_trial(
        state=TrialState[entry.state],
        values=entry.values,
        params=entry.params,
        distributions={name: parse_distribution(d) for name, d in entry.distributions.items()},
        intermediate_values=entry.intermediate_values,
        user_attrs=entry.user_attrs,
        system_attrs=entry.system_attrs,
    )
    trial.number = entry.number
    trial.datetime_start, trial.datetime_complete = entry.started, entry.ended
    check_trial(trial)
    return trial


def _check_attributes(owner: Owner, user: Mapping[str, Any], system: Mapping[str, Any]) -> None:
    """Raises ValueError if a user or system attribute of a study or a trial is not valid."""
    errors = attribute_errors(owner, "user", user), attribute_errors(owner, "system", system)
    for error in chain(*errors):
        raise ValueError(error)
