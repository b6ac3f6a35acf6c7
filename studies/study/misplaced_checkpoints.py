"""Finds checkpoints that are in the wrong folder, and encoders that have changed."""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna

from ...storage.checkpoint_file import file_hash, read_header
from ...storage.database import database_exists
from ...storage.optuna_internals import trial_by_number
from ...storage.runs_folder import Runs
from ...storage.storage_error import StorageError
from ...storage.study_record import read_study_record
from .study_lookup import open_study

TRAINING_FOLDER = re.compile(r"final(?:-(?P<trial>\d{1,9}))?|config-\w+")
"""Matches the names of the folders that `train` writes in the folder of a study."""
UNCOMPARED_ENTRIES = ("data_dir", "encoder", "weights", "batch_size")
"""Recipe entries that may differ between a study and its checkpoint.

Files may move, and a batch size that was chosen by default is recorded in checkpoints only.
"""

log = logging.getLogger(__name__)


def warn_if_misplaced(path: Path, runs: Runs) -> Path:
    """Returns the path of a checkpoint unchanged. Logs a warning if it belongs to another folder.

    There is no warning about a checkpoint outside of the runs folder.
    """
    study, place = None, _training_folder(path, runs)
    if place is not None and database_exists(runs.database):
        with suppress(Exception):  # `status` and `doctor` report what is wrong with the database
            study = open_study(runs.database, place[0])
    if problem := describe_misplacement(path, runs, study):
        log.warning("%s", problem)
    return path


def describe_misplaced_checkpoints(study: optuna.Study, runs: Runs) -> Iterator[str]:
    """Yields a line of text for each checkpoint in the folder of a study that is misplaced."""
    for path in sorted((runs.root / study.study_name).glob("*/model.ckpt")):
        if problem := describe_misplacement(path, runs, study):
            yield problem


def describe_misplacement(path: Path, runs: Runs, study: optuna.Study | None) -> str | None:
    """Returns why a checkpoint does not belong to its folder; None if it does.

    Args:
        path: Path of the checkpoint.
        runs: The runs folder.
        study: The study with the name of the folder; None if the database does not have it.
    """
    place = _training_folder(path, runs)
    if place is None:
        return None
    try:
        header = read_header(path)
    except StorageError:  # reported when the network is read
        return None
    name, folder = place
    number = header.trial
    which = "a configuration of no trial" if number is None else f"trial {number}"
    if header.study != name:
        return f"{path} is not of {name}: it says {which} of {header.study}"
    expected = folder["trial"]
    if expected is not None and number != int(expected):
        return f"{path} is not of trial {expected}: it says {which} of {name}"
    if study is None or folder[0].startswith("config-"):
        return None
    trial = None if number is None else trial_by_number(study, number)
    if trial is None:
        return f"{path} is of {which}, which {name} does not have"
    if header.params != trial.params:
        return f"{path} has other parameters than trial {number} of {name}"
    recipe = read_study_record(study).recipe.to_table()
    if recipe and (differing := _recipe_difference(header.recipe.to_table(), recipe)):
        return f"{path} was made of another recipe than {name}: {differing}"
    return None


def _training_folder(path: Path, runs: Runs) -> tuple[str, re.Match[str]] | None:
    """Returns the name of the study and the match of `TRAINING_FOLDER` for a checkpoint's path.

    Returns None if the checkpoint is not in such a folder.
    """
    for resolve in (os.path.abspath, os.path.realpath):  # without and with symbolic links
        checkpoint, root = Path(resolve(path)), Path(resolve(runs.root))
        if checkpoint.is_relative_to(root):
            parts = checkpoint.relative_to(root).parts
            if len(parts) == 3 and (folder := TRAINING_FOLDER.fullmatch(parts[1])):
                return parts[0], folder
    return None


def _recipe_difference(recipe: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Returns a description of the first entry in which two recipes differ; empty if none."""
    for entry in dict.fromkeys([*recipe, *other]):
        if entry not in UNCOMPARED_ENTRIES and recipe.get(entry) != other.get(entry):
            return f"{entry} is {recipe.get(entry, 'absent')}, not {other.get(entry, 'absent')}"
    return ""


def is_stale(study: optuna.Study, runs: Runs) -> bool:
    """Returns whether a study's encoder was deleted or trained again after the study began."""
    source = read_study_record(study).encoder_source
    if source is None:
        return False
    try:
        return file_hash(runs.resolve(source.checkpoint)) != source.hash
    except StorageError:
        return True
