"""Limits for values that were read from files, which may come from anywhere."""

from typing import Any

from .storage_error import StorageError

MAX_VALUES = 1_000_000
MAX_DEPTH = 50
MAX_INTEGER_BITS = 1024
"""A larger integer fits no float, and takes long to print."""


def check_limits(value: Any, where: str) -> None:
    """Refuses tables and lists that contain themselves or are too large to walk through.

    Args:
        value: The value that was read from a file.
        where: The file, for the error message.

    Raises:
        StorageError: If it has too many values, is nested too deeply, or has too large an integer.
    """
    waiting, seen = [(value, 0)], 0
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        if isinstance(item, dict):
            item = list(item.values())
        if isinstance(item, (list, tuple, set)):
            waiting += [(inner, depth + 1) for inner in item]
        if depth > MAX_DEPTH or seen + len(waiting) > MAX_VALUES:
            raise StorageError(f"{where} is nested too deeply, or holds too much")
        if isinstance(item, int) and item.bit_length() > MAX_INTEGER_BITS:
            raise StorageError(f"{where} holds a number of more than {MAX_INTEGER_BITS} bits")
