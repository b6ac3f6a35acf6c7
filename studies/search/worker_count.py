"""The default number of workers of a search."""

import psutil
import torch

from ..cluster.ray_cluster import RayCluster
from ..study.defaults import TRIALS_PER_WORKER

WORKERS_PER_GPU = 2
BYTES_PER_WORKER = 2**30


def default_workers(trials: int, cluster: RayCluster | None) -> int:
    """Returns the default number of workers for a number of trials: one for every eight.

    A sampler cannot learn from trials that still run, so more workers would find worse values.
    A cluster limits the number to what its nodes can run. On this machine, the limits are one
    worker for each core, one for each GiB of free memory, and two for each GPU.
    """
    limit = -(-trials // TRIALS_PER_WORKER)
    if cluster is not None:
        return max(1, min(limit, cluster.worker_limit))
    memory = int(psutil.virtual_memory().available / BYTES_PER_WORKER)
    gpus = torch.cuda.device_count()
    limits = [limit, torch.get_num_threads(), memory, *([WORKERS_PER_GPU * gpus] if gpus else [])]
    return max(1, min(limits))
