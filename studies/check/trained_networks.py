"""Finds checkpoints and configuration files that are broken, misplaced or outdated."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import optuna

from ...storage.best_toml import read_best_toml, to_toml
from ...storage.checkpoint_file import check_checkpoint, read_header, read_safely
from ...storage.folder_replacement import in_progress_folder
from ...storage.storage_error import StorageError
from ..study.misplaced_checkpoints import describe_misplaced_checkpoints, is_stale
from ..study.study_error import StudyError
from ..study.study_lookup import best_configuration
from .checkup import Checkup
from .finding import Finding

CHECKPOINT = "model.ckpt"


def find_broken_checkpoints(checkup: Checkup) -> Iterator[Finding]:
    """Yields a finding for each broken checkpoint, of trained networks and unfinished trials."""
    for folder in checkup.folders():
        for path in sorted(folder.glob("*/*.ckpt")):
            is_partial = path.parent.name.endswith(("-partial", "-partial-before"))
            is_network = path.name == CHECKPOINT and not is_partial
            source = _training_source(path) if is_network else ""
            then = f"; then: {checkup.command('train', source)}" if source else ""
            yield from _check_readable(path, checkup, then, is_network=is_network)
    for study in checkup.studies:
        for path in sorted((checkup.runs.cache / "trials" / study.study_name).glob("*.ckpt")):
            yield from _check_readable(path, checkup, ", and the trial starts again")


def _check_readable(
    path: Path, checkup: Checkup, then: str, *, is_network: bool = False
) -> Iterator[Finding]:
    try:
        if is_network:
            check_checkpoint(path)
        else:
            read_safely(path)
    except StorageError as error:
        yield Finding(
            "broken",
            str(error).split("; train it")[0].split(". ")[0],  # torch's messages are long
            f"`fix=` moves it to the backup{then}",
            fix=partial(checkup.changes.removed.append, path),
        )


def _training_source(path: Path) -> str:
    """Returns the argument for `train` to train the network in the checkpoint `path` again.

    Returns an empty text if the checkpoint is not in a folder that `train` writes.
    """
    folder = path.parent
    if re.fullmatch(r"config-\w+", folder.name):
        return str(folder / "best.toml")
    final = re.fullmatch(r"final(?:-(\d+))?", folder.name)
    if final is None:
        return ""  # an older network, or the encoder of an imported study
    return f"{folder.parent.name}:{final[1]}" if final[1] else folder.parent.name


def find_misplaced_networks(checkup: Checkup) -> Iterator[Finding]:
    """Yields a finding for each network in the folder of another study or trial."""
    for study in checkup.studies:
        train = checkup.command("train", study.study_name)
        for problem in describe_misplaced_checkpoints(study, checkup.runs):
            yield Finding("broken", problem, f"move it away, or train it again: {train}")


def find_broken_configurations(checkup: Checkup) -> Iterator[Finding]:
    """Yields a finding for each best.toml or trial-NUMBER.toml that cannot be read."""
    for study in checkup.studies:
        folder = checkup.runs.root / study.study_name
        for path in sorted([*folder.glob("best.toml"), *folder.glob("trial-*.toml")]):
            try:
                read_best_toml(path)
            except StorageError as error:
                yield Finding(
                    "broken",
                    str(error).split(";")[0],
                    "`fix=` writes it again; the old file goes to the backup",
                    fix=partial(_rewrite_configuration, study, path, checkup),
                )


def _rewrite_configuration(study: optuna.Study, path: Path, checkup: Checkup) -> None:
    number = None if path.name == "best.toml" else int(path.stem.removeprefix("trial-"))
    try:
        best = best_configuration(study, number)
    except StudyError:  # the study has no such configuration any more
        checkup.changes.removed.append(path)
    else:
        checkup.changes.written[path] = to_toml(best, path)


def find_outdated_networks(checkup: Checkup) -> Iterator[Finding]:
    """Yields findings about networks and studies that are outdated.

    A network is outdated if another trial has become the best trial of its study. A study is
    outdated if its encoder was trained again or deleted.
    """
    for study in checkup.studies:
        name, final = study.study_name, checkup.runs.final(study.study_name)
        train = checkup.command("train", name)
        if is_stale(study, checkup.runs):
            yield Finding(
                "advice",
                f"{name} uses an encoder that was trained again since, or is gone",
                checkup.search_command(study, {}, "--name", f"{name}-2"),
            )
        partial_folder = in_progress_folder(final)
        if (
            partial_folder.exists()
            and final.exists()
            and partial_folder.stat().st_mtime < final.stat().st_mtime
        ):
            yield Finding(
                "advice",
                f"{partial_folder} was stopped, and {final} was trained since",
                f"remove it, or continue it: {train} --resume",
            )
        try:
            best = best_configuration(study)
            trained = read_header(final / CHECKPOINT).trial
        except (StorageError, StudyError):
            continue  # there is no best trial, or no trained network
        if trained not in (None, best.trial):
            yield Finding(
                "advice",
                f"{final} is of trial {trained} of {name}, and trial {best.trial} is the best now",
                train,
            )
