"""Files that a user names for results: never in the place of another."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from .runs import StorageError


def check_output(path: Path, suffixes: Collection[str], option: str = "out") -> None:
    """Raises StorageError if there is such a file, or one of its suffix cannot be written.

    Args:
        path: The file.
        suffixes: What its name may end in.
        option: The argument that names it, for messages.
    """
    if path.suffix.lower() not in suffixes:
        raise StorageError(f"`{option}=` must end in {' or '.join(suffixes)}, not {path.name!r}")
    if os.path.lexists(path):
        raise StorageError(f"{path} is there already: choose another `{option}=`, or remove it")


@contextmanager
def new_file(path: Path, option: str = "out") -> Iterator[Path]:
    """Gives a path to write to; what lies there becomes the file once the block has succeeded.

    Raises:
        StorageError: If it cannot be written.
    """
    partial = path.with_name(f".partial-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; choose another `{option}=`"
        ) from error
    finally:
        partial.unlink(missing_ok=True)
