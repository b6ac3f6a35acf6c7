"""What a network costs, compared with what is counted by hand."""

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from latentune import GAN, DataSpec, Predictor
from latentune.objectives.network_costs import COSTS, measure_costs
from latentune.objectives.training_errors import CostError

TEXTS = DataSpec((5,), "text", classes=("a", "b"), letters="abc")
STEP, HIDDEN = 4, 8
"""The values that a letter is encoded by, and the units of the network."""


class Small(pl.LightningModule):
    """A linear layer, a frozen one, and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Dropout(), nn.Linear(3, 2))
        self.layers[3].requires_grad_(False)
        self.register_buffer("seen", torch.zeros(5, dtype=torch.int64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


def test_costs_are_those_that_are_counted_by_hand() -> None:
    costs = measure_costs(COSTS, Small(), DataSpec((1, 2, 2)))
    assert costs["params"] == 4 * 3 + 3
    assert costs["bytes"] == 4 * (4 * 3 + 3 + 3 * 2 + 2) + 8 * 5
    assert costs["macs"] == 4 * 3 + 3 * 2
    assert costs["ms"] > 0


def test_a_measured_network_and_random_generators_stay_as_they_are() -> None:
    model = Small()
    model.layers[3].eval()
    modes, random = [m.training for m in model.modules()], torch.get_rng_state()
    measure_costs(COSTS, model, DataSpec((1, 2, 2)))
    assert [m.training for m in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random)
    assert model.device.type == "cpu"


@pytest.mark.parametrize(("cell", "gates"), [("lstm", 4), ("gru", 3), ("rnn", 1)])
def test_a_recurrent_network_is_counted_for_a_text_of_the_greatest_length(
    cell: str, gates: int
) -> None:
    model = Predictor(TEXTS, network=cell, hidden=HIDDEN, layers=1)
    steps = TEXTS.shape[0] * gates * HIDDEN * (STEP + HIDDEN)
    assert measure_costs(["macs"], model, TEXTS) == {"macs": steps + HIDDEN * 2}


def test_a_generator_is_run_on_a_latent_code() -> None:
    images = DataSpec((1, 32, 32))
    with torch.device("meta"):
        gan = GAN(images)
    assert measure_costs(["macs"], gan, images)["macs"] > 1e6


def test_a_network_that_cannot_be_run_on_an_item_is_an_error() -> None:
    with pytest.raises(CostError, match="a LightningModule cannot be run on one item"):
        measure_costs(["macs"], pl.LightningModule(), DataSpec((1, 2, 2)))
