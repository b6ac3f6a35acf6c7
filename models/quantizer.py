"""Codes as bytes: each dimension in 256 even steps."""

from typing import NamedTuple, Self

import torch
from torch import Tensor

INT8_MIN, INT8_MAX = -128, 127


class Quantizer(NamedTuple):
    """Uniform quantisation of codes to 8 bits, with a range for each dimension.

    Attributes:
        zero: What 0 stands for, with shape (D,).
        step: What the next number stands for above it, with shape (D,).

    References:
        Quantization (Gray, Neuhoff, 1998)
    """

    zero: Tensor
    step: Tensor

    @classmethod
    def fit(cls, codes: Tensor) -> Self:
        """Lets the steps of each dimension reach from the least to the largest of its values.

        Args:
            codes: Codes to take the ranges from, with shape (N, D).
        """
        low, high = codes.amin(0), codes.amax(0)
        step = (high - low) / (INT8_MAX - INT8_MIN)
        return cls(low - INT8_MIN * step, step)

    def quantize(self, codes: Tensor) -> Tensor:
        """Maps codes to whole numbers of 8 bits, (N, D); what is out of range goes to its end."""
        step = self.step.where(self.step > 0, torch.inf)  # without a range, all numbers are 0
        return ((codes - self.zero) / step).round().clamp(INT8_MIN, INT8_MAX).to(torch.int8)

    def dequantize(self, numbers: Tensor) -> Tensor:
        """Maps whole numbers of 8 bits, with shape (N, D), to the codes that they stand for."""
        return self.zero + numbers * self.step
