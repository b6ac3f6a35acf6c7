"""Calls that do not depend on each other: one after another here, or side by side on a cluster."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from ...storage.runs_folder import Runs
from ...storage.scratch_folder import temporary_scratch_folder
from ..study.module_trust import allow, trusted_modules
from ..study.study_error import StudyError
from .ray_cluster import RayCluster, load_ray

MAX_RETRIES = 3  # of a call whose node or process has died

T = TypeVar("T")


class JobContext(NamedTuple):
    """Where a call is run.

    Attributes:
        runs: The runs folder, or an empty one on a node.
        local_paths: The path here of each file that is elsewhere on the head.
    """

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
    """Runs calls, and gives each result with the number of its job as soon as it is there.

    Args:
        call: A function of a module, given a `JobContext` and what a job holds.
        jobs: What each call is given beside its place.
        runs: The runs folder.
        cluster: Where they run; None for here, in their order. It has been joined.
        files: Paths of files that are read.
        model: A `module:SPEC` whose code goes along, if it is one.

    Raises:
        StudyError: If the cluster is lost, or a call again and again with its process.
        Exception: What a call has raised.
    """
    if cluster is None:
        for number, job in enumerate(jobs):
            yield number, call(JobContext(runs), *job)
        return
    from .payload import pack_payload

    ray = load_ray()
    payload = pack_payload(files, model)
    task = ray.remote(_call).options(
        num_cpus=cluster.cpus,
        num_gpus=cluster.gpus,
        max_retries=MAX_RETRIES,
        runtime_env=payload.runtime_env,
    )
    everything = ray.put(payload)
    waiting = {
        task.remote(call, job, everything, cluster.cpus, trusted_modules()): number
        for number, job in enumerate(jobs)
    }
    try:
        while waiting:
            for done in ray.wait(list(waiting))[0]:
                yield waiting.pop(done), ray.get(done)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise StudyError(f"the cluster cannot run this: {said}") from error
    finally:
        for task in waiting:
            ray.cancel(task, force=True)


def _call(
    call: Callable[..., T], job: tuple[Any, ...], payload: Any, cpus: float, modules: Sequence[str]
) -> T:
    import torch

    from .payload import unpack_payload

    torch.set_num_threads(max(1, int(cpus)))
    allow(*modules)
    with temporary_scratch_folder() as place:
        return call(JobContext(Runs(place / "runs"), unpack_payload(payload, place)), *job)
