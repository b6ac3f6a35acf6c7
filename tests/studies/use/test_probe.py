"""The probe: codes with few labels, beside principal components and items as they are."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

import latentune
from latentune import TensorData
from latentune.studies.use.probe import ProbeReport

Cli = Callable[..., Any]
Refused = Callable[..., str]
FINAL = Path("runs/conv-ae-digits/final")


def test_codes_components_and_pixels_use_the_same_labeled_items(trained: Path) -> None:
    found = latentune.probe("conv-ae-digits", labels=60, seeds=2, neighbors=3, seed=5)
    model, splits = latentune.load_model("conv-ae-digits"), TensorData("digits").splits
    (train, known, *_), (test, right, *_) = splits.train, splits.test
    with torch.inference_mode():
        codes = model.encode(train).numpy(), model.encode(test).numpy()
    pixels = train.flatten(1).numpy(), test.flatten(1).numpy()
    plane = PCA(codes[0].shape[1], random_state=0).fit(pixels[0])
    planes = tuple(map(plane.transform, pixels))
    for seed in (5, 6):
        drawn = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))[:60]
        for name, (items, asked) in {"codes": codes, "pca": planes, "pixels": pixels}.items():
            rule = KNeighborsClassifier(3).fit(items[drawn], known[drawn])
            near = abs(found.accuracy.loc[seed, name] - rule.score(asked, right))
            assert near < 0.02, "but for ties, which scikit-learn gives to the first class"
    assert list(found.table["numbers"]) == [codes[0].shape[1], codes[0].shape[1], 64]


def test_the_report_says_whether_codes_are_better(cli: Cli, trained: Path) -> None:
    answer = cli("probe", "conv-ae-digits", "--labels", 40, "--seeds", 3, "--neighbors", 1)
    assert answer.code == 0, answer.err
    assert answer.out.endswith("next: latentune map conv-ae-digits\n")
    table = pd.read_csv(FINAL / "probe" / "table.csv", index_col="of")
    draws = pd.read_csv(FINAL / "probe" / "accuracy.csv", index_col="seed")
    assert list(draws.index) == [0, 1, 2]
    for name in ("codes", "pca", "pixels"):
        row = table.loc[name]
        assert row["mean"] == pytest.approx(draws[name].mean())
        assert row["std"] == pytest.approx(draws[name].std(ddof=0))
        assert re.search(rf"{name} +\d+ numbers +{row['mean']:.4f} ± {row['std']:.4f}", answer.out)
    assert re.search(r"the codes are (better|worse|hardly better)", answer.out)
    with Image.open(FINAL / "probe" / "accuracy.png") as picture:
        picture.verify()


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ([0.9, 0.8], "codes are better than pca in 2 of 2 draws, pixels in 2 of 2"),
        ([0.6, 0.8], "codes are hardly better: they beat pca in 2 of 2 draws, pixels in 1 of 2"),
        (
            [0.6, 0.65],
            "codes are worse than pixels on average; they are better than pca in 2 of 2 draws",
        ),
    ],
)
def test_the_verdict_counts_draws(codes: list[float], said: str) -> None:
    draws = pd.DataFrame({"codes": codes, "pca": [0.5, 0.5], "pixels": [0.7, 0.6]})
    assert said in str(ProbeReport(Path("probe"), "?", draws, pd.Series(dtype=int), ()))


def test_labels_of_the_test_part_are_not_used(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = latentune.probe("conv-ae-digits", labels=50, seeds=2)
    part = TensorData("digits").splits.test  # kept, so that the probe sees the same tensor
    answers = part.targets.clone()
    try:
        part.targets.copy_((answers + 1) % 10)
        after = latentune.probe("conv-ae-digits", labels=50, seeds=2)
    finally:
        part.targets.copy_(answers)
    # A probe that had learned from test labels would still be right.
    assert (before.accuracy > 0.5).all(axis=None)
    assert (after.accuracy < 0.2).all(axis=None)


def test_a_note_says_that_training_used_all_labels() -> None:
    latentune.search("logistic-regression", "wine", trials=1, epochs=1)
    latentune.train("logistic-regression-wine", epochs=1, pictures="none")
    found = latentune.probe("logistic-regression-wine", labels=20, seeds=2)
    assert list(found.table.index) == ["codes", "pca", "features"]
    assert "trained with all labels" in str(found)
    # Features count in deviations: one that is in the thousands would be all that is near.
    assert found.table.loc["features", "mean"] > 0.8


def test_what_cannot_be_probed_is_refused(refused: Refused, trained: Path) -> None:
    words = ("probe", "conv-ae-digits")
    assert "labels must be at least 1" in refused(*words, "--labels", 0)
    assert "labels must be at most 1,294" in refused(*words, "--labels", 1295)
    assert "--neighbors must be at most" in refused(*words, "--labels", 3, "--neighbors", 4)
    assert "seeds must be at most 1,000" in refused(*words, "--seeds", 10**6)
    np.save("rows.npy", np.random.default_rng(0).normal(size=(40, 4)))
    latentune.search("dense-ae", "rows.npy", trials=1, epochs=1)
    latentune.train("dense-ae-rows", epochs=1, pictures="none")
    assert "rows.npy has no labels to learn from" in refused("probe", "dense-ae-rows")


def test_half_of_small_data_has_labels_by_default() -> None:
    small = np.random.default_rng(0)
    np.savez("small.npz", x=small.normal(size=(60, 4)), y=np.arange(60) % 2)
    latentune.search("logistic-regression", "small.npz", trials=1, epochs=1)
    latentune.train("logistic-regression-small", epochs=1, pictures="none")
    assert "of 21 labeled items" in latentune.probe("logistic-regression-small").question
