"""Opens databases, which many processes may read and write at once."""

import atexit
import os
import sqlite3
import tempfile
import warnings
from collections import deque
from collections.abc import Sequence
from contextlib import closing, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from ..models.errors import LatentuneError
from . import database_server as server
from . import sqlite_file as sqlite
from .database_urls import SQLITE_SCHEME, is_file, parse_url, redacted_url
from .lock_wait import hold_lock
from .read_only_storage import ReadOnlyStorage
from .redact import redact
from .search_lock import AdvisoryLock
from .sqlite_snapshot import copy_database
from .storage_error import StorageError

DatabaseError = (OperationalError, optuna.exceptions.StorageInternalError)
"""The exceptions that Optuna raises when the database fails during a search."""

HEARTBEAT_S = 5
GRACE_S = 30
"""Grace period in seconds: a process whose last heartbeat is older counts as dead."""

_last_opened: deque[Path] = deque(maxlen=1)


class DatabaseLostError(LatentuneError, RuntimeError):
    """The database was deleted or replaced during a search.

    Attributes:
        exit_code: Exit code of the command. It differs from the exit code for bad input.
    """

    exit_code = 1


def database_exists(url: str) -> bool:
    """Returns whether `url` names an SQLite file that exists, or a server with Optuna's tables.

    Raises:
        StorageError: If the server cannot be reached, or the database on it cannot be used.
    """
    if is_file(url):  # `Path` refuses names that are too long
        return os.path.exists(url.removeprefix(SQLITE_SCHEME))
    parsed = parse_url(url)
    return parsed.get_backend_name() == "sqlite" or server.server_has_tables(parsed)


def open_database(url: str, *, create: bool = False) -> BaseStorage:
    """Opens the database that an Optuna URL names.

    Args:
        url: An Optuna URL, such as `sqlite:///runs/studies.db` or `postgresql://host/name`.
        create: Whether to create an SQLite file or Optuna's tables if they are missing.

    Raises:
        StorageError: If the database does not exist, cannot be reached or written, has tables of
            another program, or has another schema version. Then nothing is changed.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return _open_server(parsed, create)
    _open_file(parsed, create)
    return _open_storage(url, sqlite.engine_options())


def open_for_reading(url: str, *, attributes: Sequence[str] | None = None) -> ReadOnlyStorage:
    """Opens a database for reading. This is faster than `open_database`.

    Args:
        url: An Optuna URL.
        attributes: If given, all trials of a study are read with these user attributes alone, and
            without intermediate values.

    Raises:
        StorageError: If the database does not exist, cannot be reached, or cannot be used.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        if not server.server_has_tables(parsed):
            raise _no_studies_error(parsed)
        return ReadOnlyStorage(server.engine(parsed), attributes=attributes)
    _open_file(parsed, create=False)
    return ReadOnlyStorage(create_engine(url, **sqlite.engine_options()), attributes=attributes)


def _open_file(url: URL, create: bool) -> None:
    """Checks an SQLite file, and creates Optuna's tables if it has none.

    A missing file is created if `create` is True, and is a StorageError otherwise.
    """
    if url.database in (None, "", ":memory:"):
        raise StorageError(
            f"'{url}' is not a file, and its studies would be lost at exit; name a file"
        )
    path = Path(str(url.database))
    if not sqlite.file_has_tables(path, create):
        sqlite.create_tables(path)
    _last_opened.append(path)


def first_bad_cell_error() -> StorageError | None:
    """Returns an error about the first bad cell in the SQLite file that was opened last, or None.

    This reads the whole file, which is slow. It is meant for errors without another explanation.
    """
    if not _last_opened:
        return None
    from .bad_cells import find_bad_cells

    database = _last_opened[0]
    try:
        with tempfile.TemporaryDirectory() as place:
            copy_database(database, copy := Path(place) / database.name)
            with closing(sqlite3.connect(copy)) as connection:
                cell = next(find_bad_cells(connection), None)
    except (StorageError, sqlite3.Error, OSError):
        return None
    if cell is None:
        return None
    return StorageError(f"{database}: {cell}; see latentune doctor")


def _open_server(url: URL, create: bool) -> RDBStorage:
    """Opens a database on a server. The result for the same URL is cached."""
    if not server.server_has_tables(url):
        if not create:
            raise _no_studies_error(url)
        _shared_storage.cache_clear()  # its tables may have been deleted
        alone = server.is_postgres(url)
        with hold_lock(AdvisoryLock(url, "tables"), "the new tables") if alone else nullcontext():
            # Optuna creates missing tables one by one.
            _open_storage(_render_with_password(url), server.server_options(url)).engine.dispose()
    return _shared_storage(url)


def _no_studies_error(url: URL) -> StorageError:
    where = redacted_url(url)
    return StorageError(
        f"{where} holds no studies yet; make one by: latentune search conv-ae digits "
        f"--storage '{where}'"
    )


@cache
def _shared_storage(url: URL) -> RDBStorage:
    options = server.server_options(url)
    if server.is_postgres(url):  # a server has a hundred connections, a process needs one
        options["max_overflow"] = 0
    storage = _open_storage(_render_with_password(url), options)
    atexit.register(storage.engine.dispose)
    return storage


def _render_with_password(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _open_storage(url: str, options: dict[str, Any]) -> RDBStorage:
    with warnings.catch_warnings():
        # Heartbeats are experimental in Optuna since 2021.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        try:
            return RDBStorage(
                url,
                engine_kwargs=options,
                skip_compatibility_check=True,  # checked before
                heartbeat_interval=HEARTBEAT_S,
                grace_period=GRACE_S,
            )
        except OperationalError as error:
            raise StorageError(f"cannot open {redact(url)}: {database_message(error)}") from error


def file_identity(url: str) -> tuple[int, int] | None:
    """Returns the device and inode of an SQLite file; None if it is missing or on a server."""
    if not (is_file(url) and database_exists(url)):
        return None
    found = os.stat(url.removeprefix(SQLITE_SCHEME))
    return found.st_dev, found.st_ino


def check_file_identity(url: str, known: tuple[int, int] | None) -> None:
    """Raises DatabaseLostError if an SQLite file is missing, or its identity is not `known`."""
    if file_identity(url) != known:
        raise DatabaseLostError(
            f"{url} was deleted or replaced during the search, and its trials with it; "
            "the same command starts again"
        )


def database_message(error: BaseException) -> str:
    """Returns the database's own message, without what Optuna and SQLAlchemy add to it."""
    cause = error.__cause__ or error
    return str(getattr(cause, "orig", None) or cause).splitlines()[0]
