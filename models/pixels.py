"""Pixels as bytes, which save memory, or as floats, which networks compute with."""

import torch
from torch import Tensor


def to_float(x: Tensor) -> Tensor:
    """Returns a uint8 tensor as floats in [0, 1]; returns any other tensor unchanged."""
    return x.float().div_(255) if x.dtype == torch.uint8 else x
