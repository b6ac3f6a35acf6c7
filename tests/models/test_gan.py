"""Generative adversarial networks: two networks that take turns, and what they are rated by."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import latentune
from latentune import GAN, DataSpec, TensorData
from latentune.objectives.metrics.image_quality import kernel_distance
from latentune.objectives.metrics.metric_callbacks import KernelDistance
from latentune.objectives.trainer import fit, quiet_trainer, silence_lightning

Cli = Callable[..., Any]
Refused = Callable[..., str]
DATA = DataSpec((1, 8, 8))
FINAL = Path("runs/dcgan-digits/final")


def trained(model: GAN, epochs: int = 1, callbacks: tuple[pl.Callback, ...] = ()) -> pl.Trainer:
    """Trains on digits; an epoch has two steps, of as many images."""
    trainer = quiet_trainer(epochs, list(callbacks))
    fit(trainer, model, TensorData("digits", batch_size=647))
    return trainer


def weights(network: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten().clone() for p in network.parameters()])


def test_the_networks_are_the_published_ones() -> None:
    gan = GAN(DataSpec((1, 32, 32)))
    assert [len(weights(n)) for n in (gan.generator, gan.discriminator)] == [1_049_985, 98_113]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(1, 70), st.integers(1, 70))
def test_images_of_any_size_are_drawn_and_judged(channels: int, height: int, width: int) -> None:
    shape = (channels, height, width)
    gan = GAN(DataSpec(shape), 3, 0.1)
    drawn = gan(torch.randn(2, 3))
    assert drawn.shape == (2, *shape)
    assert (drawn >= 0).all()
    assert (drawn <= 1).all()
    assert gan.discriminator(drawn).shape == (2, 1)


def test_each_network_learns_in_its_own_step_alone() -> None:
    for rates in ((0, 1e-3), (1e-3, 0), (1e-3, 1e-3)):
        gan = GAN(DATA, 4, 0.25, lr=rates[0], discriminator_lr=rates[1])
        networks = (gan.generator, gan.discriminator)
        before = [weights(network) for network in networks]
        trained(gan)
        learned = [
            not torch.equal(weights(network), old)
            for network, old in zip(networks, before, strict=True)
        ]
        assert learned == [rate > 0 for rate in rates]


def test_it_says_how_often_the_discriminator_is_right() -> None:
    logged = trained(GAN(DATA, 4, 0.25)).callback_metrics
    for part in ("train", "val"):
        both = [logged[f"{part}_accuracy_{kind}"].item() for kind in ("real", "fake")]
        assert all(0 <= share <= 1 for share in both)
        assert logged[f"{part}_accuracy"].item() == pytest.approx(np.mean(both))
        assert logged[f"{part}_generator"] > 0


def test_losses_and_accuracies_are_those_of_their_definitions() -> None:
    gan = GAN(DATA, 4, 0.25).eval()
    torch.nn.init.zeros_(gan.discriminator[-1].weight)
    torch.nn.init.constant_(gan.discriminator[-1].bias, math.log(3))  # real with a chance of 3/4
    terms = {name: term.item() for name, term in gan.terms([torch.rand(6, 1, 8, 8)]).items()}
    assert terms == pytest.approx(
        {
            "discriminator": -(math.log(3 / 4) + math.log(1 / 4)) / 2,
            "generator": -math.log(3 / 4),
            "accuracy_real": 1,
            "accuracy_fake": 0,
            "accuracy": 0.5,
        }
    )


class Rates(pl.Callback):
    """Both learning rates in each step."""

    def __init__(self) -> None:
        self.seen: list[list[float]] = []

    def on_train_batch_start(self, trainer: pl.Trainer, *_: object) -> None:
        self.seen.append([o.param_groups[0]["lr"] for o in trainer.optimizers])


def test_both_rates_fall_along_a_cosine_although_it_optimizes_by_hand() -> None:
    rates = Rates()
    trained(GAN(DATA, 4, 0.25, lr=0.01, discriminator_lr=0.02), 2, (rates,))
    falling = [(1 + math.cos(math.pi * step / 4)) / 2 for step in range(4)]
    assert np.array(rates.seen) == pytest.approx(np.outer(falling, [0.02, 0.01]))


def test_rates_fall_in_steps_of_epochs_too() -> None:
    rates = Rates()
    trained(GAN(DATA, 2, 0.1, lr=0.01, schedule="step"), 3, (rates,))
    falling = [generator_group for _, generator_group in rates.seen]
    assert falling == pytest.approx([0.01] * 2 + [0.001] * 2 + [0.0001] * 2)


def test_long_gradients_are_clipped() -> None:
    norms = []

    class Norms(pl.Callback):
        def on_train_batch_end(
            self, trainer: pl.Trainer, module: pl.LightningModule, *_: object
        ) -> None:
            for network in (module.generator, module.discriminator):
                gradients = [p.grad.flatten() for p in network.parameters()]
                norms.append(torch.cat(gradients).norm().item())

    gan = GAN(DATA, 4, 0.25, gradient_clip_norm=1e-5)
    with torch.no_grad():
        gan.discriminator[-1].weight *= 1000  # so that those of the generator are long too
    trained(gan, 1, (Norms(),))
    assert norms == pytest.approx([1e-5] * 4, rel=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latent_dim": 0}, r"latent_dim \(=0\)"),
        ({"width": 0}, r"width \(=0\)"),
        ({"schedule": "plateau"}, r"schedule \(='plateau'\)"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GAN(DATA, **options)


def test_the_distance_of_a_set_from_itself_is_nothing_and_from_noise_much() -> None:
    torch.manual_seed(0)
    real = torch.randn(400, 8).relu()
    alike, spread = kernel_distance(real[:200], real[200:])
    assert abs(alike) < 3 * spread
    same, noisy = (kernel_distance(real, real + k * torch.randn(400, 8))[0] for k in (0, 1))
    assert abs(same) < 0.1
    assert noisy > 1


def valued(model: GAN) -> float:
    """The kernel distance that validation logs of a network."""
    trainer = quiet_trainer(1, [KernelDistance()])
    with silence_lightning():
        trainer.validate(
            model, datamodule=TensorData("digits", cache=Path("runs/cache")), verbose=False
        )
    return trainer.callback_metrics["val_kid"].item()


def test_it_is_searched_and_kept_by_its_images_and_used_as_far_as_it_goes(
    cli: Cli, refused: Refused
) -> None:
    words = ("--trials", 1, "--epochs", 1, "--batch-size", 300, "--fix", "width=0.25")
    answer = cli("search", "dcgan", "digits", *words, "--fix", "lr=0.005")
    assert answer.code == 0, answer.err
    answer = cli("train", "dcgan-digits", "--epochs", 4)
    assert answer.code == 0, answer.err
    assert answer.out.endswith("next: latentune sample dcgan-digits\n")

    metrics = json.loads((FINAL / "metrics.json").read_text())
    distances = pd.read_csv(FINAL / "metrics.csv")["val_kid"].dropna().tolist()
    assert len(distances) == 4
    assert metrics["val_kid"] == pytest.approx(min(distances))
    assert metrics["best_epoch"] == int(np.argmin(distances)) + 1
    assert valued(latentune.load_model("dcgan-digits")) == pytest.approx(min(distances), rel=1e-3)
    assert {"test_kid", "test_accuracy"} <= set(metrics)
    pictures = {f"epochs/samples-00{number}.png" for number in range(1, 5)} | {"samples.png"}
    assert {str(p.relative_to(FINAL)) for p in FINAL.rglob("*.png")} == pictures | {"loss.png"}
    first, last = (Image.open(FINAL / f"epochs/samples-00{number}.png") for number in (1, 4))
    assert first.size == last.size
    assert first.tobytes() != last.tobytes()

    answer = cli("sample", "dcgan-digits", "--n", 80)
    assert answer.code == 0, answer.err
    samples = FINAL / "samples"
    rated = json.loads((samples / "quality.json").read_text())
    assert set(rated["rows"]) == {"prior", "real"}
    assert (samples / "prior-samples.png").exists()
    assert not (samples / "prior-codes.png").exists()
    assert cli("interpolate", "dcgan-digits").code == 0
    assert [p.name for p in (FINAL / "interpolations").iterdir()] == ["codes.png"]

    line = refused("sample", "dcgan-digits", "--method", "kde")
    assert "method 'kde' does not fit: GAN has no encode()" in line
    line = refused("interpolate", "dcgan-digits", "--images", "1,2")
    assert "GAN has no encode(): leave out --images" in line
    assert "has no encode" in refused("map", "dcgan-digits")
    assert "has no encode" in refused("search", "head", "digits", "--encoder", "dcgan-digits")


def test_what_cannot_be_rated_is_not_searched(refused: Refused) -> None:
    rng = np.random.default_rng(0)
    np.save("noise.npy", rng.integers(0, 255, (40, 8, 8), dtype="uint8"))
    line = refused("search", "dcgan", "noise.npy")
    assert "images of noise.npy cannot be rated: there are 29 images to train on" in line
    assert "dcgan is not made for a table such as wine" in refused("search", "dcgan", "wine")
