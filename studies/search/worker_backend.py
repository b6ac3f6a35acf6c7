"""How the head of a search reaches its workers: on this machine, or on a cluster."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from ...storage.search_lock import Lock, search_lock
from .process_backend import ProcessBackend
from .search_plan import SearchPlan


class WorkerBackend(Protocol):
    """How workers start, speak, stop and die.

    Attributes:
        needs_heartbeat_proxy: Whether they cannot tell the database themselves that they live.
    """

    needs_heartbeat_proxy: bool

    def start(self, index: int) -> None:
        """Starts a worker, or one in the place of a dead one."""

    def receive(self, seconds: float) -> Sequence[tuple[int, str, Any]]:
        """Waits for that long at most, unless there is something, and returns what was heard.

        Each message is the index of a worker, a kind and a content: the kinds of `WorkerContext`,
        `failed` with the exception that ended the worker, `finished_work`, and `died` with the
        reason.
        """

    def request_stop(self) -> None:
        """Asks all workers to leave; those that have not begun leave at once."""

    def close(self) -> None:
        """Ends what is still there."""


def create_backend(plan: SearchPlan, scratch: Path) -> tuple[WorkerBackend, Lock]:
    """Returns what reaches the workers of a search, and the lock that they share with the head."""
    if plan.cluster is None:
        return ProcessBackend(plan, scratch), search_lock(plan.storage, plan.runs)
    from .ray_backend import RayBackend  # which an extra brings

    backend = RayBackend(plan, scratch)
    return backend, backend.lock
