"""Reads pickles that hold arrays of bytes, as those of CIFAR, without running what they say."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class _Type:
    """Stands for `numpy.dtype` in a pickle; accepts bytes alone."""

    def __init__(self, name: str, *_: Any) -> None:
        if name != "u1":
            raise pickle.UnpicklingError(f"an array of {name} was found, and bytes are needed")

    def __setstate__(self, state: Any) -> None:
        """Ignores the byte order."""


class _Array:
    """Stands for `numpy.ndarray` in a pickle.

    Attributes:
        pixels: The values of the array.
    """

    pixels: NDArray[np.uint8]

    def __setstate__(self, state: tuple[int, tuple[int, ...], _Type, bool, str | bytes]) -> None:
        _, shape, _, is_fortran, data = state
        raw = data.encode("latin-1") if isinstance(data, str) else data
        pixels = np.frombuffer(raw, np.uint8)
        self.pixels = pixels.reshape(shape[::-1]).T if is_fortran else pixels.reshape(shape)


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler that knows plain values and arrays of bytes; it imports nothing."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("numpy", "dtype"): _Type,
            ("numpy", "ndarray"): _Array,
            ("numpy.core.multiarray", "_reconstruct"): _new_array,
            ("numpy._core.multiarray", "_reconstruct"): _new_array,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of an array of bytes")
        return known[module, name]


def _new_array(*_: Any) -> _Array:
    return _Array()


def read_array_pickle(path: Path) -> dict[str, Any]:
    """Returns the dictionary in a pickle of Python 2 or 3, with arrays of bytes among its values.

    Raises:
        UnpicklingError: If the file holds other objects, which are not created.
    """
    with path.open("rb") as file:
        content = _ArrayUnpickler(file, encoding="latin-1").load()
    if not isinstance(content, dict):
        raise pickle.UnpicklingError(f"{path.name} does not hold a dictionary")
    return {
        name: value.pixels if isinstance(value, _Array) else value
        for name, value in content.items()
    }
