"""Temperature scaling: the temperature, and that it is kept wherever a classifier answers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import latentune
from latentune import Predictor, StorageError
from latentune.objectives.metrics.calibration import fit_temperature

from ..conftest import edit_header


def drawn(n: int, temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns logits that are too large by a factor, and labels that the right ones draw."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(n, 4, generator=generator)
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    return temperature * logits, labels


@pytest.mark.parametrize("true", [0.4, 1.0, 3.0])
def test_the_temperature_is_the_factor_by_which_logits_are_too_large(true: float) -> None:
    logits, labels = drawn(5000, true)
    assert fit_temperature(logits, labels) == pytest.approx(true, rel=0.06)


def test_the_temperature_is_the_best_of_a_fine_grid() -> None:
    logits, labels = drawn(40, 2.0)
    grid = np.exp(np.linspace(-3, 3, 6001))
    scaled = logits.double().numpy()[None] / grid[:, None, None]
    logs = scaled - np.log(np.exp(scaled).sum(2, keepdims=True))
    cost = -logs[:, range(40), labels.numpy()].sum(1) + (np.log(grid) / 0.5) ** 2 / 2
    assert fit_temperature(logits, labels) == pytest.approx(grid[cost.argmin()], rel=2e-3)


def test_a_few_items_that_are_all_right_do_not_make_probabilities_certain() -> None:
    logits = torch.eye(3)[[0, 1, 2, 0]]
    assert 0.5 < fit_temperature(logits, logits.argmax(1)) < 1


@pytest.fixture
def trained() -> Any:
    latentune.search("mlp", "digits", trials=1, epochs=1, workers=1)
    return latentune.train("mlp-digits", epochs=3, pictures="none")


def test_a_classifier_keeps_its_temperature(trained: Any) -> None:
    temperature = trained.metrics["calibration"]["temperature"]
    assert trained.metrics["calibration"]["items"] == trained.metrics["items"]["val"]
    model = latentune.load_model("mlp-digits")
    assert isinstance(model, Predictor)
    assert model.temperature == temperature
    parts = latentune.TensorData("digits").splits
    with torch.inference_mode():
        logits = model.predict_codes(model.encode(parts.test.inputs))
        raw = model.output(model.hidden(model.encode(parts.test.inputs)))
    torch.testing.assert_close(logits * temperature, raw)
    np.savez("new.npz", parts.test.inputs[:20].numpy())
    said = latentune.predict("mlp-digits", "new.npz").table["probability"]
    expected = (raw[:20] / temperature).softmax(1).max(1).values
    assert said.to_numpy() == pytest.approx(expected.numpy(), rel=1e-4)
    loss = torch.nn.functional.cross_entropy(raw / temperature, parts.test.targets)
    assert trained.metrics["test_loss"] == pytest.approx(loss.item(), rel=1e-4)
    card = Path("runs/mlp-digits/final/README.md").read_text()
    assert f"divided by the temperature {temperature:.3g}" in card


def test_networks_of_before_and_headers_of_others(trained: Any) -> None:
    path = trained.folder / "model.ckpt"
    edit_header(path, lambda header: header["calibration"].update(temperature=0.0))
    with pytest.raises(StorageError, match="temperature"):
        latentune.load_model("mlp-digits")
    edit_header(path, lambda header: header.pop("calibration"))
    model = latentune.load_model("mlp-digits")
    assert isinstance(model, Predictor)
    assert model.temperature == 1


def test_each_seed_is_calibrated() -> None:
    latentune.search("logistic-regression", "wine", trials=1, epochs=1, workers=1)
    trained = latentune.train("logistic-regression-wine", epochs=2, seeds=2, pictures="none")
    table = pd.read_csv(trained.folder / "seeds.csv")
    before, after = table["test_uncalibrated_error"], table["test_calibration_error"]
    assert (before != after).all()
