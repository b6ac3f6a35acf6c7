"""Finds files that nothing uses, and pictures in the database whose files are missing."""

import logging
import re
import sqlite3
import time
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import closing
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import optuna
import psutil
from optuna.trial import TrialState

from ...storage.artifact_store import artifact_records, study_bucket
from ...storage.backup import BEFORE
from ...storage.checkpoint_file import file_hash
from ...storage.database_urls import SQLITE_SCHEME, is_file
from ...storage.optuna_internals import study_id, system_attributes, trial_id
from ...storage.s3_bucket import Bucket
from ...storage.scratch_folder import OWNER_LOCK, SCRATCH_PREFIX, has_owner
from ...storage.storage_error import StorageError
from .checkup import Checkup
from .finding import Finding, count

UNUSED_AFTER_DAYS = 30
ABANDONED_AFTER_S = 3600
CACHE_FOLDERS = ("codes", "features", "folders", "precision", "tables")
DASHBOARD_PREFIX = "dashboard:"
"""Prefix of the attribute of an artifact, if the artifact was uploaded to the dashboard."""

log = logging.getLogger(__name__)


def find_unused_files(checkup: Checkup) -> Iterator[Finding]:
    """Yields findings about cached files that nothing needs, and about files of dead processes."""
    runs, folders = checkup.runs, checkup.folders()
    codes = [path for folder in folders for path in folder.glob("*/codes-*.npy")]
    hidden = [path for folder in folders for path in folder.rglob(".*")]
    cached: list[Path] = []
    scratch: list[Path] = []
    if checkup.covers_runs_folder:
        cached = [path for name in CACHE_FOLDERS for path in (runs.cache / name).glob("[!.]*")]
        cached += runs.confirm_checkpoints.glob("*.ckpt")
        scratch = [*runs.cache.glob(f"{SCRATCH_PREFIX}*")]
        scratch += [path for path in runs.backups.glob("*") if not (path / BEFORE).exists()]
        hidden += [*runs.cache.rglob(".*"), *runs.root.glob(".*")]
    for description, paths in (
        ("that nothing has used for a month", filter(_is_old, cached)),
        (
            "of latent codes of an encoder that was trained again or deleted",
            filter(_is_stale, codes),
        ),
        ("of processes that died", filter(_is_abandoned, scratch)),
        ("not written to the end", filter(_is_partial, sorted({*hidden}))),
    ):
        yield from _report_unused(checkup, paths, "file", description)


def find_unneeded_checkpoints(checkup: Checkup) -> Iterator[Finding]:
    """Yields a finding about resume checkpoints of trials that are finished or do not exist."""
    states = {
        study.study_name: {str(t.number): t.state for t in study.get_trials(deepcopy=False)}
        for study in checkup.all_studies
    }
    names = {study.study_name for study in checkup.studies}
    unneeded = []
    for path in sorted((checkup.runs.cache / "trials").glob("*/*.ckpt")):
        name = path.parent.name
        is_examined = name in names or (checkup.covers_runs_folder and name not in states)
        state = states.get(name, {}).get(path.stem)
        if is_examined and (state is None or state.is_finished()):
            unneeded.append(path)
    description = "of trials that have finished or do not exist"
    yield from _report_unused(checkup, unneeded, "checkpoint", description)


def find_unreferenced_artifacts(checkup: Checkup) -> Iterator[Finding]:
    """Yields a finding about files in the artifact folder that belong to no study of the database.

    Buckets are not checked, because studies of other databases may use the same bucket.
    """
    folder = checkup.runs.artifacts
    if not (checkup.covers_runs_folder and folder.is_dir()):
        return
    known = {
        record.artifact
        for study in checkup.all_studies
        for record in _artifact_records(study, with_running=True)
    }
    unknown = [p for p in sorted(folder.iterdir()) if p.is_file() and p.name not in known]
    yield from _report_unused(checkup, unknown, "file", f"in {folder} that no study refers to")


def _report_unused(
    checkup: Checkup, paths: Iterable[Path], noun: str, description: str
) -> Iterator[Finding]:
    """Yields a finding whose fix removes the files and folders `paths`.

    Yields nothing if there are no paths. The text of the finding is made from `noun` and
    `description`, such as `file` and `of processes that died`.
    """
    unused = list(paths)
    if unused:
        files = [p for path in unused for p in (path, *path.rglob("*")) if p.is_file()]
        size = sum(path.stat().st_size for path in files) / 1e6
        yield Finding(
            "wasteful",
            f"{count(len(files), noun)} {description}, {size:.1f} MB, such as {unused[0]}",
            "`fix=` moves them to the backup; remove that to free the space",
            fix=partial(checkup.changes.removed.extend, unused),
        )


def _is_old(path: Path, seconds: float = UNUSED_AFTER_DAYS * 86400) -> bool:
    return time.time() - path.stat().st_mtime > seconds


def _is_stale(path: Path) -> bool:
    """Returns whether a file has latent codes of another network than the one in its folder.

    The name of the file contains the hash of the network that made the codes.
    """
    checkpoint = path.with_name("model.ckpt")
    expected = path.name.removeprefix("codes-").split("-")[0]
    return not checkpoint.is_file() or file_hash(checkpoint) != expected


def _is_abandoned(folder: Path) -> bool:
    """Returns whether the process that created a scratch folder has died."""
    if (folder / OWNER_LOCK).exists():
        return not has_owner(folder)
    return _is_old(folder, ABANDONED_AFTER_S)


def _is_partial(path: Path) -> bool:
    """Returns whether a hidden file is a temporary file of a process that has died."""
    if not path.is_file():
        return False
    if by_process := re.fullmatch(r"\..+-(\d+)", path.name):
        return not psutil.pid_exists(int(by_process[1]))
    return path.name.endswith(".partial") and _is_old(path, ABANDONED_AFTER_S)


class _Record(NamedTuple):
    """A system attribute that describes an artifact.

    Attributes:
        owner: `study` or `trial`, whichever has the attribute.
        row: The id of that study or trial.
        key: Name of the attribute.
        artifact: The id of the artifact.
    """

    owner: str
    row: int
    key: str
    artifact: str


def find_missing_artifacts(checkup: Checkup) -> Iterator[Finding]:
    """Yields findings about artifacts in the database whose file is missing.

    The dashboard fails to show such an artifact. The fix deletes the attribute from the database.
    Only SQLite databases are checked: with a server, the files may be on other machines.
    """
    if not is_file(checkup.source):
        return
    names_in = cache(lambda url: Bucket(url).names())
    for study in checkup.studies:
        try:
            url = study_bucket(study)
            in_bucket: Container[str] = () if url is None else names_in(url)
        except StorageError as error:
            log.warning("the artifacts of %s were not checked: %s", study.study_name, error)
            continue
        missing = [
            record
            for record in _artifact_records(study)
            if record.artifact not in in_bucket
            and not (checkup.runs.artifacts / record.artifact).is_file()
        ]
        if missing:
            yield Finding(
                "broken",
                f"{count(len(missing), 'picture')} of {study.study_name} whose files have gone",
                "`fix=` removes their records",
                fix=partial(_remove_records, missing, checkup),
            )


def _artifact_records(study: optuna.Study, *, with_running: bool = False) -> Iterator[_Record]:
    """Yields the artifacts of a study and its trials.

    Artifacts of RUNNING trials are left out, unless `with_running`: their files may not be written
    yet.
    """
    owners: list[tuple[str, int, Mapping[str, Any]]] = [
        ("study", study_id(study), system_attributes(study)),
        *(
            ("trial", trial_id(trial), trial.system_attrs)
            for trial in study.get_trials(deepcopy=False)
            if with_running or trial.state != TrialState.RUNNING
        ),
    ]
    for owner, row, attrs in owners:
        for prefix in ("", DASHBOARD_PREFIX):
            for key, artifact in artifact_records(attrs, prefix).items():
                yield _Record(owner, row, key, artifact["artifact_id"])


def _remove_records(records: list[_Record], checkup: Checkup) -> None:
    with closing(sqlite3.connect(checkup.url.removeprefix(SQLITE_SCHEME))) as connection:
        for owner, row, key, _ in records:
            connection.execute(
                f"DELETE FROM {owner}_system_attributes WHERE {owner}_id = ? AND key = ?",  # noqa: S608 - ours
                (row, key),
            )
        connection.commit()
