"""The tables of the database: whether they are whole, and of the installed Optuna's version."""

import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path

import optuna
from optuna.storages import RDBStorage

from ...storage.bad_cells import find_bad_cells
from ...storage.database_urls import SQLITE_SCHEME
from ...storage.optuna_schema import find_extra_objects, schema
from ...storage.runs_folder import Runs
from ...storage.sqlite_file import describe_lost_studies, restart_hint
from .finding import Finding, count

MOST_CELLS = 20  # that are named


def check_tables(copy: Path, database: Path, runs: Runs) -> tuple[list[Finding], bool]:
    """Looks at the tables of a copy, and mends there what can be mended.

    Args:
        copy: The copy.
        database: What it is a copy of.
        runs: Where backups lie.

    Returns:
        What was found, and whether Optuna can read the copy now.
    """
    found: list[Finding] = []
    try:
        with closing(sqlite3.connect(copy)) as connection:
            if lines := find_extra_objects(connection, database):
                return [Finding("broken", *line) for line in lines], False
            if not _tables(connection):
                what = describe_lost_studies(database)
                return [Finding("broken", what, restart_hint(database))] * bool(what), not what
            found += _integrity(connection, database)
            found += _rows_without_owner(connection, database)
        if not all(finding.fix for finding in found):
            return found, False
        found, usable = _schema(copy, database, found)
        cells = _cells(copy, database) if usable else []
    except sqlite3.DatabaseError as error:
        return [unreadable_database(f"{database} cannot be read: {error}", database, runs)], False
    return found + cells, usable and not cells


def _cells(copy: Path, database: Path) -> list[Finding]:
    """Finds cells that hold what Optuna would never have written, which it cannot read."""
    with closing(sqlite3.connect(copy)) as connection:
        if "alembic_version" not in _tables(connection):
            return []  # it is of another program, which is refused
        cells = list(islice(find_bad_cells(connection), MOST_CELLS))
    return [Finding("broken", f"{database}: {cell}", cell.way_out(database)) for cell in cells]


def already_fixed_in_copy() -> None:
    """Is the fix of what has been mended in the copy by looking at it."""


def _integrity(connection: sqlite3.Connection, database: Path) -> list[Finding]:
    wrong = _check(connection)
    if not wrong:
        return []
    connection.execute("REINDEX")
    connection.commit()
    what = f"{database} is damaged: {wrong}"
    if _check(connection):
        return [_not_fixable(what, database)]
    return [
        Finding(
            "broken", what, "`fix=` makes its indexes anew from its rows", already_fixed_in_copy
        )
    ]


def _check(connection: sqlite3.Connection) -> str:
    """Returns the first thing that SQLite finds wrong with a database; empty if it is whole."""
    (answer,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return "" if answer == "ok" else str(answer).splitlines()[-1]


def _rows_without_owner(connection: sqlite3.Connection, database: Path) -> list[Finding]:
    """Finds rows of trials and studies that are gone; Optuna lets SQLite check none of them."""
    removed, first = 0, ""
    while rows := connection.execute("PRAGMA foreign_key_check").fetchall():
        for table, row, *_ in rows:
            first = first or f"such as row {row} of {table}"
            connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))  # noqa: S608 - Optuna's
        connection.commit()
        removed += len(rows)
    if not removed:
        return []
    what = f"{database} holds {count(removed, 'row')} of no trial or study, {first}"
    return [Finding("broken", what, "`fix=` removes them", already_fixed_in_copy)]


def _schema(copy: Path, database: Path, found: list[Finding]) -> tuple[list[Finding], bool]:
    now = _version(copy)
    if now in (None, schema()):  # None is of an empty one, or of another program, which is refused
        return found, True
    what = (
        f"{database} has the tables of another Optuna ({now}, not {schema()}, is the "
        "alembic_version.version_num of row 1)"
    )
    storage = RDBStorage(f"{SQLITE_SCHEME}{copy}", skip_compatibility_check=True)
    try:
        if now not in storage.get_all_versions():
            way_out = f"Optuna {optuna.__version__} is older than they are: pip install -U optuna"
            return [*found, Finding("broken", what, way_out)], False
        storage.upgrade()
    except Exception as error:  # of SQLAlchemy, of SQLite, of the migration itself
        said = str(error).splitlines()[0]
        return [*found, _not_fixable(f"{what}, and cannot be upgraded: {said}", database)], False
    finally:
        storage.remove_session()
        storage.engine.dispose()
    return [*found, Finding("broken", what, "`fix=` upgrades them", already_fixed_in_copy)], True


def _version(copy: Path) -> str | None:
    with closing(sqlite3.connect(copy)) as connection:
        if "alembic_version" not in _tables(connection):
            return None
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else None


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def unreadable_database(what: str, database: Path, runs: Runs) -> Finding:
    """Returns the finding of a database of which nothing can be read."""
    backups = sorted(runs.backups.glob(f"*/database/{database.name}"))
    if not backups:
        return _not_fixable(what, database)
    return Finding("broken", what, f"its last backup is {backups[-1]}")


def _not_fixable(what: str, database: Path) -> Finding:
    return Finding(
        "broken", what, f"what can be read: sqlite3 {database} .recover | sqlite3 new.db"
    )
