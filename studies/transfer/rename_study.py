"""What holds the name of a study, or the place of its encoder, when either is another here."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...storage.best_toml import read_best_toml, write_best_toml
from ...storage.checkpoint_file import add_configuration, read_checkpoint
from ...storage.runs_folder import Runs
from ..study.recipe import Recipe
from .archive_layout import BEST, CHECKPOINT, FOLDER
from .study_dump import StudyDump


def rename(record: StudyDump, name: str) -> StudyDump:
    """Returns a record of a study of another name."""
    for trial in record.trials:
        path = trial.user_attrs.get("failure", "")
        if path.startswith(f"{record.name}/"):
            trial.user_attrs["failure"] = f"{name}/{path.removeprefix(f'{record.name}/')}"
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
    there, here = (of.user_attrs["recipe"].get("encoder") for of in (before, now))
    return {**recipe, "encoder": here} if there and recipe.get("encoder") == there else recipe
