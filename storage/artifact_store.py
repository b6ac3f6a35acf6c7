"""Artifacts: the pictures of studies and trials that optuna-dashboard shows.

The pictures of a study are files in the artifact folder, or objects in an S3 bucket.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import optuna
from optuna.artifacts import FileSystemArtifactStore, get_all_artifact_meta, upload_artifact
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.storages import BaseStorage

from .atomic_write import atomic_file
from .database import database_exists, open_database
from .runs_folder import Runs
from .s3_bucket import Bucket, check_bucket
from .storage_error import report_unwritable
from .study_record import read_study_record

ARTIFACT_PREFIX = "artifacts:"
"""First part of the names of the attributes in which Optuna describes artifacts."""


class ArtifactStore(Protocol):
    """The methods that Optuna needs in an artifact store."""

    def open_reader(self, artifact_id: str) -> BinaryIO: ...

    def write(self, artifact_id: str, content_body: BinaryIO) -> None: ...

    def remove(self, artifact_id: str) -> None: ...


class AtomicFileStore(FileSystemArtifactStore):
    """Optuna's `FileSystemArtifactStore`, but a file is written as a whole or not at all.

    Args:
        folder: The artifact folder, created if it does not exist.
        scratch: A folder in the same file system for temporary files.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        super().__init__(folder)
        self.folder, self.scratch = folder, scratch

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        path = self.folder / artifact_id
        with (
            report_unwritable(self.folder),
            atomic_file(path, partial_in=self.scratch) as partial,
            partial.open("xb") as file,
        ):
            shutil.copyfileobj(content_body, file)


def attach_picture(
    target: optuna.Study | optuna.Trial, picture: Path, store: ArtifactStore
) -> None:
    """Attaches a picture to a study or an unfinished trial.

    A picture with the same file name is replaced.

    Raises:
        StorageError: If the picture cannot be written.
    """
    ids = {found.filename: found.artifact_id for found in get_all_artifact_meta(target)}
    if name := ids.get(picture.name):
        with picture.open("rb") as file:
            store.write(name, file)
    else:
        upload_artifact(artifact_store=store, file_path=str(picture), study_or_trial=target)


def artifact_records(attrs: Mapping[str, Any], prefix: str = "") -> dict[str, dict[str, Any]]:
    """Returns Optuna's description of each artifact, by the name of the artifact's attribute.

    Args:
        attrs: The system attributes of a study or a trial.
        prefix: Text that stands before `ARTIFACT_PREFIX` in the names of the attributes.
    """
    records = {}
    for name, text in attrs.items():
        if name.startswith(f"{prefix}{ARTIFACT_PREFIX}"):
            with suppress(TypeError, ValueError, RecursionError):
                found = json.loads(text)
                if isinstance(found, dict) and isinstance(found.get("artifact_id"), str):
                    records[name] = found
    return records


def study_bucket(study: optuna.Study) -> str | None:
    """Returns the bucket URL of a study; None if its pictures are in the artifact folder.

    Raises:
        StorageError: If the recorded URL is not that of a bucket, or boto3 is not installed.
    """
    url = read_study_record(study).artifacts
    return None if url is None else check_bucket(url)


def choose_bucket(study: str, storage: str, named: str | None) -> str | None:
    """Returns the URL of the bucket for the pictures of a search; None for the artifact folder.

    Args:
        study: Name of the study.
        storage: Optuna URL of the database.
        named: The URL of a bucket that the user has given. With None, an existing study keeps
            its bucket.

    Raises:
        StorageError: If the URL is not that of a bucket, or boto3 is not installed.
    """
    if named is not None:
        return check_bucket(named)
    if not database_exists(storage):
        return None
    database = open_database(storage)
    if study not in optuna.get_all_study_names(database):
        return None
    return study_bucket(optuna.load_study(study_name=study, storage=database))


def open_artifact_store(bucket: str | None, runs: Runs, scratch: Path) -> ArtifactStore:
    """Returns the artifact store of a search.

    Args:
        bucket: The result of `choose_bucket`.
        runs: The runs folder.
        scratch: A scratch folder in the runs folder.
    """
    return AtomicFileStore(runs.artifacts, scratch) if bucket is None else Bucket(bucket)


class AllArtifacts:
    """The artifacts of all studies, in the artifact folder and in the buckets of the studies.

    Args:
        folder: The artifact folder. New artifacts are written to this folder.
        storage: The database with the studies.
    """

    def __init__(self, folder: Path, storage: BaseStorage) -> None:
        self.folder, self.storage = folder, storage
        self._files = FileSystemArtifactStore(folder)
        self._reached: dict[str, Bucket] = {}

    def has(self, artifact_id: str) -> bool:
        """Returns whether an artifact exists: as a file that is not a link, or in a bucket.

        Raises:
            StorageError: If a bucket cannot be reached.
        """
        return self._is_file(artifact_id) or any(self._buckets_holding(artifact_id))

    def open_reader(self, artifact_id: str) -> BinaryIO:
        if self._is_file(artifact_id):
            return self._files.open_reader(artifact_id)
        for bucket in self._buckets():
            with suppress(ArtifactNotFound):
                return bucket.open_reader(artifact_id)
        raise ArtifactNotFound(f"there is no artifact {artifact_id}")

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        self._files.write(artifact_id, content_body)

    def remove(self, artifact_id: str) -> None:
        """Removes an artifact from the folder or from the buckets, if it exists."""
        if self._is_file(artifact_id):
            self._files.remove(artifact_id)
            return
        for bucket in self._buckets_holding(artifact_id):
            bucket.remove(artifact_id)

    def _is_file(self, artifact_id: str) -> bool:
        file = self.folder / artifact_id
        return file.is_file() and not file.is_symlink()

    def _buckets_holding(self, artifact_id: str) -> Iterator[Bucket]:
        return (found for found in self._buckets() if artifact_id in found.names(artifact_id))

    def _buckets(self) -> Iterator[Bucket]:
        studies = self.storage.get_all_studies()
        for url in dict.fromkeys(read_study_record(study).artifacts for study in studies):
            if url is None:
                continue
            if url not in self._reached:
                self._reached[url] = Bucket(check_bucket(url))
            yield self._reached[url]
