"""Finds the checkpoints of trained networks by the names that users type."""

import os
from pathlib import Path

from ...storage.checkpoint_file import read_header
from ...storage.folder_replacement import recover_folder
from ...storage.runs_folder import Runs
from ...storage.storage_error import StorageError
from .misplaced_checkpoints import warn_if_misplaced
from .study_error import StudyError
from .study_lookup import (
    check_study_exists,
    find_configuration,
    split_trial_number,
    training_command,
)


def find_checkpoint(source: str | Path, runs: Runs) -> Path:
    """Returns the path of the checkpoint that `STUDY`, `STUDY:17` or a path names.

    A warning is logged if the checkpoint is in the folder of another study or trial.

    Raises:
        StorageError: If the study has no trained network yet.
    """
    return warn_if_misplaced(checkpoint_path(source, runs), runs)


def checkpoint_path(source: str | Path, runs: Runs) -> Path:
    """Returns the path of the checkpoint that `STUDY`, `STUDY:17` or a path names.

    Raises:
        StorageError: If the study has no trained network yet.
    """
    path = Path(source)
    if path.suffix != ".ckpt":
        path = recover_folder(runs.final(*split_trial_number(str(source))), runs) / "model.ckpt"
        if not path.exists():
            check_study_exists(split_trial_number(str(source))[0], runs)
            raise StorageError(
                f"there is no checkpoint {path}: {training_command(str(source), runs)}"
            )
    return path


def find_encoder(source: str, runs: Runs, storage: str | None = None) -> Path:
    """Returns the path of the encoder's checkpoint that a user names.

    Args:
        source: `STUDY`, `STUDY:17`, or the path of a best.toml or of a checkpoint.
        runs: The runs folder.
        storage: Optuna URL of the database, if it is not in the runs folder.

    Raises:
        StudyError: If the study does not exist, has no complete trial, or was not trained.
        StorageError: If a file or the database cannot be read.
    """
    if source.endswith(".ckpt"):
        return Path(os.path.realpath(warn_if_misplaced(Path(source), runs)))
    best = find_configuration(source, runs, storage)
    is_file = source.endswith(".toml")
    number = None if is_file else split_trial_number(source)[1]
    path = recover_folder(runs.final(best.study, number), runs) / "model.ckpt"
    if is_file and (neighbor := Path(source).with_name("model.ckpt")).exists():
        path = neighbor
    if not path.exists():
        raise StudyError(f"{source} has no trained network yet: {training_command(source, runs)}")
    if is_file and read_header(path).trial != best.trial:
        raise StudyError(
            f"{path} is not of trial {best.trial}; train that trial: latentune train {source}"
        )
    return Path(os.path.realpath(warn_if_misplaced(path, runs)))
