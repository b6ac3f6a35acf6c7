"""The networks, and the density over their codes."""

import math
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latentune import ConvAutoencoder, ImageData, LatentKDE
from latentune.models.blocks import ConvDecoder, ConvEncoder, DenseDecoder, DenseEncoder
from latentune.objectives.training import fit, quiet_trainer

SHAPES = [(1, 8, 8), (1, 28, 28), (1, 32, 32), (3, 32, 32), (3, 64, 64)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_autoencoder_maps_images_to_codes_and_back(shape: tuple[int, int, int]) -> None:
    model = ConvAutoencoder(shape, latent_dim=5)
    x = torch.rand(4, *shape)
    z = model.encode(x)
    assert z.shape == (4, 5)
    assert model.decode(z).shape == x.shape
    assert torch.equal(model(x), model.decode(z))
    assert (model(x) >= 0).all()
    assert (model(x) <= 1).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 70), st.integers(1, 70))
def test_decoder_undoes_the_encoder_for_any_size(channels: int, height: int, width: int) -> None:
    shape = (channels, height, width)
    assert ConvAutoencoder(shape, 2)(torch.rand(1, *shape)).shape == (1, *shape)


SIDES = [*range(8, 129), (8, 128), (100, 9)]  # one number is the side of a square


@pytest.mark.parametrize("kind", ["conv", "dense"])
def test_every_pixel_is_seen_and_drawn(kind: str) -> None:
    encode, decode = {
        "conv": (ConvEncoder, ConvDecoder),
        "dense": (DenseEncoder, DenseDecoder),
    }[kind]
    torch.manual_seed(0)
    for side in SIDES if kind == "conv" else SIDES[::24]:
        shape = (1, *(side if isinstance(side, tuple) else (side, side)))
        x = torch.randn(32, *shape, requires_grad=True)
        encode(shape, 16)(x).abs().sum().backward()
        assert (x.grad.abs().sum((0, 1)) > 0).all(), f"{shape}: a pixel reaches no code"
        with torch.no_grad():
            drawn = decode(shape, 6)(2 * torch.randn(64, 6))
        assert drawn.shape[1:] == shape
        assert (drawn.std(0) > 0).all(), f"{shape}: a pixel depends on no code"


@pytest.mark.parametrize(
    ("side", "layers", "smallest"), [(8, 1, 4), (16, 2, 4), (28, 3, 3), (32, 3, 4), (64, 4, 4)]
)
def test_sides_are_halved_until_about_four_pixels_remain(
    side: int, layers: int, smallest: int
) -> None:
    network = ConvEncoder((3, side, side), 5)
    convolutions = [layer for layer in network if isinstance(layer, torch.nn.Conv2d)]
    assert len(convolutions) == layers
    flat = next(layer for layer in network if isinstance(layer, torch.nn.Linear)).in_features
    assert flat == convolutions[-1].out_channels * smallest**2


def test_autoencoder_is_the_published_one() -> None:
    model = ConvAutoencoder((1, 28, 28), latent_dim=8)
    assert sum(p.numel() for p in model.parameters()) == 50_057
    assert model.encoder[7].in_features == 288


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """What a model logs, without a trainer."""
    values: dict[str, float] = {}
    monkeypatch.setattr(
        ConvAutoencoder, "log", lambda self, name, value, **_: values.update({name: value.item()})
    )
    return values


def test_every_parameter_learns(logged: dict[str, float]) -> None:
    model = ConvAutoencoder((1, 8, 8), latent_dim=3)
    model.training_step([torch.rand(16, 1, 8, 8)], 0).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_l1_is_paid_in_training_but_not_in_the_metric(logged: dict[str, float]) -> None:
    x = torch.rand(4, 1, 8, 8)
    torch.manual_seed(0)
    plain = ConvAutoencoder((1, 8, 8), 3)
    penalised = ConvAutoencoder((1, 8, 8), 3, l1=0.1)
    penalised.load_state_dict(plain.state_dict())
    mse = plain.training_step([x], 0)
    loss = penalised.training_step([x], 0)
    weights = sum(p.abs().sum() for p in plain.parameters())
    assert loss.item() == pytest.approx((mse + 0.1 * weights).item(), rel=1e-5)
    penalised.on_train_epoch_end()
    assert logged["train_mse"] == pytest.approx(mse.item())


def test_adam_decays_weights_by_l2_and_anneals_lr_to_zero() -> None:
    model = ConvAutoencoder((1, 8, 8), lr=0.01, l2=0.3)
    rates = []

    class Rates(pl.Callback):
        def on_train_batch_start(self, *args: object) -> None:
            rates.append(model.optimizers().param_groups[0]["lr"])

    data = ImageData("digits", batch_size=400)
    trainer = quiet_trainer(2, [Rates()])
    fit(trainer, model, data)
    assert model.optimizers().param_groups[0]["weight_decay"] == 0.3
    assert rates == pytest.approx([0.005 * (1 + math.cos(math.pi * t / 8)) for t in range(8)])


def test_bad_options_are_named() -> None:
    with pytest.raises(ValueError, match=r"latent_dim \(=0\)"):
        ConvAutoencoder((1, 8, 8), latent_dim=0)
    with pytest.raises(ValueError, match=r"input_shape \(=\(8, 8\)\)"):
        ConvAutoencoder((8, 8), latent_dim=2)  # type: ignore[arg-type]


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
