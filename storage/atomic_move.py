"""Moving new files to their places: all of them or none, and never over other files."""

import filecmp
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from .storage_error import StorageError, unwritable_path_error


def check_targets(files: Mapping[Path, Path]) -> None:
    """Raises StorageError if another file exists in one of the places.

    Args:
        files: The files to move, by their new places.
    """
    for target, source in files.items():
        if target.exists() and not _same_content(source, target):
            raise StorageError(
                f"{target} is there already and is another file: choose another `name=`, or move "
                "it away"
            )


@contextmanager
def move_files(files: Mapping[Path, Path]) -> Iterator[None]:
    """Moves files to their places, and removes them again if the block fails.

    Files that exist already are left unchanged.

    Args:
        files: The files to move, by their new places.

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


def _same_content(one: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(one, other, shallow=False)
