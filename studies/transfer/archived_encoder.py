"""The encoder that came with a study on it: it lies in the folder of that study."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ...storage.checkpoint_file import file_hash
from ...storage.runs_folder import Runs
from ...storage.storage_error import StorageError
from ...storage.study_record import StudyRecord, read_study_record
from .archive_layout import BEST, CHECKPOINT, ENCODER
from .study_archive import StudyArchive
from .study_dump import StudyDump

PACKED = f"{ENCODER}/{CHECKPOINT}"


def encoder_targets(package: StudyArchive, target: str, runs: Runs) -> dict[str, Path]:
    """Returns where the files of an encoder go, by their names in the zip.

    That is the folder of the imported study, never that of the study which the encoder is called
    after: a study here of the same name would answer with it. There are none if the zip has no
    encoder, or the same one is here already, where the recipe says.

    Args:
        package: The zip.
        target: What the study is called here.
        runs: The runs folder.
    """
    if PACKED not in package.archive.files:
        return {}
    recipe = read_study_record(package.record).recipe
    with suppress(StorageError):
        if file_hash(runs.resolve(recipe.encoder)) == recipe.encoder_hash:
            return {}
    home = runs.encoder(target)
    places = {PACKED: home, f"{ENCODER}/{BEST}": home.with_name(BEST)}
    return {name: path for name, path in places.items() if name in package.archive.files}


def with_encoder_at(record: StudyDump, places: Mapping[str, Path], runs: Runs) -> StudyDump:
    """Returns a record of a study on an encoder in its new place."""
    if PACKED not in places:
        return record
    path = runs.inside(places[PACKED])
    known = read_study_record(record)
    assert known.encoder_source is not None
    moved = StudyRecord(
        recipe=known.recipe.model_copy(update={"encoder": path}),
        encoder_source=known.encoder_source.model_copy(update={"checkpoint": path}),
    )
    return replace(record, user_attrs={**record.user_attrs, **moved.to_table()})
