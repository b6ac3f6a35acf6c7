"""Checks that this machine has the device and the precision that options name."""

import torch

from .study_error import StudyError


def check_device(accelerator: str, precision: str | None) -> None:
    """Raises StudyError if this machine lacks the accelerator, or a GPU for precision 16."""
    available = {"gpu": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(accelerator, True):
        raise StudyError(f"this machine has no {accelerator}: leave out `accelerator=`")
    if precision == "16" and (accelerator == "cpu" or not any(available.values())):
        raise StudyError("precision 16 needs a GPU: on the CPU, use bf16 for `precision=`")
