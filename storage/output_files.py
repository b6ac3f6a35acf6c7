"""Files that a user names for results: never in the place of another."""

import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from .storage_error import StorageError, refuse_url

NEW_FILE_FLAGS = os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
"""How a file is opened that must not be there yet, nor be a link to another one."""


def check_output(path: Path, suffixes: Collection[str], option: str = "out") -> None:
    """Raises StorageError if there is such a file, or one of its suffix cannot be written.

    Args:
        path: The file.
        suffixes: What its name may end in.
        option: The argument that names it, for messages.
    """
    refuse_url(path, option)
    if path.suffix.lower() not in suffixes:
        raise StorageError(f"`{option}=` must end in {' or '.join(suffixes)}, not {path.name!r}")
    if os.path.lexists(path):
        raise _exists_error(path, option)


@contextmanager
def new_file(path: Path, option: str = "out") -> Iterator[IO[bytes]]:
    """Gives a file to write to, which gets its name once the block has succeeded.

    Until then it has none where the system knows such files, so that a kill leaves nothing, and
    elsewhere one that nobody can guess: a link that somebody has laid there would be followed.

    Raises:
        StorageError: If it cannot be written, or there is such a file by then.
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
    """Opens a new file in a folder, without a name if that can be; returns how to refer to it."""
    with suppress(AttributeError, OSError):  # other systems have no such files
        descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o666)
        return descriptor, Path(f"/proc/self/fd/{descriptor}")
    partial = folder / f".{secrets.token_hex(16)}.partial"
    return os.open(partial, NEW_FILE_FLAGS | os.O_RDWR, 0o666), partial


def _link_name(descriptor: int, partial: Path, path: Path) -> None:
    """Lets a file be found by its name, which no other has.

    Raises:
        FileExistsError: If there is one by now.
    """
    try:
        # Python follows the link to the open file only if it is given some folder.
        folder = descriptor if os.link in os.supports_dir_fd else None
        os.link(partial, path, src_dir_fd=folder)
    except FileExistsError:
        raise
    except OSError:  # not every file system has a second name for a file
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        os.rename(partial, path)


def _exists_error(path: Path, option: str) -> StorageError:
    return StorageError(f"{path} is there already: choose another `{option}=`, or remove it")
