"""Waiting for a lock, with a log line if it takes longer than two seconds."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from filelock import Timeout

REPORT_AFTER_S = 2

log = logging.getLogger(__name__)


class LockLike(Protocol):
    """A lock of this or of another package."""

    def acquire(self, timeout: float | None = None) -> Any: ...

    def release(self) -> Any: ...


def acquire(lock: LockLike, name: str) -> None:
    """Waits until this process holds a lock; `name` is what the log line calls it."""
    try:
        lock.acquire(timeout=REPORT_AFTER_S)
    except Timeout:
        log.info("waiting for %s: another process holds it", name)
        lock.acquire()


@contextmanager
def hold_lock(lock: LockLike, name: str) -> Iterator[None]:
    """Holds a lock for the block; see `acquire`."""
    acquire(lock, name)
    try:
        yield
    finally:
        lock.release()
