"""Pictures of trials and studies: records without a file, and files without a record."""

import json
import logging
import sqlite3
from collections.abc import Container, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from typing import Any

from optuna.trial import TrialState

from ...storage.artifact_store import study_bucket
from ...storage.database_urls import SQLITE_SCHEME, is_file
from ...storage.runs_folder import StorageError
from ...storage.s3_bucket import Bucket
from .checkup import Checkup
from .finding import Finding, count

RECORDS = ("artifacts:", "dashboard:artifacts:")
"""How the attributes begin in which Optuna, and once the dashboard, keep what a picture is."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Record:
    """Where the dashboard keeps the name of a picture: on a study, or on one of its trials."""

    study: str
    table: str
    owner: int
    key: str
    picture: str


def find_missing_artifacts(checkup: Checkup) -> Iterator[Finding]:
    """Finds pictures whose files have gone; the dashboard would show that they cannot be loaded.

    A trial that has finished takes no attributes, not even the dashboard's own word for a
    picture that was deleted. So the record is removed from its table. Where several machines share
    a database, pictures may lie in the folders of the others.
    """
    if not is_file(checkup.source):
        return
    elsewhere = dict(_elsewhere(checkup))
    gone = [
        record
        for record in _records(checkup)
        if record.study in elsewhere
        and record.picture not in elsewhere[record.study]
        and not (checkup.runs.artifacts / record.picture).is_file()
    ]
    for study, records in groupby(gone, key=lambda record: record.study):
        found = list(records)
        yield Finding(
            "broken",
            f"{count(len(found), 'picture')} of {study} whose files have gone",
            "`fix=` removes their records",
            fix=partial(_remove, found, checkup),
        )


def find_unreferenced_artifacts(checkup: Checkup) -> Iterator[Finding]:
    """Finds files that no study shows, not even one that Latentune has not made.

    What lies in a bucket is not judged: studies of other databases may show it.
    """
    if not (checkup.whole and checkup.runs.artifacts.is_dir()):
        return
    shown = {record.picture for record in _records(checkup, also_running=True)}
    lost = [
        p for p in sorted(checkup.runs.artifacts.iterdir()) if p.is_file() and p.name not in shown
    ]
    if lost:
        yield Finding(
            "wasteful",
            f"{count(len(lost), 'file')} in {checkup.runs.artifacts} that no study here shows",
            "`fix=` moves them to the backup",
            fix=partial(checkup.changes.removed.extend, lost),
        )


def _elsewhere(checkup: Checkup) -> Iterator[tuple[str, Container[str]]]:
    """Gives each study whose pictures can be looked for, and the names of those in its bucket."""
    names_in = cache(lambda url: Bucket(url).names())
    for study in checkup.studies:
        try:
            url = study_bucket(study)
            yield study.study_name, () if url is None else names_in(url)
        except StorageError as error:
            log.warning("the pictures of %s were not looked for: %s", study.study_name, error)


def _records(checkup: Checkup, *, also_running: bool = False) -> Iterator[_Record]:
    """Yields what the dashboard shows; a running trial may be about to put the file there."""
    for study in checkup.all_studies:
        assert checkup.storage is not None
        own = checkup.storage.get_study_system_attrs(study._study_id)
        yield from _of(study.study_name, "study", study._study_id, own)
        for trial in study.get_trials(deepcopy=False):
            if also_running or trial.state != TrialState.RUNNING:
                yield from _of(study.study_name, "trial", trial._trial_id, trial.system_attrs)


def _of(study: str, table: str, owner: int, attributes: Mapping[str, Any]) -> Iterator[_Record]:
    for key, text in attributes.items():
        if key.startswith(RECORDS) and (record := json.loads(text)) is not None:
            yield _Record(study, table, owner, key, str(record["artifact_id"]))


def _remove(records: list[_Record], checkup: Checkup) -> None:
    with closing(sqlite3.connect(checkup.url.removeprefix(SQLITE_SCHEME))) as connection:
        for record in records:
            table, owner = f"{record.table}_system_attributes", f"{record.table}_id"
            connection.execute(
                f"DELETE FROM {table} WHERE {owner} = ? AND key = ?",  # noqa: S608 - ours
                (record.owner, record.key),
            )
        connection.commit()
