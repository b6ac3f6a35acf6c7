"""A read-only storage for Optuna: fast, because it uses a few SQL queries and no ORM."""

import copy
import gc
import json
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, NoReturn

import optuna
from optuna.distributions import json_to_distribution
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import DateTime, Engine, TextualSelect, text
from sqlalchemy.exc import OperationalError

from .optuna_internals import FrozenStudy, storage_of, study_id

NON_FINITE_NUMBERS = {"INF_POS": float("inf"), "INF_NEG": float("-inf"), "NAN": float("nan")}
"""Numbers that Optuna writes as a word, in a separate column of the table."""
TRIALS_QUERY = (
    "SELECT trial_id, number, state, datetime_start AS started, datetime_complete AS ended "
    "FROM trials WHERE {where} ORDER BY trial_id"
)
CELLS_QUERY = "SELECT trial_id, {columns} FROM {table} JOIN trials USING (trial_id) WHERE {where}"
BEST_TRIAL_QUERY = """
    SELECT trial_id FROM trials JOIN trial_values USING (trial_id)
    WHERE study_id = :study AND state = 'COMPLETE' AND objective = 0
    ORDER BY CASE value_type WHEN 'INF_NEG' THEN -1 WHEN 'INF_POS' THEN 1 ELSE 0 END {order},
        value {order}, trial_id
    LIMIT 1
"""

_distribution = cache(json_to_distribution)


class ReadOnlyStorage(BaseStorage):
    """Optuna's tables in an SQL database, for commands that only read.

    An `optuna.Study` returns the same with this storage as with Optuna's `RDBStorage`, which is
    slower. Studies and trials are read once, so a command sees one state of a running search.

    Args:
        engine: SQLAlchemy's engine for a database with the tables of the installed Optuna.
        attributes: If given, `get_all_trials` reads only these user attributes, and no
            intermediate values. The others take most of the time.
    """

    def __init__(self, engine: Engine, *, attributes: Sequence[str] | None = None) -> None:
        self.engine = engine
        self.attributes = attributes
        self._studies: dict[int, FrozenStudy] = {}
        self._trials: dict[int, list[FrozenTrial]] = {}

    def get_all_studies(self) -> list[FrozenStudy]:
        if not self._studies:
            user, system = (
                _parse_attributes(self._query(f"SELECT study_id, key, value_json FROM {table}"))  # noqa: S608
                for table in ("study_user_attributes", "study_system_attributes")
            )
            directions = _group_by_first_cell(
                self._query("SELECT study_id, direction FROM study_directions ORDER BY objective")
            )
            for study, name in self._query("SELECT study_id, study_name FROM studies ORDER BY 1"):
                ways = [StudyDirection[way] for (way,) in directions[study]]
                self._studies[study] = FrozenStudy(
                    name, None, user[study], system[study], study, directions=ways
                )
        return list(self._studies.values())

    def get_study_id_from_name(self, study_name: str) -> int:
        self.get_all_studies()
        return {study.study_name: number for number, study in self._studies.items()}[study_name]

    def get_study_name_from_id(self, study_id: int) -> str:
        return self._study(study_id).study_name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return self._study(study_id).directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return self._study(study_id).user_attrs

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return self._study(study_id).system_attrs

    def get_n_trials(
        self, study_id: int, state: tuple[TrialState, ...] | TrialState | None = None
    ) -> int:
        query = "SELECT state, count(*) FROM trials WHERE study_id = :study GROUP BY state"
        counts = {TrialState[name]: n for name, n in self._query(query, study=study_id)}
        wanted = tuple(TrialState) if state is None else state
        return sum(counts.get(s, 0) for s in (wanted if isinstance(wanted, tuple) else (wanted,)))

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        where, wanted = "study_id = :study", [s for s in TrialState if states and s in states]
        trials = self._trials.get(study_id)
        if trials is None and wanted:
            names = ", ".join(f"'{state.name}'" for state in wanted)
            return self._read_trials(f"{where} AND state IN ({names})", study=study_id)
        if trials is None:
            trials = self._read_trials(where, attributes=self.attributes, study=study_id)
            self._trials[study_id] = trials
        chosen = [trial for trial in trials if states is None or trial.state in states]
        return copy.deepcopy(chosen) if deepcopy else chosen

    def get_trial(self, trial_id: int) -> FrozenTrial:
        return self._read_trials("trial_id = :trial", trial=trial_id)[0]

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        query = "SELECT trial_id FROM trials WHERE study_id = :study AND number = :number"
        found = self._query(query, study=study_id, number=trial_number)
        if not found:
            raise KeyError(f"there is no trial {trial_number}")
        return int(found[0][0])

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        (direction,) = self.get_study_directions(study_id)
        order = "DESC" if direction == StudyDirection.MAXIMIZE else "ASC"
        found = self._query(BEST_TRIAL_QUERY.format(order=order), study=study_id)
        if not found:
            raise ValueError("no trials are completed yet")
        return self.get_trial(found[0][0])

    def get_attribute_values(self, study_id: int, key: str) -> dict[int, Any]:
        """Returns the user attribute `key` of the trials of a study that have it, by number."""
        query = CELLS_QUERY.format(
            columns="number, value_json",
            table="trial_user_attributes",
            where="study_id = :study AND key = :key",
        )
        rows = self._query(query, study=study_id, key=key)
        return {number: json.loads(value) for _, number, value in rows}

    def _study(self, study_id: int) -> FrozenStudy:
        self.get_all_studies()
        return self._studies[study_id]

    def _query(self, query: str | TextualSelect, **values: Any) -> list[Any]:
        statement = text(query) if isinstance(query, str) else query
        try:
            with self.engine.connect() as connection:
                return list(connection.execute(statement, values).all())
        except OperationalError as error:  # as Optuna's own storage does
            raise StorageInternalError(str(error)) from error

    def _read_trials(
        self, where: str, *, attributes: Sequence[str] | None = None, **values: Any
    ) -> list[FrozenTrial]:
        """Returns the trials that meet the SQL condition `where`, sorted by id."""

        def cells(table: str, columns: str, order: str, also: str = "") -> list[Any]:
            query = f"{CELLS_QUERY} {also} ORDER BY {order}".format(
                columns=columns, table=table, where=where
            )
            return self._query(query, **values)

        query = text(TRIALS_QUERY.format(where=where))
        with _pause_garbage_collection():
            # Trials are read first: if one is complete, its values are in the database by now.
            rows = self._query(query.columns(started=DateTime, ended=DateTime), **values)
            params = _group_by_first_cell(
                cells("trial_params", "param_name, param_value, distribution_json", "param_id")
            )
            found = _group_by_first_cell(cells("trial_values", "value, value_type", "objective"))
            columns = "step, intermediate_value, intermediate_value_type"
            reported = _group_by_first_cell(
                cells("trial_intermediate_values", columns, "step") if attributes is None else ()
            )
            wanted = ""
            if attributes is not None:
                wanted = f"AND key IN ({', '.join(map(repr, attributes))})"
            user = _parse_attributes(
                cells("trial_user_attributes", "key, value_json", "1", also=wanted)
            )
            system = _parse_attributes(cells("trial_system_attributes", "key, value_json", "1"))
            return [
                FrozenTrial(
                    number=number,
                    state=TrialState[state],
                    value=None,
                    values=[_to_float(*value) for value in found[trial]] or None,
                    datetime_start=_to_local_time(started),
                    datetime_complete=_to_local_time(ended),
                    params={
                        name: _distribution(kind).to_external_repr(value)
                        for name, value, kind in params[trial]
                    },
                    distributions={name: _distribution(kind) for name, _, kind in params[trial]},
                    user_attrs=user[trial],
                    system_attrs=system[trial],
                    intermediate_values={
                        step: _to_float(*value) for step, *value in reported[trial]
                    },
                    trial_id=trial,
                )
                for trial, number, state, started, ended in rows
            ]

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError("this storage can only be read")

    create_new_study = delete_study = set_study_user_attr = set_study_system_attr = _refuse
    create_new_trial = set_trial_param = set_trial_state_values = _refuse
    set_trial_intermediate_value = set_trial_user_attr = set_trial_system_attr = _refuse


def trial_attributes(study: optuna.Study, key: str) -> dict[int, Any]:
    """Returns the user attribute `key` of the trials of a study that have it, by their number."""
    storage = storage_of(study)
    if isinstance(storage, ReadOnlyStorage):
        return storage.get_attribute_values(study_id(study), key)
    trials = study.get_trials(deepcopy=False)
    return {trial.number: trial.user_attrs[key] for trial in trials if key in trial.user_attrs}


@contextmanager
def _pause_garbage_collection() -> Iterator[None]:
    """Turns off Python's garbage collection for the block. Reading is faster by a third then."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _group_by_first_cell(rows: Iterable[Any]) -> dict[int, list[Any]]:
    """Returns the rows grouped by their first cell, without that cell."""
    groups: dict[int, list[Any]] = defaultdict(list)
    for owner, *cells in rows:
        groups[owner].append(cells)
    return groups


def _parse_attributes(rows: Iterable[Any]) -> dict[int, dict[str, Any]]:
    """Returns the attributes in `rows` by the id of their study or trial.

    A row has the id, the name of the attribute, and its value as JSON.
    """
    attributes: dict[int, dict[str, Any]] = defaultdict(dict)
    for owner, key, value in rows:
        attributes[owner][key] = json.loads(value)
    return attributes


def _to_float(value: float | None, kind: str) -> float:
    return NON_FINITE_NUMBERS[kind] if value is None else value


def _to_local_time(utc: datetime | None) -> datetime | None:
    return utc and utc.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
