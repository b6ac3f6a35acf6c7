"""Replaces a folder called `NAME` by a new one. If the process is killed, neither is lost.

The new folder is first renamed to `NAME-finished`. If the process is killed after that, another
process completes the replacement by `finish_replacement`. A training writes to `NAME-partial`, and
can be resumed from that folder.
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
    """Returns the path `NAME-finished`: a complete folder that is about to replace `folder`."""
    return folder.with_name(f"{folder.name}-finished")


def previous_folder(folder: Path) -> Path:
    """Returns the path `NAME-before`: the older folder, which `folder` has replaced."""
    return folder.with_name(f"{folder.name}-before")


def in_progress_folder(folder: Path) -> Path:
    """Returns the path `NAME-partial`: the folder that a training of `folder` writes to."""
    return folder.with_name(f"{folder.name}-partial")


def find_resumable(folder: Path, marker: str) -> Path | None:
    """Returns the folder from which a stopped training of `folder` can be resumed, or None.

    Such a folder contains the file `marker`.
    """
    partial = in_progress_folder(folder)
    places = (partial, finished_folder(folder), folder, previous_folder(partial))
    return next((place for place in places if (place / marker).exists()), None)


@contextmanager
def replace_folder(folder: Path, runs: Runs) -> Iterator[Path]:
    """Yields a new empty folder, which replaces `folder` when the block has succeeded.

    `folder` need not exist. Until the end of the block, the new folder is in the cache of `runs`.

    Raises:
        StorageError: If a file cannot be written. Then the old folder is unchanged.
    """
    with report_unwritable(folder), scratch_folder(runs.cache) as scratch:
        new = scratch / "new"
        new.mkdir()
        yield new
        replace_with(new, folder, scratch, keep=False)


@contextmanager
def resumable_folder(folder: Path, runs: Runs, marker: str, *, resume: bool) -> Iterator[Path]:
    """Yields the folder `NAME-partial`, which replaces `folder` when the block has succeeded.

    The old folder is kept as `NAME-before`. If the block fails, `NAME-partial` is removed, unless
    it contains the marker: then it is kept and can be resumed.

    Args:
        folder: The folder to replace, which need not exist.
        runs: The runs folder.
        marker: Name of a file that the block writes as soon as it can be resumed. When the new
            folder has replaced the old one, this file is removed.
        resume: Whether to continue in the `NAME-partial` of an earlier block. If False, that
            folder is set aside until this block has succeeded, and then removed.

    Raises:
        StorageError: If a file cannot be written, or another process is using the folder.
        KeyboardInterrupt: On Ctrl-C, with a message if the block can be resumed.
    """
    partial = in_progress_folder(folder)
    set_aside = previous_folder(partial)
    with report_unwritable(folder):
        runs.cache.mkdir(parents=True, exist_ok=True)
        with hold_free_lock(
            FileLock(runs.cache / f"{folder.parent.name}-{folder.name}.lock"),
            f"{folder} is being trained by another process: wait until it has finished",
        ):
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
                            f"{partial} is kept: the same command continues this training"
                        ) from None
                    raise
                replace_with(partial, folder, scratch, keep=True)
                discard(set_aside, scratch)
            # The marker goes last: with it, the same command reports a folder that is in place.
            (folder / marker).unlink(missing_ok=True)


def _prepare_partial(folder: Path, marker: str, scratch: Path, resume: bool) -> None:
    """Creates `NAME-partial`: with the files of a stopped training if `resume`, or else empty."""
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
    """Removes `partial`, which cannot be resumed, and renames `set_aside` to `partial`."""
    discard(partial, scratch)
    if set_aside.exists():
        set_aside.rename(partial)
    elif not any(partial.parent.iterdir()):
        partial.parent.rmdir()


def recover_folder(folder: Path, runs: Runs) -> Path:
    """Returns `folder` unchanged, after completing a replacement that a kill has interrupted.

    Raises:
        StorageError: If the replacement cannot be completed.
    """
    if finished_folder(folder).is_dir():
        with report_unwritable(folder), scratch_folder(runs.cache) as scratch:
            finish_replacement(folder, scratch)
    return folder


def replace_with(new: Path, folder: Path, scratch: Path, *, keep: bool) -> None:
    """Moves the folder `new` to `folder`, in place of the old folder, if there is one.

    With `keep`, the old folder is renamed to `NAME-before`; otherwise it is removed. `scratch` is
    a scratch folder in the same file system.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    finish_replacement(folder, scratch)
    shutil.move(new, finished_folder(folder))
    finish_replacement(folder, scratch)
    if not keep:
        discard(previous_folder(folder), scratch)


def finish_replacement(folder: Path, scratch: Path) -> None:
    """Puts the finished content of a folder in its place, if there is any.

    For a folder NAME, this moves NAME to `NAME-before`, and then `NAME-finished` to NAME.
    """
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
    """Moves a file or folder, if it exists, into a scratch folder, which is removed later."""
    if os.path.lexists(path):
        shutil.move(path, tempfile.mkdtemp(dir=scratch))
