"""Penalties of regularized and Wasserstein autoencoders, beside other computations."""

import math

import numpy as np
import pytest
import torch

import latentune
from latentune import Autoencoder, DataSpec
from latentune.models.losses.code_penalties import MMD_SCALES, gradient_penalty, mmd_to_normal
from latentune.objectives.trainer import fit, quiet_trainer

IMAGES = DataSpec((1, 8, 8))


def test_the_gradient_penalty_is_the_norm_of_the_jacobian_on_average() -> None:
    torch.manual_seed(0)
    decoder = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 7))
    codes = torch.randn(1, 3)
    jacobian = torch.autograd.functional.jacobian(decoder, codes)[0, :, 0]
    found = np.mean([gradient_penalty(decoder, codes).item() for _ in range(4000)])
    assert found == pytest.approx(jacobian.square().sum().item(), rel=0.05)


def test_the_gradient_penalty_reaches_encoder_and_decoder() -> None:
    model = Autoencoder(IMAGES, 4, "dense", gradient_penalty=1.0)
    terms = model.terms([torch.rand(6, 1, 8, 8)])
    terms["gradient_penalty"].backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert any(g.abs().sum() > 0 for g in gradients)
    with torch.no_grad():
        assert set(model.terms([torch.rand(6, 1, 8, 8)])) == {"mse"}


def test_the_distance_from_the_prior_is_that_of_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(1, 2, (5, 3)), rng.normal(size=(5, 3))
    monkeypatch.setattr(torch, "randn_like", lambda _: torch.from_numpy(y))

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        bases = [scale * 2 * 3 for scale in MMD_SCALES]
        return sum(base / (base + ((a - b) ** 2).sum()) for base in bases)

    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    within = sum(kernel(x[i], x[j]) + kernel(y[i], y[j]) for i, j in pairs) / 20
    between = sum(kernel(a, b) for a in x for b in y) / 25
    assert mmd_to_normal(torch.from_numpy(x)).item() == pytest.approx(within - 2 * between)


def test_codes_of_the_prior_have_no_distance_from_it_and_others_have() -> None:
    torch.manual_seed(0)
    near = np.mean([mmd_to_normal(torch.randn(50, 4)).item() for _ in range(200)])
    far = mmd_to_normal(torch.randn(50, 4) + 2).item()
    assert abs(near) < 0.02
    assert far > 1


@pytest.mark.parametrize("option", ["code_norm", "gradient_penalty", "mmd"])
def test_each_penalty_lowers_what_it_is_on(option: str) -> None:
    data = latentune.TensorData("digits", batch_size=200)

    def penalty(weight: float) -> float:
        torch.manual_seed(0)
        model = Autoencoder(data.spec, 4, "dense", width=0.2, lr=1e-2, **{option: weight})
        fit(quiet_trainer(3, []), model, data)
        model.penalties = {option: 1.0}
        codes = model.cpu().encode(data.splits.val.inputs.float()).detach().requires_grad_()
        torch.manual_seed(0)
        return model._penalties(codes)[option].item()

    assert penalty(1.0) < 0.8 * penalty(1e-9)


def test_a_wasserstein_autoencoder_has_a_prior_and_others_have_none() -> None:
    assert Autoencoder(IMAGES, 4, "dense", mmd=0.1).prior().sample(2).shape == (2, 4)
    assert not hasattr(Autoencoder(IMAGES, 4, "dense"), "prior")
    with pytest.raises(ValueError, match=r"mmd \(=-1\) must be at least 0"):
        Autoencoder(IMAGES, 4, "dense", mmd=-1)


def test_the_code_norm_is_a_mean_square() -> None:
    model = Autoencoder(IMAGES, 4, "dense", code_norm=0.5)
    x = torch.rand(6, 1, 8, 8)
    terms = model.terms([x])
    expected = model.encode(x).square().sum() / 24
    assert terms["code_norm"].item() == pytest.approx(expected.item())
    assert model.loss(terms).item() == pytest.approx((terms["mse"] + expected / 2).item())
    assert math.isfinite(terms["mse"].item())
