"""What final training has left: checkpoints and configurations, broken or out of date."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import optuna

from ...objectives.history_checkpoint import BEST
from ...storage.best_toml import read_best_toml, to_toml
from ...storage.checkpoint_file import read_checkpoint, read_safely
from ...storage.resumable_folder import in_progress_folder
from ...storage.runs_folder import StorageError
from ..study.lineage import is_stale
from ..study.misplaced_checkpoints import describe_misplaced_checkpoints
from ..study.study_error import StudyError
from ..study.study_lookup import best_configuration
from .checkup import Checkup
from .finding import Finding
from .suggested_commands import command, new_search_command


def find_broken_checkpoints(checkup: Checkup) -> Iterator[Finding]:
    """Finds checkpoints that cannot be read: of final training, and of trials under way."""
    folders = list(checkup.folders())
    for folder in folders:
        for path in sorted(folder.glob("*/*.ckpt")):
            under_way = path.parent.name.endswith(("-partial", "-partial-before"))
            how = None if under_way or path.name != BEST else _again(path)
            said = _unreadable(path, whole=how is not None)
            if said:
                way_out = "`fix=` moves it to the backup"
                yield Finding(
                    "broken",
                    said,
                    f"{way_out}; then: {command(checkup, 'train', how)}" if how else way_out,
                    fix=partial(checkup.changes.removed.append, path),
                )
    names = [study.study_name for study in checkup.studies]
    for path in (p for n in names for p in (checkup.runs.cache / "trials" / n).glob("*.ckpt")):
        if said := _unreadable(path, whole=False):
            yield Finding(
                "broken",
                said,
                "`fix=` moves it to the backup, and the trial begins anew",
                fix=partial(checkup.changes.removed.append, path),
            )


def find_misplaced_networks(checkup: Checkup) -> Iterator[Finding]:
    """Finds networks in the folder of another study or trial than their own."""
    for study in checkup.studies:
        for said in describe_misplaced_checkpoints(study, checkup.runs):
            yield Finding(
                "broken",
                said,
                "move it away, or train it anew: " + command(checkup, "train", study.study_name),
            )


def find_broken_configurations(checkup: Checkup) -> Iterator[Finding]:
    """Finds a best.toml, or that of a trial, which cannot be read."""
    for study in checkup.studies:
        folder = checkup.runs.root / study.study_name
        for path in sorted([*folder.glob("best.toml"), *folder.glob("trial-*.toml")]):
            try:
                read_best_toml(path)
            except StorageError as error:
                yield Finding(
                    "broken",
                    str(error).split(";")[0],
                    "`fix=` writes it anew; what was there goes to the backup",
                    fix=partial(_write, study, path, checkup),
                )


def find_outdated_networks(checkup: Checkup) -> Iterator[Finding]:
    """Finds networks of a trial that is no longer the best, and studies on such an encoder."""
    for study in checkup.studies:
        name = study.study_name
        if is_stale(study, checkup.runs):
            yield Finding(
                "advice",
                f"{name} is on an encoder that was trained anew since, or is gone",
                new_search_command(study, checkup, {}, "--name", f"{name}-2"),
            )
        final = checkup.runs.final(name)
        if (
            in_progress_folder(final).exists()
            and final.exists()
            and _older(in_progress_folder(final), final)
        ):
            yield Finding(
                "advice",
                f"{in_progress_folder(final)} was stopped, and {final} was trained since",
                "remove it, or go on with it: " + command(checkup, "train", name, "--resume"),
            )
        try:
            best, trained = (
                best_configuration(study),
                read_checkpoint(final / BEST)[0].get("trial"),
            )
        except (StorageError, StudyError):
            continue  # no trial is complete, none is the best, or none was trained
        if trained not in (None, best.trial):
            yield Finding(
                "advice",
                f"{final} is of trial {trained} of {name}, and trial {best.trial} is the best now",
                command(checkup, "train", name),
            )


def _again(path: Path) -> str:
    """Returns what `train` calls a network that is to be trained anew; empty if none is."""
    folder = path.parent
    if re.fullmatch(r"config-\w+", folder.name):
        return str(folder / "best.toml")
    final = re.fullmatch(r"final(?:-(\d+))?", folder.name)
    if final is None:
        return ""  # what was there before, or the encoder that a study has brought along
    return f"{folder.parent.name}:{final[1]}" if final[1] else folder.parent.name


def _unreadable(path: Path, *, whole: bool) -> str:
    """Returns what is wrong with a checkpoint; empty if it can be read."""
    try:
        if whole:
            read_checkpoint(path)
        else:
            read_safely(path)
    except StorageError as error:
        return str(error).split("; train it anew")[0].split(". ")[0]  # torch says a lot
    return ""


def _older(folder: Path, other: Path) -> bool:
    return folder.stat().st_mtime < other.stat().st_mtime


def _write(study: optuna.Study, path: Path, checkup: Checkup) -> None:
    number = None if path.name == "best.toml" else int(path.stem.removeprefix("trial-"))
    try:
        best = best_configuration(study, number)
    except StudyError:  # there is nothing to write any more
        checkup.changes.removed.append(path)
        return
    checkup.changes.written[path] = to_toml(best, path)
