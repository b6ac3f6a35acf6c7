"""How many workers there is room for, if nobody says so."""

import psutil
import torch

from ..cluster.ray_cluster import RayCluster
from ..study.defaults import TRIALS_PER_WORKER

WORKERS_PER_GPU = 2
BYTES_PER_WORKER = 2**30


def default_worker_count(trials: int, cluster: RayCluster | None) -> int:
    """Returns how many workers the machines, and a study of so many trials, are good for.

    A sampler learns nothing from trials that run beside its own, so each worker shall have eight
    after one another.

    Args:
        trials: Trials of the study.
        cluster: Where workers run; None for this machine.
    """
    most = _local_worker_limit() if cluster is None else cluster.worker_limit
    return max(1, min(most, -(-trials // TRIALS_PER_WORKER)))


def _local_worker_limit() -> int:
    """One worker for each core that has 1 GiB of free memory, but two at most for each GPU."""
    gpus = torch.cuda.device_count()
    worker_limit = int(psutil.virtual_memory().available / BYTES_PER_WORKER)
    return min(
        torch.get_num_threads(), worker_limit, WORKERS_PER_GPU * gpus if gpus else worker_limit
    )
