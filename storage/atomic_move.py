"""Putting new files where they belong: all of them or none, and none in the place of another."""

import filecmp
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from .storage_error import StorageError, write_error


def check_targets(files: Mapping[Path, Path]) -> None:
    """Checks that nothing else lies where files are to go.

    Args:
        files: The files to move, by where they are to go.

    Raises:
        StorageError: If a place is taken by another file.
    """
    for target, source in files.items():
        if target.exists() and not _same_content(source, target):
            raise StorageError(
                f"{target} is there already, and is another file: choose another `name=`, or "
                "move it away"
            )


@contextmanager
def move_files(files: Mapping[Path, Path]) -> Iterator[None]:
    """Moves files to their places, and takes them away again if the block fails.

    What is there already stays as it is.

    Args:
        files: The files to move, by where they are to go.

    Raises:
        StorageError: If one cannot be written.
    """
    done: list[Path] = []
    try:
        try:
            for target, source in files.items():
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    done.append(target)
                    shutil.move(source, target)
        except OSError as error:
            raise write_error(done[-1], error) from error
        yield
    except BaseException:
        for target in done:
            target.unlink(missing_ok=True)
            with suppress(OSError):  # until a folder that holds more
                for folder in target.parents:
                    folder.rmdir()
        raise


def _same_content(one: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(one, other, shallow=False)
