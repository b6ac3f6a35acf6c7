"""Averages of weights: that they are the averages, and what uses them."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor

import latentune
from latentune import Autoencoder, DataSpec, TensorData
from latentune.objectives.trainer import fit, quiet_trainer


class Recorder(pl.Callback):
    """Keeps the weights after each step."""

    def __init__(self) -> None:
        self.weights: list[list[Tensor]] = []

    def on_train_batch_end(self, trainer: pl.Trainer, module: pl.LightningModule, *_: Any) -> None:
        self.weights.append([p.detach().clone() for p in module.parameters()])


def test_a_trained_network_has_the_averages_of_its_weights() -> None:
    recorder = Recorder()
    model = Autoencoder(DataSpec((1, 8, 8)), 4, "dense", 0.1, ema=0.8)
    fit(quiet_trainer(2, [recorder]), model, TensorData("digits", batch_size=400))
    averages = recorder.weights[0]  # Lightning begins with the weights after the first step
    for weights in recorder.weights[1:]:
        pairs = zip(averages, weights, strict=True)
        averages = [0.8 * average + 0.2 * now for average, now in pairs]
    for average, found in zip(averages, model.parameters(), strict=True):
        torch.testing.assert_close(average, found.detach())
    assert not torch.equal(averages[0], recorder.weights[-1][0])


def test_validation_and_the_checkpoint_use_averages(tmp_path: Path) -> None:
    options: dict[str, Any] = {"space": "optimizer", "ranges": {"ema": "0.99"}}
    study = latentune.search("conv-ae", "digits", trials=1, epochs=1, workers=1, **options)
    trained = latentune.train(study.study_name, epochs=2, pictures="none")
    model = latentune.load_model(study.study_name)
    assert isinstance(model, Autoencoder)
    assert model.hparams["ema"] == 0.99
    held_out = TensorData("digits").splits.val.inputs
    with torch.inference_mode():
        mse = (model.reconstruct(held_out) - held_out).square().mean().item()
    assert trained.metrics["val_mse"] == pytest.approx(mse, rel=1e-4)


class Stop(pl.Callback):
    """Stops like Ctrl-C after the second epoch."""

    def on_train_epoch_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        if trainer.current_epoch == 2:
            raise KeyboardInterrupt


def test_a_resumed_training_goes_on_with_its_averages() -> None:
    options: dict[str, Any] = {
        "space": "optimizer",
        "ranges": {"ema": "0.99", "optimizer": "adam"},
    }
    study = latentune.search("conv-ae", "digits", trials=1, epochs=1, workers=1, **options)
    whole = latentune.train(study.study_name, epochs=4, pictures="none").metrics
    with pytest.raises(KeyboardInterrupt):
        latentune.train(study.study_name, epochs=4, pictures="none", callbacks=[Stop()])
    resumed = latentune.train(study.study_name, epochs=4, pictures="none", resume=True).metrics
    assert resumed["test_mse"] == whole["test_mse"]


def test_bad_averages_are_refused() -> None:
    for ema in (-0.1, 1.0):
        with pytest.raises(ValueError, match=rf"ema \(={ema}\) must be at least 0 and below 1"):
            Autoencoder(DataSpec((1, 8, 8)), ema=ema)
