"""A cache for output that takes seconds to compute, in the cache folder of the user."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

from ...storage.atomic_write import write_text
from ...storage.storage_error import StorageError

PACKAGE_FOLDER = Path(__file__).parents[2]


def cached_lines(name: str, sources: Sequence[str], compute: Callable[[], list[str]]) -> list[str]:
    """Returns the lines in the cache file `name`; if there are none, computes and saves them.

    Args:
        name: Name of the file in the cache.
        sources: Folders of the package. If a file in them or the version of Latentune has
            changed, the lines are computed again.
        compute: Returns the lines.
    """
    state = sha256(version("latentune").encode())
    for path in sorted(
        path for folder in sources for path in (PACKAGE_FOLDER / folder).rglob("*.py")
    ):
        state.update(path.read_bytes())
    first, kept = f"# {state.hexdigest()}", user_cache_path("latentune") / f"{name}.txt"
    with suppress(OSError, UnicodeError):
        found = kept.read_text(encoding="utf-8").splitlines()
        if found and found[0] == first:
            return found[1:]
    lines = compute()
    with suppress(StorageError):  # a cache that cannot be written costs time, and nothing else
        write_text(kept, "\n".join([first, *lines]))
    return lines
