"""What a file from anywhere may hold before anybody looks at it: values that come to an end."""

from typing import Any

from .storage_error import StorageError

MAX_VALUES = 1_000_000
MAX_DEPTH = 50
MAX_INTEGER_BITS = 1024  # a larger number fits no float, and soon cannot even be printed


def check_limits(found: Any, where: str) -> None:
    """Refuses tables and lists that hold themselves, or so much that no file of ours could.

    To print one, or to walk through it, would take for ever.

    Args:
        found: What was read of a file.
        where: The file, for the error.

    Raises:
        StorageError: If it has too many values, is nested too deeply, or holds too large a number.
    """
    waiting, seen = [(found, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (list, tuple, set)):
            waiting += [(inner, depth + 1) for inner in value]
        if depth > MAX_DEPTH or seen + len(waiting) > MAX_VALUES:
            raise StorageError(f"{where} is nested too deeply, or holds too much")
        if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
            raise StorageError(f"{where} holds a number of more than {MAX_INTEGER_BITS} bits")
