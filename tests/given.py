"""New input that tests write, and what a network gets of it."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from latentune.objectives.data.new_items.new_items import Preparation
from latentune.objectives.data.new_items.read_new_items import read_new_items


def take(folder: str, n: int, value: int, mode: str = "RGB", seed: int = 0) -> None:
    """Writes noisy images of several sizes around a value."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    drawn = np.random.default_rng(seed)
    for i in range(n):
        shape = (*drawn.integers(9, 20, 2), 3)
        pixels = (value + drawn.integers(0, 60, shape)).astype(np.uint8)
        Image.fromarray(pixels).convert(mode).save(f"{folder}/{i}.png")


def houses(path: str, n: int, seed: int = 0) -> pd.DataFrame:
    """Writes a table with numbers, booleans, two categories, and a number of each row."""
    drawn = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "id": range(n),
            "size": drawn.normal(80, 20, n),
            "garden": drawn.random(n) < 0.5,
            "zip": drawn.choice(["007", "10", "AB"], n),
            "style": drawn.choice(["old", "new", "a=b"], n),
        }
    )
    table["class"] = np.where(table["size"] > 80, "large", "small")
    table.to_csv(path, index=False)
    return table


def prepared(given: Sequence[str], like: Preparation) -> torch.Tensor:
    found = [batch for one in read_new_items(given, like) for batch in one.batches()]
    assert not any(any(batch.reasons) for batch in found)
    return torch.cat([batch.items for batch in found])


def feed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
