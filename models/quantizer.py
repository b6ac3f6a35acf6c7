"""Quantizer: converts latent codes to one byte per dimension, and back."""

from typing import NamedTuple, Self

import torch
from torch import Tensor

INT8_MIN, INT8_MAX = -128, 127


class Quantizer(NamedTuple):
    """Uniform quantization of latent codes to 8 bits, with a separate range for each dimension.

    Attributes:
        zero: The code value that the integer 0 stands for, with shape (D,).
        step: The difference of code values between two successive integers, with shape (D,).

    References:
        Quantization (Gray, Neuhoff, 1998)
    """

    zero: Tensor
    step: Tensor

    @classmethod
    def fit(cls, codes: Tensor) -> Self:
        """Returns a quantizer for the value range of latent codes (N, D)."""
        low, high = codes.amin(0), codes.amax(0)
        step = (high - low) / (INT8_MAX - INT8_MIN)
        return cls(low - INT8_MIN * step, step)

    def quantize(self, codes: Tensor) -> Tensor:
        """Maps latent codes (N, D) to 8-bit integers (N, D), clamped to the range."""
        step = self.step.where(self.step > 0, torch.inf)  # a constant dimension becomes 0
        return ((codes - self.zero) / step).round().clamp(INT8_MIN, INT8_MAX).to(torch.int8)

    def dequantize(self, numbers: Tensor) -> Tensor:
        """Maps 8-bit integers (N, D) to the latent codes that they stand for."""
        return self.zero + numbers * self.step
