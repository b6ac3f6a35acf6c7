"""A folder that is filled under another name first, so that a stopped training can be resumed."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from .folder_replacement import (
    discard,
    finish_replacement,
    finished_folder,
    previous_folder,
    replace_with,
)
from .runs_folder import Runs
from .scratch_folder import scratch_folder
from .storage_error import StorageError, unwritable_path_error

log = logging.getLogger(__name__)


def in_progress_folder(folder: Path) -> Path:
    """Returns the folder in which the files grow that will replace `folder`."""
    return folder.with_name(f"{folder.name}-partial")


def find_resumable(folder: Path, marker: str) -> Path | None:
    """Returns the folder from which a stopped process can be resumed; None if there is none.

    Args:
        folder: The folder that was to be replaced.
        marker: Name of the file in it without which it cannot be resumed.
    """
    partial = in_progress_folder(folder)
    places = (partial, finished_folder(folder), folder, previous_folder(partial))
    return next((place for place in places if (place / marker).exists()), None)


def recover_folder(folder: Path, runs: Runs) -> Path:
    """Returns a folder, after completing its replacement if a process was killed meanwhile.

    Raises:
        StorageError: If it cannot be completed.
    """
    if finished_folder(folder).is_dir():
        try:
            with scratch_folder(runs.cache) as scratch:
                finish_replacement(folder, scratch)
        except OSError as error:
            raise unwritable_path_error(folder, error) from error
    return folder


@contextmanager
def resumable_folder(folder: Path, runs: Runs, marker: str, *, resume: bool) -> Iterator[Path]:
    """Yields a folder that replaces `folder` when the block has succeeded.

    The replaced folder is kept with `-before` behind its name. If the block fails, the new folder
    stays where it is and can be resumed, unless it lacks the marker. If the process is killed, it
    stays in any case.

    Args:
        folder: The folder to replace; it need not exist.
        runs: The runs folder.
        marker: Name of the file in it without which it cannot be resumed. It is removed last: a
            folder in its final place with a marker has not been reported as finished.
        resume: Whether to yield the folder that an earlier block has left. If not, that folder is
            set aside until this block has succeeded, or removed if it lacks the marker.

    Raises:
        StorageError: If it cannot be written, or another process uses it.
        KeyboardInterrupt: On Ctrl-C, with a message if it can be resumed.
    """
    partial = in_progress_folder(folder)
    set_aside = previous_folder(partial)
    lock = FileLock(runs.cache / f"{folder.parent.name}-{folder.name}.lock")
    try:
        runs.cache.mkdir(parents=True, exist_ok=True)
        with lock.acquire(timeout=0):
            with scratch_folder(runs.cache) as scratch:
                finish_replacement(folder, scratch)
                _prepare_partial(folder, marker, scratch, resume)
                try:
                    yield partial
                except BaseException as error:
                    if not (partial / marker).exists():
                        _drop_partial(partial, set_aside, scratch)
                    elif isinstance(error, KeyboardInterrupt):
                        raise KeyboardInterrupt(
                            f"{partial} is kept: the same training goes on"
                        ) from None
                    raise
                replace_with(partial, folder, scratch, keep=True)
                discard(set_aside, scratch)
            (folder / marker).unlink(missing_ok=True)
    except Timeout:
        raise StorageError(
            f"{folder} is being trained by another process: wait until it has finished"
        ) from None
    except OSError as error:
        raise unwritable_path_error(folder, error) from error


def _prepare_partial(folder: Path, marker: str, scratch: Path, resume: bool) -> None:
    """Creates the folder in progress, from the files of an earlier process or empty."""
    partial = in_progress_folder(folder)
    resumable = find_resumable(folder, marker)
    if resume and resumable is not None:
        if resumable != partial:
            discard(partial, scratch)
            resumable.rename(partial)
        return
    (folder / marker).unlink(missing_ok=True)  # it is complete
    if resumable == partial:
        discard(previous_folder(partial), scratch)
        partial.rename(previous_folder(partial))
        log.info(
            "the training in %s was stopped, and is set aside until this one is finished", partial
        )
    discard(partial, scratch)
    partial.mkdir(parents=True)


def _drop_partial(partial: Path, set_aside: Path, scratch: Path) -> None:
    """Removes a folder that cannot be resumed, and puts back the one that was set aside."""
    discard(partial, scratch)
    if set_aside.exists():
        set_aside.rename(partial)
    elif not any(partial.parent.iterdir()):
        partial.parent.rmdir()
