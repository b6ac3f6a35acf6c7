"""Independent function calls, run one after another here or in parallel on a cluster."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from ...storage.runs_folder import Runs
from ...storage.scratch_folder import temporary_scratch_folder
from ..study.module_trust import allow, trusted_modules
from ..study.study_error import StudyError
from .ray_cluster import RayCluster, load_ray

MAX_RETRIES = 3  # after the death of a node or process

T = TypeVar("T")


class JobContext(NamedTuple):
    """The place where a call runs."""

    runs: Runs
    local_paths: Mapping[str, str] = {}


def run_jobs(
    call: Callable[..., T],
    jobs: Sequence[tuple[Any, ...]],
    runs: Runs,
    *,
    cluster: RayCluster | None,
    files: Sequence[str] = (),
    model: str = "",
) -> Iterator[tuple[int, T]]:
    """Yields the index and the result of each job as soon as it is done.

    Args:
        call: A function of a module, called with a `JobContext` and the arguments of a job.
        jobs: The arguments of each call.
        runs: The runs folder.
        cluster: The cluster that this process has joined. If None, the jobs run one by one in this
            process.
        files: Paths of files that the calls read.
        model: A `module:SPEC`. The calls need the code of this module.

    Raises:
        StudyError: If the cluster is lost, or the process of a call keeps dying.
        Exception: The error of a call.
    """
    if cluster is None:
        for index, job in enumerate(jobs):
            yield index, call(JobContext(runs), *job)
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
    pending = {task.remote(call, job, *shared): index for index, job in enumerate(jobs)}
    try:
        while pending:
            for done in ray.wait(list(pending))[0]:
                yield pending.pop(done), ray.get(done)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise StudyError(f"the cluster cannot run this: {lines[0]}") from error
    finally:
        for task in pending:
            ray.cancel(task, force=True)


def _run_job(
    call: Callable[..., T], job: tuple[Any, ...], payload: Any, cpus: float, modules: Sequence[str]
) -> T:
    import torch

    from .payload import unpack_payload

    torch.set_num_threads(max(1, int(cpus)))
    allow(*modules)
    with temporary_scratch_folder() as folder:
        return call(JobContext(Runs(folder / "runs"), unpack_payload(payload, folder)), *job)
