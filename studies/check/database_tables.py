"""Checks that the tables of the database are intact and fit the installed Optuna."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import optuna
from optuna.storages import RDBStorage

from ...storage.bad_cells import find_bad_cells
from ...storage.database_urls import SQLITE_SCHEME
from ...storage.optuna_schema import find_extra_objects, schema_version
from ...storage.runs_folder import Runs
from ...storage.sqlite_file import describe_lost_studies, restart_hint
from .finding import Finding, count

MAX_REPORTED_CELLS = 20
"""Maximal number of bad cells that are reported."""


def check_tables(copy: Path, database: Path, runs: Runs) -> tuple[list[Finding], bool]:
    """Checks and repairs the tables in the copy of a database.

    Args:
        copy: The copy of the database.
        database: Path of the database itself, for the texts of findings.
        runs: The runs folder.

    Returns:
        The findings, and whether Optuna can read the repaired copy.
    """
    try:
        with closing(sqlite3.connect(copy)) as connection:
            if extra := find_extra_objects(connection, database):
                return [Finding("broken", *texts) for texts in extra], False
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            if not tables and (problem := describe_lost_studies(database)):
                return [Finding("broken", problem, restart_hint(database))], False
            if "alembic_version" not in tables:  # empty, or of another program and then refused
                return [], True
            found = [*_check_indexes(connection, database), *_check_rows(connection, database)]
        for check in (_check_schema, _check_cells):
            if all(finding.fix for finding in found):
                found += check(copy, database)
    except sqlite3.DatabaseError as error:
        return [unreadable_database(f"{database} cannot be read: {error}", database, runs)], False
    return found, all(finding.fix for finding in found)


def unreadable_database(problem: str, database: Path, runs: Runs) -> Finding:
    """Returns the finding for a database that cannot be read. `problem` is the text for users."""
    backups = sorted(runs.backups.glob(f"*/before/**/{database.name}"))
    if not backups:
        return _unfixable_finding(problem, database)
    return Finding("broken", problem, f"its last backup is {backups[-1]}")


def already_fixed_in_copy() -> None:
    """Does nothing. This is the `fix` of a finding whose problem is already fixed in the copy."""


def _check_indexes(connection: sqlite3.Connection, database: Path) -> Iterator[Finding]:
    """Yields a finding if a database is damaged, after rebuilding the indexes to repair it."""
    if error := _integrity_error(connection):
        problem = f"{database} is damaged: {error}"
        connection.execute("REINDEX")
        connection.commit()
        if _integrity_error(connection):
            yield _unfixable_finding(problem, database)
        else:
            solution = "`fix=` rebuilds its indexes from its rows"
            yield Finding("broken", problem, solution, already_fixed_in_copy)


def _integrity_error(connection: sqlite3.Connection) -> str:
    """Returns the first error of SQLite's integrity check; an empty text if there is none."""
    (answer,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return "" if answer == "ok" else str(answer).splitlines()[-1]


def _check_rows(connection: sqlite3.Connection, database: Path) -> Iterator[Finding]:
    """Yields a finding if rows belong to a missing trial or study, after removing these rows."""
    removed, example = 0, ""
    while rows := connection.execute("PRAGMA foreign_key_check").fetchall():
        for table, row, *_ in rows:
            example = example or f"such as row {row} of {table}"
            connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))  # noqa: S608
        connection.commit()
        removed += len(rows)
    if removed:
        problem = f"{database} holds {count(removed, 'row')} of no trial or study, {example}"
        yield Finding("broken", problem, "`fix=` removes them", already_fixed_in_copy)


def _check_schema(copy: Path, database: Path) -> Iterator[Finding]:
    """Yields a finding if another version of Optuna made the tables. Older tables are upgraded."""
    with closing(sqlite3.connect(copy)) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is None or row[0] == schema_version():
        return
    problem = (
        f"{database} has the tables of another Optuna ({row[0]}, not {schema_version()}, is the "
        "alembic_version.version_num of row 1)"
    )
    storage = RDBStorage(f"{SQLITE_SCHEME}{copy}", skip_compatibility_check=True)
    try:
        if row[0] not in storage.get_all_versions():
            solution = f"Optuna {optuna.__version__} is older than they are: pip install -U optuna"
            yield Finding("broken", problem, solution)
            return
        storage.upgrade()
    except Exception as error:  # of SQLAlchemy, of SQLite or of the migration
        reason = str(error).splitlines()[0]
        yield _unfixable_finding(f"{problem}, and cannot be upgraded: {reason}", database)
    else:
        yield Finding("broken", problem, "`fix=` upgrades them", already_fixed_in_copy)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _check_cells(copy: Path, database: Path) -> Iterator[Finding]:
    """Yields a finding for each of the first `MAX_REPORTED_CELLS` cells that are not valid."""
    with closing(sqlite3.connect(copy)) as connection:
        for cell in islice(find_bad_cells(connection), MAX_REPORTED_CELLS):
            yield Finding("broken", f"{database}: {cell}", cell.remedy(database))


def _unfixable_finding(problem: str, database: Path) -> Finding:
    solution = f"save what can be read by: sqlite3 {database} .recover | sqlite3 new.db"
    return Finding("broken", problem, solution)
