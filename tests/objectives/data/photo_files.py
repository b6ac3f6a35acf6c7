"""Photographs for tests: files of different sizes, and lists of them."""

import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from latentune import TensorData


def take(folder: Path, n: int, mode: str = "RGB", seed: int = 0) -> None:
    """Writes n photographs of different sizes: a bright disc somewhere on a slope of colors."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for i in range(n):
        height, width = rng.integers(20, 60, 2)
        y, x = np.mgrid[:height, :width]
        slope = np.stack([y / height, x / width, 0 * x], -1) * rng.uniform(100, 200, 3)
        disc = (y - height / 2) ** 2 + (x - width / 2) ** 2 < rng.integers(20, 90)
        pixels = (slope + 50 * disc[..., None]).astype(np.uint8)
        suffix = "png" if i % 3 == 0 else "jpg"
        Image.fromarray(pixels).convert(mode).save(folder / f"{i}.{suffix}")


def batches(data: TensorData) -> list[torch.Tensor]:
    """The images of an epoch."""
    data.setup("fit")
    return [batch[0] for batch in data.train_dataloader()]


def listed(photos: Path, head: str | None = "path,label", name: str = "list.csv") -> Path:
    """Writes a list of photographs beside their folder, in no order."""
    paths = sorted(photos.rglob("*.*g"))
    random.Random(0).shuffle(paths)
    lines = [f"{path.as_posix()},{path.relative_to(photos).parts[0]}" for path in paths]
    Path(name).write_text("\n".join([head, *lines] if head else lines) + "\n")
    return Path(name)
