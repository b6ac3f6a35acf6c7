"""Input and modules that tests write, and what a network gets of the input."""

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


LOGS_A_VALUE = """
from functools import partial
import pytorch_lightning as pl
import torch
from latentune import Objective, StudySpec, TensorData

class Net(pl.LightningModule):
    def __init__(self, value):
        super().__init__()
        self.value, self.weight = value, torch.nn.Parameter(torch.zeros(()))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def training_step(self, batch, batch_idx):
        return self.weight**2

    def validation_step(self, batch, batch_idx):
        self.log("{metric}", self.value)
"""
"""The start of a module with a network that learns nothing and logs `value` as the metric."""
