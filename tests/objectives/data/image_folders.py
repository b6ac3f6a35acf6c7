"""Folders of images for tests."""

from pathlib import Path

import numpy as np
from PIL import Image


def write_images(
    folder: Path, n: int, size: tuple[int, int] = (9, 7), mode: str = "RGB", seed: int = 0
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for i in range(n):
        pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(folder / f"{i}.png")
