"""Density: the base class of densities of latent codes."""

from abc import ABC, abstractmethod
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.float32]


class Density(ABC):
    """Base class of densities of latent codes. A subclass is a dataclass of arrays and numbers."""

    @abstractmethod
    def sample(self, n: int, seed: int = 0) -> Codes:
        """Returns n random codes, with shape (n, D)."""

    @abstractmethod
    def log_density(self, codes: Codes) -> NDArray[np.float64]:
        """Returns the natural logarithm of the density at codes (N, D), with shape (N,)."""

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the attributes to an .npz file as plain arrays."""
        arrays: dict[str, Any] = {n: value for n, value in vars(self).items() if value is not None}
        np.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Returns the density in a file that `save` wrote; nothing is unpickled."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{n: array if array.ndim else array.item() for n, array in arrays.items()})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


def order_of_magnitude(codes: Codes) -> NDArray[np.float64]:
    """Returns, for each dimension of codes (N, D), the power of ten nearest to its deviation."""
    spread = codes.std(0, dtype=float) * (codes.min(0) < codes.max(0))
    return np.where(spread > 0, 10.0 ** np.log10(np.where(spread > 0, spread, 1)).round(), 0)
