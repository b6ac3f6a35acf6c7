"""Arrays in files: what they are taken for, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import latentune
from latentune import TensorData
from latentune.models.pixels import to_float
from latentune.objectives.data.data_error import DataError
from latentune.objectives.data.sources.array_file import read_array

Cli = Callable[..., Any]
rng = np.random.default_rng(0)


def pixels(*shape: int, dtype: str = "uint8") -> np.ndarray:
    return rng.integers(0, 256, shape).astype(dtype)


@pytest.mark.parametrize(
    ("array", "shape"),
    [
        (pixels(20, 8, 8), (1, 8, 8)),
        (pixels(20, 1, 8, 8), (1, 8, 8)),
        (pixels(20, 3, 8, 9), (3, 8, 9)),
        (pixels(20, 8, 9, 3), (3, 8, 9)),
        (pixels(20, 8, 9, 1), (1, 8, 9)),
        (pixels(20, 8, 8, dtype="int64"), (1, 8, 8)),
        (rng.random((20, 8, 8)), (1, 8, 8)),
        (rng.random((20, 8, 8)) > 0.5, (1, 8, 8)),
        (rng.integers(0, 65536, (20, 8, 8)).astype("uint16"), (1, 8, 8)),
        (rng.normal(size=(20, 7)), (7,)),
        (pixels(20, 7, dtype="int32"), (7,)),
    ],
    ids=lambda value: "x".join(map(str, value)) if isinstance(value, tuple) else str(value.dtype),
)
def test_an_array_is_images_or_rows_of_a_table(array: np.ndarray, shape: tuple[int, ...]) -> None:
    np.save("some.npy", array)
    data = TensorData("some.npy")
    assert data.spec.shape == shape
    assert data.spec.kind == ("table" if len(shape) == 1 else "image")
    assert [len(part) for part in data.splits[:3]] == [14, 2, 4]
    values = to_float(torch.cat([part.inputs for part in data.splits[:3]]))
    wanted = array.astype("float64")
    if array.dtype in ("uint8", "int64") and len(shape) == 3:
        wanted = wanted / 255
    if array.dtype == "uint16":
        wanted = wanted / 65535
    assert values.sum().item() == pytest.approx(wanted.sum(), rel=1e-4, abs=1e-2)
    assert values.std().item() == pytest.approx(wanted.std(ddof=1), rel=1e-3)


@settings(max_examples=30, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(10, 20), st.integers(4, 9), st.integers(4, 9))))
def test_every_pixel_comes_through(array: np.ndarray) -> None:
    np.save("any.npy", array)
    dataset = read_array(Path("any.npy"))
    found = to_float(torch.cat([dataset.train.inputs, dataset.test.inputs])[:, 0])
    found = (found * dataset.spec.pixel_maximum).round().int()
    assert sorted(found.tolist()) == sorted(array.tolist())


def test_labels_and_parts_are_known_by_their_names() -> None:
    x, y = pixels(40, 8, 8), np.array(["dog", "cat"] * 20)
    np.savez("whole.npz", images=x, labels=y)
    splits = TensorData("whole.npz").splits
    assert splits.spec.classes == ("cat", "dog")
    assert splits.test.targets.bincount().tolist() == [4, 4]
    numbers = np.arange(40) % 3
    column = numbers[:, None]
    np.savez("keras.npz", x_train=x, y_train=column, x_test=x[:6], y_test=column[:6])
    splits = TensorData("keras.npz").splits
    assert splits.spec.classes == ("0", "1", "2")
    assert torch.equal(splits.test.inputs[:, 0], torch.from_numpy(x[:6]))
    assert splits.test.targets.tolist() == [0, 1, 2, 0, 1, 2]
    lengths = {"train": 40, "val": 12, "test": 15}  # the names are those of MedMNIST
    images = {f"{part}_images": x[:n] for part, n in lengths.items()}
    labels = {f"{part}_labels": column[:n] for part, n in lengths.items()}
    np.savez("medical.npz", **images, **labels)
    splits = TensorData("medical.npz").splits
    assert [len(part) for part in splits[:3]] == [40, 12, 15]
    assert splits.val.targets.tolist() == numbers[:12].tolist()
    np.savez("three.npz", x_train=x, x_val=x[:7], x_test=x[:9])
    assert [len(part) for part in TensorData("three.npz").splits[:3]] == [40, 7, 9]


def test_fractions_are_numbers_to_predict_and_whole_numbers_if_asked() -> None:
    x = pixels(40, 8, 8)
    for name, y in (("fractions", np.arange(40) / 4), ("many", np.arange(40) * 1000)):
        np.savez(f"{name}.npz", x=x, y=y)
        splits = TensorData(f"{name}.npz").splits
        assert splits.spec.classes == ()
        targets = torch.cat([part.targets for part in splits[:3]])
        assert targets.dtype == torch.float64
        assert sorted(targets.tolist()) == y.tolist()
    np.savez("wholes.npz", x=x, y=np.arange(40) % 3.0)
    assert TensorData("wholes.npz").spec.classes == ("0", "1", "2")
    data = TensorData("wholes.npz", numbers=True)
    assert data.spec.classes == ()
    targets = data.splits.train.targets
    assert data.spec.target == pytest.approx(
        (targets.mean().item(), targets.std(correction=0).item())
    )
    np.savez("hundred.npz", x=pixels(200, 8, 8), y=np.arange(200) % 100)
    assert len(TensorData("hundred.npz").spec.classes) == 100  # they count from 0 on
    np.savez("texts.npz", x=x, y=np.array(["dog", "cat"] * 20))
    np.save("bare.npy", x)
    for name, message in (("texts.npz", "are text, such as 'dog'"), ("bare.npy", "no targets")):
        with pytest.raises(DataError, match=message):
            TensorData(name, numbers=True)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": pixels(9, 8, 8)}, "holds 9 items: at least 10 are needed"),
        ({"x": rng.normal(size=(20, 8, 8))}, r"holds pixels from -\d.* whose range is unknown"),
        ({"x": pixels(20, 8, 8, dtype="int64") * 300}, "whose range is unknown"),
        ({"x": np.full((20, 4), np.nan)}, "holds values that are not finite"),
        ({"x": np.full((20, 4), 1e151)}, "holds values that are not finite, or beyond 1e150"),
        (
            {"x": np.ones((20, 4)), "y": np.full(20, 1e151)},
            "has targets that are not finite, or beyond 1e150",
        ),
        ({"x": pixels(20, 5, 8, 8)}, r"items of shape \(5, 8, 8\): rows are \(F,\)"),
        ({"x": pixels(20, 3, 8, 3)}, "first and the last axis could both be the channels"),
        ({"x": pixels(20)}, "one number for each item"),
        ({"x": np.array(["a"] * 20)[:, None]}, "which are not numbers"),
        ({"x": np.array(5)}, "holds 0 items"),
        ({"x": pixels(20, 8, 8), "y": np.arange(19)}, r"20 items, and labels of shape \(19,\)"),
        ({"x": pixels(20, 8, 8), "y": np.full(20, 1j)}, "neither numbers nor text"),
        ({"x": pixels(20, 8, 8), "y": np.full(20, np.nan)}, "has targets that are not finite"),
        ({"x": pixels(20, 8, 8), "y": np.arange(20) % 2 - 1}, "has a label -1: write classes as"),
        ({"x": pixels(20, 8, 8), "data": pixels(20, 8, 8)}, "x and data: keep one of them"),
        (
            {"pictures": pixels(20, 8, 8)},
            "holds .pictures., but no array called x .images, .*: save the items again as x",
        ),
        ({}, "holds nothing"),
        (
            {"x_train": pixels(20, 8, 8), "x_test": pixels(20, 9, 8)},
            "parts of different shapes",
        ),
        (
            {"x_train": pixels(20, 8, 8), "y_train": np.arange(20) % 2, "x_test": pixels(5, 8, 8)},
            "has no labels for its test part",
        ),
        (
            {
                "x_train": pixels(20, 8, 8),
                "y_train": np.arange(20) % 2,
                "x_test": pixels(2, 8, 8),
                "y_test": np.array([1, 7]),
            },
            "has a label 7 that its training part lacks",
        ),
    ],
)
def test_what_is_unclear_is_refused(arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez("some.npz", **arrays)
    with pytest.raises(DataError, match=message):
        TensorData("some.npz")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04 cut"], ids=str)
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_a_broken_file_is_named(cli: Cli, name: str, content: bytes) -> None:
    Path(name).write_bytes(content)
    answer = cli("search", "conv-ae", name)
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert name in answer.err
    assert not Path("runs").exists()


def test_no_array_runs_code() -> None:
    np.save("evil.npy", np.array([{}] * 20, dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="Python objects"):
        TensorData("evil.npy")


def test_an_array_is_searched_trained_and_sampled(cli: Cli) -> None:
    x, y = pixels(100, 16, 16, 3), np.arange(100) % 2
    np.savez("tiles.npz", x=x, y=y)
    answer = cli("search", "residual-ae", "tiles.npz", "--trials", 1, "--epochs", 1, "--normalize")
    assert answer.code == 0, answer.err
    assert "tiles.npz: 100 images 3x16x16, 2 classes, train 72 / val 8 / test 20" in answer.out
    assert answer.out.endswith("next: latentune train residual-ae-tiles\n")
    assert cli("train", "residual-ae-tiles", "--epochs", 1).code == 0
    assert cli("sample", "residual-ae-tiles", "--method", "gaussian", "--n", 5).code == 0


def test_a_table_is_standardized_and_each_feature_counts_alike() -> None:
    x = rng.normal(size=(200, 6)) * [1, 1000, 1, 1, 1e-3, 1] + [0, 5000, 0, 0, 0, 3]
    np.save("rows.npy", x)
    data = TensorData("rows.npy")
    train = data.splits.train.inputs
    np.testing.assert_allclose(data.spec.mean, train.mean(0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(data.spec.std, train.std(0, correction=0), rtol=1e-4)
    model = latentune.Autoencoder(data.spec, 2, "deep")
    expected = ((model(train) - train) / torch.tensor(data.spec.std)).square().mean()
    torch.testing.assert_close(model.terms([train])["mse"], expected)
    assert TensorData("rows.npy", normalize=False).spec.mean is None
    latentune.search("deep-ae", "rows.npy", trials=1, epochs=1)
    metrics = latentune.train("deep-ae-rows", epochs=1).metrics
    assert 0.3 < metrics["test_mse_pca"] < 1  # two of six independent directions
    latentune.sample("deep-ae-rows", methods=["kde"], n=20)
    with pytest.raises(ValueError, match="does not hold images"):
        latentune.interpolate("deep-ae-rows")
    with pytest.raises(DataError, match="holds no images: leave out `image_size=`"):
        TensorData("rows.npy", image_size=8)
