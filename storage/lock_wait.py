"""Waiting for a lock: it is said, if it takes more than a moment."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from filelock import Timeout

REPORT_AFTER_S = 2

log = logging.getLogger(__name__)


class LockLike(Protocol):
    """A lock that can be waited for."""

    def acquire(self, timeout: float | None = None) -> Any: ...

    def release(self) -> Any: ...


def acquire(lock: LockLike, what: str) -> None:
    """Waits until this process holds a lock, and says so after two seconds.

    Args:
        lock: The lock.
        what: What it is, in words.
    """
    try:
        lock.acquire(timeout=REPORT_AFTER_S)
    except Timeout:
        log.info("waiting for %s: another process holds it", what)
        lock.acquire()


@contextmanager
def hold_lock(lock: LockLike, what: str) -> Iterator[None]:
    """Holds a lock for the block; see `acquire`."""
    acquire(lock, what)
    try:
        yield
    finally:
        lock.release()
