"""A folder that outlives a process that is stopped, and takes its place at the end."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from .runs import Runs, StorageError, put, unwritable
from .scratch import scratch

log = logging.getLogger(__name__)


def partial_of(folder: Path) -> Path:
    """Returns the folder in which a training grows, beside the one that it will take."""
    return folder.with_name(f"{folder.name}-partial")


@contextmanager
def partial_folder(folder: Path, runs: Runs, proof: str, *, resume: bool) -> Iterator[Path]:
    """Gives a folder that takes the place of `folder` once the block has succeeded.

    If the block fails, the folder stays where it is, unless it holds too little to go on; if its
    process is killed, it stays in any case. What was in the place of `folder` is kept, with
    `-before` behind its name.

    Args:
        folder: The folder to replace; it need not exist.
        runs: The runs folder.
        proof: Name of the file in it without which there is nothing to go on with; it is removed
            in the end.
        resume: Whether to give what an earlier block has left. If not, that is set aside until
            this block has succeeded, or removed if it holds too little to go on.

    Raises:
        StorageError: If it cannot be written, or another process is at work in it.
        KeyboardInterrupt: On Ctrl-C; with a message if there is something to go on with.
    """
    partial = partial_of(folder)
    aside = partial.with_name(f"{partial.name}-before")
    lock = FileLock(runs.cache / f"{folder.parent.name}-{folder.name}.lock")
    try:
        with scratch(runs.cache) as place, lock.acquire(timeout=0):
            if not resume and (partial / proof).exists():
                shutil.rmtree(aside, ignore_errors=True)
                partial.rename(aside)
                log.info(
                    "the training in %s was stopped, and is set aside until this one is finished",
                    partial,
                )
            elif not resume:
                shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True, exist_ok=True)
            try:
                yield partial
            except BaseException as error:
                if not (partial / proof).exists():
                    _forget(partial, aside)
                elif isinstance(error, KeyboardInterrupt):
                    raise KeyboardInterrupt(
                        f"{partial} is kept: the same training goes on"
                    ) from None
                raise
            (partial / proof).unlink(missing_ok=True)
            put(partial, folder, place, keep=True)
            shutil.rmtree(aside, ignore_errors=True)
    except Timeout:
        raise StorageError(
            f"{folder} is being trained by another process: wait until it is through"
        ) from None
    except OSError as error:
        raise unwritable(folder, error) from error


def _forget(partial: Path, aside: Path) -> None:
    """Removes a training that has not come far enough to go on, and puts the last one back."""
    shutil.rmtree(partial, ignore_errors=True)
    if aside.exists():
        aside.rename(partial)
    elif not any(partial.parent.iterdir()):
        partial.parent.rmdir()
