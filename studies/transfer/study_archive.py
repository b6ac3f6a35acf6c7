"""The archive of a study: the names of the files in it, and checks of its contents."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any
from uuid import uuid4

from optuna.trial import FrozenTrial, TrialState

from ...storage.archive import Archive, open_archive
from ...storage.artifact_store import ARTIFACT_PREFIX, artifact_records
from ...storage.runs_folder import Runs
from ...storage.storage_error import StorageError
from ...storage.study_record import read_study_record
from ...storage.trial_record import read_trial_record
from .study_dump import StudyDump, read_dump

KIND = "study"
"""The entry `kind` in the manifest of a study's archive."""
STUDY = "study.json"
README = "README.txt"
FOLDER = "study"
"""The folder in the archive with the files of the study's folder."""
ARTIFACTS = "artifacts"
ENCODER = "encoder"
"""The folder with the encoder, in the archive and in the folder of an imported study."""
CHECKPOINT, BEST = "model.ckpt", "best.toml"
ENCODER_CHECKPOINT, ENCODER_BEST = f"{ENCODER}/{CHECKPOINT}", f"{ENCODER}/{BEST}"
ALLOWED_FILES = re.compile(
    f"{STUDY}|{README}|{ENCODER_CHECKPOINT}|{ENCODER_BEST}|{FOLDER}/.+|{ARTIFACTS}/[0-9a-fA-F-]+"
)
SAFE_MIME_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "text/csv")
"""The MIME types of artifacts that a browser may show. Other artifacts can only be downloaded."""
REUSABLE_STATES = (TrialState.COMPLETE, TrialState.PRUNED)
"""The states of trials that another study can reuse."""

_TRIAL_ATTRIBUTE = re.compile(r"(dashboard:(?:artifacts:)?)(\d+)(:.*)", re.DOTALL)
"""Matches the names of a study's attributes that contain the id of a trial, with the id."""
_EXCLUDED_SUFFIXES = ("-partial", "-before", "-finished", ".partial", ".lock")


@dataclass(frozen=True)
class StudyArchive:
    """An open archive of a study.

    Attributes:
        file: The open zip file.
        dump: The study as it was when it was exported.
    """

    file: Archive
    dump: StudyDump

    def folder_files(self) -> dict[str, str]:
        """Returns the path of each file in the study's folder, by its name in the archive."""
        prefix = f"{FOLDER}/"
        names = [name for name in self.file.files if name.startswith(prefix)]
        return {name: name.removeprefix(prefix) for name in names}

    def place_artifacts(
        self, attrs: Mapping[str, Any], runs: Runs
    ) -> tuple[dict[str, Any], dict[str, Path]]:
        """Chooses new random ids for the artifacts that system attributes describe.

        Args:
            attrs: The system attributes of a study or a trial.
            runs: The runs folder.

        Returns:
            The attributes with the new ids, and the new path of each artifact by its archive name.
        """
        new_attrs = {n: v for n, v in attrs.items() if not n.startswith(ARTIFACT_PREFIX)}
        paths = {}
        for record in artifact_records(attrs).values():
            name, new_name = f"{ARTIFACTS}/{record['artifact_id']}", str(uuid4())
            if name not in self.file.files:
                continue
            is_safe = record.get("mimetype") in SAFE_MIME_TYPES
            new_record = {
                "artifact_id": new_name,
                "filename": str(record.get("filename", "artifact")),
                "mimetype": record["mimetype"] if is_safe else "application/octet-stream",
                "encoding": "gzip" if record.get("encoding") == "gzip" else None,
            }
            new_attrs[f"{ARTIFACT_PREFIX}{new_name}"] = json.dumps(new_record)
            paths[name] = runs.artifacts / new_name
        return new_attrs, paths

    def sha256(self) -> str:
        """Returns the SHA-256 of the zip file."""
        with self.file.path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()


@contextmanager
def open_study_archive(path: Path) -> Iterator[StudyArchive]:
    """Yields the open archive of a study, after checking its file names and its study.

    Raises:
        StorageError: If the archive is missing, damaged or not safe, or is not one of a study.
    """
    with open_archive(path) as file:
        if file.kind != KIND:
            raise StorageError(f"{path} is not the archive of a study")
        for name in file.files:
            if any(map(is_excluded, name.split("/"))) or not ALLOWED_FILES.fullmatch(name):
                raise StorageError(f"{path} holds {name!r}, which does not belong to a study")
        dump = read_dump(file.json(STUDY), str(path))
        record = read_study_record(dump)
        found, expected = file.files.get(ENCODER_CHECKPOINT), record.recipe.encoder_hash
        has_encoder = record.recipe.encoder and record.encoder_source and expected
        if found is not None and not (has_encoder and found.startswith(str(expected))):
            raise StorageError(f"{path}: its encoder is not the one of the study")
        yield StudyArchive(file, dump)


def is_cache(name: str) -> bool:
    """Returns whether a file of this name is a cache of latent codes."""
    return name.startswith("codes-") and name.endswith(".npy")


def is_excluded(name: str) -> bool:
    """Returns whether archives leave out a file or folder called `name`.

    Unfinished files, older versions of files, and caches are left out.
    """
    return name.endswith(_EXCLUDED_SUFFIXES) or is_cache(name)


def renumber_attributes(attrs: Mapping[str, Any], numbers: Mapping[int, int]) -> dict[str, Any]:
    """Returns a study's system attributes, after replacing trial numbers in attribute names.

    The dashboard writes the id of a trial into the names of some attributes. In an archive, the
    names have the number of the trial instead of the id. Attributes about a trial that is not in
    `numbers` are left out.

    Args:
        attrs: The system attributes of a study.
        numbers: The replacement of each number in the names.
    """
    found = {}
    for name, value in attrs.items():
        match = _TRIAL_ATTRIBUTE.fullmatch(name)
        if match is None:
            found[name] = value
        elif int(match[2]) in numbers:
            found[f"{match[1]}{numbers[int(match[2])]}{match[3]}"] = value
    return found


def trial_identity(trial: FrozenTrial) -> str:
    """Returns a trial's parameters, seed, values and state as text. Copies have the same text."""
    provenance = read_trial_record(trial).provenance
    seed = None if provenance is None else provenance.seed
    return json.dumps([trial.params, seed, trial.values, trial.state.name], sort_keys=True)
