"""Artifacts of trials and studies, such as pictures: records without a file, and the opposite."""

import json
import logging
import sqlite3
from collections.abc import Container, Iterator, Mapping
from contextlib import closing
from functools import cache, partial
from typing import Any, NamedTuple

import optuna
from optuna.trial import TrialState

from ...storage.artifact_store import study_bucket
from ...storage.database_urls import SQLITE_SCHEME, is_file
from ...storage.optuna_internals import study_id, system_attributes, trial_id
from ...storage.s3_bucket import Bucket
from ...storage.storage_error import StorageError
from .checkup import Checkup
from .finding import Finding, count

PREFIXES = ("artifacts:", "dashboard:artifacts:")
"""Prefixes of the attributes in which Optuna and its dashboard describe an artifact."""

log = logging.getLogger(__name__)


class _Record(NamedTuple):
    """An attribute of a study or of a trial (`owner`, with its row) that describes an artifact."""

    owner: str
    row: int
    key: str
    artifact: str


def find_missing_artifacts(checkup: Checkup) -> Iterator[Finding]:
    """Finds records of artifacts without a file. The dashboard fails to show these artifacts.

    Optuna does not change the attributes of a finished trial, so the fix deletes rows of the
    table. Machines that share a database may keep the files in their own folders, so only SQLite
    databases are checked.
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
                fix=partial(_remove, missing, checkup),
            )


def find_unreferenced_artifacts(checkup: Checkup) -> Iterator[Finding]:
    """Finds files in the artifacts folder that no study of the database refers to.

    Files in a bucket are not checked, because studies of other databases may refer to them.
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
    if unknown:
        yield Finding(
            "wasteful",
            f"{count(len(unknown), 'file')} in {folder} that no study refers to",
            "`fix=` moves them to the backup",
            fix=partial(checkup.changes.removed.extend, unknown),
        )


def _artifact_records(study: optuna.Study, *, with_running: bool = False) -> Iterator[_Record]:
    """Yields the records of a study; a RUNNING trial may have a record before its file exists."""
    yield from _artifact_attributes("study", study_id(study), system_attributes(study))
    for trial in study.get_trials(deepcopy=False):
        if with_running or trial.state != TrialState.RUNNING:
            yield from _artifact_attributes("trial", trial_id(trial), trial.system_attrs)


def _artifact_attributes(owner: str, row: int, attrs: Mapping[str, Any]) -> Iterator[_Record]:
    for key, text in attrs.items():
        if key.startswith(PREFIXES) and (found := json.loads(text)) is not None:
            yield _Record(owner, row, key, str(found["artifact_id"]))


def _remove(records: list[_Record], checkup: Checkup) -> None:
    with closing(sqlite3.connect(checkup.url.removeprefix(SQLITE_SCHEME))) as connection:
        for owner, row, key, _ in records:
            connection.execute(
                f"DELETE FROM {owner}_system_attributes WHERE {owner}_id = ? AND key = ?",  # noqa: S608 - ours
                (row, key),
            )
        connection.commit()
