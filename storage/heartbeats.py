"""Heartbeats in the database, which show that the process of a RUNNING trial is alive."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import text

from .database import DatabaseError
from .database_urls import is_file
from .optuna_internals import relational_storage, stale_trial_ids, storage_of, trial_id
from .periodic_thread import call_periodically


@contextmanager
def heartbeat(trial: optuna.Trial) -> Iterator[None]:
    """Records a heartbeat of a trial every few seconds in a thread, until the block ends.

    Optuna's own heartbeat thread runs only in `study.optimize`, and a busy database ends it.
    """
    storage = relational_storage(trial.storage)
    if storage is None or storage.heartbeat_interval is None:
        yield
        return

    def record_heartbeat() -> None:
        with suppress(*DatabaseError):
            storage.record_heartbeat(trial_id(trial))

    storage.record_heartbeat(trial_id(trial))
    with call_periodically(record_heartbeat, storage.heartbeat_interval):
        yield


def write_heartbeats(study: optuna.Study, trials: Sequence[FrozenTrial]) -> None:
    """Records one heartbeat for each trial, because the trials' processes cannot do it."""
    storage = relational_storage(storage_of(study))
    if storage is not None:
        for trial in trials:
            storage.record_heartbeat(trial_id(trial))


def stale_trials(study: optuna.Study, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Returns the RUNNING trials whose last heartbeat has expired. Their processes have died.

    In an SQLite file, the start of a trial counts as its first heartbeat.
    """
    running, storage = _running_trials(study, trials)
    if not running or storage is None:
        return []
    stale = stale_trial_ids(study, storage)
    if is_file(storage.url):  # all processes that write to a file share one clock
        latest = datetime.now() - timedelta(seconds=storage.grace_period or 0)
        old = {trial_id(t) for t in running if (t.datetime_start or latest) < latest}
        stale |= old - _ids_with_heartbeat(storage, running)
    return [trial for trial in running if trial_id(trial) in stale]


def write_missing_heartbeats(study: optuna.Study, trials: Sequence[FrozenTrial]) -> None:
    """Records a heartbeat for each RUNNING trial that has none, if the database is on a server.

    A process may die before its first heartbeat. This heartbeat expires later, so `stale_trials`
    then returns the trial.
    """
    running, storage = _running_trials(study, trials)
    if running and storage is not None and not is_file(storage.url):
        known = _ids_with_heartbeat(storage, running)
        write_heartbeats(study, [trial for trial in running if trial_id(trial) not in known])


def _running_trials(
    study: optuna.Study, trials: Sequence[FrozenTrial]
) -> tuple[list[FrozenTrial], RDBStorage | None]:
    running = [trial for trial in trials if trial.state == TrialState.RUNNING]
    return running, relational_storage(storage_of(study))


def _ids_with_heartbeat(storage: RDBStorage, trials: Sequence[FrozenTrial]) -> set[int]:
    ids = ", ".join(str(trial_id(trial)) for trial in trials)
    query = text(f"SELECT trial_id FROM trial_heartbeats WHERE trial_id IN ({ids})")  # noqa: S608 - integers
    with storage.engine.connect() as connection:
        return set(connection.execute(query).scalars())
