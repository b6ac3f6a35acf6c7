"""The locks of a database: of its searches, and of the process that confirms a study."""

from pathlib import Path

from filelock import FileLock

from .advisory_lock import AdvisoryLock
from .database_server import is_postgres
from .database_urls import parse_url
from .lock_wait import Lock
from .runs_folder import Runs

SEARCH_LOCK_NAME = "the lock of all searches"
"""What the log line about waiting calls it."""


def search_lock(storage: str, runs: Runs) -> Lock:
    """Returns the lock under which a process chooses its next trial, so that it is chosen once.

    In PostgreSQL it is a lock of the database, which the searches of all machines share. For a
    file, and for any other server such as MySQL, it is a file of the runs folder: searches in the
    same database must then have the same folder.
    """
    return _lock(storage, "search", runs.lock)


def confirm_lock(storage: str, runs: Runs, study: str) -> Lock:
    """Returns the lock of the process that confirms a study, for all machines as `search_lock`."""
    return _lock(storage, f"confirm {study}", runs.cache / f"{study}-confirm.lock")


def _lock(storage: str, purpose: str, file: Path) -> Lock:
    url = parse_url(storage)
    if is_postgres(url):
        return AdvisoryLock(url, purpose)
    return FileLock(file, thread_local=False)  # one thread may acquire it and another release it
