"""What holds the name of a study, or the place of its encoder, when either is another here."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...storage.best_toml import read_best_toml, write_best_toml
from ...storage.checkpoint_file import add_configuration, read_checkpoint
from ...storage.runs_folder import Runs
from ...storage.study_record import read_study_record
from ...storage.trial_record import TrialRecord, read_trial_record, write_trial_record
from ..study.recipe import Recipe
from .archive_layout import BEST, CHECKPOINT, FOLDER
from .study_dump import StudyDump


def rename(record: StudyDump, name: str) -> StudyDump:
    """Returns a record of a study of another name."""
    for trial in record.trials:
        path = read_trial_record(trial).failure
        if path is not None and path.startswith(f"{record.name}/"):
            moved = f"{name}/{path.removeprefix(f'{record.name}/')}"
            write_trial_record(trial, TrialRecord(failure=moved))
    return replace(record, name=name)


def check_configurations(folder: Path, before: StudyDump, now: StudyDump, runs: Runs) -> None:
    """Checks configurations and networks that were unpacked, and lets them name the study.

    Args:
        folder: Where they were unpacked.
        before: The study as it was packed.
        now: The study as it is to be here.
        runs: The runs folder.

    Raises:
        StorageError: If one cannot be read safely.
        StudyError: If what it was made of is no recipe.
    """
    own = folder / FOLDER
    for path in [*folder.rglob(BEST), *own.glob("trial-*.toml")]:
        best = read_best_toml(path)
        recipe = _moved(best.recipe, before, now, runs)
        if path.is_relative_to(own) and best.study == before.name:
            new = replace(best, study=now.name, recipe=recipe)
            if new != best:
                home = runs.root / now.name / path.relative_to(own)
                write_best_toml(new, path, home)
    for path in folder.rglob(CHECKPOINT):
        configuration, _ = read_checkpoint(path)
        Recipe.parse(configuration["recipe"], runs)
        if path.is_relative_to(own) and configuration["study"] == before.name != now.name:
            add_configuration(path, {**configuration, "study": now.name})


def _moved(
    recipe: Mapping[str, Any], before: StudyDump, now: StudyDump, runs: Runs
) -> Mapping[str, Any]:
    """Returns a recipe that says where the encoder of a study is now."""
    Recipe.parse(recipe, runs)
    there, here = (read_study_record(dump).recipe.encoder for dump in (before, now))
    return {**recipe, "encoder": here} if there and recipe.get("encoder") == there else recipe
