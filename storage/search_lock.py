"""The lock under which a process chooses its next trial, so that it is chosen once."""

from typing import Any, Protocol

from filelock import FileLock

from .advisory_lock import AdvisoryLock
from .database_server import is_postgres
from .database_urls import parse_url
from .runs_folder import Runs

SEARCH_LOCK_NAME = "the lock of all searches"
"""What the log line about waiting calls it."""


class Lock(Protocol):
    """What all kinds of it can do."""

    @property
    def is_locked(self) -> bool:
        """Whether this process holds the lock."""

    def acquire(self, timeout: float | None = None) -> Any:
        """Waits until this process holds the lock.

        Args:
            timeout: Seconds to wait at most; None for no limit.

        Raises:
            Timeout: After that time.
        """

    def release(self) -> Any:
        """Releases the lock."""


def search_lock(storage: str, runs: Runs) -> Lock:
    """Returns the lock of all searches in a database.

    In PostgreSQL it is one of the database, which the searches of all machines share. For a file,
    and for any other server such as MySQL, it is a file of the runs folder: searches in the same
    database must then have the same folder.

    Args:
        storage: The Optuna URL of the database.
        runs: The runs folder of the search.
    """
    url = parse_url(storage)
    if is_postgres(url):
        return AdvisoryLock(url, "search")
    return FileLock(runs.lock, thread_local=False)  # who acquires it may not be who releases it


def confirm_lock(storage: str, runs: Runs, study: str) -> Lock:
    """Returns the lock of the process that confirms a study, for all machines as `search_lock`."""
    url = parse_url(storage)
    if is_postgres(url):
        return AdvisoryLock(url, f"confirm {study}")
    return FileLock(runs.cache / f"{study}-confirm.lock", thread_local=False)
