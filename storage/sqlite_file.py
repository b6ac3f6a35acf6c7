"""Creates and checks SQLite files with Optuna's tables, and configures connections to them."""

import logging
import os
import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from .lock_wait import REPORT_AFTER_S
from .optuna_schema import (
    find_extra_objects,
    foreign_database_error,
    schema_version,
    schema_version_error,
    table_statements,
)
from .storage_error import StorageError, report_unwritable

BUSY_TIMEOUT_S = 60

log = logging.getLogger(__name__)


class _WalConnection(sqlite3.Connection):
    # A write-ahead log lets the dashboard read while a search writes, and makes commits cheap.
    # The connection sets it, because Optuna creates a new engine when a storage is unpickled.
    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
        if not os.path.exists(database):  # SQLite would create an empty one
            raise sqlite3.OperationalError(f"{database} is gone")
        super().__init__(database, *args, **kwargs)
        self.execute("PRAGMA journal_mode=WAL")
        self.execute("PRAGMA synchronous=NORMAL")
        self.execute("PRAGMA trusted_schema=OFF")  # the file may come from anyone

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or _WaitingCursor)

    def commit(self) -> None:
        _retry_when_busy(self, super().commit)


class _WaitingCursor(sqlite3.Cursor):
    def execute(self, *args: Any) -> Any:
        return _retry_when_busy(self.connection, super().execute, *args)

    def executemany(self, *args: Any) -> Any:
        return _retry_when_busy(self.connection, super().executemany, *args)


def _retry_when_busy(connection: sqlite3.Connection, call: Callable[..., Any], *args: Any) -> Any:
    """Returns `call(*args)`, after waiting if another process has locked the database.

    A line is logged after two seconds of waiting.
    """
    try:
        return call(*args)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
    log.info("waiting for the database: another process has locked it")
    wait = "PRAGMA busy_timeout = {:.0f}"
    sqlite3.Connection.cursor(connection).execute(wait.format(1000 * BUSY_TIMEOUT_S))
    try:
        return call(*args)
    finally:
        sqlite3.Connection.cursor(connection).execute(wait.format(1000 * REPORT_AFTER_S))


def engine_options() -> dict[str, Any]:
    """Returns the arguments of SQLAlchemy's `create_engine` for SQLite files."""
    return {"connect_args": {"timeout": REPORT_AFTER_S, "factory": _WalConnection}}


def create_tables(path: Path) -> None:
    """Creates an SQLite file with all of Optuna's tables, as a whole or not at all.

    Optuna itself creates the tables one by one, so a kill could leave an unusable database.

    Raises:
        StorageError: If the file cannot be written.
    """
    with report_unwritable(path):
        path.touch()  # connections refuse to create it
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            if not _object_names(connection):  # another process may have been faster
                for statement in table_statements():
                    connection.execute(statement)
    except sqlite3.DatabaseError as error:
        raise StorageError(f"cannot use {path} as a database: {error}") from error


def file_has_tables(path: Path, create: bool) -> bool:
    """Returns whether an SQLite file has Optuna's tables; False if it is empty or missing.

    Raises:
        StorageError: If the file has tables of another program, another schema version, triggers
            or views, or cannot be written; if the file is empty although its folder has trained
            studies; if the file is missing and `create` is False.
    """
    if not os.path.exists(path):
        if not create:
            raise StorageError(
                f"there is no database {path} yet; make it by: latentune search conv-ae digits"
            )
        return False
    if not path.is_file():  # reading a pipe would never end
        raise StorageError(f"cannot use {path} as a database: it is not a file")
    try:
        address = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            names = _object_names(connection)
            if names and "alembic_version" not in names:
                raise foreign_database_error(path)
            if not names and (lost := describe_lost_studies(path)):
                raise StorageError(f"{lost}; {restart_hint(path)}")
            for problem, remedy in find_extra_objects(connection, path):
                raise StorageError(f"{problem}; {remedy}")
            if names:
                found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
                if found is None or found[0] != schema_version():
                    upgrade = "if an older one, this upgrades it, after a backup: latentune doctor"
                    raise schema_version_error(f"sqlite:///{path}", f"{upgrade} --fix")
            connection.execute("BEGIN IMMEDIATE")  # fails if the file cannot be written
            connection.rollback()
            return bool(names)
    except sqlite3.DatabaseError as error:
        raise StorageError(f"cannot use {path} as a database: {error}") from error


def describe_lost_studies(path: Path) -> str:
    """Returns a message about the studies that an empty database has lost.

    The folder of the database shows which studies there were. Without any, the text is empty.
    """
    left = [*path.parent.glob("*/best.toml"), *path.parent.glob("*/final*/model.ckpt")]
    studies = sorted({file.relative_to(path.parent).parts[0] for file in left})
    if not studies:
        return ""
    searched = f"{studies[0]} was" if len(studies) == 1 else f"{len(studies)} studies were"
    return f"{path} is empty, but {searched} searched here: the trials are lost"


def restart_hint(path: Path) -> str:
    """Returns advice to the user for a database file that has lost its trials."""
    return f"restore a copy of it, or start again without it: {shlex.join(['rm', str(path)])}"


def _object_names(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
