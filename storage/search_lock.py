"""Two locks for each database: one to choose a trial in a search, and one to confirm a study.

With PostgreSQL, they are advisory locks of the server, which all machines share. With SQLite, and
with any other server such as MySQL, they are lock files in the runs folder.
"""

import hashlib
import math
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout
from optuna.exceptions import StorageInternalError
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from .database_server import engine, is_postgres
from .database_urls import parse_url, redacted_url
from .lock_wait import Lock
from .runs_folder import Runs

SEARCH_LOCK_NAME = "the lock of all searches"
"""The name of the search lock in the log line about waiting for it."""
LOCK_NOT_AVAILABLE = "55P03"


def search_lock(storage: str, runs: Runs) -> Lock:
    """Returns the lock that a process holds while it chooses its next trial.

    The lock keeps two processes from choosing the same trial. If it is a lock file, all searches
    in the database must use the same runs folder.
    """
    return _make_lock(storage, "search", runs.lock)


def confirm_lock(storage: str, runs: Runs, study: str) -> Lock:
    """Returns the lock that a process holds while it confirms the study `study`."""
    return _make_lock(storage, f"confirm {study}", runs.cache / f"{study}-confirm.lock")


def _make_lock(storage: str, purpose: str, file: Path) -> Lock:
    url = parse_url(storage)
    if is_postgres(url):
        return AdvisoryLock(url, purpose)
    return FileLock(file, thread_local=False)  # one thread may acquire it and another release it


class AdvisoryLock:
    """A reentrant advisory lock of a PostgreSQL server.

    The server releases the lock when the process dies, or when the process's machine is silent for
    half a minute. Waiting processes get the lock in the order of their requests. One thread may
    acquire the lock and another thread release it. Locks with different purposes are independent.
    """

    def __init__(self, url: URL, purpose: str) -> None:
        digest = hashlib.sha256(f"latentune {purpose}".encode()).digest()
        self._url, self._key = url, int.from_bytes(digest[:8], signed=True)
        self._session: Connection | None = None
        self._times = 0

    @property
    def is_locked(self) -> bool:
        """Whether this process holds the lock."""
        return self._session is not None

    def acquire(self, timeout: float | None = None) -> None:
        """Waits until this process holds the lock.

        Raises:
            Timeout: If the lock is not free within `timeout` seconds.
            OperationalError: If the server cannot be reached.
        """
        if self._session is None:
            self._session = self._open_locked_session(timeout)
        self._times += 1

    def release(self) -> None:
        """Undoes one `acquire`. The lock is free when every `acquire` has been undone.

        Raises:
            OperationalError: If the server cannot be reached. The lock is released anyway.
            StorageInternalError: If the server had already released the lock.
        """
        self._times = max(0, self._times - 1)
        if self._session is None or self._times:
            return
        session, self._session = self._session, None
        with session:
            if not session.execute(text(f"SELECT pg_advisory_unlock({self._key})")).scalar():
                raise StorageInternalError(
                    f"{redacted_url(self._url)} seems to be a connection pooler, because each "
                    "statement runs in another session: use the URL of the database server"
                )

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: Any) -> None:
        self.release()

    def _open_locked_session(self, timeout: float | None) -> Connection:
        wait_ms = 0 if timeout is None else max(1, math.ceil(1000 * timeout))  # 0 means no limit
        session = engine(self._url).connect()
        try:
            session.execute(text(f"SET lock_timeout = {wait_ms}"))
            session.execute(text(f"SELECT pg_advisory_lock({self._key})"))
        except BaseException as error:
            late = getattr(getattr(error, "orig", None), "sqlstate", None) == LOCK_NOT_AVAILABLE
            if not late:  # the session may hold the lock
                session.invalidate()
            session.close()
            if late:
                raise Timeout(redacted_url(self._url)) from None
            raise
        return session
