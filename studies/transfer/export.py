"""Packing a study with all that belongs to it into one zip."""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ...models.networks.architectures import ARCHITECTURES
from ...objectives.data.sources.builtin_datasets import DATASETS
from ...objectives.progress import progress
from ...objectives.provenance import versions
from ...storage.archive import is_portable, write_archive
from ...storage.artifact_store import study_bucket
from ...storage.checkpoint_file import file_hash
from ...storage.database import open_database
from ...storage.optuna_internals import trial_id
from ...storage.runs_folder import Runs, check_study_name
from ...storage.s3_bucket import Bucket
from ...storage.scratch_folder import temporary_scratch_folder
from ...storage.storage_error import StorageError
from ...storage.study_record import read_study_record
from ..study.defaults import RUNS
from ..study.public_api import public_api
from ..study.study_lookup import open_study
from .archive_layout import (
    ARTIFACTS,
    BEST,
    CHECKPOINT,
    ENCODER,
    FOLDER,
    KIND,
    README,
    STUDY,
    artifact_records,
    is_excluded,
    renumber_attributes,
)
from .study_dump import StudyDump, dump_study, dump_to_json

MIB = 2**20

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExportedStudy:
    """What was packed.

    Attributes:
        path: The zip.
        study: Name of the study.
        trials: How many it has.
        files: How many files of it are in the zip.
        size: Their bytes.
        needs: What it needs and is not in the zip, such as the data.
    """

    path: Path
    study: str
    trials: int
    files: int
    size: int
    needs: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"not in it: {what}" for what in self.needs]
        packed = f"{self.trials} trials and {self.files} files, {self.size / MIB:.1f} MiB"
        return "\n".join([*lines, f"wrote {self.path}: {packed}"])

    __repr__ = __str__


@public_api
def export(
    study: str, to: str | Path, *, runs: str | Path = RUNS, storage: str | None = None
) -> ExportedStudy:
    """Packs a study with all that belongs to it into a zip, for `import_` elsewhere.

    In it are the trials with all their attributes, as JSON; the pictures of the dashboard, from a
    bucket too; what lies in the study's folder, trained networks too, but nothing that is under
    way or was kept from before; the encoder that the study is put on; and a manifest with the
    SHA-256 of each file. Data are not in it, nor are modules of your own. Their paths on this
    machine are, and so is whatever else was recorded: the commands, and the tracebacks of failed
    trials.

    Args:
        study: Name of the study.
        to: The zip, which must not exist.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder.

    Returns:
        What was packed.

    Raises:
        StudyError: If there is no such study.
        StorageError: If the zip is there already or cannot be written, or the bucket with the
            pictures cannot be reached.

    Example:
        >>> latentune.export("conv-ae-digits", "study.zip").trials
        3
    """
    place = Runs(Path(runs))
    database = open_database(storage or place.database)
    record = dump_study(found := open_study(database, check_study_name(study)))
    numbers = {trial_id(trial): trial.number for trial in record.trials}
    attrs = renumber_attributes(record.system_attrs, numbers)
    packed = replace(record, system_attrs=attrs)
    needs, known = [*_needs(packed)], read_study_record(packed)
    files: dict[str, Path | str] = dict(_folder_files(place.root / study))
    encoder = dict(_encoder_files(packed, place))
    if known.encoder_source and not encoder:
        needs.append(f"the encoder {known.recipe.encoder}, which has changed")
    files |= encoder
    own = {STUDY: json.dumps(dump_to_json(packed), indent=1), README: _readme(packed, needs)}
    made = datetime.now().isoformat(timespec="seconds")
    with progress(f"packing {study}"), temporary_scratch_folder() as fetched:
        files |= _artifacts(packed, place, study_bucket(found), fetched)
        facts = {"kind": KIND, "made": made, "versions": versions()}
        size = write_archive(Path(to), files | own, facts, option="to")
    return ExportedStudy(
        Path(to), found.study_name, len(packed.trials), len(files), size, tuple(needs)
    )


def _folder_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Gives what lies in a study's folder, but what can be made again or is half made."""
    for place, folders, files in os.walk(folder):
        top = Path(place) == folder
        folders[:] = [
            name
            for name in folders
            if not (is_excluded(name) or Path(place, name).is_symlink())
            and not (top and name == ENCODER)  # which has a place of its own
        ]
        for name in files:
            path = Path(place, name)
            inside = f"{FOLDER}/{path.relative_to(folder).as_posix()}"
            if is_excluded(name):
                continue
            if path.is_symlink() or not path.is_file() or not is_portable(inside):
                log.warning("left out %s: it is no plain file with a name for every system", path)
                continue
            yield inside, path


def _artifacts(record: StudyDump, runs: Runs, url: str | None, fetched: Path) -> dict[str, Path]:
    """Returns the artifacts of the folder, and those of a bucket once they were fetched."""
    bucket = None if url is None else Bucket(url)
    elsewhere = set() if bucket is None else bucket.names()
    found = {}
    for attrs in (record.system_attrs, *(trial.system_attrs for trial in record.trials)):
        for _, of in artifact_records(attrs):
            name = of["artifact_id"]
            if not is_portable(name) or "/" in name:
                continue
            path = runs.artifacts / name
            if bucket is not None and name in elsewhere and not path.is_file():
                path = fetched / name
                path.write_bytes(bucket.open_reader(name).read())
            if path.is_file() and not path.is_symlink():  # a link may lead to any file of ours
                found[f"{ARTIFACTS}/{name}"] = path
    return found


def _encoder_files(record: StudyDump, runs: Runs) -> Iterator[tuple[str, Path]]:
    """Gives the checkpoint of the encoder, and its configuration, if it is still the same."""
    known = read_study_record(record)
    if known.encoder_source is None:
        return
    try:
        path = runs.resolve(known.recipe.encoder)
        same = file_hash(path) == known.recipe.encoder_hash
    except StorageError:  # it is gone
        return
    if same:
        yield f"{ENCODER}/{CHECKPOINT}", path
        best = path.with_name(BEST)
        if best.is_file() and not best.is_symlink():
            yield f"{ENCODER}/{BEST}", best


def _needs(record: StudyDump) -> Iterator[str]:
    """Gives what a study is made of that stays where it is."""
    recipe = read_study_record(record).recipe
    if ":" in recipe.model:
        yield f"the module of {recipe.model}"
    elif recipe.data in DATASETS:
        yield f"the data, {recipe.data}"
    else:
        yield f"the data in {recipe.data}"
    if recipe.encoder in ARCHITECTURES and recipe.weights not in (None, "none"):
        yield f"the weights in {recipe.weights}"


def _readme(record: StudyDump, needs: list[str]) -> str:
    return (
        f"{record.name}: a study of Latentune with {len(record.trials)} trials.\n"
        "Put it into a runs folder, trained networks and pictures too, by:\n\n"
        "    latentune import FILE.zip\n\n"
        f"Not in it: {'; '.join(needs)}.\n"
    )
