"""Predictors: their bodies, what is minimized and what is logged, classes and numbers."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import pad

from latentune import DataSpec, Predictor
from latentune.models.networks.dense import ACTIVATIONS
from latentune.models.networks.network_tables import BACKBONES
from latentune.models.networks.recurrent import CELLS

TEN = tuple("0123456789")


TWO = ("often", "rare")


SHAPES = [(1, 8, 8), (1, 28, 28), (1, 32, 32), (3, 32, 32), (3, 64, 64), (1, 7, 13), (2, 3, 5)]


@pytest.mark.parametrize(
    ("shape", "options", "parameters"),
    [
        ((1, 28, 28), {"hidden": 512, "activation": "tanh"}, 407_050),
        ((1, 28, 28), {"hidden": 500}, 397_510),
        ((3, 32, 32), {"network": "cnn", "hidden": 220}, 133_606),
        ((1, 28, 28), {"network": "lstm", "hidden": 128, "layers": 2}, 214_282),
        ((1, 28, 28), {"layers": 0}, 7_850),
    ],
)
def test_networks_are_the_published_ones(
    shape: tuple[int, ...], options: dict[str, Any], parameters: int
) -> None:
    model = Predictor(DataSpec(shape, classes=TEN), **options)
    assert sum(p.numel() for p in model.parameters()) == parameters


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("network", BACKBONES)
def test_every_pixel_and_every_weight_counts(network: str, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model = Predictor(DataSpec(shape, classes=TWO), network, hidden=220)
    x = torch.rand(96, *shape, requires_grad=True)
    logits = model(x)
    assert logits.shape == (96, 2)
    logits.square().sum().backward()
    assert (x.grad.abs().sum(0) > 0).all()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40))
def test_convolutions_fit_any_size(channels: int, height: int, width: int) -> None:
    shape = (channels, height, width)
    model = Predictor(DataSpec(shape, classes=TWO), "cnn", hidden=8)
    assert model(torch.rand(2, *shape)).shape == (2, 2)


@pytest.mark.parametrize("layers", [0, 1, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_layers_without_an_activation_are_a_linear_function(activation: str, layers: int) -> None:
    torch.manual_seed(0)
    model = Predictor(DataSpec((6,), "table", TWO), hidden=9, layers=layers, activation=activation)
    x, y = 3 * torch.randn(2, 20, 6)
    between = (model(x) + model(y)) / 2
    linear = torch.allclose(model((x + y) / 2), between, atol=1e-5)
    assert linear == (activation == "none" or layers == 0)


@pytest.mark.parametrize("cell", CELLS)
def test_what_stands_behind_the_end_of_a_text_changes_nothing(cell: str) -> None:
    torch.manual_seed(0)
    model = Predictor(DataSpec((4,), "text", TWO, letters="abc"), cell, hidden=8, layers=2)
    x = torch.tensor([[1, 2, 0, 0], [3, 1, 2, 2]])
    torch.testing.assert_close(model(pad(x, (0, 5))), model(x))
    torch.testing.assert_close(model(x[:1, :2]), model(x[:1]))
    torch.testing.assert_close(model(x)[:1], model(x[:1]))  # padded or not
    assert not torch.allclose(model(x[:1]), model(torch.tensor([[2, 1, 0, 0]])))


@pytest.mark.parametrize("cell", CELLS)
def test_rows_of_an_image_are_read_in_their_order(cell: str) -> None:
    torch.manual_seed(0)
    model = Predictor(DataSpec((2, 5, 3), classes=TWO), cell, hidden=8)
    x = torch.rand(1, 2, 5, 3)
    assert model.backbone.cell.input_size == 2 * 3
    assert not torch.allclose(model(x), model(x.flip(2)))
