"""Searching: making or resuming a study and running its trials up to a total."""

import threading
from collections.abc import Sequence
from pathlib import Path

from ...storage.database import DatabaseError
from ...storage.resume_checkpoints import remove_stale_checkpoints
from ...storage.s3_bucket import Bucket
from ...storage.scratch_folder import is_only_scratch, scratch_folder
from ...storage.storage_error import StorageError
from ...storage.study_summary import Study
from ...storage.trial_outcome import unfinished_trials
from ..study.study_results import write_results
from .coordinator import Coordinator, TrialCallback
from .fork_server import start_fork_server
from .process_backend import ProcessBackend
from .search_outcome import log_outcome
from .search_plan import SearchPlan
from .stop_on_signal import stop_on_signal
from .study_creation import open_or_create_study
from .trial_lease import requeue_dead_trials
from .trial_loop import run_trials
from .worker_backend import WorkerBackend
from .worker_context import local_context
from .worker_pool import WorkerPool


def run_search(
    plan: SearchPlan, *, command: str, callbacks: Sequence[TrialCallback] = ()
) -> Study:
    """Runs a planned search and returns its study.

    Args:
        plan: The search.
        command: What the user typed; it is recorded on the study.
        callbacks: Called with the study and each trial that finishes.

    Raises:
        KeyboardInterrupt: If a signal has stopped the search.
    """
    if plan.workers > 1 and plan.cluster is None:
        start_fork_server()
    if plan.bucket is not None:
        Bucket(plan.bucket).check()
    plan.runs.make()
    study = open_or_create_study(plan, command)
    for values in plan.enqueued_params:
        study.enqueue_trial(dict(values), skip_if_exists=True)
    coordinator = Coordinator(study, plan, callbacks)
    with scratch_folder(plan.runs.cache) as scratch, stop_on_signal() as stop:
        try:
            with plan.hold_lock():
                # A search that begins now starts no trial before it holds this lock.
                is_only = plan.storage == plan.runs.database and is_only_scratch(scratch)
                requeue_dead_trials(study, is_only_process=is_only)
                _remove_stale_checkpoints(study, plan)
            if plan.workers == 1 and plan.cluster is None:
                run_trials(study, plan, stop, local_context(plan, coordinator.handle, scratch))
            else:
                _run_workers(coordinator, stop, scratch)
        except (StorageError, *DatabaseError):
            coordinator.check_database()  # a deleted database is the reason of other errors
            raise
    coordinator.check_database()
    with plan.hold_lock():
        _remove_stale_checkpoints(study, plan)
    log_outcome(study, plan)
    if study.best_trials:
        write_results(study, plan.runs)
    if stop.is_set():
        raise KeyboardInterrupt
    return study


def _run_workers(coordinator: Coordinator, stop: threading.Event, scratch: Path) -> None:
    backend: WorkerBackend
    if coordinator.plan.cluster is None:
        backend = ProcessBackend(coordinator.plan, scratch)
    else:
        from .ray_backend import RayBackend  # Ray is an extra

        backend = RayBackend(coordinator.plan, scratch)
    try:
        WorkerPool(coordinator, stop, backend).run()
    finally:
        backend.close()


def _remove_stale_checkpoints(study: Study, plan: SearchPlan) -> None:
    trials = study.get_trials(deepcopy=False)
    remove_stale_checkpoints(plan.runs, plan.name, unfinished_trials(trials))
