"""Searching: making or resuming a study and running its trials up to a total."""

import threading
from collections.abc import Sequence
from pathlib import Path

from ...storage.database import DatabaseError, check_file_identity, file_identity
from ...storage.lock_wait import hold_lock
from ...storage.resume_checkpoints import remove_stale_checkpoints
from ...storage.runs_folder import StorageError
from ...storage.s3_bucket import Bucket
from ...storage.scratch_folder import is_only_scratch, scratch_folder
from ...storage.search_lock import SEARCH_LOCK_NAME, search_lock
from ...storage.study_summary import Study
from ...storage.trial_outcome import unfinished_trials
from ..study.study_results import write_results
from .coordinator import Coordinator, TrialCallback
from .fork_server import start_fork_server
from .perfect_trial import log_perfect_trial
from .search_plan import SearchPlan
from .study_creation import open_or_create_study
from .trial_callbacks import stop_on_signal
from .trial_failures import log_failures
from .trial_lease import requeue_dead_trials
from .trial_loop import run_trials
from .worker_backend import create_backend
from .worker_context import local_context
from .worker_pool import WorkerPool


def run_search(
    plan: SearchPlan, *, command: str, callbacks: Sequence[TrialCallback] = ()
) -> Study:
    """Runs a planned search.

    Args:
        plan: What to search, and where.
        command: What the user typed; it is kept on the study.
        callbacks: Called with the study and each finished trial.

    Returns:
        The study, of which every trial has finished.
    """
    if plan.workers > 1 and plan.cluster is None:
        start_fork_server()
    if plan.bucket is not None:
        Bucket(plan.bucket).check()
    plan.runs.make()
    study = open_or_create_study(plan, command)
    known = file_identity(plan.storage)
    for values in plan.enqueued_params:
        study.enqueue_trial(dict(values), skip_if_exists=True)
    _remove_old_epochs(study, plan)
    with scratch_folder(plan.runs.cache) as place, stop_on_signal() as stop:
        try:
            _requeue_leftover_trials(study, plan, place)
            coordinator = Coordinator(study, plan, callbacks)
            if plan.workers == 1 and plan.cluster is None:
                run_trials(study, plan, stop, local_context(plan, coordinator.handle, place))
            else:
                _run_workers(coordinator, stop, place)
        except (StorageError, *DatabaseError):
            check_file_identity(plan.storage, known)  # what is gone cannot be written to either
            raise
    check_file_identity(plan.storage, known)
    _remove_old_epochs(study, plan)
    log_failures(study, plan)
    log_perfect_trial(study, plan)
    if study.best_trials:
        write_results(study, plan.runs)
    if stop.is_set():
        raise KeyboardInterrupt
    return study


def _run_workers(coordinator: Coordinator, stop: threading.Event, place: Path) -> None:
    backend, lock = create_backend(coordinator.plan, place)
    try:
        WorkerPool(coordinator, stop, backend, lock).run()
    finally:
        backend.close()


def _requeue_leftover_trials(study: Study, plan: SearchPlan, place: Path) -> None:
    """Lets the trials of a dead search go on at once, and so in their order, if none lives."""
    with hold_lock(search_lock(plan.storage, plan.runs), SEARCH_LOCK_NAME):
        # A search that began meanwhile has no trial before it had this lock.
        requeue_dead_trials(
            study, is_only_process=plan.storage == plan.runs.database and is_only_scratch(place)
        )


def _remove_old_epochs(study: Study, plan: SearchPlan) -> None:
    """Removes the epochs that were kept of trials which have ended."""
    with hold_lock(search_lock(plan.storage, plan.runs), SEARCH_LOCK_NAME):
        remove_stale_checkpoints(
            plan.runs, plan.name, unfinished_trials(study.get_trials(deepcopy=False))
        )
