"""Changes the recorded name of an imported study, and the recorded path of its encoder."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ...storage.best_toml import read_best_toml, write_best_toml
from ...storage.checkpoint_file import check_checkpoint, file_hash, write_header
from ...storage.runs_folder import Runs
from ...storage.storage_error import StorageError
from ...storage.study_record import StudyRecord, read_study_record
from ...storage.trial_record import TrialRecord, read_trial_record, write_trial_record
from ..study.recipe import Recipe
from . import study_archive as layout
from .study_dump import StudyDump


def encoder_targets(archive: layout.StudyArchive, name: str, runs: Runs) -> dict[str, Path]:
    """Returns the path to unpack each encoder file of an archive to, by the file's archive name.

    The paths are in the folder of the imported study `name`. The result is empty if the archive
    has no encoder, or if the same encoder is already at the path that the recipe names.
    """
    files = archive.file.files
    if layout.ENCODER_CHECKPOINT not in files:
        return {}
    recipe = read_study_record(archive.dump).recipe
    with suppress(StorageError):
        if file_hash(runs.resolve(recipe.encoder)) == recipe.encoder_hash:
            return {}
    target = runs.encoder(name)
    targets = {
        layout.ENCODER_CHECKPOINT: target,
        layout.ENCODER_BEST: target.with_name(layout.BEST),
    }
    return {name: path for name, path in targets.items() if name in files}


def relocate(dump: StudyDump, name: str, encoder: Path | None, runs: Runs) -> StudyDump:
    """Returns a dump in which the study is called `name`, and its encoder has the path `encoder`.

    If `encoder` is None, the path is not changed.
    """
    for trial in dump.trials:
        path = read_trial_record(trial).failure or ""
        if path.startswith(f"{dump.name}/"):
            new_path = f"{name}/{path.removeprefix(f'{dump.name}/')}"
            write_trial_record(trial, TrialRecord(failure=new_path))
    attrs, record = dump.user_attrs, read_study_record(dump)
    if encoder is not None:
        assert record.encoder_source is not None
        path = runs.inside(encoder)
        changes = StudyRecord(
            recipe=record.recipe.model_copy(update={"encoder": path}),
            encoder_source=record.encoder_source.model_copy(update={"checkpoint": path}),
        )
        attrs = {**attrs, **changes.to_table()}
    return replace(dump, name=name, user_attrs=attrs)


def relocate_files(folder: Path, before: StudyDump, after: StudyDump, runs: Runs) -> None:
    """Checks the unpacked configurations and checkpoints, and changes the study's name in them.

    Args:
        folder: The folder with the unpacked files.
        before: The study as it is in the archive.
        after: The result of `relocate`.
        runs: The runs folder.

    Raises:
        StorageError: If a file cannot be read safely.
        StudyError: If a file has an invalid recipe.
    """
    study_folder = folder / layout.FOLDER
    old_encoder, new_encoder = (read_study_record(of).recipe.encoder for of in (before, after))
    for path in [*folder.rglob(layout.BEST), *study_folder.glob("trial-*.toml")]:
        best = read_best_toml(path)
        recipe = dict(best.recipe)
        Recipe.parse(recipe, runs)
        if not path.is_relative_to(study_folder) or best.study != before.name:
            continue
        if old_encoder and recipe.get("encoder") == old_encoder:
            recipe["encoder"] = new_encoder
        new = replace(best, study=after.name, recipe=recipe)
        if new != best:
            home = runs.root / after.name / path.relative_to(study_folder)
            write_best_toml(new, path, home)
    for path in folder.rglob(layout.CHECKPOINT):
        header = check_checkpoint(path)
        Recipe.parse(header.recipe.to_table(), runs)
        if path.is_relative_to(study_folder) and header.study == before.name != after.name:
            write_header(path, header.model_copy(update={"study": after.name}))
