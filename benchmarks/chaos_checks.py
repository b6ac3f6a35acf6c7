"""Checks of a study and its folder after its searches were disturbed."""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import optuna
from optuna.artifacts import get_all_artifact_meta
from optuna.trial import FrozenTrial, TrialState

from latentune.storage.database import open_database
from latentune.storage.trial_outcome import finished_trials

from .chaos_troubles import Disk

STUDY = "conv-ae-digits"
ENDS = (TrialState.COMPLETE, TrialState.PRUNED)
EXPECTED = re.compile(  # files and folders other than pictures of trials
    r"tmp|runs|runs/(studies\.db(-wal|-shm)?|search\.lock|artifacts|cache)"
    rf"|runs/{STUDY}(/best\.toml)?|runs/cache/(?!.*(partial|scratch|tmp|pymp-|trials)).*"
)
RANDOM = re.compile(r"[0-9a-f-]{36}|(?<=tmp|mp-|er-|ch-)[a-z0-9_]{8}")  # by uuid, tempfile
TRACEBACK = re.compile(r"Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)*(.*)")

Checks = Iterator[tuple[bool, str]]


def load(disk: Disk) -> optuna.Study | None:
    """Returns the study; None if no search has created it yet."""
    if not disk.database.exists():
        return None
    storage = open_database(f"sqlite:///{disk.database}")
    if STUDY not in optuna.get_all_study_names(storage):
        return None
    return optuna.load_study(study_name=STUDY, storage=storage)


def last_heartbeat(disk: Disk) -> str | None:
    """Returns the time of the last heartbeat of any trial; None if there is none."""
    return _look_up(disk, "SELECT max(heartbeat) FROM trial_heartbeats")


def count_ended(disk: Disk) -> int:
    """Returns the number of trials that have ended."""
    return _look_up(disk, "SELECT count(*) FROM trials WHERE datetime_complete NOTNULL") or 0


def _look_up(disk: Disk, query: str) -> Any:
    try:
        with closing(sqlite3.connect(f"{disk.database.as_uri()}?mode=ro", uri=True)) as database:
            (found,) = database.execute(query).fetchone()
    except sqlite3.OperationalError:  # there is none yet
        return None
    return found


def outcomes(study: optuna.Study | None) -> dict[int, str]:
    """Returns the outcome of each finished trial, by its number."""
    trials = finished_trials(study.trials) if study else []
    return {trial.number: outcome(trial) for trial in trials}


def outcome(trial: FrozenTrial) -> str:
    """Returns the outcome of a trial as text, because nan is not equal to itself."""
    return repr([trial.state, trial.params, trial.values, trial.intermediate_values])


def check_study(disk: Disk, study: optuna.Study, seen: Mapping[int, str], total: int) -> Checks:
    """Checks that each trial exists once, with the outcome that it had when it finished.

    Args:
        disk: The disk with the files of the search.
        study: The study.
        seen: Outcomes of the trials that were finished after an earlier search, by number.
        total: The number of trials that the study must have.
    """
    with closing(sqlite3.connect(disk.database)) as connection:
        (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
    yield answer == "ok", f"integrity of the database: {answer}"
    found = outcomes(study)
    lost = sum(found.get(number) != then for number, then in seen.items())
    yield not lost, f"{lost} finished trials lost, of {len(seen)} that were seen in between"
    trials = study.trials
    points = [repr(trial.params) for trial in trials]
    numbers = [trial.number for trial in trials]
    twice = 2 * len(trials) - len(set(points)) - len(set(numbers))
    yield not twice, f"{twice} duplicated"
    left = sum(not trial.state.is_finished() for trial in trials)
    yield not left, f"{left} left running"
    well = sum(trial.state in ENDS for trial in finished_trials(trials))
    yield well == len(trials) == total, f"{well} of {total} trials, each by its own end"


def check_disk(disk: Disk, study: optuna.Study) -> Checks:
    """Checks that no picture is broken, and that no unneeded file is left over."""
    metas = [m for t in study.trials for m in get_all_artifact_meta(t, storage=study._storage)]
    ids = {meta.artifact_id for meta in metas}
    whole = {path.name for path in disk.runs.glob("artifacts/*") if path.stat().st_size}
    broken = ids - disk.deleted - whole
    yield not broken, f"{len(broken)} pictures broken, of {len(ids - disk.deleted)} not deleted"
    pictures = {disk.runs / "artifacts" / name for name in ids}
    paths = set(disk.root.rglob("*")) - pictures
    names = [path.relative_to(disk.root).as_posix() for path in sorted(paths)]
    kinds = Counter(RANDOM.sub("*", name) for name in names if not EXPECTED.fullmatch(name))
    yield not kinds, f"{kinds.total()} orphaned files" + format_counts(kinds)


def check_output(text: str) -> Checks:
    """Checks that no search ended with a traceback."""
    ends = Counter(TRACEBACK.findall(text))
    yield not ends, f"{ends.total()} tracebacks" + format_counts(ends)


def format_counts(kinds: Counter[str]) -> str:
    """Returns a line for each kind with its count, the most frequent first."""
    return "".join(f"\n        {times} x {kind}" for kind, times in kinds.most_common())
