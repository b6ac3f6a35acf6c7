"""The layout of the runs folder, which holds the files of all studies."""

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .path_checks import recorded_path_error, relative_to_root
from .storage_error import StorageError, refuse_url, report_unwritable

# Names of files and folders in the runs folder, which a study cannot have.
RESERVED_NAMES = (
    *("studies.db", "search.lock", "artifacts", "cache", "comparisons", "features", "shown"),
    *("backups", "data"),
)
MAX_STUDY_NAME_LENGTH = 100
MAX_CHECKPOINT_BYTES = 16 * 2**30
"""Maximal size of a checkpoint; the largest network of torchvision has half a GiB."""
MAX_TOML_BYTES = 2**20
URL_SPECIAL_CHARACTERS = frozenset("?%{}")
"""Characters that the path of an SQLite file must not have, because they are special in URLs."""


@dataclass(frozen=True)
class Runs:
    """Layout of the folder that holds all studies.

        studies.db                  every study
        artifacts/                  pictures of trials for the dashboard, unless their study
                                    keeps them in a bucket
        backups/                    files that `doctor --fix` has replaced or removed
        cache/                      files that can be made again: images of folders, as bytes;
                                    large tables, as numbers; a classifier of each data set,
                                    for FID and KID
        cache/trials/<study>/       the last epoch of each unfinished trial
        cache/confirming/           the last epoch of each unfinished training of `confirm`
        data/                       arrays and data frames that were given in Python
        comparisons/<data>/         the result of a comparison on a data set
        shown/<data>/               pictures of a data set
        search.lock                 held while a process chooses its next trial
        <study>/best.toml           the best configuration
        <study>/trial-17.toml       the configuration of trial 17, written by `best STUDY:17`
        <study>/front.png           the Pareto front of a study of several objectives
        <study>/report.html         the page that `report` has written; comparison.html of several
        <study>/failures/           the traceback of each trial that an error has ended
        <study>/final/              final training of the best trial
        <study>/final-17/           final training of trial 17
        <study>/config-1a2b3c4d/    training of a configuration that no trial has
        <study>/final-before/       the previous final training
        <study>/encoder/            the encoder of an imported study, or a copy of an encoder
                                    from outside of the runs folder
        <study>/final-partial/      a training in progress, or one that was stopped
        <study>/final-finished/     a training that was killed just before the last rename

    Attributes:
        root: Path of the runs folder.
    """

    root: Path = Path("runs")

    def __post_init__(self) -> None:
        refuse_url(self.root, "runs")

    @property
    def database(self) -> str:
        """The Optuna URL of the database.

        Raises:
            StorageError: If the path of the folder cannot be part of a URL.
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
        """The file that a process locks while it creates its next trial."""
        return self.root / "search.lock"

    @property
    def cache(self) -> Path:
        """The folder for files that can be made again, and for scratch folders."""
        return self.root / "cache"

    @property
    def data(self) -> Path:
        """The folder with the arrays and data frames that were given in Python."""
        return self.root / "data"

    @property
    def backups(self) -> Path:
        """The folder with the files that repairs have replaced or removed."""
        return self.root / "backups"

    def best(self, study: str, trial: int | None = None) -> Path:
        """The file with the configuration of the best trial of a study, or of trial `trial`."""
        return self.root / study / ("best.toml" if trial is None else f"trial-{trial}.toml")

    def comparison(self, data: str) -> Path:
        """The folder with the result of a comparison on the data set `data`."""
        return self.root / "comparisons" / data

    def shown(self, data: str) -> Path:
        """The folder with pictures of the data set `data`."""
        return self.root / "shown" / data

    def failure(self, study: str, trial: int) -> Path:
        """The file with the traceback of a trial that an error has ended."""
        return self.root / study / "failures" / f"trial-{trial}.txt"

    def last_epochs(self, study: str) -> Path:
        """The folder with the checkpoints of the unfinished trials of a study."""
        return self.cache / "trials" / study

    @property
    def confirm_checkpoints(self) -> Path:
        """The folder with the checkpoints of unfinished trainings of `confirm`."""
        return self.cache / "confirming"

    def front(self, study: str) -> Path:
        """The plot of the Pareto front of a study of several objectives."""
        return self.root / study / "front.png"

    def final(self, study: str, trial: int | None = None) -> Path:
        """The folder with the final training of a study's best trial, or of trial `trial`."""
        return self.root / study / ("final" if trial is None else f"final-{trial}")

    def config(self, study: str, name: str) -> Path:
        """The folder with the training of a configuration that belongs to no trial of a study.

        `name` is a hash of the configuration.
        """
        return self.root / study / f"config-{name}"

    def encoder(self, study: str) -> Path:
        """The folder with the copy of an encoder that belongs to a study."""
        return self.root / study / "encoder" / "model.ckpt"

    def inside(self, path: Path) -> str:
        """Returns a path relative to the runs folder, as files in the runs folder record paths.

        Raises:
            StorageError: If the path is outside of the runs folder.
        """
        recorded = relative_to_root(path, self.root)
        if recorded is None:
            raise StorageError(f"{path} is not in {self.root}")
        return recorded

    def resolve(self, recorded: Any, *, follow: bool = True) -> Path:
        """Returns the full path for a recorded relative path; the inverse of `inside`.

        With `follow`, the last part of the path may be a link, and is checked as well.

        Raises:
            StorageError: If the recorded path is absolute, has `..` or a backslash, is too long,
                or leads out of the runs folder through a link.
        """
        if why := recorded_path_error(recorded, self.root, follow=follow):
            raise StorageError(f"the recorded path {recorded!r} {why}: it is not used")
        return self.root / str(recorded)

    def make(self) -> None:
        """Creates the runs folder.

        Raises:
            StorageError: If the folder cannot be created or written to.
        """
        with report_unwritable(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root) as probe:
                probe.write(bytes(4096))


def check_study_name(study: str) -> str:
    """Returns the name of a study unchanged, after checking that a folder can have this name.

    Raises:
        StorageError: If a folder cannot have this name.
    """
    if not re.fullmatch(r"\w[\w.+-]*", study):
        raise StorageError(
            f"{study!r} cannot name a study: use letters, digits, '-', '_', '+' and '.'; "
            "give another by `name=`"
        )
    if len(study) > MAX_STUDY_NAME_LENGTH:
        raise StorageError(
            f"{study[:20]}... cannot name a study: it has {len(study)} letters, and at most "
            f"{MAX_STUDY_NAME_LENGTH} are allowed; give another name by `name=`"
        )
    if study in RESERVED_NAMES:
        raise StorageError(
            f"{study!r} cannot name a study: the runs folder uses this name for its own files; "
            "give another by `name=`"
        )
    return study


def check_regular_file(path: Path, max_bytes: int = MAX_CHECKPOINT_BYTES) -> Path:
    """Returns a path unchanged, after checking that it is a regular file or does not exist.

    Raises:
        StorageError: If the path is a folder, a pipe or a device, or the file has more than
            `max_bytes`.
    """
    if os.path.exists(path) and not path.is_file():
        raise StorageError(f"{path} is not a file")
    if path.is_file() and (size := path.stat().st_size) > max_bytes:
        raise StorageError(
            f"{path} is too large: it has {size:,} bytes, and at most {max_bytes:,} are allowed"
        )
    return path
