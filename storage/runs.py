"""The runs folder: which file of a study lies where, and writing without losing what was there."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class StorageError(ValueError):
    """A file, folder or database that is missing, broken, or cannot be written."""


# What lies in the folder beside the folders of the studies.
TAKEN = ("studies.db", "search.lock", "artifacts", "features")


@dataclass(frozen=True)
class Runs:
    """Layout of the folder that holds all studies.

        studies.db                  every study
        artifacts/                  pictures of trials, shown by the dashboard
        features/                   a classifier of each data set, for FID and KID
        search.lock                 held while a process chooses its next trial
        <study>/best.toml           the best configuration
        <study>/front.png           the best compromises, of a study of several objectives
        <study>/final/              what final training of the best trial left
        <study>/final-17/           what final training of trial 17 left

    Attributes:
        root: The folder.
    """

    root: Path = Path("runs")

    @property
    def database(self) -> str:
        """The Optuna URL of the database."""
        return f"sqlite:///{self.root / 'studies.db'}"

    @property
    def artifacts(self) -> Path:
        """The folder of optuna-dashboard's artifact store."""
        return self.root / "artifacts"

    @property
    def lock(self) -> Path:
        """The file that a process locks while it chooses its next trial."""
        return self.root / "search.lock"

    def best(self, study: str) -> Path:
        """The file with the best configuration of a study."""
        return self.root / study / "best.toml"

    def front(self, study: str) -> Path:
        """The picture of the best compromises of a study of several objectives."""
        return self.root / study / "front.png"

    def final(self, study: str, trial: int | None = None) -> Path:
        """The folder with the final training of a study's best trial, or of the given one."""
        return self.root / study / ("final" if trial is None else f"final-{trial}")

    def features(self, data: str, fingerprint: str) -> Path:
        """The weights of the network whose features tell images of a data set apart."""
        return self.root / "features" / f"{data}-{fingerprint}.pt"

    def make(self) -> None:
        """Makes the folder.

        Raises:
            StorageError: If it cannot be made or written to.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root) as probe:
                probe.write(bytes(4096))
        except OSError as error:
            raise unwritable(self.root, error) from error


def check_name(study: str) -> str:
    """Returns the name of a study if it can also name a folder.

    Raises:
        StorageError: If it cannot.
    """
    if not re.fullmatch(r"\w[\w.+-]*", study):
        raise StorageError(
            f"{study!r} cannot name a study: letters, digits, '-', '_', '+' and '.' can; "
            "give another by --name"
        )
    if study in TAKEN:
        raise StorageError(
            f"{study!r} cannot name a study: the runs folder has its own use for it; "
            "give another by --name"
        )
    return study


def unwritable(path: Path, error: Exception) -> StorageError:
    """Returns the error for a place that cannot be written, with the system's reason."""
    reason = getattr(error, "strerror", None) or error
    return StorageError(f"cannot write to {path}: {reason}; name another folder by --runs")


def write_text(path: Path, text: str) -> None:
    """Writes a file at once or not at all.

    Raises:
        StorageError: If it cannot be written; what was there is then still there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(text)
        os.replace(partial, path)
    except OSError as error:
        raise unwritable(path, error) from error


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """Gives an empty folder that takes the place of `folder` once the block has succeeded.

    Raises:
        StorageError: If it cannot be written; what was there is then still there.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
