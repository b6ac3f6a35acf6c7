"""Replaces a folder by a new one so that a kill between two renames loses neither.

The new folder is renamed to `NAME-finished` first. From then on `finish_replacement` completes the
replacement, in any process. A training fills `NAME-partial`, and can be resumed from it.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from .lock_wait import hold_free_lock, hold_lock
from .runs_folder import Runs
from .scratch_folder import scratch_folder
from .storage_error import report_unwritable

log = logging.getLogger(__name__)


def finished_folder(folder: Path) -> Path:
    """Returns the path of a complete folder that is about to replace `folder`."""
    return folder.with_name(f"{folder.name}-finished")


def previous_folder(folder: Path) -> Path:
    """Returns the path of the folder that `folder` has replaced."""
    return folder.with_name(f"{folder.name}-before")


def in_progress_folder(folder: Path) -> Path:
    """Returns the path of the folder that a training fills before it replaces `folder`."""
    return folder.with_name(f"{folder.name}-partial")


def find_resumable(folder: Path, marker: str) -> Path | None:
    """Returns the folder from which a stopped training of `folder` can be resumed.

    Returns None if there is none: it must hold a file that is called `marker`.
    """
    partial = in_progress_folder(folder)
    places = (partial, finished_folder(folder), folder, previous_folder(partial))
    return next((place for place in places if (place / marker).exists()), None)


@contextmanager
def replace_folder(folder: Path, runs: Runs) -> Iterator[Path]:
    """Yields an empty folder that replaces `folder`, if that exists, when the block has succeeded.

    Until then it lies in the cache of the runs folder.

    Raises:
        StorageError: If it cannot be written; the old folder is not changed then.
    """
    with report_unwritable(folder), scratch_folder(runs.cache) as scratch:
        new = scratch / "new"
        new.mkdir()
        yield new
        replace_with(new, folder, scratch, keep=False)


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
    with report_unwritable(folder):
        runs.cache.mkdir(parents=True, exist_ok=True)
        with (
            hold_free_lock(
                FileLock(runs.cache / f"{folder.parent.name}-{folder.name}.lock"),
                f"{folder} is being trained by another process: wait until it has finished",
            ),
            scratch_folder(runs.cache) as scratch,
        ):
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


def _prepare_partial(folder: Path, marker: str, scratch: Path, resume: bool) -> None:
    """Creates the folder in progress, from the files of an earlier process or empty."""
    partial = in_progress_folder(folder)
    resumable = find_resumable(folder, marker)
    if resume and resumable is not None:
        if resumable != partial:
            discard(partial, scratch)
            resumable.rename(partial)
        return
    (folder / marker).unlink(missing_ok=True)  # the folder is complete
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


def recover_folder(folder: Path, runs: Runs) -> Path:
    """Returns a folder, after completing its replacement if a process was killed meanwhile.

    Raises:
        StorageError: If it cannot be completed.
    """
    if finished_folder(folder).is_dir():
        with report_unwritable(folder), scratch_folder(runs.cache) as scratch:
            finish_replacement(folder, scratch)
    return folder


def replace_with(new: Path, folder: Path, scratch: Path, *, keep: bool) -> None:
    """Replaces a folder, which need not exist, by a complete new one.

    `scratch` is a scratch folder in the same file system. With `keep`, the old folder is kept as
    `previous_folder(folder)`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    finish_replacement(folder, scratch)
    shutil.move(new, finished_folder(folder))
    finish_replacement(folder, scratch)
    if not keep:
        discard(previous_folder(folder), scratch)


def finish_replacement(folder: Path, scratch: Path) -> None:
    """Completes a `replace_with` that a kill interrupted, if there is one."""
    finished, previous = finished_folder(folder), previous_folder(folder)
    if not finished.is_dir():
        return
    with hold_lock(FileLock(scratch.parent / "renames.lock"), f"{folder}"):
        if not finished.is_dir():  # another process was faster
            return
        if folder.exists():
            discard(previous, scratch)
            folder.rename(previous)
        finished.rename(folder)


def discard(path: Path, scratch: Path) -> None:
    """Removes a file or folder, if it exists, by one rename into a scratch folder."""
    if os.path.lexists(path):
        shutil.move(path, tempfile.mkdtemp(dir=scratch))
