"""Learners: corrupted inputs, penalties, optimizers and schedules, and densities over codes."""

import math
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from latentune import Autoencoder, DataSpec, LatentKDE, TensorData
from latentune.models.learner import OPTIMIZERS, SCHEDULES
from latentune.objectives.trainer import fit, quiet_trainer


def test_noise_and_mask_spoil_the_input_in_training_alone() -> None:
    data, x = DataSpec((1, 8, 8)), torch.rand(64, 1, 8, 8)
    model = Autoencoder(data, 4, "dense", corruption_std=0.5, corruption_rate=0.4)
    seen: list[torch.Tensor] = []
    model.encoder.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    clean = model.eval().terms([x])["mse"]
    torch.testing.assert_close(clean, ((model.reconstruct(x) - x) ** 2).mean())
    model.train().terms([x])
    corrupted = seen[-1]
    assert (corrupted == 0).float().mean().item() == pytest.approx(0.4, abs=0.05)
    assert (corrupted - x)[corrupted != 0].std().item() == pytest.approx(0.5, abs=0.05)
    assert torch.equal(seen[0], x)


def test_the_noise_of_standardized_data_is_in_their_deviations() -> None:
    data = DataSpec((1, 8, 8), mean=(0.1,), std=(0.2,))
    model = Autoencoder(data, 4, "dense", corruption_std=0.5)
    seen: list[torch.Tensor] = []
    model.encoder.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    x = torch.rand(200, 1, 8, 8)
    model.train().terms([x])
    assert (seen[0] - x).std().item() == pytest.approx(0.1, rel=0.05)


def test_sparse_codes_are_paid_for_in_the_loss_alone() -> None:
    x = torch.rand(16, 1, 8, 8)
    model = Autoencoder(DataSpec((1, 8, 8)), 4, "dense", sparsity=0.5, sparse_code=0.1)
    terms = model.terms([x])
    distance = (model.encode(x) - 0.1).abs().mean()
    torch.testing.assert_close(terms["sparsity"], distance)
    torch.testing.assert_close(model.loss(terms), terms["mse"] + 0.5 * distance)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """What a model logs, without a trainer."""
    values: dict[str, float] = {}
    monkeypatch.setattr(
        Autoencoder, "log", lambda self, name, value, **_: values.update({name: value.item()})
    )
    return values


def test_every_parameter_learns(logged: dict[str, float]) -> None:
    model = Autoencoder(DataSpec((1, 8, 8)), latent_dim=3)
    model.training_step([torch.rand(16, 1, 8, 8)], 0).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_l1_is_paid_in_the_gradient_but_not_in_the_metric(logged: dict[str, float]) -> None:
    x = torch.rand(4, 1, 8, 8)
    torch.manual_seed(0)
    plain = Autoencoder(DataSpec((1, 8, 8)), 3)
    penalized = Autoencoder(DataSpec((1, 8, 8)), 3, l1=0.1)
    penalized.load_state_dict(plain.state_dict())
    mse = plain.training_step([x], 0)
    loss = penalized.training_step([x], 0)
    loss.backward()
    penalized.on_before_optimizer_step(None)  # type: ignore[arg-type]
    weights = sum(p.abs().sum() for p in plain.parameters())
    (mse + 0.1 * weights).backward()
    for ours, theirs in zip(penalized.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)
    penalized.on_train_epoch_end()
    assert logged["train_mse"] == pytest.approx(mse.item())


def rates_of(model: Autoencoder, epochs: int) -> list[float]:
    """The learning rate in each step; an epoch has two, of as many images."""
    rates = []

    class Rates(pl.Callback):
        def on_train_batch_start(self, *args: object) -> None:
            rates.append(model.trainer.optimizers[0].param_groups[0]["lr"])

    fit(quiet_trainer(epochs, [Rates()]), model, TensorData("digits", batch_size=647))
    return rates


def test_adam_decays_weights_by_l2_and_anneals_lr_to_zero() -> None:
    model = Autoencoder(DataSpec((1, 8, 8)), lr=0.01, l2=0.3)
    rates = rates_of(model, 2)
    assert model.trainer.optimizers[0].param_groups[0]["weight_decay"] == 0.3
    assert rates == pytest.approx([0.005 * (1 + math.cos(math.pi * t / 4)) for t in range(4)])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_any_optimizer_goes_with_any_schedule(optimizer: str, schedule: str) -> None:
    # At such a rate next to nothing is learned, so that the loss lies on a plateau.
    model = Autoencoder(
        DataSpec((1, 8, 8)), lr=1e-7, optimizer=optimizer, momentum=0.7, schedule=schedule
    )
    rates = rates_of(model, 6)
    group = model.trainer.optimizers[0].param_groups[0]
    assert group["momentum" if optimizer == "sgd" else "betas"] == (
        0.7 if optimizer == "sgd" else (0.7, 0.999)
    )
    firsts = [rate / 1e-7 for rate in rates[::2]]
    if schedule == "step":
        assert firsts == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    elif schedule == "constant":
        assert set(firsts) == {1}
    else:
        assert sorted(firsts, reverse=True) == firsts
        assert firsts[-1] < 0.2


def test_long_gradients_are_clipped() -> None:
    norms = []

    class Norms(pl.Callback):
        def on_train_batch_end(
            self, trainer: pl.Trainer, module: pl.LightningModule, *_: object
        ) -> None:
            norms.append(sum(p.grad.square().sum() for p in module.parameters()).sqrt().item())

    for clip in (0.0, 1e-3):
        model = Autoencoder(DataSpec((1, 8, 8)), gradient_clip_norm=clip)
        fit(quiet_trainer(1, [Norms()]), model, TensorData("digits", batch_size=400))
    assert min(norms[:4]) > 1e-3
    assert max(norms[4:]) == pytest.approx(1e-3, rel=1e-3)


def test_bad_options_are_named() -> None:
    with pytest.raises(ValueError, match=r"latent_dim \(=0\)"):
        Autoencoder(DataSpec((1, 8, 8)), latent_dim=0)
    with pytest.raises(ValueError, match=r"shape \(=\(8, 8\)\)"):
        DataSpec((8, 8))
    with pytest.raises(ValueError, match=r"must be a multiple of 49"):
        Autoencoder(DataSpec((1, 28, 28)), 50, "pooled")
    with pytest.raises(ValueError, match=r"network \(='convolution'\) must be one of conv"):
        Autoencoder(DataSpec((1, 8, 8)), network="convolution")
    with pytest.raises(ValueError, match=r"corruption_std \(=-1\)"):
        Autoencoder(DataSpec((1, 8, 8)), corruption_std=-1)
    with pytest.raises(ValueError, match=r"gradient_clip_norm \(=-1\)"):
        Autoencoder(DataSpec((1, 8, 8)), gradient_clip_norm=-1)
    with pytest.raises(ValueError, match=r"optimizer \(='adamw'\) must be one of adam, sgd"):
        Autoencoder(DataSpec((1, 8, 8)), optimizer="adamw")


@pytest.mark.parametrize("n_components", [None, 2])
def test_kde_samples_like_its_codes_and_survives_a_file(
    tmp_path: Path, n_components: int | None
) -> None:
    rng = np.random.default_rng(0)
    axes = np.array([[3, 0, 0, 0], [0, 1, 0, 0]], dtype="float32")
    codes = (rng.normal(size=(400, 2)) @ axes + 5).astype("float32")
    density = LatentKDE.fit(codes, n_components=n_components)
    drawn = density.sample(2000, seed=1)
    assert drawn.shape == (2000, 4)
    np.testing.assert_allclose(drawn.mean(0), codes.mean(0), atol=0.3)
    np.testing.assert_allclose(drawn.std(0)[:2], codes.std(0)[:2], rtol=0.25)
    density.save(tmp_path / "kde.npz")
    np.testing.assert_array_equal(LatentKDE.load(tmp_path / "kde.npz").sample(2000, 1), drawn)


def test_kde_after_pca_stays_in_the_plane() -> None:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(200, 6)).astype("float32")
    drawn = LatentKDE.fit(codes, n_components=2).sample(50)
    assert np.linalg.matrix_rank(drawn - drawn.mean(0), tol=1e-3) == 2


@pytest.mark.parametrize("scale", [1e-3, 1.0, 300.0])
def test_kde_finds_its_bandwidth_on_any_scale(scale: float) -> None:
    codes = np.random.default_rng(0).normal(scale=scale, size=(500, 2)).astype("float32")
    # Scott's rule is the best bandwidth for normal data: the standard deviation * n^(-1/6) in 2-D.
    assert LatentKDE.fit(codes).bandwidth == pytest.approx(scale * 500 ** (-1 / 6), rel=0.4)


def test_kde_refuses_pickles(tmp_path: Path) -> None:
    np.savez(tmp_path / "evil.npz", points=np.array([{}], dtype=object), bandwidth=1.0)
    with pytest.raises(ValueError, match="allow_pickle"):
        LatentKDE.load(tmp_path / "evil.npz")
