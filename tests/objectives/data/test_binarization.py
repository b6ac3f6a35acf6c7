"""`--binarize`: pixels are drawn as zeros and ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import latentune
from latentune import TensorData
from latentune.objectives.data.data_error import DataError


def train_images(data: TensorData) -> torch.Tensor:
    data.setup("fit")
    return torch.cat([images for images, _ in data.train_dataloader()])


def test_training_images_are_drawn_anew_and_the_others_once() -> None:
    plain, data = TensorData("digits"), TensorData("digits", binarize=True)
    for part in ("val", "test"):
        drawn = getattr(data.splits, part).inputs
        gray = getattr(plain.splits, part).inputs
        assert set(drawn.unique().tolist()) == {0, 1}
        assert (drawn[gray == 0] == 0).all()
        assert (drawn[gray == gray.max()] == 1).all()
        assert drawn.mean().item() == pytest.approx(gray.mean().item(), abs=0.01)
        again = getattr(TensorData("digits", binarize=True).splits, part).inputs
        assert torch.equal(drawn, again)
    other = TensorData("digits", binarize=True, seed=1).splits.test.inputs
    assert not torch.equal(other, data.splits.test.inputs)
    assert torch.equal(data.splits.train.inputs, plain.splits.train.inputs)
    torch.manual_seed(0)
    first, second = train_images(data), train_images(data)
    assert set(first.unique().tolist()) == {0, 1}
    assert first.mean().item() == pytest.approx(plain.splits.train.inputs.mean().item(), abs=0.01)
    assert not torch.equal(first, second)


def test_bytes_stay_bytes_and_folds_are_drawn_from_what_was_read() -> None:
    np.save("gray.npy", np.full((40, 4, 4), 128, "uint8"))
    data = TensorData("gray.npy", binarize=True)
    assert set(data.splits.test.inputs.unique().tolist()) == {0, 255}
    fold = data.fold(1, 4)
    assert set(fold.splits.train.inputs.unique().tolist()) == {128}
    assert set(fold.splits.val.inputs.unique().tolist()) == {0, 255}


def test_what_cannot_be_drawn_is_refused(refused: Callable[..., str]) -> None:
    search = ("search", "conv-ae", "digits", "--binarize")
    assert "conv-ae has no Bernoulli likelihood, which --binarize needs; use dense-vae" in refused(
        *search
    )
    with pytest.raises(DataError, match="wine holds no images: leave out `binarize=`"):
        TensorData("wine", binarize=True)
    with pytest.raises(DataError, match="both change training images"):
        TensorData("digits", binarize=True, augment="crop")


def test_a_binarized_study_is_trained_continued_and_its_likelihood_estimated(
    cli: Callable[..., Any], refused: Callable[..., str]
) -> None:
    options: dict[str, Any] = {"epochs": 1, "batch_size": 300, "binarize": True}
    latentune.search("dense-vae", "digits", trials=1, **options)
    assert "binarize" in refused("search", "dense-vae", "digits", "--trials", 2, "--epochs", 1)
    latentune.train("dense-vae-digits", epochs=2, pictures="none")
    found = latentune.likelihood("dense-vae-digits", samples=30, n=50)
    assert (found.items, found.samples, found.values) == (50, 30, 64)
    model, test = latentune.load_model("dense-vae-digits"), TensorData("digits", binarize=True)
    order = torch.randperm(359, generator=torch.Generator().manual_seed(0))[:50]
    with torch.inference_mode():
        exact = model.log_likelihood(test.splits.test.inputs[order], 2000).mean().item()
    assert found.mean == pytest.approx(exact, abs=1.5)
    answer = cli("likelihood", "dense-vae-digits", "--samples", 5, "--n", 20)
    assert "20 test images, 5 importance samples each" in answer.out
    assert "samples must be at least 1, not 0" in refused(
        "likelihood", "dense-vae-digits", "--samples", 0
    )


def test_a_network_without_a_likelihood_is_refused(refused: Any, trained: Path) -> None:
    said = refused("likelihood", "conv-ae-digits")
    assert "Autoencoder has no log_likelihood(): a likelihood needs a VAE" in said
