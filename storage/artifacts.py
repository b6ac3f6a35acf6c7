"""Artifacts: the pictures of studies and trials, in a folder, as optuna-dashboard shows them."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO, Protocol

import optuna
from optuna.artifacts import FileSystemArtifactStore, get_all_artifact_meta, upload_artifact

from .runs import unwritable


class ArtifactStore(Protocol):
    """What Optuna asks of a place for artifacts."""

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Opens an artifact."""

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keeps an artifact, in the place of one of the same name."""

    def remove(self, artifact_id: str) -> None:
        """Removes an artifact."""


class WholeFiles(FileSystemArtifactStore):
    """Optuna's store in a folder, in which a full disk or a kill leaves no half of a file.

    Args:
        folder: The artifact folder, made if it does not exist.
        place: A folder beside it, in which files are written first.
    """

    def __init__(self, folder: Path, place: Path) -> None:
        super().__init__(folder)
        self.folder, self.place = folder, place

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        partial = self.place / artifact_id
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                shutil.copyfileobj(content_body, file)
            os.replace(partial, self.folder / artifact_id)
        except OSError as error:
            raise unwritable(self.folder, error) from error


def attach(target: optuna.Study | optuna.Trial, picture: Path, store: ArtifactStore) -> None:
    """Shows a picture on a study or a running trial, in the place of one of the same name.

    Args:
        target: The study or trial; a trial must not have finished.
        picture: The file; its name is what the dashboard shows.
        store: Where it is kept.

    Raises:
        StorageError: If it cannot be written.
    """
    shown = {found.filename: found.artifact_id for found in get_all_artifact_meta(target)}
    if name := shown.get(picture.name):
        with picture.open("rb") as file:
            store.write(name, file)
    else:
        upload_artifact(artifact_store=store, file_path=str(picture), study_or_trial=target)
