"""Paths of new items: files, folders, globs, and standard input."""

import os
import sys
from difflib import get_close_matches
from glob import glob

from ..data_error import DataError
from ..input_limits import MAX_FILE_BYTES, check_input_size

STANDARD_INPUT = "-"
GLOB_CHARACTERS = frozenset("*?[")


def resolve_paths(path: str) -> list[str]:
    """Returns the file or folder of a path, or all matches of a glob."""
    if os.path.exists(path):
        return [path]
    if GLOB_CHARACTERS & set(path):
        if matches := sorted(glob(path, recursive=True)):
            return matches
        raise DataError(f"no file matches {path!r}")
    nearest = _nearest_path(path)
    hint = "" if nearest is None else f"; did you mean {nearest!r}?"
    raise DataError(f"there is no file or folder {path!r}{hint}")


def to_printable(path: str) -> str:
    """Returns a path as valid text; bytes that are not UTF-8 are replaced."""
    return os.fsencode(path).decode(errors="replace")


def read_standard_input() -> bytes:
    """Returns the content of standard input."""
    is_open = sys.stdin is not None
    raw = sys.stdin.buffer.read(MAX_FILE_BYTES["text"] + 1) if is_open else b""
    check_input_size("standard input", len(raw), "text")
    if not raw.strip():
        raise DataError("standard input is empty")
    return raw


def read_standard_input_lines() -> list[str]:
    """Returns the lines of standard input that are not blank."""
    try:
        text = read_standard_input().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("standard input is not a text in UTF-8") from error
    return [line.strip() for line in text.split("\n") if line.strip()]


def _nearest_path(path: str) -> str | None:
    """Returns the existing path with the most similar name, if there is one."""
    folder, name = os.path.split(path)
    if folder and not os.path.isdir(folder):
        nearest = _nearest_path(folder)
        if nearest is None or os.path.exists(os.path.join(nearest, name)):
            return nearest and os.path.join(nearest, name)
        folder = nearest
    try:
        close = get_close_matches(name, os.listdir(folder or "."), n=1)
    except OSError:
        return None
    return os.path.join(folder, close[0]) if close else None
