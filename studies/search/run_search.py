"""Searching: making or resuming a study and running its trials up to a total."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...objectives.progress import trial_progress
from ...storage.database import DatabaseError, check_file_identity, file_identity
from ...storage.lock_wait import hold_lock
from ...storage.resume_checkpoints import remove_stale_checkpoints
from ...storage.runs_folder import StorageError
from ...storage.s3_bucket import Bucket
from ...storage.scratch_folder import is_only_scratch, scratch_folder
from ...storage.search_lock import SEARCH_LOCK_NAME, search_lock
from ...storage.study_summary import Study
from ...storage.trial_outcome import unfinished_trials
from ..study.defaults import AUGMENT, CPUS, DEFAULT_SPACE, GPUS, RUNS, SAMPLER, SEED, WORKERS
from ..study.public_api import public_api
from ..study.study_results import write_results
from .coordinator import Coordinator, TrialCallback
from .fork_server import start_fork_server
from .perfect_trial import log_perfect_trial
from .search_plan import SearchPlan, plan_search
from .study_creation import open_or_create_study
from .trial_callbacks import stop_on_signal
from .trial_failures import log_failures
from .trial_lease import requeue_dead_trials
from .trial_loop import run_trials
from .worker_backend import create_backend
from .worker_context import local_context
from .worker_pool import WorkerPool


@public_api
def search(
    model: str,
    data: str | None = None,
    *,
    name: str | None = None,
    space: str = DEFAULT_SPACE,
    ranges: Mapping[str, str] | None = None,
    objectives: Sequence[str] = (),
    encoder: str | Path | None = None,
    weights: str | Path | None = None,
    unfreeze: bool = False,
    trials: int | None = None,
    seconds: float | None = None,
    workers: int | None = WORKERS,
    cluster: str | None = None,
    cpus: float = CPUS,
    gpus: float = GPUS,
    default_first: bool = True,
    enqueue: Sequence[str | Path] = (),
    epochs: int | None = None,
    repeats: int = 1,
    folds: int | None = None,
    pruner: str | None = None,
    sampler: str = SAMPLER,
    origin: str | None = None,
    batch_size: int | None = None,
    image_size: int | None = None,
    normalize: bool | None = None,
    target: str | None = None,
    header: str | None = None,
    decimal: str | None = None,
    drop: Sequence[str] = (),
    text: str | None = None,
    as_category: Sequence[str] = (),
    as_number: Sequence[str] = (),
    balanced: bool = False,
    augment: str = AUGMENT,
    data_dir: str | Path | None = None,
    seed: int = SEED,
    runs: str | Path = RUNS,
    storage: str | None = None,
    artifacts: str | None = None,
    callbacks: Sequence[TrialCallback] = (),
) -> Study:
    """Makes the study `MODEL-DATA`, or goes on with it, until it has its total of trials.

    It ends before if a trial has the best value that there is, such as an accuracy of 1. The same
    call then tries the others all the same.

    One worker is this process; its searches repeat exactly. Several are processes of their own,
    so the script that asks for them needs the usual `if __name__ == "__main__":`.

    Args:
        model: A key of the catalog; `auto` for a choice among those that fit; or `module:NAME`
            of a `StudySpec` of your own. Left out, as in `search("digits")`, it is `auto`.
        data: A data set of the list, or a folder or file of yours.
        name: Name of the study, if not `MODEL-DATA`.
        space: Name of one of the model's search spaces.
        ranges: Ranges that replace the space's own, such as `{"latent_dim": "2:8:log"}`.
        objectives: Metrics to search by; two give a front. If empty, the first of the model.
        encoder: Study, best.toml or checkpoint whose encoder a head is put on, or an architecture
            of torchvision, such as `resnet18`.
        weights: Weights of such an architecture: a file that torchvision's code has saved, `none`
            for new ones, or None for those that torchvision publishes.
        unfreeze: Whether that encoder is trained too.
        trials: The study's total over all searches. If None, that of the model.
        seconds: No trial starts later than this.
        workers: Number of processes; None for what fits the machine, or the cluster.
        cluster: A Ray cluster whose nodes run the workers: `auto` if this machine is one of them,
            or HOST:PORT. The database and all files stay on this machine.
        cpus: CPUs of each worker there.
        gpus: GPUs of each worker there; 0.5 lets two of them share one.
        default_first: Whether the first trial has the model's defaults.
        enqueue: Paths of best.toml files to try after it.
        epochs: Epochs of a training. If None, those of the model.
        repeats: How often each trial is trained, with seeds that all trials share; it is worth
            the mean.
        folds: If not None, each trial is trained so often, and each time another of so many parts
            of the data validates; it is worth the mean. The test part stays out of it.
        pruner: A key of `PRUNERS`. If None, `halving`; `wilcoxon` if trials are trained several
            times.
        sampler: A key of `SAMPLERS`.
        origin: A study with other ranges or choices, and alike in all else. Its complete and
            pruned trials whose points lie in the new space are taken over by a new study,
            `MODEL-DATA` or `ORIGIN-2` unless it is named, and count towards its total.
        batch_size: Images in a batch. If None, the data decides.
        image_size: Side in pixels that images are scaled to. If None, see `TensorData`.
        normalize: Whether networks standardize what they see. If None, see `TensorData`.
        target: The column of a table that is to be predicted, if it is not recognized; `none` for
            no target.
        header: `first` if the first line of a file holds the names of its columns, `none` if it
            has no names. If None, it is decided by looking.
        decimal: The decimal mark of numbers that may be thousands or fractions: `.` or `,`.
        drop: Columns of a file that are left out.
        text: The column of texts, if it is not recognized.
        as_category: Columns whose values are names of categories or classes.
        as_number: Columns whose values are numbers, and are kept if they number the rows.
        balanced: Whether training draws each class equally often.
        augment: How images of the training part are varied; see `TensorData`.
        data_dir: Where torchvision data lies. If None, see `TensorData`.
        seed: Seed of the split, the sampler and the trials.
        runs: The folder for everything.
        storage: Optuna URL of another database.
        artifacts: `s3://BUCKET[/FOLDER]`, in which a new study keeps its pictures; it remembers.
        callbacks: Called with the study and each finished trial.

    Returns:
        The study, of which every trial has finished: one of Optuna's.

    Raises:
        StudyError: If an option is not allowed, the study exists with another definition, or
            three trials in a row failed by the same bug.
        SpaceError: If a range does not fit the space.
        DataError: If the data is missing or broken.
        StorageError: If the database, the folder or the bucket cannot be used.
        DatabaseLostError: If the database was deleted during the search.
        MonitorError: If the model never logs the monitored metric.
        KeyboardInterrupt: On Ctrl-C and SIGTERM; the trial that was running goes on the next time.

    Example:
        >>> study = latentune.search("conv-ae", "digits", name="tried", trials=2, epochs=1)
        >>> len(study.trials)
        2
    """
    arguments = locals()  # all that a plan needs, by the same names
    del arguments["callbacks"]
    command = f"latentune.search({model!r}, {data!r}, ...)"
    plan = plan_search(**arguments)
    with trial_progress(*plan.progress_arguments) as on_result:
        return run_search(plan, command=command, callbacks=[on_result, *callbacks])


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
