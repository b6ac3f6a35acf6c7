"""Few items: what cannot be said of them is refused in a line, and what can be is qualified."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

import latentune
from latentune.models.densities.by_name import DENSITIES, FEWEST_CODES

Cli = Callable[..., Any]


@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("name", FEWEST_CODES)
def test_each_density_is_fitted_from_as_few_codes_as_it_says(name: str, equal: bool) -> None:
    rng = np.random.default_rng(0)
    for n in range(1, 13):
        codes = np.zeros((n, 4)) if equal else rng.normal(size=(n, 4))
        codes = codes.astype("float32")
        if n < FEWEST_CODES[name]:
            with pytest.raises(ValueError, match=rf"codes \(={n}\) must be at least"):
                DENSITIES[name](None, codes, 0)
        else:
            assert np.isfinite(DENSITIES[name](None, codes, 0).sample(20)).all()


def test_nine_training_images_are_sampled_without_a_mixture(cli: Cli) -> None:
    x = np.random.default_rng(0).random((12, 8, 8)).astype("float32")
    np.savez("tiny.npz", x=x, y=np.arange(12) % 2)
    latentune.search("conv-ae", "tiny.npz", trials=1, epochs=1, workers=1)
    latentune.train("conv-ae-tiny", epochs=1, pictures="none")
    answer = cli("sample", "conv-ae-tiny", "--n", 3)
    assert answer.code == 0, answer.err
    few = "it needs the codes of 10 training items, and there are 9"
    assert f"left out the method mixture: {few}" in answer.out
    answer = cli("sample", "conv-ae-tiny", "--method", "mixture")
    assert answer.code == 2
    assert f"method 'mixture' does not fit: {few}" in answer.err
    for verb in ("interpolate", "map", "compress", "probe"):
        answer = cli(verb, "conv-ae-tiny")
        assert answer.code == 0, (verb, answer.err)


def test_classes_that_a_part_or_a_fold_lacks_are_said_and_count_nothing(cli: Cli) -> None:
    rng = np.random.default_rng(0)
    x, v = (rng.random((n, 8, 8)).astype("float32") for n in (120, 30))
    y, w = np.arange(120) % 3, np.arange(30) % 2
    np.savez("a.npz", x_train=x, y_train=y, x_val=v, y_val=w, x_test=v, y_test=w)
    answer = cli(*("search", "logistic-regression", "a.npz", "--trials", 1, "--epochs", 1))
    for purpose in ("validate", "test"):
        assert f"a.npz: no item to {purpose} is of the class '2'" in answer.out
    answer = cli("train", "logistic-regression-a", "--epochs", 1, "--pictures", "none")
    assert "class 2                -\n" in answer.out
    metrics = json.loads(Path("runs/logistic-regression-a/final/metrics.json").read_text())
    assert metrics["class_accuracy"]["2"] is None
    network, data = latentune.load_model("logistic-regression-a"), latentune.TensorData("a.npz")
    said = network(data.splits.test.inputs).argmax(1)
    with warnings.catch_warnings(action="ignore"):  # of answers of an absent class
        right = balanced_accuracy_score(data.splits.test.targets, said)
    assert metrics["test_balanced_accuracy"] == pytest.approx(right)
    np.savez("b.npz", x=x[:90], y=np.array([0] * 60 + [1] * 26 + [2] * 4))
    words = ("search", "logistic-regression", "b.npz", "--trials", 1, "--epochs", 1)
    answer = cli(*words, "--folds", 5)
    assert "2 of 5 folds validate without an item of '2'" in answer.out
