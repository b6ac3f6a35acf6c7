"""A study's archive as it is read: its record, its artifacts, its encoder, all of them checked."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any
from uuid import uuid4

from ...storage.archive import Archive, open_archive
from ...storage.runs_folder import Runs
from ...storage.storage_error import StorageError
from ...storage.study_record import read_study_record
from .archive_layout import (
    ARTIFACTS,
    ATTACHED,
    BEST,
    CHECKPOINT,
    ENCODER,
    FOLDER,
    KIND,
    README,
    STUDY,
    artifact_records,
    is_excluded,
)
from .study_dump import StudyDump, read_dump

KNOWN = re.compile(
    f"{STUDY}|{README}|{ENCODER}/({CHECKPOINT}|{BEST})|{FOLDER}/.+|{ARTIFACTS}/[0-9a-fA-F-]+"
)
SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "text/csv")
"""What a browser may open in the dashboard's name; all else, it is to keep as a file."""


@dataclass(frozen=True)
class StudyArchive:
    """An archive of a study.

    Attributes:
        archive: The zip.
        record: What the database of its sender held.
    """

    archive: Archive
    record: StudyDump

    def folder_files(self) -> dict[str, str]:
        """Returns the files of the study's folder: their names there, by those in the zip."""
        start = f"{FOLDER}/"
        return {n: n.removeprefix(start) for n in self.archive.files if n.startswith(start)}

    def attachments(
        self, attrs: Mapping[str, Any], runs: Runs
    ) -> tuple[dict[str, Any], dict[str, Path]]:
        """Gives the artifacts that attributes tell of a place of their own here.

        Args:
            attrs: The attributes of the study or of a trial.
            runs: The runs folder.

        Returns:
            The attributes that tell of these places, and the places by the names in the zip.
        """
        plain = {n: value for n, value in attrs.items() if not n.startswith(ATTACHED)}
        places = {}
        for _, of in artifact_records(attrs):
            name = f"{ARTIFACTS}/{of['artifact_id']}"
            if name not in self.archive.files:
                continue
            new = str(uuid4())
            kind, encoding = of.get("mimetype"), of.get("encoding")
            described = {
                "artifact_id": new,
                "filename": str(of.get("filename", "artifact")),
                "mimetype": kind if kind in SHOWN else "application/octet-stream",
                "encoding": encoding if encoding == "gzip" else None,
            }
            plain[f"{ATTACHED}{new}"] = json.dumps(described)
            places[name] = runs.artifacts / new
        return plain, places

    def sha256(self) -> str:
        """Returns the hash of the whole zip."""
        with self.archive.path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()


@contextmanager
def open_study_archive(path: Path) -> Iterator[StudyArchive]:
    """Opens an archive of a study, and reads all that would come into a database.

    Raises:
        StorageError: If it is missing, damaged or not to be trusted, or holds no study.
    """
    with open_archive(path) as archive:
        if archive.manifest.get("kind") != KIND:
            raise StorageError(f"{path} holds no study")
        for name in archive.files:
            if not KNOWN.fullmatch(name) or any(map(is_excluded, name.split("/"))):
                raise StorageError(f"{path} holds {name!r}, which is no part of a study")
        record = read_dump(archive.json(STUDY), str(path))
        _check_encoder(record, archive)
        yield StudyArchive(archive, record)


def _check_encoder(record: StudyDump, archive: Archive) -> None:
    """Checks that the encoder is the one that the study was put on."""
    found = archive.files.get(f"{ENCODER}/{CHECKPOINT}")
    known = read_study_record(record)
    wanted = known.recipe.encoder_hash
    on_encoder = known.recipe.encoder and known.encoder_source
    if found is not None and not (on_encoder and wanted and found.startswith(wanted)):
        raise StorageError(f"{archive.path}: its encoder is not the one of the study")
