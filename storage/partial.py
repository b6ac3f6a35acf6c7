"""A folder that outlives a process that is stopped, and takes its place at the end."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from .replacing import before_of, discard, finished_of, put, settle
from .runs import Runs, StorageError, unwritable
from .scratch import scratch

log = logging.getLogger(__name__)


def partial_of(folder: Path) -> Path:
    """Returns the folder in which a training grows, beside the one that it will take."""
    return folder.with_name(f"{folder.name}-partial")


def left_by(folder: Path, proof: str) -> Path | None:
    """Returns the folder that a stopped process has left to go on with; None if it left none.

    Args:
        folder: The folder that was to be replaced.
        proof: Name of the file in it without which there is nothing to go on with.
    """
    partial = partial_of(folder)
    places = (partial, finished_of(folder), folder, before_of(partial))
    return next((place for place in places if (place / proof).exists()), None)


def settled(folder: Path, runs: Runs) -> Path:
    """Returns a folder, which is in its place even if a process was killed while it put it there.

    Raises:
        StorageError: If it cannot be put there.
    """
    if finished_of(folder).is_dir():
        try:
            with scratch(runs.cache) as place:
                settle(folder, place)
        except OSError as error:
            raise unwritable(folder, error) from error
    return folder


@contextmanager
def partial_folder(folder: Path, runs: Runs, proof: str, *, resume: bool) -> Iterator[Path]:
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
    partial = partial_of(folder)
    aside = before_of(partial)
    lock = FileLock(runs.cache / f"{folder.parent.name}-{folder.name}.lock")
    try:
        runs.cache.mkdir(parents=True, exist_ok=True)
        with lock.acquire(timeout=0):
            with scratch(runs.cache) as place:
                settle(folder, place)
                _begin(folder, proof, place, resume)
                try:
                    yield partial
                except BaseException as error:
                    if not (partial / proof).exists():
                        _forget(partial, aside, place)
                    elif isinstance(error, KeyboardInterrupt):
                        raise KeyboardInterrupt(
                            f"{partial} is kept: the same training goes on"
                        ) from None
                    raise
                put(partial, folder, place, keep=True)
                discard(aside, place)
            (folder / proof).unlink(missing_ok=True)
    except Timeout:
        raise StorageError(
            f"{folder} is being trained by another process: wait until it is through"
        ) from None
    except OSError as error:
        raise unwritable(folder, error) from error


def _begin(folder: Path, proof: str, place: Path, resume: bool) -> None:
    """Makes the folder that grows, of what was left or of nothing."""
    partial = partial_of(folder)
    left = left_by(folder, proof)
    if resume and left is not None:
        if left != partial:
            discard(partial, place)
            left.rename(partial)
        return
    (folder / proof).unlink(missing_ok=True)  # it is whole, and others are to come
    if left == partial:
        discard(before_of(partial), place)
        partial.rename(before_of(partial))
        log.info(
            "the training in %s was stopped, and is set aside until this one is finished", partial
        )
    discard(partial, place)
    partial.mkdir(parents=True)


def _forget(partial: Path, aside: Path, place: Path) -> None:
    """Removes a training that has not come far enough to go on, and puts the last one back."""
    discard(partial, place)
    if aside.exists():
        aside.rename(partial)
    elif not any(partial.parent.iterdir()):
        partial.parent.rmdir()
