"""Latent codes of a part of the data, kept in a .npy file beside the network that made them."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...storage.atomic_write import atomic_file
from ..progress import progress
from .batches import apply_in_batches
from .parts import Items
from .preparation.splits import PART_PURPOSES


def keep_codes(
    cache: Path, part: str, items: Items, load_encoder: Callable[[], Callable[[Tensor], Tensor]]
) -> Tensor:
    """Returns the codes (N, D) in the file of a part or, if it is missing or broken, new ones.

    New codes are written to the file. A failure to write is ignored.

    Args:
        cache: The file without its ending. Its name has a hash of the network and of the data, so
            that codes of another network or of other data are in another file.
        part: The name of the part: `train`, `val` or `test`.
        items: The items of the part, N.
        load_encoder: Returns the function that maps a batch (n, *shape) to codes (n, D).
    """
    path = cache.with_name(f"{cache.name}-{part}.npy")
    with suppress(Exception):  # NumPy raises many classes of errors for broken files
        codes = torch.from_numpy(np.load(path, allow_pickle=False))
        if codes.ndim == 2 and len(codes) == len(items) and codes.is_floating_point():
            os.utime(path)  # `doctor` reports files that were not used for long
            return codes
    codes = _encode(items, load_encoder(), f"encoding the items to {PART_PURPOSES[part]}")
    with suppress(OSError), atomic_file(path) as partial, partial.open("xb") as file:
        np.save(file, codes.numpy(), allow_pickle=False)
    return codes


def _encode(items: Items, encoder: Callable[[Tensor], Tensor], description: str) -> Tensor:
    with progress(description, len(items)) as advance:

        def encode(batch: Tensor) -> Tensor:
            advance(len(batch))
            return encoder(batch)

        return apply_in_batches(encode, items)
