"""The database: opening it safely for many readers and writers, and finding what died in it."""

import os
import sqlite3
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from .runs import StorageError, unwritable

DatabaseError = (OperationalError, optuna.exceptions.StorageInternalError)
"""What Optuna raises when the database fails in the middle of a study."""

HEARTBEAT_S = 5
GRACE_S = 30
BUSY_TIMEOUT_S = 60
SQLITE = "sqlite:///"


class DatabaseLost(RuntimeError):  # noqa: N818 - it says what has happened
    """The database was deleted or replaced while a study grew in it.

    Attributes:
        exit_code: What the command line ends with: unlike bad input, it has lost something.
    """

    exit_code = 1


class _WalConnection(sqlite3.Connection):
    # A write-ahead log lets the dashboard read while a search writes, and makes commits cheap.
    # Set by the connection itself, because Optuna makes a new engine when a storage is pickled.
    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
        if not os.path.exists(database):  # SQLite would make an empty one
            raise sqlite3.OperationalError(f"{database} is gone")
        super().__init__(database, *args, **kwargs)
        self.execute("PRAGMA journal_mode=WAL")
        self.execute("PRAGMA synchronous=NORMAL")
        self.execute("PRAGMA trusted_schema=OFF")  # the file may be of somebody else


def is_file(url: str) -> bool:
    """Returns whether a URL names an SQLite file."""
    return url.startswith(SQLITE)


def database_exists(url: str) -> bool:
    """Returns whether an SQLite file exists; databases of another kind are taken to."""
    # Path raises an error for names that are too long.
    return not is_file(url) or os.path.exists(url.removeprefix(SQLITE))


def check_url(url: str) -> URL:
    """Returns what a URL says, if it is one that Optuna understands.

    Raises:
        StorageError: If it is not.
    """
    if {"{", "}"} & set(url):  # Optuna would fill in what stands between them
        raise StorageError(f"{url!r} cannot be the URL of a database: it has a brace")
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:  # the second of a port that is no number
        raise StorageError(
            f"{url!r} is no database URL; a file is named like sqlite:///runs/studies.db"
        ) from error


def open_database(url: str, *, create: bool = False) -> BaseStorage:
    """Opens the database that an Optuna URL names.

    Args:
        url: An Optuna URL, such as `sqlite:///runs/studies.db`.
        create: Whether an SQLite file that does not exist is made.

    Raises:
        StorageError: If it does not exist, is no Optuna database, was written by an Optuna of
            another schema, or cannot be written. The file is then as it was.
    """
    parsed = check_url(url)
    if parsed.drivername.startswith("redis"):
        return _redis(url)
    options: dict[str, Any] = {}
    if parsed.drivername.startswith("sqlite"):
        if parsed.database in (None, "", ":memory:"):
            raise StorageError(f"{url!r} names no file, and would end with this process")
        path = Path(str(parsed.database))
        if not _has_tables(path, create):
            _make_tables(path)
        options = {"connect_args": {"timeout": BUSY_TIMEOUT_S, "factory": _WalConnection}}
    with warnings.catch_warnings():
        # Optuna has called heartbeats experimental since 2021.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        try:
            return RDBStorage(
                url,
                engine_kwargs=options,
                heartbeat_interval=HEARTBEAT_S,
                grace_period=GRACE_S,
            )
        except RuntimeError as error:
            raise _other_schema(url) from error
        except (OperationalError, NoSuchModuleError, ImportError) as error:
            raise StorageError(f"cannot open {url}: {reason(error)}") from error


def identity(url: str) -> tuple[int, int] | None:
    """Returns what tells an SQLite file from another in its place; None for other databases."""
    if not (is_file(url) and database_exists(url)):
        return None
    found = os.stat(url.removeprefix(SQLITE))
    return found.st_dev, found.st_ino


def check_identity(url: str, known: tuple[int, int] | None) -> None:
    """Checks that a database is still the one that `identity` was asked about before.

    Raises:
        DatabaseLost: If it is not.
    """
    if identity(url) != known:
        raise DatabaseLost(
            f"{url} was deleted or replaced during the search, and its trials with it; "
            "the same command begins anew"
        )


@contextmanager
def heartbeat(trial: optuna.Trial) -> Iterator[None]:
    """Tells the database every few seconds, from a thread, that a trial's process lives.

    Optuna has such a thread too, but for trials of `study.optimize` alone, and it ends with a
    traceback when the database is busy for too long.
    """
    storage = _relational(trial.storage)
    if storage is None:
        yield
        return
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT_S):
            with suppress(*DatabaseError):
                storage.record_heartbeat(trial._trial_id)

    storage.record_heartbeat(trial._trial_id)
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def beat(study: optuna.Study, trials: Sequence[FrozenTrial]) -> None:
    """Tells the database that the processes of trials live, in their place."""
    storage = _relational(study._storage)
    for trial in trials:
        if storage is not None:
            storage.record_heartbeat(trial._trial_id)


def silent_trials(study: optuna.Study, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Returns the running trials whose process has died: no heartbeat, for half a minute.

    Args:
        study: The study.
        trials: Its trials.
    """
    storage = _relational(study._storage)
    running = [trial for trial in trials if trial.state == TrialState.RUNNING]
    if not running or storage is None:
        return []
    stale = set(storage._get_stale_trial_ids(study._study_id))
    # A process may have died between asking for a trial and its first heartbeat.
    with storage.engine.connect() as connection:
        beats = set(connection.execute(text("SELECT trial_id FROM trial_heartbeats")).scalars())
    latest = datetime.now() - timedelta(seconds=GRACE_S)
    return [
        trial
        for trial in running
        if trial._trial_id in stale
        or (trial._trial_id not in beats and (trial.datetime_start or latest) < latest)
    ]


def _relational(storage: BaseStorage) -> RDBStorage | None:
    """Returns the database itself, which a study wraps in a cache, if it knows heartbeats."""
    inner = getattr(storage, "_backend", storage)
    return inner if isinstance(inner, RDBStorage) else None


def _redis(url: str) -> BaseStorage:
    try:
        return optuna.storages.get_storage(url)
    except ImportError as error:
        raise StorageError(f"cannot open {url}: it needs pip install redis") from error
    except Exception as error:  # the client's classes, which need not be installed
        raise StorageError(f"cannot open {url}: {error}") from error


def _make_tables(path: Path) -> None:
    """Makes the file, and all of Optuna's tables in it or none.

    Optuna makes them one by one, so that a kill in between would leave a database of nobody.
    """
    try:
        path.touch()  # only here may a connection find no file
    except OSError as error:
        raise unwritable(path, error) from error
    empty = RDBStorage("sqlite://").engine.raw_connection()
    try:
        with closing(empty), closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            if not _tables(connection):  # nobody else has made them meanwhile
                for statement in list(empty.iterdump())[1:]:
                    connection.execute(statement)
    except sqlite3.DatabaseError as error:
        raise StorageError(f"cannot use {path} as a database: {error}") from error


def _has_tables(path: Path, create: bool) -> bool:
    """Returns whether a file has Optuna's tables; refuses one that Optuna would damage."""
    if not os.path.exists(path):
        if not create:
            raise StorageError(
                f"there is no database {path} yet; make it by: latentune search conv-ae digits"
            )
        return False
    try:
        address = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            tables = _tables(connection)
            if tables and "alembic_version" not in tables:
                raise StorageError(f"{path} is a database of another program, not of Optuna")
            if tables:
                found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
                if found is None or found[0] != schema():
                    raise _other_schema(f"sqlite:///{path}")
            connection.execute("BEGIN IMMEDIATE")  # asks for the right to write, changes nothing
            connection.rollback()
            return bool(tables)
    except sqlite3.DatabaseError as error:
        raise StorageError(f"cannot use {path} as a database: {error}") from error


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


@cache
def schema() -> str:
    """Returns the version of the tables that the installed Optuna works with."""
    return RDBStorage("sqlite://").get_head_version()


def _other_schema(url: str) -> StorageError:
    upgrade = f"copy it, then: optuna storage upgrade --storage {url}"
    if is_file(url):
        upgrade = "if an older one, this upgrades it, after a backup: latentune doctor --fix"
    return StorageError(
        f"{url} was written by an Optuna with other tables than {optuna.__version__}; {upgrade}"
    )


def reason(error: BaseException) -> str:
    """Returns what the database itself said, which Optuna and SQLAlchemy wrap in guesses."""
    cause = error.__cause__ if isinstance(error.__cause__, OperationalError) else error
    return str(getattr(cause, "orig", None) or cause).splitlines()[0]
