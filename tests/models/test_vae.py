"""Variational autoencoders: the terms of their loss, and what follows from them."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

import latentune
from latentune import VAE, Autoencoder, DataSpec, TensorData
from latentune.objectives.trainer import fit, quiet_trainer, silence_lightning

SHAPES = [(1, 8, 8), (1, 28, 28), (1, 32, 32), (3, 32, 32), (3, 64, 64)]
SHAPE = (1, 8, 8)
DATA = DataSpec(SHAPE)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the noise out of the codes."""
    monkeypatch.setattr(torch, "randn_like", torch.zeros_like)


@pytest.mark.parametrize("network", ["conv", "dense"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_maps_images_to_codes_and_back(shape: tuple[int, int, int], network: str) -> None:
    model = VAE(DataSpec(shape), latent_dim=5, network=network)
    x = torch.rand(4, *shape)
    z = model.encode(x)
    assert z.shape == (4, 5)
    assert model.decode(z).shape == x.shape
    assert torch.equal(model(x), model.decode(z))
    assert [term.shape for term in model.elbo_terms(x)] == [(4,), (4,)]


def test_the_published_networks() -> None:
    dense = VAE(DataSpec((1, 28, 28)), 128, network="dense", likelihood="bernoulli")
    widths = [m.in_features for m in dense.modules() if isinstance(m, torch.nn.Linear)]
    assert widths == [784, 512, 128, 512, 512, 512, 512]
    conv = VAE(DataSpec((1, 28, 28)), latent_dim=8)
    assert (conv.mean.in_features, conv.mean.out_features) == (16, 8)
    assert conv.log_scale is not None
    assert conv.log_scale.item() == 0
    assert VAE(DataSpec((1, 28, 28)), latent_dim=30).mean.in_features == 30


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 6))
def test_kl_is_the_closed_form_of_torch(seed: int, latent_dim: int) -> None:
    torch.manual_seed(seed)
    model = VAE(DATA, latent_dim)
    x = torch.rand(3, *SHAPE)
    mean, log_variance = model.posterior(x)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(model.elbo_terms(x)[1], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_reconstruction_is_the_negative_log_likelihood(likelihood: str) -> None:
    model = VAE(DATA, 3, likelihood=likelihood)
    if model.log_scale is not None:
        torch.nn.init.constant_(model.log_scale, -1.5)
    x = torch.rand(5, *SHAPE).round()
    drawn = model(x)
    pixels = Normal(drawn, math.exp(-1.5)) if likelihood == "gaussian" else Bernoulli(drawn)
    expected = -Independent(pixels, 3).log_prob(x)
    torch.testing.assert_close(model.elbo_terms(x)[0], expected, rtol=1e-4, atol=1e-3)


def test_gradients_reach_the_encoder_through_the_sample() -> None:
    model = VAE(DATA, 3, beta=0)  # without the KL, the sample is the only way
    model.training_step([torch.rand(8, *SHAPE)], 0).backward()
    for part in (model.encoder, model.mean, model.log_variance):
        for parameter in part.parameters():
            assert parameter.grad is not None
            assert parameter.grad.abs().sum() > 0


@pytest.mark.usefixtures("silent")
def test_with_beta_0_and_no_noise_it_is_an_autoencoder() -> None:
    model = VAE(DATA, 3, beta=0)
    x = torch.rand(8, *SHAPE)
    mse = torch.nn.functional.mse_loss(model(x), x)
    # A Gaussian of deviation 1 on 64 pixels: half the squared error, and a constant.
    expected = 64 * (mse / 2 + math.log(2 * math.pi) / 2)
    assert model.training_step([x], 0).item() == pytest.approx(expected.item(), rel=1e-5)
    networks = [model.encoder, model.mean, model.decoder]
    weights = [p for network in networks for p in network.parameters()]
    ours = torch.autograd.grad(model.training_step([x], 0), weights)
    theirs = torch.autograd.grad(32 * torch.nn.functional.mse_loss(model(x), x), weights)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_the_importance_bound_lies_above_the_elbo_and_tightens() -> None:
    torch.manual_seed(0)
    model = VAE(DATA, 2)
    x = torch.rand(200, *SHAPE)
    with torch.inference_mode():
        reconstruction, kl = model.elbo_terms(x)
        bounds = [model.log_likelihood(x, samples).mean() for samples in (1, 10, 100)]
    elbo = -(reconstruction + kl).mean()
    assert bounds[0] == pytest.approx(elbo.item(), abs=1.0)
    assert bounds[0] < bounds[1] < bounds[2]


def test_what_it_logs_has_no_weight_in_it_and_beta_warms_up() -> None:
    betas = []

    class Spy(VAE):
        def on_train_epoch_end(self) -> None:
            super().on_train_epoch_end()
            betas.append(self._current_beta())

    model = Spy(DATA, 3, beta=4.0, beta_warmup=2, lr=1e-3)
    trainer = quiet_trainer(3, [])
    fit(trainer, model, TensorData("digits", batch_size=200))
    assert betas == [0, 2, 4]
    logged = trainer.callback_metrics
    assert logged["val_elbo"] == pytest.approx(-(logged["val_reconstruction"] + logged["val_kl"]))
    assert 0 <= logged["val_active_units"] <= 3
    assert "train_elbo" in logged


def test_dead_units_are_not_counted() -> None:
    model = VAE(DATA, 4)
    with torch.no_grad():
        model.mean.weight[:3] = 0
        model.mean.weight[3] = 5
    trainer = quiet_trainer(1, [])
    with silence_lightning():
        trainer.validate(model, datamodule=TensorData("digits"), verbose=False)
    assert trainer.callback_metrics["val_active_units"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beta": -1}, r"beta \(=-1"),
        ({"beta_warmup": -1}, r"beta_warmup \(=-1\)"),
        ({"latent_dim": 0}, r"latent_dim \(=0\)"),
    ],
)
def test_bad_options_are_named(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VAE(DATA, **options)


def test_it_is_searched_by_the_elbo_and_scored_with_its_likelihood() -> None:
    study = latentune.search("dense-vae", "digits", trials=2, epochs=1, batch_size=200)
    assert study.user_attrs["definition"]["metric"] == "maximize val_elbo"
    assert "beta" in study.best_params
    folder = latentune.train("dense-vae-digits", epochs=1, pictures="none").folder
    metrics = (folder / "metrics.json").read_text()
    for name in ("elbo", "reconstruction", "kl", "log_likelihood", "active_units"):
        assert f'"test_{name}"' in metrics


def test_weights_are_drawn_so_that_signals_neither_vanish_nor_explode() -> None:
    torch.manual_seed(0)
    model = Autoencoder(DataSpec((1, 28, 28)), latent_dim=32)
    signal = torch.randn(64, 1, 28, 28)
    for network in (list(model.encoder), list(model.decoder)[:-1]):
        for layer in network:
            signal = layer(signal)
            assert 0.1 < signal.std() < 10
