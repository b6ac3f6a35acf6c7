"""Where new items lie: files, folders, globs that no shell has expanded, and standard input."""

import os
import sys
from difflib import get_close_matches
from glob import glob

from ..data_error import DataError
from ..input_limits import MAX_FILE_BYTES, check_input_size

STANDARD_INPUT = "-"
GLOB_CHARACTERS = frozenset("*?[")


def resolve_paths(given: str) -> list[str]:
    """Returns the file or folder that was named, or all that a glob means.

    Raises:
        DataError: If there is none; it names the nearest that is there.
    """
    if os.path.exists(given):
        return [given]
    if GLOB_CHARACTERS & set(given):
        if found := sorted(glob(given, recursive=True)):
            return found
        raise DataError(f"no file is called {given!r}")
    nearest = _nearest(given)
    hint = "" if nearest is None else f"; did you mean {nearest!r}?"
    raise DataError(f"there is no file or folder {given!r}{hint}")


def to_printable(path: str) -> str:
    """Returns a path as text, whatever bytes the name of the file is made of."""
    return os.fsencode(path).decode(errors="replace")


def read_standard_input() -> bytes:
    """Returns what is typed, or comes through a pipe.

    Raises:
        DataError: If that is nothing, or too much.
    """
    is_open = sys.stdin is not None  # None where it is closed
    raw = sys.stdin.buffer.read(MAX_FILE_BYTES["text"] + 1) if is_open else b""
    check_input_size("standard input", len(raw), "text")
    if not raw.strip():
        raise DataError("standard input is empty")
    return raw


def read_standard_input_lines() -> list[str]:
    """Returns the lines of standard input that are not blank.

    Raises:
        DataError: If there are none, or they are no text in UTF-8.
    """
    try:
        text = read_standard_input().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("standard input is no text in UTF-8") from error
    return [line.strip() for line in text.split("\n") if line.strip()]


def _nearest(path: str) -> str | None:
    """Returns what is there and called almost like a path, if anything is."""
    folder, name = os.path.split(path)
    if folder and not os.path.isdir(folder):
        nearest = _nearest(folder)
        if nearest is None or os.path.exists(os.path.join(nearest, name)):
            return nearest and os.path.join(nearest, name)
        folder = nearest
    try:
        close = get_close_matches(name, os.listdir(folder or "."), n=1)
    except OSError:
        return None
    return os.path.join(folder, close[0]) if close else None
