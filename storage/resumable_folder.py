"""A folder that outlives a process that is stopped, and takes its place at the end."""

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
from .storage_error import StorageError, write_error

log = logging.getLogger(__name__)


def in_progress_folder(folder: Path) -> Path:
    """Returns the folder in which a training grows, beside the one that it will take."""
    return folder.with_name(f"{folder.name}-partial")


def find_resumable(folder: Path, proof: str) -> Path | None:
    """Returns the folder that a stopped process has left to go on with; None if it left none.

    Args:
        folder: The folder that was to be replaced.
        proof: Name of the file in it without which there is nothing to go on with.
    """
    partial = in_progress_folder(folder)
    places = (partial, finished_folder(folder), folder, previous_folder(partial))
    return next((place for place in places if (place / proof).exists()), None)


def recover_folder(folder: Path, runs: Runs) -> Path:
    """Returns a folder, which is in its place even if a process was killed while it put it there.

    Raises:
        StorageError: If it cannot be put there.
    """
    if finished_folder(folder).is_dir():
        try:
            with scratch_folder(runs.cache) as place:
                finish_replacement(folder, place)
        except OSError as error:
            raise write_error(folder, error) from error
    return folder


@contextmanager
def resumable_folder(folder: Path, runs: Runs, proof: str, *, resume: bool) -> Iterator[Path]:
    """Gives a folder that takes the place of `folder` once the block has succeeded.

    If the block fails, the folder stays where it is, unless it holds too little to go on; if its
    process is killed, it stays in any case, up to the last rename. What was in the place of
    `folder` is kept, with `-before` behind its name.

    Args:
        folder: The folder to replace; it need not exist.
        runs: The runs folder.
        proof: Name of the file in it without which there is nothing to go on with. It is removed
            in the end, after all else: a folder in its place that has it was not announced yet.
        resume: Whether to give what an earlier block has left. If not, that is set aside until
            this block has succeeded, or removed if it holds too little to go on.

    Raises:
        StorageError: If it cannot be written, or another process is at work in it.
        KeyboardInterrupt: On Ctrl-C; with a message if there is something to go on with.
    """
    partial = in_progress_folder(folder)
    aside = previous_folder(partial)
    lock = FileLock(runs.cache / f"{folder.parent.name}-{folder.name}.lock")
    try:
        runs.cache.mkdir(parents=True, exist_ok=True)
        with lock.acquire(timeout=0):
            with scratch_folder(runs.cache) as place:
                finish_replacement(folder, place)
                _prepare_partial(folder, proof, place, resume)
                try:
                    yield partial
                except BaseException as error:
                    if not (partial / proof).exists():
                        _drop_partial(partial, aside, place)
                    elif isinstance(error, KeyboardInterrupt):
                        raise KeyboardInterrupt(
                            f"{partial} is kept: the same training goes on"
                        ) from None
                    raise
                replace_with(partial, folder, place, keep=True)
                discard(aside, place)
            (folder / proof).unlink(missing_ok=True)
    except Timeout:
        raise StorageError(
            f"{folder} is being trained by another process: wait until it is through"
        ) from None
    except OSError as error:
        raise write_error(folder, error) from error


def _prepare_partial(folder: Path, proof: str, place: Path, resume: bool) -> None:
    """Makes the folder that grows, of what was left or of nothing."""
    partial = in_progress_folder(folder)
    left = find_resumable(folder, proof)
    if resume and left is not None:
        if left != partial:
            discard(partial, place)
            left.rename(partial)
        return
    (folder / proof).unlink(missing_ok=True)  # it is whole, and others are to come
    if left == partial:
        discard(previous_folder(partial), place)
        partial.rename(previous_folder(partial))
        log.info(
            "the training in %s was stopped, and is set aside until this one is finished", partial
        )
    discard(partial, place)
    partial.mkdir(parents=True)


def _drop_partial(partial: Path, aside: Path, place: Path) -> None:
    """Removes a training that has not come far enough to go on, and puts the last one back."""
    discard(partial, place)
    if aside.exists():
        aside.rename(partial)
    elif not any(partial.parent.iterdir()):
        partial.parent.rmdir()
