"""A timer that ends when a test says so, and not after some seconds."""

from collections.abc import Callable
from typing import ClassVar

FIRE = "from latentune.studies.search import deadline; deadline.threading.Timer.fire()"
"""A statement with which a network lets the deadline of its search pass."""


class ManualTimer:
    """Replaces `threading.Timer`; `fire` does what the last timer would do at its end."""

    end: ClassVar[Callable[[], None]]

    def __init__(self, seconds: float, end: Callable[[], None]) -> None:
        type(self).end = staticmethod(end)

    @classmethod
    def fire(cls) -> None:
        cls.end()

    def start(self) -> None: ...

    def cancel(self) -> None: ...
