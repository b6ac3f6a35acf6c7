"""The function `doctor`: it finds problems in studies and files, and fixes them after a backup."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from optuna.trial import TrialState

from ...storage.backup import latest_backup, make_backup, restore_backup
from ...storage.database_urls import file_path, is_file
from ...storage.heartbeats import stale_trials
from ...storage.lock_wait import hold_free_lock
from ...storage.redact import redact
from ...storage.runs_folder import Runs
from ...storage.search_lock import search_lock
from ...storage.sqlite_snapshot import count_trials, fingerprint, restore_database
from ...storage.storage_error import StorageError
from ..display.result import Result
from ..study.defaults import RUNS
from ..study.public_api import public_api
from ..study.study_error import StudyError
from . import file_checks, search_advice, trained_networks, trial_checks
from .checkup import Checkup, close, open_checkup
from .database_tables import check_tables
from .finding import SEVERITIES, Finding, count

CHECKS: tuple[Callable[[Checkup], Iterator[Finding]], ...] = (
    trial_checks.find_interrupted_trials,
    file_checks.find_missing_artifacts,
    trained_networks.find_broken_checkpoints,
    trained_networks.find_misplaced_networks,
    trained_networks.find_broken_configurations,
    trial_checks.find_duplicate_trials,
    file_checks.find_unneeded_checkpoints,
    file_checks.find_unreferenced_artifacts,
    file_checks.find_unused_files,
    trained_networks.find_outdated_networks,
    trial_checks.find_failure_causes,
    search_advice.find_boundary_values,
    search_advice.find_weak_choices,
    search_advice.find_late_bloomers,
)
"""All checks, in the order in which their findings are fixed."""
LOCK_TIMEOUT_S = 2


@dataclass(frozen=True, repr=False)
class Diagnosis(Result):
    """The result of `doctor`: the problems, and the repairs.

    Attributes:
        findings: The problems, the worst first; after a repair, the remaining problems.
        studies: Number of studies that were examined; None after `undo`.
        trials: Number of trials in these studies.
        done: A line for each problem that was fixed; after `undo`, for each restored file.
        backup: Folder of the backup that the repair made, or that `undo` restored; else None.
    """

    findings: tuple[Finding, ...] = ()
    studies: int | None = None
    trials: int = 0
    done: tuple[str, ...] = ()
    backup: Path | None = None

    @property
    def broken(self) -> bool:
        """Whether a finding has the severity `broken`: a result is lost or wrong."""
        return any(finding.severity == "broken" for finding in self.findings)

    @property
    def fixable(self) -> bool:
        """Whether a finding has a fix, which `fix=` would apply."""
        return any(finding.fix for finding in self.findings)

    def __rich__(self) -> str:
        lines = [*self.done, *map(str, self.findings)]
        if self.studies is not None:
            found = [finding.severity for finding in self.findings]
            counts = [f"{found.count(name)} {name}" for name in SEVERITIES if name in found]
            studies = "1 study" if self.studies == 1 else f"{self.studies} studies"
            summary = ", ".join(counts) or "nothing is broken and nothing is wasted"
            lines.append(f"{studies}, {count(self.trials, 'trial')}: {summary}")
        return "\n".join(lines)


@public_api
def doctor(
    study: str | None = None,
    *,
    fix: bool = False,
    undo: bool = False,
    runs: str | Path = RUNS,
    storage: str | None = None,
) -> Diagnosis:
    """Finds problems in studies and files, and fixes them with `fix`.

    Problems are lost or wrong results, wasted time or disk space, and searches that could find
    better values. By default nothing is changed. With `fix`, a backup is made first: a folder in
    `runs/backups` with the database and each file that the repair replaces or removes. A copy of
    the database is repaired, checked, and written back in one transaction.

    Args:
        study: Name of the study; None for all studies and the runs folder.
        fix: Whether to fix the findings that have a fix.
        undo: Whether to undo the last repair instead: its backup is restored.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in the folder `runs`. Only an SQLite
            file can be fixed; other databases can be examined.

    Returns:
        The findings; after a repair, what was done and the remaining findings.

    Raises:
        StudyError: If the study does not exist, or was not made by Latentune.
        StorageError: If there is no database, or a search is running; with `undo`, if there is no
            backup, or a repaired file has changed since. Then nothing is changed.

    Example:
        >>> diagnosis = latentune.doctor("conv-ae-digits")
        >>> diagnosis.broken
        False
    """
    place = Runs(Path(runs))
    source = storage or place.database
    if undo:
        if fix or study is not None:
            raise StudyError(
                "`undo=` takes back the whole last repair: leave out the other options"
            )
        backup, database = latest_backup(place), _sqlite_file(source, "undo")
        with _hold_search_lock(source, place):
            restored = restore_backup(place, backup, database)
        return Diagnosis(done=tuple(f"put back {path}" for path in restored), backup=backup)
    done, new_backup = _repair(place, source, study) if fix else ((), None)
    with open_checkup(place, source, study) as checkup:
        trials = sum(len(examined.get_trials(deepcopy=False)) for examined in checkup.studies)
        findings = tuple(_find_all(checkup))
        return Diagnosis(findings, len(checkup.studies), trials, done, new_backup)


def _sqlite_file(source: str, option: str) -> Path:
    """Returns the path of the SQLite file in the URL `source`.

    `option` is the user's argument that needs such a file, for the error message.

    Raises:
        StorageError: If the URL names another database.
    """
    if not is_file(source):
        raise StorageError(
            f"{redact(source)} is not an SQLite file, and `{option}=` only changes what it can "
            "back up; back up a PostgreSQL database by pg_dump. The next search continues the "
            "trials of processes that died"
        )
    return file_path(source)


def _find_all(checkup: Checkup) -> list[Finding]:
    """Runs all checks and returns their findings, the worst first."""
    findings = list(checkup.findings)
    if checkup.storage is not None:
        findings += [finding for check in CHECKS for finding in check(checkup)]
    if not is_file(checkup.source):
        findings = [finding.without_fix() for finding in findings]
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def _repair(runs: Runs, source: str, study: str | None) -> tuple[tuple[str, ...], Path | None]:
    """Fixes all findings that have a fix.

    Returns a text for each fixed finding, and the folder of the backup; None if nothing was fixed.
    """
    database = _sqlite_file(source, "fix")
    with open_checkup(runs, source, study) as checkup:
        copy = checkup.copy
        assert copy is not None
        fixable = [(finding, finding.fix) for finding in _find_all(checkup) if finding.fix]
        if not fixable or checkup.storage is None:
            return (), None
        runs.make()
        with _hold_search_lock(source, runs):
            _refuse_running_trials(checkup)
            trials = count_trials(copy)
            for _, fix in fixable:
                fix()
            close(checkup.storage)
            if check_tables(copy, database, runs)[0] or count_trials(copy) < trials:
                raise StorageError(f"the repair would damage {database}; nothing was changed")
            if fingerprint(database) != checkup.fingerprint:
                raise StorageError(
                    f"{database} has changed during the repair: repeat it by `fix=`"
                )
            backup = make_backup(runs, database, copy, checkup.changes)
            if fingerprint(copy) != checkup.fingerprint:
                restore_database(copy, database)
    return tuple(finding.describe_fix() for finding, _ in fixable), backup


def _hold_search_lock(source: str, runs: Runs) -> AbstractContextManager[None]:
    """Returns a context manager that keeps searches from starting a trial.

    The context manager raises StorageError if a search is just starting a trial.
    """
    return hold_free_lock(
        search_lock(source, runs),
        f"a search holds {runs.lock}: wait until it has finished, or stop it",
        LOCK_TIMEOUT_S,
    )


def _refuse_running_trials(checkup: Checkup) -> None:
    """Raises StorageError if a trial in the database is RUNNING and its process is alive."""
    for study in checkup.all_studies:
        trials = study.get_trials(deepcopy=False)
        stale = {trial.number for trial in stale_trials(study, trials)}
        for trial in trials:
            if trial.state == TrialState.RUNNING and trial.number not in stale:
                raise StorageError(
                    f"trial {trial.number} of {study.study_name} is running, or died less than "
                    "half a minute ago: wait until it has finished, or stop its search"
                )
