"""The manifest of a backup: what lies in it, and what it was before and after a repair."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from .runs_folder import Runs, StorageError, check_regular_file

MANIFEST = "manifest.json"
MANIFEST_BYTES = 2**28  # of a repair that has moved a million files


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Attributes:
        database: Path of the database in the runs folder; None if it lies elsewhere.
        before: Its fingerprint before the repair.
        after: Its fingerprint after it.
        trials: How many trials it had after it.
        moved: What lies in the backup, by its path in the runs folder.
        written: The SHA-256 of each file that was written, by that path.
    """

    database: str | None
    before: str
    after: str
    trials: int
    moved: Sequence[str]
    written: Mapping[str, str]

    @classmethod
    def read(cls, backup: Path, runs: Runs) -> Self:
        """Reads the manifest of a backup, which somebody else may have written.

        Raises:
            StorageError: If it is missing, is not what was written, or names a path that does not
                lie in the runs folder.
        """
        path = check_regular_file(backup / MANIFEST, MANIFEST_BYTES)
        try:
            found = cls(**json.loads(path.read_text()))
            whole = all(
                isinstance(value, kind) and not isinstance(value, bool)
                for value, kind in zip(
                    asdict(found).values(),
                    (str | None, str, str, int, list, dict),
                    strict=True,
                )
            )
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise StorageError(f"{path} is no manifest of a backup: {error}") from error
        if not whole:
            raise StorageError(f"{path} is no manifest of a backup")
        try:
            for name in [*found.moved, *found.written]:
                runs.resolve(name, follow=False)
            if found.database is not None:
                runs.resolve(found.database)
        except StorageError as error:
            raise StorageError(f"{path} is not to be trusted: {error}") from error
        return found
