"""The doctor: looks at studies and their files, and mends what can be mended after a backup."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import Timeout
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from ...storage import backup
from ...storage.database import stale_trials
from ...storage.database_urls import file_path, is_file
from ...storage.redact import shown
from ...storage.runs_folder import Runs, StorageError
from ...storage.search_lock import search_lock
from ...storage.sqlite_snapshot import count_trials, fingerprint, restore_database
from ..study.defaults import RUNS
from ..study.public_api import public_api
from ..study.study_error import StudyError
from .artifact_records import find_missing_artifacts, find_unreferenced_artifacts
from .boundary_values import find_boundary_values
from .checkup import Checkup, close, open_checkup
from .database_tables import check_tables
from .duplicate_trials import find_duplicate_trials
from .finding import SEVERITIES, Finding, count
from .late_bloomers import find_late_bloomers
from .leftovers import find_interrupted_trials, find_unneeded_checkpoints
from .trained_networks import (
    find_broken_checkpoints,
    find_broken_configurations,
    find_misplaced_networks,
    find_outdated_networks,
)
from .unused_files import find_unused_files
from .weak_choices import choices

CHECKS: tuple[Callable[[Checkup], Iterator[Finding]], ...] = (
    find_interrupted_trials,
    find_missing_artifacts,
    find_broken_checkpoints,
    find_misplaced_networks,
    find_broken_configurations,
    find_duplicate_trials,
    find_unneeded_checkpoints,
    find_unreferenced_artifacts,
    find_unused_files,
    find_outdated_networks,
    find_boundary_values,
    choices,
    find_late_bloomers,
)
"""All that is looked for, in the order in which it is mended."""
LOCK_S = 2


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor has found, and done.

    Attributes:
        findings: What is not as it should be, the worst first; after a repair, what is left.
        looked_at: Studies and trials that were looked at, in words.
        done: What was mended or put back, a line each.
        backup: The folder with all that a repair has replaced, or that was put back.
    """

    findings: tuple[Finding, ...]
    looked_at: str = ""
    done: tuple[str, ...] = ()
    backup: Path | None = None

    @property
    def broken(self) -> bool:
        """Whether a result is lost or wrong."""
        return any(finding.severity == "broken" for finding in self.findings)

    @property
    def fixable(self) -> bool:
        """Whether `fix=` would mend something."""
        return any(finding.fix for finding in self.findings)

    def __str__(self) -> str:
        grades = [finding.severity for finding in self.findings]
        counts = ", ".join(
            f"{grades.count(severity)} {severity}" for severity in SEVERITIES if severity in grades
        )
        summary = f"{self.looked_at}: {counts or 'nothing is broken and nothing is wasted'}"
        return "\n".join([*self.done, *map(str, self.findings), *[summary] * bool(self.looked_at)])

    __repr__ = __str__  # what a notebook shows


@public_api
def doctor(
    study: str | None = None,
    *,
    fix: bool = False,
    undo: bool = False,
    runs: str | Path = RUNS,
    storage: str | None = None,
) -> Diagnosis:
    """Looks for what is broken, wasted, or could be searched better, and mends what it can.

    It looks at a copy of the database and changes nothing, unless it is asked to: then it first
    makes a backup, a folder in `runs/backups` with the database, byte for byte, and every file
    that it replaces or removes. The database is mended in the copy, which is checked, and put
    back in one transaction.

    Args:
        study: Name of the study; None for all of them and for the runs folder.
        fix: Whether to mend what can be mended.
        undo: Whether to take back the last repair instead, so that the database and all files
            are, bit for bit, what they were. Files of this runs folder alone are put back, and
            the database that is named here, if it is what was repaired.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder. One that is no SQLite
            file can be looked at, and not mended.

    Returns:
        What was found; after a repair, what it has done and what is left.

    Raises:
        StudyError: If there is no such study, or it was not made by Latentune.
        StorageError: If there is no database, or no backup; a search is running; or what was
            repaired has changed since. Nothing is then changed.

    Example:
        >>> found = latentune.doctor("conv-ae-digits")
        >>> found.broken
        False
    """
    place = Runs(Path(runs))
    source = storage or place.database
    if undo:
        if fix or study is not None:
            raise StudyError("`undo=` takes back all of the last repair: leave out the rest")
        folder, database = backup.latest(place), _file_of(source, "undo")
        with _search_lock_held(source, place):
            back = backup.undo(place, folder, database)
        return Diagnosis((), done=tuple(f"put back {path}" for path in back), backup=folder)
    if not fix:
        return _diagnose(place, source, study)
    done, backed_up = _repair(place, source, study)
    return replace(_diagnose(place, source, study), done=tuple(done), backup=backed_up)


def _file_of(source: str, option: str) -> Path:
    """Returns the file of a database.

    Raises:
        StorageError: If it is not an SQLite file.
    """
    if not is_file(source):
        raise StorageError(
            f"{shown(source)} is no SQLite file, and `{option}=` mends nothing that it cannot "
            "back up; back a PostgreSQL database up by pg_dump. What died in it goes on in the "
            "next search"
        )
    return file_path(source)


def _diagnose(runs: Runs, source: str, study: str | None) -> Diagnosis:
    with open_checkup(runs, source, study) as (checkup, _):
        trials = sum(len(study.get_trials(deepcopy=False)) for study in checkup.studies)
        studies = "1 study" if len(checkup.studies) == 1 else f"{len(checkup.studies)} studies"
        return Diagnosis(tuple(_look(checkup)), f"{studies}, {count(trials, 'trial')}")


def _look(checkup: Checkup) -> list[Finding]:
    """Returns all findings, the worst first."""
    found = list(checkup.findings)
    if checkup.storage is not None:
        for check in CHECKS:
            found += check(checkup)
    if not is_file(checkup.source):
        found = [finding.by_hand() for finding in found]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def _repair(runs: Runs, source: str, study: str | None) -> tuple[list[str], Path | None]:
    """Mends what can be mended; returns what was done, and where the backup is."""
    database = _file_of(source, "fix")
    with open_checkup(runs, source, study) as (checkup, copy):
        assert copy is not None
        fixes = [(finding, finding.fix) for finding in _look(checkup) if finding.fix]
        if not fixes or checkup.storage is None:
            return [], None
        runs.make()
        with _search_lock_held(source, runs):
            _check_quiet(checkup)
            trials = count_trials(copy)
            for _, fix in fixes:
                fix()
            if isinstance(checkup.storage, RDBStorage):
                close(checkup.storage)
            if check_tables(copy, database, runs)[0] or count_trials(copy) < trials:
                raise StorageError(f"the repair would damage {database}; nothing was changed")
            if fingerprint(database) != checkup.fingerprint:
                raise StorageError(f"{database} was written to meanwhile: try `fix=` once more")
            folder = backup.make_backup(runs, database, checkup.fingerprint, copy, checkup.changes)
            if fingerprint(copy) != checkup.fingerprint:
                restore_database(copy, database)
    return [finding.mended for finding, _ in fixes], folder


@contextmanager
def _search_lock_held(source: str, runs: Runs) -> Iterator[None]:
    """Keeps searches from choosing a trial.

    Raises:
        StorageError: If one is about to.
    """
    lock = search_lock(source, runs)
    try:
        lock.acquire(timeout=LOCK_S)
    except Timeout:
        raise StorageError(
            f"a search holds {runs.lock}: wait until it is through, or stop it"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _check_quiet(checkup: Checkup) -> None:
    """Raises StorageError if a trial is running whose process lives."""
    for study in checkup.all_studies:
        trials = study.get_trials(deepcopy=False)
        dead = {trial.number for trial in stale_trials(study, trials)}
        for trial in trials:
            if trial.state == TrialState.RUNNING and trial.number not in dead:
                raise StorageError(
                    f"trial {trial.number} of {study.study_name} is running, or died less than "
                    "half a minute ago: wait until it is through, or stop its search"
                )
