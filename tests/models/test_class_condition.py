"""Conditional VAEs: the class reaches encoder and decoder, and samples are of the class."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import latentune
from latentune import VAE, DataSpec
from latentune.models.class_condition import UNKNOWN_SHARE, ClassCondition

DATA = DataSpec((1, 8, 8), classes=("left", "right"))
X = torch.rand(6, 1, 8, 8)


@pytest.mark.parametrize("options", [{}, {"network": "dense"}, {"linear_path": True}])
def test_a_class_reaches_both_networks(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    model = VAE(DATA, 4, conditional=True, **options).eval()
    assert model.condition is not None
    torch.nn.init.normal_(model.condition.class_items)
    torch.nn.init.normal_(model.log_variance.weight)  # a linear path starts at zero
    classes = model.condition(torch.zeros(6, dtype=torch.long))
    assert not torch.equal(model.posterior(X)[1], model.posterior(X, classes)[1])
    for weights in model.decoder.parameters():
        torch.nn.init.normal_(weights, std=0.1)
    z = torch.zeros(6, 4)
    assert model.decode(z, classes).shape == X.shape
    assert not torch.equal(model.decode(z), model.decode(z, classes))


def test_some_classes_are_not_told_in_training() -> None:
    condition = ClassCondition(DATA)
    labels = torch.ones(10_000, dtype=torch.long)
    told = condition(labels)
    assert set(told.sum(1).tolist()) == {0, 1}
    assert 1 - told.mean(0)[1].item() == pytest.approx(UNKNOWN_SHARE, abs=0.02)
    assert (condition.eval()(labels) == torch.tensor([0.0, 1.0])).all()


def test_the_likelihood_is_that_given_the_class() -> None:
    torch.manual_seed(0)
    model = VAE(DATA, 2, conditional=True).eval()
    assert model.condition is not None
    torch.nn.init.normal_(model.condition.class_items)
    batch = [X, torch.tensor([0, 1, 0, 1, 0, 1])]
    torch.manual_seed(1)
    terms = model.terms(batch)
    torch.manual_seed(1)
    classes = model.condition(batch[1])
    mean, log_variance = model.posterior(X, classes)
    z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
    normal = torch.distributions.Normal
    logs = normal(model.decode(z, classes), 1.0).log_prob(X).flatten(1).sum(1)
    kl = torch.distributions.kl_divergence(
        normal(mean, (log_variance / 2).exp()), normal(0.0, 1.0)
    )
    torch.testing.assert_close(terms["elbo"], (logs - kl.sum(1)).mean())


def test_data_without_classes_are_refused(refused: Callable[..., str]) -> None:
    with pytest.raises(ValueError, match="must have classes"):
        VAE(DataSpec((1, 8, 8)), conditional=True)
    np.save("images.npy", np.random.default_rng(0).random((40, 8, 8)))
    assert "images.npy has no labels" in refused("search", "conv-cvae", "images.npy")


def test_samples_of_a_class_are_of_the_class() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 2
    images = rng.uniform(0, 0.1, (400, 8, 8)).astype("float32")
    images[labels == 0, :, :4] += 0.8
    images[labels == 1, :, 4:] += 0.8
    images *= rng.uniform(0.7, 1, (400, 1, 1)).astype("float32")
    np.savez("sides.npz", x=images, y=labels)
    study = latentune.search("dense-cvae", "sides.npz", trials=1, epochs=1, workers=1)
    latentune.train(study.study_name, epochs=10, pictures="none")
    sampled = latentune.sample(study.study_name, class_name="all", n=50)
    saved = np.load(sampled.folder / "codes.npz")
    model = latentune.load_model(study.study_name)
    assert isinstance(model, VAE)
    assert model.condition is not None
    for number in (0, 1):
        codes = torch.from_numpy(saved["codes"][saved["classes"] == str(number)])
        classes = model.condition(torch.full((50,), number))
        with torch.inference_mode():
            decoded = model.decode(codes, classes)[:, 0]
        brighter = decoded[:, :, :4].mean((1, 2)) > decoded[:, :, 4:].mean((1, 2))
        assert (brighter == (number == 0)).all()
