"""Files for results that a user names: existing files are never replaced."""

import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from .storage_error import StorageError, refuse_url

NEW_FILE_FLAGS = os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
"""Flags that open a file only if it does not exist, not even as a link."""


def check_output(path: Path, suffixes: Collection[str], option: str = "out") -> None:
    """Raises StorageError if a file exists already, or its suffix is not allowed.

    Args:
        path: The file.
        suffixes: The allowed suffixes.
        option: Name of the argument, for the error message.
    """
    refuse_url(path, option)
    if path.suffix.lower() not in suffixes:
        raise StorageError(f"`{option}=` must end in {' or '.join(suffixes)}, not {path.name!r}")
    if os.path.lexists(path):
        raise _exists_error(path, option)


@contextmanager
def new_file(path: Path, option: str = "out") -> Iterator[IO[bytes]]:
    """Yields a file to write to. It gets its name when the block has succeeded.

    Until then it is anonymous where the system supports that, so that a kill leaves nothing, and
    has a random name elsewhere, so that nobody can place a link in its way.

    Raises:
        StorageError: If it cannot be written, or a file with its name exists by then.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = _open_anonymous_file(path.parent)
        try:
            with open(descriptor, "w+b") as file:
                yield file
                file.flush()
                _link_name(descriptor, partial, path)
        finally:
            if not partial.is_relative_to("/proc"):
                partial.unlink(missing_ok=True)
    except FileExistsError as error:
        raise _exists_error(path, option) from error
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; choose another `{option}=`"
        ) from error


def _open_anonymous_file(folder: Path) -> tuple[int, Path]:
    """Opens a new file, anonymous if possible; returns its descriptor and a path to it."""
    with suppress(AttributeError, OSError):  # not supported here
        descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o666)
        return descriptor, Path(f"/proc/self/fd/{descriptor}")
    partial = folder / f".{secrets.token_hex(16)}.partial"
    return os.open(partial, NEW_FILE_FLAGS | os.O_RDWR, 0o666), partial


def _link_name(descriptor: int, partial: Path, path: Path) -> None:
    """Gives a file its name; raises FileExistsError if another file has it."""
    try:
        # Python follows the link in /proc only if it is given a folder.
        folder = descriptor if os.link in os.supports_dir_fd else None
        os.link(partial, path, src_dir_fd=folder)
    except FileExistsError:
        raise
    except OSError:  # this file system has no hard links
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        os.rename(partial, path)


def _exists_error(path: Path, option: str) -> StorageError:
    return StorageError(f"{path} is there already: choose another `{option}=`, or remove it")
