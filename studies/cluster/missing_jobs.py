"""Jobs: independent function calls, which run in this process or in parallel on a cluster.

`train` with several seeds, `confirm` and `compare` run each training as a job. They save the
result of each job at once. If a command was stopped, the same command runs only the missing jobs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from ...storage.runs_folder import Runs
from ...storage.scratch_folder import temporary_scratch_folder
from ..study.module_trust import allow, trusted_modules
from ..study.study_error import StudyError
from .ray_cluster import RayCluster, load_ray

MAX_RETRIES = 3  # after the death of a node or process

K = TypeVar("K")
T = TypeVar("T")


class JobContext(NamedTuple):
    """Where a job finds its files on the machine where it runs.

    Attributes:
        runs: The runs folder on this machine.
        local_paths: Paths of files on this machine. The keys are the paths of these files on the
            machine where the command was typed.
    """

    runs: Runs
    local_paths: Mapping[str, str] = {}


def run_missing_jobs(
    function: Callable[..., T],
    jobs: Mapping[K, tuple[Any, ...]],
    results: dict[K, T],
    runs: Runs,
    *,
    cluster: RayCluster | None,
    files: Sequence[str] = (),
    model: str = "",
) -> Iterator[K]:
    """Runs each job that has no result yet, and yields its key as soon as it has finished.

    Args:
        function: A function at the top level of a module. A job calls it with a `JobContext` and
            the arguments of the job.
        jobs: The arguments of each job, by key.
        results: The known results, by key; the results of finished jobs are added.
        runs: The runs folder.
        cluster: The cluster that this process has joined. If None, the jobs run one by one in this
            process.
        files: Paths of files that the jobs read.
        model: The model of the jobs. If it is a `module:SPEC`, the jobs get its code.

    Raises:
        StudyError: If the cluster is lost, or the process of a job keeps dying.
        Exception: The error of a job.
    """
    missing = {key: job for key, job in jobs.items() if key not in results}
    if cluster is None:
        for key, job in missing.items():
            results[key] = function(JobContext(runs), *job)
            yield key
        return
    from .payload import pack_payload

    ray = load_ray()
    payload = pack_payload(files, model)
    task = ray.remote(_run_job).options(
        num_cpus=cluster.cpus,
        num_gpus=cluster.gpus,
        max_retries=MAX_RETRIES,
        runtime_env=payload.runtime_env,
    )
    shared = (ray.put(payload), cluster.cpus, trusted_modules())
    pending = {task.remote(function, job, *shared): key for key, job in missing.items()}
    try:
        while pending:
            for done in ray.wait(list(pending))[0]:
                key = pending.pop(done)
                results[key] = ray.get(done)
                yield key
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise StudyError(f"the cluster cannot run this: {lines[0]}") from error
    finally:
        for task in pending:
            ray.cancel(task, force=True)


def _run_job(
    function: Callable[..., T],
    job: tuple[Any, ...],
    payload: Any,
    cpus: float,
    modules: Sequence[str],
) -> T:
    import torch

    from .payload import unpack_payload

    torch.set_num_threads(max(1, int(cpus)))
    allow(*modules)
    with temporary_scratch_folder() as folder:
        return function(JobContext(Runs(folder / "runs"), unpack_payload(payload, folder)), *job)
