"""The interface through which the coordinator reaches its workers."""

from collections.abc import Sequence
from typing import Any, Protocol

from ...storage.search_lock import Lock

Message = tuple[int, str, Any]
"""Index of a worker, kind and content of a message."""


class WorkerBackend(Protocol):
    """Starts workers and exchanges messages with them.

    Attributes:
        lock: The lock that the workers share with the coordinator.
        needs_heartbeat_proxy: Whether workers cannot write heartbeats to the database themselves.
    """

    lock: Lock
    needs_heartbeat_proxy: bool

    def start(self, index: int) -> None:
        """Starts a worker, perhaps in the place of a dead one."""

    def receive(self, seconds: float) -> Sequence[Message]:
        """Returns all messages; waits for the given time at most if there are none yet.

        To the messages that `run_worker` sends, it adds `died` with the reason.
        """

    def request_stop(self) -> None:
        """Asks all workers to stop; those that have not been started yet end at once."""

    def close(self) -> None:
        """Kills the workers that still run."""
