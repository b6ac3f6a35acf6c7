"""A thread that calls a function every few seconds while a block runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def call_periodically(action: Callable[[], object], interval: float) -> Iterator[None]:
    """Calls `action` every `interval` seconds in a thread, until the block ends.

    The first call is after the first interval. A call that runs when the block ends is awaited.
    """
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(interval):
            action()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
