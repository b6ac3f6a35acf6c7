"""MIG and SAP, beside values computed from their definitions, and the verb that prints them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import latentune
from latentune.objectives.metrics.disentanglement import disentanglement

RNG = np.random.default_rng(0)


def test_a_dimension_that_is_the_factor_has_the_largest_gap() -> None:
    colors = RNG.integers(0, 4, 4000)
    codes = np.stack([RNG.normal(size=4000), colors, RNG.normal(size=4000)], 1).astype("float32")
    names = np.array(["red", "green", "blue", "gray"], dtype=object)[colors]
    found = disentanglement(codes, names, codes, names)
    assert found.dimension == 1
    assert found.mig == pytest.approx(1, abs=0.02)
    size = RNG.uniform(size=4000)
    codes[:, 2] = 3 * size - 1
    found = disentanglement(codes, size, codes, size)
    assert found.dimension == 2
    assert found.sap == pytest.approx(1, abs=0.02)
    assert found.mig > 0.95


def test_two_dimensions_that_share_a_factor_leave_no_gap() -> None:
    size = RNG.uniform(size=2000)
    codes = np.stack([size, -2 * size], 1).astype("float32")
    found = disentanglement(codes, size, codes, size)
    assert found.mig == pytest.approx(0, abs=1e-3)
    assert found.sap == pytest.approx(0, abs=1e-6)


def test_gaps_follow_their_definitions() -> None:
    factor = RNG.normal(size=500)
    noise = RNG.normal(size=(500, 3)) * [0.5, 2, 1]
    codes = (factor[:, None] + noise).astype("float32")
    found = disentanglement(codes, factor, codes, factor)
    squared = [np.corrcoef(codes[:, j], factor)[0, 1] ** 2 for j in range(3)]
    assert found.sap == pytest.approx(np.sort(squared)[2] - np.sort(squared)[1], rel=1e-4)
    information = []
    for j in range(3):
        joint = np.histogram2d(codes[:, j], factor, bins=20)[0] / 500
        independent = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
        some = joint > 0
        information.append((joint[some] * np.log(joint[some] / independent[some])).sum())
    shares = np.histogram(factor, bins=20)[0] / 500
    entropy = -(shares[shares > 0] * np.log(shares[shares > 0])).sum()
    first, second = np.sort(information)[::-1][:2]
    assert found.mig == pytest.approx((first - second) / entropy, rel=0.02)
    assert found.dimension == 0


def test_a_category_is_told_by_a_classifier_of_one_dimension() -> None:
    labels = np.array(["a", "b"], dtype=object)[np.arange(400) % 2]
    codes = RNG.normal(size=(400, 2)).astype("float32")
    codes[:, 0] += 4 * (labels == "b")
    found = disentanglement(codes[:200], labels[:200], codes[200:], labels[200:])
    assert 0.35 < found.sap < 0.55  # nearly always right against half of the time


@pytest.fixture
def shapes() -> Path:
    """A list of images with two factors: the side that is bright, and how bright it is."""
    Path("images").mkdir()
    rows = []
    for number in range(150):
        side, light = ("left", "right")[number % 2], RNG.uniform(0.3, 1)
        image = np.zeros((8, 8), dtype=np.uint8)
        image[:, slice(0, 4) if side == "left" else slice(4, 8)] = 255 * light
        Image.fromarray(image).save(f"images/{number}.png")
        rows.append((f"images/{number}.png", side, light))
    table = pd.DataFrame(rows, columns=["image", "side", "light"])
    table.to_csv("shapes.csv", index=False)
    table.drop(columns="light").to_csv("sides.csv", index=False)
    table[["image", "light"]].assign(one=1.0).to_csv("lights.csv", index=False)
    return Path("shapes.csv")


def test_factors_are_columns_of_the_data_or_of_a_file(
    shapes: Path, cli: Callable[..., Any], refused: Callable[..., str]
) -> None:
    latentune.search("conv-ae", "sides.csv", target="side", trials=1, epochs=1, workers=1)
    latentune.train("conv-ae-sides", epochs=2, pictures="none")
    words = ("traverse", "conv-ae-sides", "--factor")
    answer = cli(*words, "side", "--factor", "lights.csv:light")
    assert answer.code == 0, answer.err
    assert "mean MIG" in answer.out
    table = pd.read_csv("runs/conv-ae-sides/final/traversals/factors.csv", index_col="factor")
    assert table["kind"].to_dict() == {"side": "category", "light": "number"}
    assert table["items"].tolist() == [30, 30]
    assert table[["MIG", "SAP"]].to_numpy().min() >= 0
    assert "the data have no column 'sides' for --factor" in refused(*words, "sides")
    assert "has one value in the train part" in refused(*words, "lights.csv:one")
