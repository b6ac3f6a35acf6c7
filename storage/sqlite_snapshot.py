"""Copies SQLite databases that are in use, restores them, and compares them."""

import hashlib
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from .scratch_folder import temporary_scratch_folder
from .storage_error import StorageError

HEADER_BYTES = 100
"""Length of the header of an SQLite file. The header holds counters that change by themselves."""


def copy_database(database: Path, to: Path) -> str:
    """Copies a database with its write-ahead log to the new file `to`; returns the fingerprint.

    The fingerprint is a hash that changes with every commit and with nothing else. The database
    may be in use, and is not changed.

    Raises:
        StorageError: If the database is missing, or SQLite cannot read it.
    """
    if database.exists() and not database.is_file():  # reading a pipe would never end
        raise StorageError(f"{database} cannot be read as a database: it is not a file")
    # Without a log nobody is writing, and SQLite should not create one in order to read.
    has_log = database.with_name(f"{database.name}-wal").exists()
    how = "mode=ro" if has_log else "immutable=1"
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(database))}?{how}", uri=True)) as source,
            closing(sqlite3.connect(to)) as copy,
        ):
            source.backup(copy)
    except sqlite3.Error as error:
        raise StorageError(f"{database} cannot be read as a database: {error}") from error
    return hashlib.sha256(to.read_bytes()[HEADER_BYTES:]).hexdigest()


def restore_database(copy: Path, database: Path) -> None:
    """Replaces the content of `database` by the content of `copy`, in one transaction.

    Other processes may read the database meanwhile.

    Raises:
        StorageError: If the database cannot be written. Then it is not changed.
    """
    try:
        with (
            closing(sqlite3.connect(copy)) as source,
            closing(sqlite3.connect(database)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        raise StorageError(f"cannot write {database}: {error}") from error


def fingerprint(database: Path) -> str:
    """Returns a hash of a database that changes with every commit and with nothing else."""
    with temporary_scratch_folder() as place:
        return copy_database(database, Path(place) / "copy.db")


def count_trials(database: Path) -> int:
    """Returns the number of trials in a database; 0 if it has no table of trials."""
    found = 0
    with closing(sqlite3.connect(database)) as connection, suppress(sqlite3.DatabaseError):
        (found,) = connection.execute("SELECT COUNT(*) FROM trials").fetchone()
    return int(found)
