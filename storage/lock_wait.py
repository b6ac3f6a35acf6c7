"""Acquires locks between processes. A line is logged after two seconds of waiting."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from filelock import Timeout

from .storage_error import StorageError

REPORT_AFTER_S = 2

log = logging.getLogger(__name__)


class Lock(Protocol):
    """A lock between processes, such as an `AdvisoryLock` or a `filelock.FileLock`."""

    @property
    def is_locked(self) -> bool:
        """Whether this process holds the lock."""

    def acquire(self, timeout: float | None = None) -> Any:
        """Waits until this process holds the lock, or raises Timeout after `timeout` seconds."""

    def release(self) -> Any:
        """Releases the lock."""


def acquire(lock: Lock, name: str) -> None:
    """Waits until this process holds `lock`. The log line about waiting calls the lock `name`."""
    try:
        lock.acquire(timeout=REPORT_AFTER_S)
    except Timeout:
        log.info("waiting for %s: another process holds it", name)
        lock.acquire()


@contextmanager
def hold_lock(lock: Lock, name: str) -> Iterator[None]:
    """Holds `lock` for the block, after waiting for it as `acquire` does."""
    acquire(lock, name)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def hold_free_lock(lock: Lock, message: str, timeout: float = 0) -> Iterator[None]:
    """Holds `lock` for the block; raises an error if another process holds it.

    Raises:
        StorageError: With `message`, if the lock is not free within `timeout` seconds.
    """
    try:
        lock.acquire(timeout=timeout)
    except Timeout:
        raise StorageError(message) from None
    try:
        yield
    finally:
        lock.release()
