"""How the head of a search reaches its workers: on this machine, or on a cluster."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from ...storage.search_lock import Lock, search_lock
from .local import Local
from .plan import SearchPlan


class Engine(Protocol):
    """How workers start, speak, stop and die.

    Attributes:
        mute: Whether they cannot tell the database themselves that they live.
    """

    mute: bool

    def start(self, index: int) -> None:
        """Starts a worker, or one in the place of a dead one."""

    def listen(self, seconds: float) -> Sequence[tuple[int, str, Any]]:
        """Waits for that long at most, unless there is something, and returns what was heard.

        That are the number of a worker, a word, and what it is about: the words of `Links`,
        `failed` with the exception that has ended the worker, `left` when it has ended well, and
        `died` with what it died of.
        """

    def ask_to_stop(self) -> None:
        """Asks all workers to leave; those that have not begun leave at once."""

    def end(self) -> None:
        """Ends what is still there."""


def engine_of(plan: SearchPlan, scratch: Path) -> tuple[Engine, Lock]:
    """Returns what reaches the workers of a search, and the lock that they share with the head."""
    if plan.cluster is None:
        return Local(plan, scratch), search_lock(plan.storage, plan.runs)
    from .ray_engine import OnRay  # which an extra brings

    engine = OnRay(plan, scratch)
    return engine, engine.lock
