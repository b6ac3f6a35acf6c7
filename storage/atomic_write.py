"""Writes a file as a whole or not at all, even if the process is killed."""

import glob
import os
import platform
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from .storage_error import unwritable_path_error


@contextmanager
def atomic_file(path: Path, *, partial_in: Path | None = None) -> Iterator[Path]:
    """Yields a new path to write to. That file replaces `path` when the block has succeeded.

    Processes may write the same file at once: the last one wins. Temporary files of processes
    that were killed are removed.

    Args:
        path: The file to replace. Its folder is created.
        partial_in: Folder for the temporary file, in the same file system; by default that of
            `path`.
    """
    folder = partial_in or path.parent
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_partial_files(path, folder)
    owner = f"{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}"
    partial = folder / f".{path.name}.{owner}.partial"
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Writes a text file in UTF-8 as a whole or not at all.

    Raises:
        StorageError: If it cannot be written. An earlier file is not changed.
    """
    is_new_folder = not path.parent.exists()
    try:
        with atomic_file(path) as partial, partial.open("x", encoding="utf-8") as file:
            file.write(text)
    except (OSError, UnicodeError) as error:
        with suppress(OSError):
            if is_new_folder:
                path.parent.rmdir()
        raise unwritable_path_error(path, error) from error


def remove_partial_files(path: Path, folder: Path | None = None) -> None:
    """Removes temporary files of `path` that processes of this machine left when they died."""
    start = f".{path.name}.{platform.node()}-"
    for partial in (folder or path.parent).glob(f"{glob.escape(start)}*.partial"):
        pid = partial.name.removeprefix(start).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            with suppress(OSError):
                partial.unlink(missing_ok=True)
