"""Quantization of codes to one byte per dimension."""

from typing import NamedTuple, Self

import torch
from torch import Tensor

INT8_MIN, INT8_MAX = -128, 127


class Quantizer(NamedTuple):
    """Uniform quantization of codes to 8 bits, with a range for each dimension.

    Attributes:
        zero: The value that the integer 0 stands for, with shape (D,).
        step: The difference between the values of two successive integers, with shape (D,).

    References:
        Quantization (Gray, Neuhoff, 1998)
    """

    zero: Tensor
    step: Tensor

    @classmethod
    def fit(cls, codes: Tensor) -> Self:
        """Returns a quantizer for the range of the codes, which have shape (N, D)."""
        low, high = codes.amin(0), codes.amax(0)
        step = (high - low) / (INT8_MAX - INT8_MIN)
        return cls(low - INT8_MIN * step, step)

    def quantize(self, codes: Tensor) -> Tensor:
        """Maps codes (N, D) to 8-bit integers (N, D), clamped to the range."""
        step = self.step.where(self.step > 0, torch.inf)  # a constant dimension becomes 0
        return ((codes - self.zero) / step).round().clamp(INT8_MIN, INT8_MAX).to(torch.int8)

    def dequantize(self, numbers: Tensor) -> Tensor:
        """Maps 8-bit integers (N, D) to the codes that they stand for."""
        return self.zero + numbers * self.step
