"""Checks that each cell of Optuna's tables is valid, and that rows do not contradict each other.

SQLite allows any value in any column, and Optuna does not check the values that it reads.
"""

import json
import shlex
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from optuna.distributions import FloatDistribution

from .attribute_types import attribute_error
from .cell_checks import cell_error, parse_distribution
from .optuna_internals import contains, schema_number, tables
from .runs_folder import check_study_name
from .storage_error import StorageError
from .study_record import StudyRecord

MAX_SHOWN_LETTERS = 60

Row = Mapping[str, Any]
Errors = Iterator[tuple[str, str]]
"""The errors of one row: the name of a column, and the reason why its cell is not valid."""


class InvalidText(bytes):
    """The bytes of a text in the database that is not valid UTF-8."""


@dataclass(frozen=True)
class BadCell:
    """A cell of Optuna's tables with a value that Optuna would not have written.

    Attributes:
        table: Name of the table.
        column: Name of the column.
        row: SQLite's `rowid` of the row.
        owner: The study or trial that the row belongs to, as text; empty for other rows.
        value: The value in the cell.
        why: Why the value is not valid.
    """

    table: str
    column: str
    row: int
    owner: str
    value: Any
    why: str

    def __str__(self) -> str:
        shown = "NULL" if self.value is None else ascii(self.value)
        if len(shown) > MAX_SHOWN_LETTERS:
            shown = f"{shown[:MAX_SHOWN_LETTERS]}..."
        owner = f" ({self.owner})" if self.owner else ""
        return f"{self.table}.{self.column} of row {self.row}{owner} is {shown}: {self.why:.200}"

    def remedy(self, database: Path) -> str:
        """Returns advice for the user, with the command that removes the row from `database`."""
        remove = f"DELETE FROM {self.table} WHERE rowid = {self.row}"  # noqa: S608 - only shown
        command = shlex.join(["sqlite3", str(database), remove])
        return (
            f"correct it, restore a backup, or copy the database and remove the row by: {command}"
        )


def find_bad_cells(connection: sqlite3.Connection) -> Iterator[BadCell]:
    """Yields each cell of Optuna's tables that is not valid.

    Raises:
        sqlite3.DatabaseError: If a table or a column is missing.
    """
    connection.text_factory = _decode_text
    database = DatabaseRows(connection)
    for name, table in tables().items():
        for row in database.rows[name]:
            errors = [(c.name, why) for c in table.columns if (why := cell_error(c, row[c.name]))]
            for column, why in errors or database.row_errors(name, row):
                yield BadCell(name, column, row["rowid"], database.owner(row), row[column], why)


def _decode_text(content: bytes) -> str | InvalidText:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return InvalidText(content)


class DatabaseRows:
    """All rows of Optuna's tables in a database, and facts about studies and trials by id."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.rows: dict[str, list[Row]] = {}
        for name, table in tables().items():
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            found = connection.execute(f'SELECT rowid, {columns} FROM "{name}"')  # noqa: S608 - Optuna's
            keys = ["rowid", *(column.name for column in table.columns)]
            self.rows[name] = [dict(zip(keys, row, strict=True)) for row in found]

    @cached_property
    def studies(self) -> dict[Any, str]:
        """The names of the studies, by their ids."""
        return {row["study_id"]: str(row["study_name"]) for row in self.rows["studies"]}

    @cached_property
    def trials(self) -> dict[Any, Row]:
        """The rows of the trials, by their ids."""
        return {row["trial_id"]: row for row in self.rows["trials"]}

    @cached_property
    def attributes(self) -> Mapping[Any, dict[Any, Any]]:
        """The user attributes of each study, by its id."""
        found: dict[Any, dict[Any, Any]] = defaultdict(dict)
        for row in self.rows["study_user_attributes"]:
            found[row["study_id"]][row["key"]] = _parse_json(row["value_json"])
        return found

    @cached_property
    def latentune_studies(self) -> set[Any]:
        """The ids of the studies that Latentune created."""
        return {study for study, of in self.attributes.items() if "definition" in of}

    @cached_property
    def direction_counts(self) -> Mapping[Any, int]:
        """The number of rows with a direction for each study, by the study's id."""
        return Counter(row["study_id"] for row in self.rows["study_directions"])

    @cached_property
    def value_counts(self) -> Mapping[Any, int]:
        """The number of values of each trial, by its id."""
        return Counter(row["trial_id"] for row in self.rows["trial_values"])

    @cached_property
    def trial_numbers(self) -> Mapping[Any, Counter[Any]]:
        """How often each trial number occurs in each study, by the study's id."""
        found: dict[Any, Counter[Any]] = defaultdict(Counter)
        for row in self.rows["trials"]:
            found[row["study_id"]][row["number"]] += 1
        return found

    def owner(self, row: Row) -> str:
        """Returns the study or trial that a row belongs to, such as `trial 3 of conv-ae-digits`.

        The result is an empty text if the row belongs to neither.
        """
        trial = self.trials.get(row.get("trial_id"))
        study = self.studies.get((trial or row).get("study_id"), "no study")
        study = f"{study:.40}" if study.isprintable() else f"{study!a:.40}"
        if trial is not None:
            return f"trial {trial['number']!a:.20} of {study}"
        return study if "study_id" in row else ""

    def row_errors(self, table: str, row: Row) -> Errors:
        """Yields the errors of cells that contradict other cells. `row` is a row of `table`."""
        for key, known in (("study_id", self.studies), ("trial_id", self.trials)):
            if key in row and row[key] not in known:
                yield key, f"there is no such {key.removesuffix('_id')}"
                return
        yield from CHECKS_BY_TABLE.get(table, lambda *_: ())(self, row)

    def is_latentune_row(self, row: Row) -> bool:
        """Returns whether a row belongs to a study of Latentune."""
        trial = self.trials.get(row.get("trial_id"))
        return (trial or row).get("study_id") in self.latentune_studies


def _study_errors(database: DatabaseRows, row: Row) -> Errors:
    if not database.direction_counts[row["study_id"]]:
        yield "study_id", "it has no direction"
    if row["study_id"] in database.latentune_studies:
        required = {"command", "metrics", "recipe"}
        for lost in sorted(required - database.attributes[row["study_id"]].keys()):
            yield "study_id", f"it has lost its attribute {lost}"
        try:
            check_study_name(row["study_name"])
        except StorageError as error:
            yield "study_name", f"{str(error).split(';')[0]:.100}"


def _direction_errors(database: DatabaseRows, row: Row) -> Errors:
    if row["objective"] >= database.direction_counts[row["study_id"]]:
        yield "objective", f"the study has {database.direction_counts[row['study_id']]} objectives"
    metrics = StudyRecord.parse_valid(database.attributes[row["study_id"]]).metrics
    for number, (name, way) in enumerate(metrics.items()):
        if number == row["objective"] and way.upper() != row["direction"]:
            yield "direction", f"{name} is to {way}"


def _trial_errors(database: DatabaseRows, row: Row) -> Errors:
    numbers, state = database.trial_numbers[row["study_id"]], row["state"]
    if row["number"] >= numbers.total():
        yield "number", f"the study has {numbers.total()} trials, which are numbered from 0"
    elif numbers[row["number"]] > 1:
        yield "number", "another trial of the study has it too"
    finished = state in ("COMPLETE", "PRUNED", "FAIL")
    if finished != (row["datetime_complete"] is not None):
        column = "datetime_complete" if row["datetime_complete"] is None else "state"
        yield column, f"a trial that is {state} has {'an' if finished else 'no'} end"
    if state != "WAITING" and row["datetime_start"] is None:
        yield "datetime_start", f"a trial that is {state} has a beginning"
    values = database.value_counts[row["trial_id"]]
    wanted = database.direction_counts[row["study_id"]]
    if state == "COMPLETE" and values != wanted:
        yield "state", f"of {wanted} values it has {values}"
    if state in ("FAIL", "WAITING", "RUNNING") and values:
        yield "state", f"a trial with a value is not {state}"


def _value_errors(name: str, database: DatabaseRows, row: Row) -> Errors:
    value, kind = row[name], row[f"{name}_type"]
    if kind == "FINITE" and value is None:
        yield name, "it must not be empty"
    elif kind != "FINITE" and value is not None:
        yield f"{name}_type", f"the value is {value:g}"
    if "objective" in row:
        study = database.trials[row["trial_id"]]["study_id"]
        if row["objective"] >= database.direction_counts[study]:
            yield "objective", f"the study has {database.direction_counts[study]} objectives"
    elif row["step"] >= 2**31:
        yield "step", f"it must be below {2**31}"


def _parameter_errors(database: DatabaseRows, row: Row) -> Errors:
    found = parse_distribution(json.loads(row["distribution_json"]))
    value = row["param_value"]
    whole_number = isinstance(found, FloatDistribution) or value == int(value)
    if not (whole_number and contains(found, value)):
        yield "param_value", f"it is outside of {found}"


def _version_errors(database: DatabaseRows, row: Row) -> Errors:
    if row["schema_version"] != schema_number():
        yield "schema_version", f"it must be {schema_number()}"


def _attribute_errors(owner: Any, author: Any, database: DatabaseRows, row: Row) -> Errors:
    if author == "user" and not database.is_latentune_row(row):
        return
    value = json.loads(row["value_json"])
    if why := attribute_error(owner, author, row["key"], value):
        yield "value_json", why
    elif (owner, author, row["key"]) == ("study", "user", "metrics"):
        directions = database.direction_counts[row["study_id"]]
        if len(value) != directions:
            yield "value_json", f"it names {len(value)} metrics, and the study has {directions}"


def _parse_json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None


CHECKS_BY_TABLE: dict[str, Callable[[DatabaseRows, Row], Errors]] = {
    "version_info": _version_errors,
    "studies": _study_errors,
    "study_directions": _direction_errors,
    "trials": _trial_errors,
    "trial_values": partial(_value_errors, "value"),
    "trial_intermediate_values": partial(_value_errors, "intermediate_value"),
    "trial_params": _parameter_errors,
    **{
        f"{owner}_{author}_attributes": partial(_attribute_errors, owner, author)
        for owner in ("study", "trial")
        for author in ("user", "system")
    },
}
