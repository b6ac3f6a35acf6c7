"""The function `export`: it writes a study with all its files to a zip file."""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ...models.networks.architectures import ARCHITECTURES
from ...objectives.data.sources.builtin_datasets import DATASETS
from ...objectives.progress import progress
from ...objectives.provenance import versions
from ...storage.archive import write_archive
from ...storage.artifact_store import artifact_records, study_bucket
from ...storage.checkpoint_file import file_hash
from ...storage.optuna_internals import trial_id
from ...storage.path_checks import is_portable
from ...storage.runs_folder import Runs, check_study_name
from ...storage.s3_bucket import Bucket
from ...storage.scratch_folder import temporary_scratch_folder
from ...storage.storage_error import StorageError
from ...storage.study_record import read_study_record
from ..display.result import Result
from ..study.defaults import RUNS
from ..study.network_formats import NETWORK_FORMATS
from ..study.public_api import public_api
from ..study.study_error import StudyError
from ..study.study_lookup import open_study
from . import study_archive as layout
from .study_dump import StudyDump, dump_study

log = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class ExportedStudy(Result):
    """The result of `export`.

    Attributes:
        path: Path of the zip file.
        study: Name of the study.
        trials: Number of trials in the study.
        files: Number of files in the zip file.
        size: Total size of these files in bytes.
        needs: What the study needs and the zip file does not contain, such as the data.
    """

    path: Path
    study: str
    trials: int
    files: int
    size: int
    needs: tuple[str, ...]

    def __rich__(self) -> str:
        lines = [f"not in it: {need}" for need in self.needs]
        content = f"{self.trials} trials and {self.files} files, {self.size / 2**20:.1f} MiB"
        return "\n".join([*lines, f"wrote {self.path}: {content}"])


@public_api
def export(
    study: str, to: str | Path, *, runs: str | Path = RUNS, storage: str | None = None
) -> ExportedStudy:
    """Writes a study with all its files to a zip file, which `import_` can read.

    The zip file contains the trials with all attributes, as JSON; the pictures of the dashboard,
    also from a bucket; the folder of the study with the trained networks, except unfinished and
    replaced trainings; the encoder that the study uses; and a manifest with the SHA-256 of each
    file. The data and your own modules are not included. Everything that was recorded is included,
    such as paths on this machine, commands, and tracebacks of failed trials.

    Args:
        study: Name of the study.
        to: The zip file, which must not exist.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder.

    Raises:
        StudyError: If the study does not exist, or `to` has the ending of a network's file.
        StorageError: If the zip file exists or cannot be written, or the bucket with the pictures
            cannot be reached.

    Example:
        >>> latentune.export("conv-ae-digits", "study.zip").trials
        3
    """
    if Path(to).suffix in NETWORK_FORMATS:
        raise StudyError(f"export() writes a .zip: {to} is written by export_network()")
    place = Runs(Path(runs))
    loaded = open_study(storage or place.database, check_study_name(study))
    dump = dump_study(loaded)
    numbers = {trial_id(trial): trial.number for trial in dump.trials}
    dump = replace(dump, system_attrs=layout.renumber_attributes(dump.system_attrs, numbers))
    encoder = dict(_encoder_files(dump, place))
    needs = tuple(_missing_needs(dump, has_encoder=bool(encoder)))
    files: dict[str, Path | str] = {**dict(_folder_files(place.root / study)), **encoder}
    study_json = json.dumps(dump.to_json(), indent=1)
    texts = {layout.STUDY: study_json, layout.README: _readme_text(dump, needs)}
    made = datetime.now().isoformat(timespec="seconds")
    facts = {"kind": layout.KIND, "made": made, "versions": versions()}
    with progress(f"packing {study}"), temporary_scratch_folder() as fetched:
        files |= _artifact_files(dump, place, study_bucket(loaded), fetched)
        size = write_archive(Path(to), files | texts, facts, option="to")
    return ExportedStudy(Path(to), study, len(dump.trials), len(files), size, needs)


def _folder_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yields each file in a study's folder: its name in the archive and its path.

    Caches and unfinished files are left out.
    """
    for place, folders, files in os.walk(folder):
        is_top = Path(place) == folder
        folders[:] = [
            name
            for name in folders
            if not (layout.is_excluded(name) or Path(place, name).is_symlink())
            and not (is_top and name == layout.ENCODER)  # which is exported as the encoder
        ]
        for name in files:
            path = Path(place, name)
            inside = f"{layout.FOLDER}/{path.relative_to(folder).as_posix()}"
            if layout.is_excluded(name):
                continue
            if path.is_symlink() or not path.is_file() or not is_portable(inside):
                log.warning("left out %s: not a regular file with a portable name", path)
                continue
            yield inside, path


def _artifact_files(
    dump: StudyDump, runs: Runs, bucket_url: str | None, fetched: Path
) -> dict[str, Path]:
    """Returns the path of each artifact of a study, by its name in the archive.

    Artifacts in the bucket are downloaded into the folder `fetched`.
    """
    bucket = None if bucket_url is None else Bucket(bucket_url)
    in_bucket = set() if bucket is None else bucket.names()
    found = {}
    for attrs in (dump.system_attrs, *(trial.system_attrs for trial in dump.trials)):
        for record in artifact_records(attrs).values():
            name = record["artifact_id"]
            if not is_portable(name) or "/" in name:
                continue
            path = runs.artifacts / name
            if bucket is not None and name in in_bucket and not path.is_file():
                path = fetched / name
                path.write_bytes(bucket.open_reader(name).read())
            if path.is_file() and not path.is_symlink():  # a link may lead to any file
                found[f"{layout.ARTIFACTS}/{name}"] = path
    return found


def _encoder_files(dump: StudyDump, runs: Runs) -> Iterator[tuple[str, Path]]:
    """Yields the checkpoint and the best.toml of a study's encoder: archive names and paths.

    Yields nothing if the study has no trained encoder, or if the checkpoint has changed.
    """
    record = read_study_record(dump)
    if record.encoder_source is None:
        return
    try:
        path = runs.resolve(record.recipe.encoder)
        is_same = file_hash(path) == record.recipe.encoder_hash
    except StorageError:  # the file is gone
        return
    if is_same:
        yield layout.ENCODER_CHECKPOINT, path
        best = path.with_name(layout.BEST)
        if best.is_file() and not best.is_symlink():
            yield layout.ENCODER_BEST, best


def _missing_needs(dump: StudyDump, *, has_encoder: bool) -> Iterator[str]:
    """Yields a description of each thing that a study needs and its archive does not contain."""
    record = read_study_record(dump)
    recipe = record.recipe
    if ":" in recipe.model:
        yield f"the module of {recipe.model}"
    elif recipe.data in DATASETS:
        yield f"the data, {recipe.data}"
    else:
        yield f"the data in {recipe.data}"
    if recipe.encoder in ARCHITECTURES and recipe.weights not in (None, "none"):
        yield f"the weights in {recipe.weights}"
    if record.encoder_source is not None and not has_encoder:
        yield f"the encoder {recipe.encoder}, which has changed"


def _readme_text(dump: StudyDump, needs: Sequence[str]) -> str:
    return (
        f"{dump.name}: a study of Latentune with {len(dump.trials)} trials.\n"
        "Import it into a runs folder, with its trained networks and pictures, by:\n\n"
        "    latentune import FILE.zip\n\n"
        f"Not in it: {'; '.join(needs)}.\n"
    )
