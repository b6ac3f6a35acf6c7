"""Writes and moves files as a whole or not at all, even if the process is killed."""

import filecmp
import glob
import os
import platform
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

from .storage_error import StorageError, refuse_url, unwritable_path_error

NEW_FILE_FLAGS = os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
"""Flags that open a file only if it does not exist, not even as a link."""


@contextmanager
def atomic_file(path: Path, *, partial_in: Path | None = None) -> Iterator[Path]:
    """Yields the path of a temporary file, which replaces `path` when the block has succeeded.

    If several processes write the same file at once, the last one wins. Temporary files that
    killed processes have left are removed.

    Args:
        path: The file to replace. Its folder is created.
        partial_in: Folder for the temporary file, in the same file system; by default the folder
            of `path`.
    """
    folder = partial_in or path.parent
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_partial_files(path, folder)
    owner = f"{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}"
    partial = folder / f".{path.name}.{owner}.partial"
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def _remove_partial_files(path: Path, folder: Path) -> None:
    """Removes the temporary files of `path` that dead processes of this machine have left."""
    start = f".{path.name}.{platform.node()}-"
    for partial in folder.glob(f"{glob.escape(start)}*.partial"):
        pid = partial.name.removeprefix(start).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text file in UTF-8 as `write_bytes` does."""
    try:
        content = text.encode()
    except UnicodeError as error:
        raise unwritable_path_error(path, error) from error
    write_bytes(path, content)


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file, as a whole or not at all.

    Raises:
        StorageError: If the file cannot be written. An existing file is then unchanged.
    """
    is_new_folder = not path.parent.exists()
    try:
        with atomic_file(path) as partial, partial.open("xb") as file:
            file.write(content)
    except OSError as error:
        with suppress(OSError):
            if is_new_folder:
                path.parent.rmdir()
        raise unwritable_path_error(path, error) from error


def check_output(path: Path, suffixes: Collection[str], option: str = "out") -> None:
    """Raises StorageError if `path` exists already, or does not end in one of the `suffixes`.

    `option` is the name of the user's argument that gave the path, for the error message.
    """
    refuse_url(path, option)
    if path.suffix.lower() not in suffixes:
        raise StorageError(f"`{option}=` must end in {' or '.join(suffixes)}, not {path.name!r}")
    if os.path.lexists(path):
        raise _exists_error(path, option)


@contextmanager
def new_file(path: Path, option: str = "out") -> Iterator[IO[bytes]]:
    """Yields an open file, which gets the name `path` when the block has succeeded.

    Until then, the file has no name on Linux, so a killed process leaves nothing behind. On other
    systems, the file has a random name.

    Raises:
        StorageError: If the file cannot be written, or `path` exists when the block ends.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = _open_anonymous_file(path.parent)
        try:
            with open(descriptor, "w+b") as file:
                yield file
                file.flush()
                _give_name(descriptor, partial, path)
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
    """Opens a new file, without a name if possible; returns its descriptor and its path."""
    with suppress(AttributeError, OSError):  # not supported here
        descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o666)
        return descriptor, Path(f"/proc/self/fd/{descriptor}")
    partial = folder / f".{secrets.token_hex(16)}.partial"
    return os.open(partial, NEW_FILE_FLAGS | os.O_RDWR, 0o666), partial


def _give_name(descriptor: int, partial: Path, path: Path) -> None:
    """Gives the name `path` to an open file; raises FileExistsError if `path` exists."""
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


def check_targets(files: Mapping[Path, Path]) -> None:
    """Raises StorageError if a target of `move_files` is already a file with other content."""
    for target, source in files.items():
        if target.exists() and not is_same_file(target, source):
            raise StorageError(
                f"{target} is there already and is another file: choose another `name=`, or move "
                "it away"
            )


@contextmanager
def move_files(files: Mapping[Path, Path]) -> Iterator[None]:
    """Moves files to new paths before the block. If the block fails, the new paths are removed.

    A file is not moved if its new path exists already.

    Args:
        files: The present path of each file, by its new path.

    Raises:
        StorageError: If a file cannot be written.
    """
    moved: list[Path] = []
    try:
        try:
            for target, source in files.items():
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    moved.append(target)
                    shutil.move(source, target)
        except OSError as error:
            raise unwritable_path_error(moved[-1], error) from error
        yield
    except BaseException:
        for target in moved:
            target.unlink(missing_ok=True)
            with suppress(OSError):  # raised by the first folder that is not empty
                for folder in target.parents:
                    folder.rmdir()
        raise


def is_same_file(path: Path, other: Path) -> bool:
    """Returns whether two paths are files with the same content. Links never count as the same."""
    files = all(p.is_file() and not p.is_symlink() for p in (path, other))
    return files and filecmp.cmp(path, other, shallow=False)
