"""A study as JSON, and back: every trial with all that Optuna knows of it, checked on the way.

A zip from elsewhere holds no database, because SQLite's own code would have to trust it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    check_distribution_compatibility,
    distribution_to_json,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from ...storage.attribute_types import Owner, attribute_errors, name_error
from ...storage.cell_checks import parse_distribution, time_error
from ...storage.optuna_internals import check_trial, system_attributes
from ...storage.runs_folder import Runs, check_study_name
from ...storage.storage_error import StorageError
from ...storage.study_record import StudyRecord, metrics_error
from ..study.recipe import Recipe

FORMAT = 1


@dataclass(frozen=True)
class StudyDump:
    """All that a database holds of a study.

    Attributes:
        name: Name of the study.
        directions: Which way each objective is better.
        user_attrs: Ours, and those of users.
        system_attrs: Those of Optuna and its dashboard.
        trials: Its trials; none of them is running.
    """

    name: str
    directions: list[StudyDirection]
    user_attrs: dict[str, Any]
    system_attrs: dict[str, Any]
    trials: list[FrozenTrial]


def dump_to_json(record: StudyDump) -> dict[str, Any]:
    """Returns a record as JSON can hold it, infinite numbers included."""
    return {
        "format": FORMAT,
        "name": record.name,
        "directions": [direction.name for direction in record.directions],
        "user_attrs": record.user_attrs,
        "system_attrs": record.system_attrs,
        "trials": [
            {
                "number": trial.number,
                "state": trial.state.name,
                "values": trial.values,
                "params": trial.params,
                "distributions": {
                    name: json.loads(distribution_to_json(of))
                    for name, of in trial.distributions.items()
                },
                "intermediate_values": trial.intermediate_values,
                "user_attrs": trial.user_attrs,
                "system_attrs": trial.system_attrs,
                "started": trial.datetime_start and trial.datetime_start.isoformat(),
                "ended": trial.datetime_complete and trial.datetime_complete.isoformat(),
            }
            for trial in record.trials
        ],
    }


def dump_study(study: optuna.Study) -> StudyDump:
    """Returns all that the database holds of a study; a trial that runs is as one that waits."""
    trials = study.get_trials()
    for trial in trials:
        if trial.state == TrialState.RUNNING:
            trial.state = TrialState.WAITING
    return StudyDump(
        study.study_name,
        study.directions,
        study.user_attrs,
        system_attributes(study),
        trials,
    )


def read_dump(table: Any, where: str) -> StudyDump:
    """Reads what `dump_to_json` returned, from whomever it comes.

    Args:
        table: What the JSON held.
        where: The file, for messages.

    Raises:
        StorageError: If an entry is missing or of the wrong type, a trial is in no such state, or
            has a value outside what it was chosen from.
        StudyError: If its recipe is none.
    """
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise StorageError(f"{where} is no study of format {FORMAT}")
    try:
        return _record(table)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        said = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise StorageError(f"{where} is no study that latentune exports: {said}") from error


def _record(table: dict[str, Any]) -> StudyDump:
    name = check_study_name(_of(table, "name", str))
    directions = [StudyDirection[way] for way in _of(table, "directions", list)]
    if not directions or StudyDirection.NOT_SET in directions:
        raise ValueError("it has no direction")
    attrs = _of(table, "user_attrs", dict)
    for name_of_entry in ("command", "recipe", "metrics", "definition"):
        if name_of_entry not in attrs:
            raise KeyError(name_of_entry)
    system_attrs = _of(table, "system_attrs", dict)
    _check_attributes("study", attrs, system_attrs)
    record = StudyRecord.parse_valid(attrs)
    if why := metrics_error(record.metrics, [way.name for way in directions]):
        raise ValueError(why)
    Recipe.parse(record.recipe.to_table(), Runs())
    trials = [_trial(entry, number) for number, entry in enumerate(_of(table, "trials", list))]
    for trial in trials:
        if trial.values is not None and len(trial.values) != len(directions):
            raise ValueError(f"trial {trial.number} has {len(trial.values)} values")
    check_compatible(trials)
    return StudyDump(name, directions, attrs, system_attrs, trials)


def _check_attributes(owner: Owner, ours: Mapping[str, Any], system: Mapping[str, Any]) -> None:
    """Raises ValueError if an attribute is not what is read of it."""
    for author, attributes in (("user", ours), ("system", system)):
        for why in attribute_errors(owner, author, attributes):  # type: ignore[arg-type]
            raise ValueError(why)


def check_compatible(trials: Sequence[FrozenTrial]) -> None:
    """Raises ValueError if no single study could hold some trials."""
    first: dict[str, BaseDistribution] = {}
    for trial in trials:
        for name, found in trial.distributions.items():
            check_distribution_compatibility(first.setdefault(name, found), found)


def _trial(entry: dict[str, Any], number: int) -> FrozenTrial:
    """Reads a trial, which must stand in its place."""
    if entry["number"] != number:
        raise ValueError(f"trial {number} is missing")
    state = TrialState[entry["state"]]
    if state == TrialState.RUNNING:
        raise ValueError(f"trial {number} is running")
    values = entry["values"]
    if values is not None and state in (TrialState.FAIL, TrialState.WAITING):
        raise ValueError(f"trial {number} is {state.name} and has values")
    reported = _of(entry, "intermediate_values", dict)
    attrs, system_attrs = (_of(entry, name, dict) for name in ("user_attrs", "system_attrs"))
    _check_attributes("trial", attrs, system_attrs)
    params = _of(entry, "params", dict)
    for why in filter(None, map(name_error, params)):
        raise ValueError(why)
    trial = create_trial(
        state=state,
        values=None if values is None else [_number(value) for value in values],
        params=params,
        distributions={n: parse_distribution(of) for n, of in entry["distributions"].items()},
        intermediate_values={_step(step): _number(value) for step, value in reported.items()},
        user_attrs=attrs,
        system_attrs=system_attrs,
    )
    trial.number = number
    trial.datetime_start, trial.datetime_complete = _time(entry["started"]), _time(entry["ended"])
    check_trial(trial)
    return trial


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    if why := time_error(text):
        raise ValueError(f"{text!r:.40} as a time: {why}")
    return datetime.fromisoformat(text)


def _step(text: str) -> int:
    if not 0 <= int(text) < 2**31:
        raise ValueError(f"{text} is no step")
    return int(text)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _of(table: Any, name: str, kind: type) -> Any:
    """Returns an entry of a type."""
    if not isinstance(table, dict) or type(table[name]) is not kind:
        raise TypeError(f"{name} is no {kind.__name__}")
    return table[name]
