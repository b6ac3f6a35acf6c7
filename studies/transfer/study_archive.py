"""The archive of a study: its dump, artifacts and encoder, all of them checked when it is read."""

import json
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
from . import archive_layout as layout
from .study_dump import StudyDump, read_dump

SAFE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "text/csv")
"""The types that a browser may show on the dashboard's pages; it only saves files of others."""


@dataclass(frozen=True)
class StudyArchive:
    """An archive of a study.

    Attributes:
        file: The zip file.
        dump: The study as it was in the database that exported it.
    """

    file: Archive
    dump: StudyDump

    def folder_files(self) -> dict[str, str]:
        """Returns the paths in the study's folder by their names in the archive."""
        prefix = f"{layout.FOLDER}/"
        names = [name for name in self.file.files if name.startswith(prefix)]
        return {name: name.removeprefix(prefix) for name in names}

    def place_artifacts(
        self, attrs: Mapping[str, Any], runs: Runs
    ) -> tuple[dict[str, Any], dict[str, Path]]:
        """Gives new names to the artifacts that attributes of a study or a trial describe.

        Returns:
            The attributes with the new names, and the new paths by the names in the archive.
        """
        new_attrs = {n: v for n, v in attrs.items() if not n.startswith(layout.ARTIFACT_PREFIX)}
        paths = {}
        for record in layout.artifact_records(attrs):
            name, new_name = f"{layout.ARTIFACTS}/{record['artifact_id']}", str(uuid4())
            if name not in self.file.files:
                continue
            is_safe = record.get("mimetype") in SAFE_TYPES
            new_record = {
                "artifact_id": new_name,
                "filename": str(record.get("filename", "artifact")),
                "mimetype": record["mimetype"] if is_safe else "application/octet-stream",
                "encoding": "gzip" if record.get("encoding") == "gzip" else None,
            }
            new_attrs[f"{layout.ARTIFACT_PREFIX}{new_name}"] = json.dumps(new_record)
            paths[name] = runs.artifacts / new_name
        return new_attrs, paths

    def sha256(self) -> str:
        """Returns the hash of the zip file."""
        with self.file.path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()


@contextmanager
def open_study_archive(path: Path) -> Iterator[StudyArchive]:
    """Opens an archive of a study, and checks everything that would be written to a database.

    Raises:
        StorageError: If it is missing, damaged or not safe, or is not the archive of a study.
    """
    with open_archive(path) as file:
        if file.manifest.kind != layout.KIND:
            raise StorageError(f"{path} is not the archive of a study")
        for name in file.files:
            is_excluded = any(map(layout.is_excluded, name.split("/")))
            if is_excluded or not layout.KNOWN_FILES.fullmatch(name):
                raise StorageError(f"{path} holds {name!r}, which does not belong to a study")
        dump = read_dump(file.json(layout.STUDY), str(path))
        record = read_study_record(dump)
        found, expected = file.files.get(layout.ENCODER_CHECKPOINT), record.recipe.encoder_hash
        has_encoder = record.recipe.encoder and record.encoder_source and expected
        if found is not None and not (has_encoder and found.startswith(str(expected))):
            raise StorageError(f"{path}: its encoder is not the one of the study")
        yield StudyArchive(file, dump)
