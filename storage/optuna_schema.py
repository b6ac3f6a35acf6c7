"""The schema of Optuna's database, and errors for databases with another schema."""

import re
import shlex
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import cast

import optuna

from .optuna_internals import schema_number, schema_revisions, tables
from .storage_error import StorageError

ALEMBIC_TABLE = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
"""The statement with which Alembic creates its table, apart from white space."""


@cache
def schema_version() -> str:
    """Returns the name of the latest revision of the installed Optuna's database schema."""
    assigned = re.compile(r'^(down_)?revision = "(.+)"$', re.MULTILINE)
    texts = [path.read_text(encoding="utf-8") for path in schema_revisions()]
    found = [match for text in texts for match in assigned.findall(text)]
    (newest,) = {name for down, name in found if not down} - {name for down, name in found if down}
    return str(newest)


@cache
def table_names() -> frozenset[str]:
    """Returns the names of Optuna's tables."""
    return frozenset([*tables(), "alembic_version"])


def table_statements() -> list[str]:
    """Returns the SQL statements that fill an empty SQLite file as Optuna's `RDBStorage` does.

    `RDBStorage` itself reads the files of all schema revisions with Alembic, which takes 0.3 s.
    """
    from sqlalchemy import create_engine

    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        for table in tables().values():
            table.create(connection)
        versions = {"schema_version": schema_number(), "library_version": optuna.__version__}
        connection.execute(tables()["version_info"].insert(), versions)
    with closing(engine.raw_connection()) as raw:
        _, *statements = cast(sqlite3.Connection, raw.driver_connection).iterdump()
    return [
        ALEMBIC_TABLE,
        f"INSERT INTO alembic_version VALUES('{schema_version()}')",
        *statements,
    ]


def find_extra_objects(connection: sqlite3.Connection, database: Path) -> list[tuple[str, str]]:
    """Returns a description and a remedy for each trigger and each view in a database.

    A trigger may change the values that Optuna writes. A view may change the values that Optuna
    reads.
    """
    more = "type IN ('trigger', 'view') OR sql LIKE 'CREATE VIRTUAL%'"
    found = connection.execute(f"SELECT type, name FROM sqlite_master WHERE {more}")  # noqa: S608 - ours
    return [
        (
            f"{database} holds the {kind} {name!r}, which Optuna did not create, and which may "
            "change what is read or written",
            "it can be removed by: "
            + shlex.join(["sqlite3", str(database), f'DROP {kind.upper()} "{name}"']),
        )
        for kind, name in found
    ]


def foreign_database_error(where: object) -> StorageError:
    """Returns the error for the database at `where`, which has tables of another program."""
    return StorageError(f"{where} is a database of another program, not of Optuna")


def schema_version_error(where: object, upgrade: str) -> StorageError:
    """Returns the error for the database at `where`, which has another schema version.

    `upgrade` tells the user how to upgrade the database. Optuna's own storage could not read it
    either: it refuses every schema version but its own.
    """
    return StorageError(
        f"{where} was written by an Optuna with other tables than {optuna.__version__}; {upgrade}"
    )
