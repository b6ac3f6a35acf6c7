"""The provenance of a trial: library versions, the user's commit, and the machine."""

import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..storage.trial_record import Provenance
from .git_head import read_head_commit

LIBRARIES = ("latentune", "optuna", "pytorch-lightning", "torch", "torchvision", "scikit-learn")


@cache
def versions() -> dict[str, str]:
    """Returns the versions of Python and of the libraries that a result depends on."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


@cache
def git_commit() -> str:
    """Returns the commit of the working folder; it is empty outside a git repository."""
    try:
        return read_head_commit(Path.cwd())
    except OSError:  # the folder is gone
        return ""


def machine() -> dict[str, Any]:
    """Returns the hardware, because the last digits of a sum depend on it.

    Returns:
        `threads` of PyTorch on the CPU; the `device` that Lightning chooses by default; and the
        `cpu` with its vector instructions.
    """
    import torch

    return {"threads": torch.get_num_threads(), "device": _device(), "cpu": _cpu()}


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return "mps" if torch.backends.mps.is_available() else "cpu"


@cache
def _cpu() -> str:
    import torch

    name = platform.machine()  # `platform.processor` would run a program
    try:  # only Linux has this file
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(x.partition(":")[2].strip() for x in lines if x.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


def current_provenance(seed: int, data: Any) -> Provenance:
    """Returns the facts that must be equal for a training with this seed to repeat its numbers."""
    return Provenance(
        seed=seed,
        data_fingerprint=getattr(data, "fingerprint", None),
        git_commit=git_commit(),
        versions=versions(),
        **machine(),
    )
