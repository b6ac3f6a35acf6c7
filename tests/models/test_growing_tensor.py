"""What is kept of each batch lies in one tensor, so that memory does not grow with the steps."""

import gc
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from latentune import Autoencoder, TensorData
from latentune.models.growing_tensor import GrowingTensor
from latentune.objectives.trainer import fit, quiet_trainer


@given(st.lists(st.integers(0, 40), min_size=1), st.integers(1, 8))
def test_rows_are_those_that_were_added(sizes: list[int], capacity: int) -> None:
    batches = [torch.rand(size, 2, requires_grad=True) for size in sizes]
    grown = GrowingTensor(capacity)
    for batch in batches:
        grown.append(batch)
    assert torch.equal(grown.rows, torch.cat(batches))
    assert not grown.rows.requires_grad


class CountTensors(pl.Callback):
    """Counts the tensors that exist after each training step."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: list[int] = []

    def on_train_batch_end(self, *args: Any) -> None:
        self.counts.append(sum(issubclass(type(one), Tensor) for one in gc.get_objects()))


@pytest.mark.parametrize("batch_size", [4, 40])  # the small batches come in groups
def test_a_training_keeps_no_tensor_of_a_step(batch_size: int) -> None:
    data, counter = TensorData("digits", batch_size=batch_size), CountTensors()
    trainer = quiet_trainer(1, [counter])
    fit(trainer, Autoencoder(data.spec, 4, "dense"), data)
    assert len(counter.counts) > 10
    assert counter.counts[2] == counter.counts[-2]
