"""How many workers there is room for, if nobody says so."""

import psutil
import torch

from ..cluster.joining import Cluster
from ..study.defaults import TRIALS_PER_WORKER

WORKERS_PER_GPU = 2
MEMORY_PER_WORKER = 2**30


def fitting_workers(trials: int, cluster: Cluster | None) -> int:
    """Returns how many workers the machines, and a study of so many trials, are good for.

    A sampler learns nothing from trials that run beside its own, so each worker shall have eight
    after one another.

    Args:
        trials: Trials of the study.
        cluster: Where workers run; None for this machine.
    """
    most = _room_here() if cluster is None else cluster.room
    return max(1, min(most, -(-trials // TRIALS_PER_WORKER)))


def _room_here() -> int:
    """One worker for each core that has 1 GiB of free memory, but two at most for each GPU."""
    gpus = torch.cuda.device_count()
    room = int(psutil.virtual_memory().available / MEMORY_PER_WORKER)
    return min(torch.get_num_threads(), room, WORKERS_PER_GPU * gpus if gpus else room)
