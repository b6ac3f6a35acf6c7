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
    """Yields a new path to write to. That file replaces `path` when the block has succeeded.

    Processes may write the same file at once: the last one wins. Temporary files of processes
    that were killed are removed.

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
    """Removes temporary files of `path` that processes of this machine left when they died."""
    start = f".{path.name}.{platform.node()}-"
    for partial in folder.glob(f"{glob.escape(start)}*.partial"):
        pid = partial.name.removeprefix(start).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            with suppress(OSError):
                partial.unlink(missing_ok=True)


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


def check_output(path: Path, suffixes: Collection[str], option: str = "out") -> None:
    """Raises StorageError if a file exists already, or its suffix is not an allowed one.

    `option` is the name of the argument with the path, for the error message.
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


def check_targets(files: Mapping[Path, Path]) -> None:
    """Raises StorageError if `move_files` would find another file in one of the new places."""
    for target, source in files.items():
        if target.exists() and not is_same_file(target, source):
            raise StorageError(
                f"{target} is there already and is another file: choose another `name=`, or move "
                "it away"
            )


@contextmanager
def move_files(files: Mapping[Path, Path]) -> Iterator[None]:
    """Moves files to their new places, and removes them again if the block fails.

    Files that exist already are left unchanged. `files` holds the files by their new places.

    Raises:
        StorageError: If one cannot be written.
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
    """Returns whether two paths are files with the same content, and not links."""
    files = all(p.is_file() and not p.is_symlink() for p in (path, other))
    return files and filecmp.cmp(path, other, shallow=False)
