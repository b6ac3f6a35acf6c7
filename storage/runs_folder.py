"""The runs folder: which file of a study lies where, and writing without losing what was there."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .folder_replacement import replace_with
from .recorded_paths import recorded_path_error, relative_to_root
from .scratch_folder import scratch_folder
from .storage_error import StorageError, refuse_url, write_error

# What lies in the folder beside the folders of the studies.
RESERVED_NAMES = (
    *("studies.db", "search.lock", "artifacts", "cache", "comparisons", "features", "shown"),
    "backups",
)
MAX_NAME_LENGTH = 100
MAX_CHECKPOINT_BYTES = 16 * 2**30
"""What a file of weights may take; the largest network of torchvision takes half a GiB."""
MAX_TOML_BYTES = 2**20
URL_SPECIAL_CHARACTERS = frozenset("?%{}")
"""What means something else in the URL of a database than in the path of a file."""


@dataclass(frozen=True)
class Runs:
    """Layout of the folder that holds all studies.

        studies.db                  every study
        artifacts/                  pictures of trials, shown by the dashboard, unless their
                                    study keeps them in a bucket
        backups/                    what `doctor --fix` has replaced or removed
        cache/                      what can be made again: images of folders, as bytes; a
                                    classifier of each data set, for FID and KID
        cache/trials/<study>/       the last epoch of each trial that has not ended
        cache/confirming/           that of a training which confirms one
        comparisons/<data>/         what a comparison on a data set found
        shown/<data>/               pictures of a data set
        search.lock                 held while a process chooses its next trial
        <study>/best.toml           the best configuration
        <study>/trial-17.toml       the configuration of trial 17, if it was asked for
        <study>/front.png           the best compromises, of a study of several objectives
        <study>/failures/           the traceback of each trial that a bug has ended
        <study>/final/              what final training of the best trial left
        <study>/final-17/           what final training of trial 17 left
        <study>/config-1a2b3c4d/    what training of a configuration of no trial left
        <study>/final-before/       what was there before the last of these trainings
        <study>/encoder/            the encoder that an imported study brought along, or a copy
                                    of one from outside of the runs folder
        <study>/final-partial/      a training that is under way, or was stopped
        <study>/final-finished/     one that was killed just before it took its place

    Attributes:
        root: The folder.
    """

    root: Path = Path("runs")

    def __post_init__(self) -> None:
        refuse_url(self.root, "runs")

    @property
    def database(self) -> str:
        """The Optuna URL of the database.

        Raises:
            StorageError: If no URL can name a file in this folder.
        """
        if odd := sorted(URL_SPECIAL_CHARACTERS & set(str(self.root))):
            raise StorageError(
                f"{self.root} cannot hold a database, because of {' and '.join(odd)} in its "
                "name; name another folder by `runs=`"
            )
        return f"sqlite:///{self.root / 'studies.db'}"

    @property
    def artifacts(self) -> Path:
        """The folder of optuna-dashboard's artifact store."""
        return self.root / "artifacts"

    @property
    def lock(self) -> Path:
        """The file that a process locks while it chooses its next trial."""
        return self.root / "search.lock"

    @property
    def cache(self) -> Path:
        """The folder for what can be made again, and for what processes need for a while."""
        return self.root / "cache"

    @property
    def backups(self) -> Path:
        """The folder with what repairs have replaced or removed."""
        return self.root / "backups"

    def best(self, study: str, trial: int | None = None) -> Path:
        """The file with the best configuration of a study, or that of the given trial."""
        return self.root / study / ("best.toml" if trial is None else f"trial-{trial}.toml")

    def comparison(self, data: str) -> Path:
        """The folder with what a comparison on a data set found."""
        return self.root / "comparisons" / data

    def shown(self, data: str) -> Path:
        """The folder with pictures of a data set."""
        return self.root / "shown" / data

    def failure(self, study: str, trial: int) -> Path:
        """The file with the traceback of a trial that a bug has ended."""
        return self.root / study / "failures" / f"trial-{trial}.txt"

    def last_epochs(self, study: str) -> Path:
        """The folder with the last epoch of each trial of a study that has not ended."""
        return self.cache / "trials" / study

    @property
    def confirming(self) -> Path:
        """The folder with the last epochs of trainings that confirm trials, and were stopped."""
        return self.cache / "confirming"

    def front(self, study: str) -> Path:
        """The picture of the best compromises of a study of several objectives."""
        return self.root / study / "front.png"

    def final(self, study: str, trial: int | None = None) -> Path:
        """The folder with the final training of a study's best trial, or of the given one."""
        return self.root / study / ("final" if trial is None else f"final-{trial}")

    def config(self, study: str, name: str) -> Path:
        """The folder with the training of a configuration that is no trial of the study."""
        return self.root / study / f"config-{name}"

    def encoder(self, study: str) -> Path:
        """The encoder of a study that has it for itself."""
        return self.root / study / "encoder" / "model.ckpt"

    def inside(self, path: Path) -> str:
        """Returns a path of the folder as it is recorded: relative to the root.

        Raises:
            StorageError: If it lies elsewhere.
        """
        recorded = relative_to_root(path, self.root)
        if recorded is None:
            raise StorageError(f"{path} does not lie in {self.root}")
        return recorded

    def resolve(self, recorded: Any, *, follow: bool = True) -> Path:
        """Returns where a path lies that `inside` returned, or that somebody else has recorded.

        Args:
            recorded: What was read.
            follow: As in `recorded_path_error`.

        Raises:
            StorageError: If it is not a path of this folder: absolute, with `..` or a backslash,
                too long, or through a link that leads elsewhere.
        """
        if why := recorded_path_error(recorded, self.root, follow=follow):
            raise StorageError(f"the recorded path {recorded!r} {why}: it is not used")
        return self.root / str(recorded)

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
            raise write_error(self.root, error) from error


def check_study_name(study: str) -> str:
    """Returns the name of a study if it can also name a folder.

    Raises:
        StorageError: If it cannot.
    """
    if not re.fullmatch(r"\w[\w.+-]*", study):
        raise StorageError(
            f"{study!r} cannot name a study: letters, digits, '-', '_', '+' and '.' can; "
            "give another by `name=`"
        )
    if len(study) > MAX_NAME_LENGTH:
        raise StorageError(
            f"{study[:20]}... cannot name a study: of its {len(study)} letters {MAX_NAME_LENGTH} "
            f"are allowed; give another by `name=`"
        )
    if study in RESERVED_NAMES:
        raise StorageError(
            f"{study!r} cannot name a study: the runs folder has its own use for it; "
            "give another by `name=`"
        )
    return study


def check_regular_file(path: Path, most: int = MAX_CHECKPOINT_BYTES) -> Path:
    """Returns a path if nothing but a file can lie there: to open a pipe would wait for ever.

    Args:
        path: The file, which may be missing.
        most: How many bytes it may take.

    Raises:
        StorageError: If it is a folder, a pipe or a device, or too large to be what is expected.
    """
    if os.path.exists(path) and not path.is_file():
        raise StorageError(f"{path} is no file")
    if path.is_file() and (size := path.stat().st_size) > most:
        raise StorageError(f"{path} is too large: it takes {size:,} bytes, and may take {most:,}")
    return path


@contextmanager
def replace_folder(folder: Path, runs: Runs, *, keep: bool = False) -> Iterator[Path]:
    """Gives an empty folder that takes the place of `folder` once the block has succeeded.

    Args:
        folder: The folder to replace; it need not exist.
        runs: The runs folder, in whose cache the new one grows.
        keep: Whether what was there is kept, in a folder with `-before` behind its name.

    Raises:
        StorageError: If it cannot be written; what was there is then still there.
    """
    try:
        with scratch_folder(runs.cache) as place:
            new = place / "new"
            new.mkdir()
            yield new
            replace_with(new, folder, place, keep=keep)
    except OSError as error:
        raise write_error(folder, error) from error
