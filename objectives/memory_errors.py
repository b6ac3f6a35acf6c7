"""Errors that say that a training did not fit into memory, and what was trained then."""

import gc
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from optuna.trial import BaseTrial

from ..storage.trial_outcome import describe_memory_need
from ..storage.trial_record import read_trial_record
from .training_errors import TrialOutOfMemory

MESSAGES = ("DefaultCPUAllocator: ", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED")
"""Parts of the RuntimeErrors that PyTorch raises if it cannot allocate memory: on the CPU, on
Apple's GPUs and by CUDA itself, and in a library of CUDA. Only CUDA's allocator raises an error of
its own class."""


def is_memory_error(error: Exception) -> bool:
    """Returns whether an error of Python, NumPy or PyTorch says that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(part in str(error) for part in MESSAGES)


@contextmanager
def describe_memory_errors(trial: BaseTrial, data: Any) -> Iterator[None]:
    """Raises `TrialOutOfMemory` if a training of the data module `data` needs too much memory.

    The message has the number of parameters, the batch size, and on a GPU the peak of memory. The
    variables of the training are deleted, so that other processes can use its memory.
    """
    if torch.cuda.memory_reserved():
        torch.cuda.reset_peak_memory_stats()
    try:
        yield
    except Exception as error:
        if not is_memory_error(error):
            raise
        traceback.clear_frames(error.__traceback__)
        parameters = read_trial_record(trial).parameters
        batch_size = getattr(data, "batch_size", None)
        peak = torch.cuda.max_memory_allocated()
        raise TrialOutOfMemory(describe_memory_need(parameters, batch_size, peak)) from None


def free_memory() -> None:
    """Frees the memory of the last training, which other processes may need."""
    # A trainer and its model refer to each other; without this, memory grows over trials.
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
