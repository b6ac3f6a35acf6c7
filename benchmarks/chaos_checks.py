"""What has to hold of a study and its folder, whatever befell its search."""

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
    """Returns the study, if the search came so far as to make it."""
    if not disk.database.exists():
        return None
    storage = open_database(f"sqlite:///{disk.database}")
    if STUDY not in optuna.get_all_study_names(storage):
        return None
    return optuna.load_study(study_name=STUDY, storage=storage)


def last_beat(disk: Disk) -> str | None:
    """Returns when a trial was last said to be alive, if any was."""
    return _look_up(disk, "SELECT max(heartbeat) FROM trial_heartbeats")


def ended(disk: Disk) -> int:
    """Returns how many trials have ended."""
    return _look_up(disk, "SELECT count(*) FROM trials WHERE datetime_complete NOTNULL") or 0


def _look_up(disk: Disk, query: str) -> Any:
    try:
        with closing(sqlite3.connect(f"{disk.database.as_uri()}?mode=ro", uri=True)) as database:
            (found,) = database.execute(query).fetchone()
    except sqlite3.OperationalError:  # there is none yet
        return None
    return found


def outcomes(study: optuna.Study | None) -> dict[int, str]:
    """Returns all that each finished trial has found, by its number."""
    trials = finished_trials(study.trials) if study else []
    return {trial.number: outcome(trial) for trial in trials}


def outcome(trial: FrozenTrial) -> str:
    """Returns all that a trial has found, as text: nan differs from itself."""
    return repr([trial.state, trial.params, trial.values, trial.intermediate_values])


def check_study(disk: Disk, study: optuna.Study, seen: Mapping[int, str], total: int) -> Checks:
    """Checks that each trial is there once, as it was when it was first seen finished.

    Args:
        disk: Where the search has its files.
        study: The study.
        seen: The outcomes of trials that have been seen finished, by number.
        total: How many trials the study has to have.
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
    """Checks that all pictures are whole, and that nothing lies there that nobody needs."""
    metas = [m for t in study.trials for m in get_all_artifact_meta(t, storage=study._storage)]
    ids = {meta.artifact_id for meta in metas}
    whole = {path.name for path in disk.runs.glob("artifacts/*") if path.stat().st_size}
    broken = ids - disk.deleted - whole
    yield not broken, f"{len(broken)} pictures broken, of {len(ids - disk.deleted)} not deleted"
    pictures = {disk.runs / "artifacts" / name for name in ids}
    paths = set(disk.root.rglob("*")) - pictures
    names = [path.relative_to(disk.root).as_posix() for path in sorted(paths)]
    kinds = Counter(RANDOM.sub("*", name) for name in names if not EXPECTED.fullmatch(name))
    yield not kinds, f"{kinds.total()} orphaned files" + listed(kinds)


def check_output(text: str) -> Checks:
    """Checks that no search ended with a traceback."""
    ends = Counter(TRACEBACK.findall(text))
    yield not ends, f"{ends.total()} tracebacks" + listed(ends)


def listed(kinds: Counter[str]) -> str:
    """Returns lines for what was counted, the most frequent first."""
    return "".join(f"\n        {times} x {kind}" for kind, times in kinds.most_common())
