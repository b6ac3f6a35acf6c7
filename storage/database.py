"""The database: opening it safely for many readers and writers, and finding what died in it."""

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from .runs import StorageError

DatabaseError = (OperationalError, optuna.exceptions.StorageInternalError)
"""What Optuna raises when the database fails in the middle of a study."""

HEARTBEAT_S = 5
GRACE_S = 30
MAX_RETRIES = 3
BUSY_TIMEOUT_S = 60


class _WalConnection(sqlite3.Connection):
    # A write-ahead log lets the dashboard read while a search writes, and makes commits cheap.
    # Set by the connection itself, because Optuna makes a new engine when a storage is pickled.
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute("PRAGMA journal_mode=WAL")
        self.execute("PRAGMA synchronous=NORMAL")


def database_exists(url: str) -> bool:
    """Returns whether an SQLite file exists; databases of another kind are taken to."""
    path = url.removeprefix("sqlite:///")
    return path == url or Path(path).exists()


def open_database(url: str, *, create: bool = False) -> BaseStorage:
    """Opens the database that an Optuna URL names.

    Running trials of a relational database send a heartbeat. One that stopped sending is failed
    and put in the queue again, up to three times, when any search asks for its next trial.

    Args:
        url: An Optuna URL, such as `sqlite:///runs/studies.db`.
        create: Whether an SQLite file that does not exist is made.

    Raises:
        StorageError: If it does not exist, is no Optuna database, was written by an Optuna of
            another schema, or cannot be written. The file is then as it was.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StorageError(
            f"{url!r} is no database URL; a file is named like sqlite:///runs/studies.db"
        ) from error
    if parsed.drivername.startswith("redis"):
        return optuna.storages.get_storage(url)
    options: dict[str, Any] = {}
    if parsed.drivername.startswith("sqlite"):
        _check_sqlite(Path(parsed.database or ""), create)
        options = {"connect_args": {"timeout": BUSY_TIMEOUT_S, "factory": _WalConnection}}
    with _heartbeats():
        try:
            return RDBStorage(
                url,
                engine_kwargs=options,
                heartbeat_interval=HEARTBEAT_S,
                grace_period=GRACE_S,
                heartbeat_stale_trial_callback=_retry_callback(),
            )
        except RuntimeError as error:
            raise _other_schema(url) from error
        except (OperationalError, NoSuchModuleError, ImportError) as error:
            raise StorageError(f"cannot open {url}: {reason(error)}") from error


def retry(study: optuna.Study, trial: FrozenTrial) -> None:
    """Puts a copy of a failed trial in the queue, unless it was retried three times already."""
    _retry_callback()(study, deepcopy(trial))  # Optuna's callback writes into what it is given


def retry_stale(study: optuna.Study) -> None:
    """Fails the running trials that stopped sending a heartbeat, and puts a copy in the queue."""
    with _heartbeats():
        optuna.storages.fail_stale_trials(study)


@contextmanager
def _heartbeats() -> Iterator[None]:
    # Optuna has called them experimental since 2021.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def _retry_callback() -> RetryHeartbeatStaleTrialCallback:
    with _heartbeats():
        return RetryHeartbeatStaleTrialCallback(max_retry=MAX_RETRIES)


def _check_sqlite(path: Path, create: bool) -> None:
    """Refuses a file that Optuna would damage, or fail on with a riddle, before it is opened."""
    if not path.exists():
        if not create:
            raise StorageError(
                f"there is no database {path} yet; make it by: latentune search conv-ae digits"
            )
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as connection:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            if tables and "alembic_version" not in tables:
                raise StorageError(f"{path} is a database of another program, not of Optuna")
            if tables:
                found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
                if found is None or found[0] != _schema():
                    raise _other_schema(f"sqlite:///{path}")
            connection.execute("BEGIN IMMEDIATE")  # asks for the right to write, changes nothing
            connection.rollback()
    except sqlite3.DatabaseError as error:
        raise StorageError(f"cannot use {path} as a database: {error}") from error


@cache
def _schema() -> str:
    """The version of the tables that the installed Optuna works with."""
    return RDBStorage("sqlite://").get_head_version()


def _other_schema(url: str) -> StorageError:
    return StorageError(
        f"{url} was written by an Optuna with other tables than {optuna.__version__}; "
        f"copy it, then: optuna storage upgrade --storage {url}"
    )


def reason(error: BaseException) -> str:
    """Returns what the database itself said, which Optuna and SQLAlchemy wrap in guesses."""
    cause = error.__cause__ if isinstance(error.__cause__, OperationalError) else error
    return str(getattr(cause, "orig", None) or cause).splitlines()[0]
