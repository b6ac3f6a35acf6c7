"""Torchvision's data sets by name, from tiny files in the layout that torchvision writes."""

import bz2
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.io import savemat

import latentune
from latentune import DataError, TensorData
from latentune.objectives.data.sources.torchvision_files import FILES

N = {"train": 40, "test": 12}
rng = np.random.default_rng(0)


def pixels(n: int, *shape: int) -> np.ndarray:
    return rng.integers(0, 256, (n, *shape), dtype=np.uint8)


def write_idx(path: str, array: np.ndarray) -> None:
    """Writes an array as MNIST does: a type and the number of axes, the shape, the bytes."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    Path(path).write_bytes(head + array.astype(np.uint8).tobytes())


def python_2_pickle(entries: dict[str, Any]) -> bytes:
    """Returns a pickle as Python 2 writes it: texts and the bytes of arrays are of one type."""

    def text(value: str | bytes) -> bytes:
        raw = value.encode() if isinstance(value, str) else value
        return b"T" + len(raw).to_bytes(4, "little") + raw

    def number(value: int) -> bytes:
        return b"J" + value.to_bytes(4, "little", signed=True)

    def any_value(value: Any) -> bytes:
        if isinstance(value, np.ndarray):
            dtype = b"cnumpy\ndtype\n(" + text("u1") + number(0) + number(1) + b"tR("
            dtype += number(3) + text("|") + b"NNN" + number(-1) + number(-1) + number(0) + b"tb"
            array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n("
            array += number(0) + b"t" + text("b") + b"tR(" + number(1) + b"("
            array += b"".join(map(number, value.shape)) + b"t" + dtype + b"\x89"
            return array + text(value.tobytes()) + b"tb"
        if isinstance(value, list):
            return b"(" + b"".join(map(any_value, value)) + b"l"
        return number(value) if isinstance(value, int) else text(value)

    items = b"".join(text(name) + any_value(value) for name, value in entries.items())
    return b"\x80\x02}(" + items + b"u."


def cifar_10(dump: Callable[[Any], bytes] = python_2_pickle) -> tuple[str, Any, Any]:
    folder = Path("cifar-10-batches-py")
    folder.mkdir()
    images, labels = pixels(52, 3, 32, 32), [i % 3 for i in range(52)]
    starts = [*range(0, 40, 8), 40]
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    for name, start, end in zip(names, starts, [*starts[1:], 52], strict=True):
        rows = images[start:end].reshape(end - start, -1)
        content = {"batch_label": name, "labels": labels[start:end], "data": rows}
        (folder / name).write_bytes(dump(content))
    (folder / "batches.meta").write_bytes(dump({"label_names": ["airplane", "car", "bird"]}))
    return "cifar-10", images[40:], [["airplane", "car", "bird"][i] for i in labels[40:]]


def cifar_10_python_3() -> tuple[str, Any, Any]:
    return cifar_10(lambda content: pickle.dumps(content, protocol=4))


def cifar_100() -> tuple[str, Any, Any]:
    Path("cifar-100-python").mkdir()
    for part, n in N.items():
        images, labels = pixels(n, 3, 32, 32), [i % 2 for i in range(n)]
        content = {
            "data": images.reshape(n, -1),
            "coarse_labels": [0] * n,
            "fine_labels": labels,
        }
        Path(f"cifar-100-python/{part}").write_bytes(python_2_pickle(content))
    meta = python_2_pickle({"fine_label_names": ["apple", "fish"], "coarse_label_names": ["a"]})
    Path("cifar-100-python/meta").write_bytes(meta)
    return "cifar-100", images, [["apple", "fish"][i] for i in labels]


def svhn() -> tuple[str, Any, Any]:
    for part, n in N.items():
        images, labels = pixels(n, 3, 32, 32), np.arange(n) % 10 + 1
        savemat(f"{part}_32x32.mat", {"X": images.transpose(2, 3, 1, 0), "y": labels[:, None]})
    return "svhn", images, [str(label % 10) for label in labels]


def stl_10() -> tuple[str, Any, Any]:
    Path("stl10_binary").mkdir()
    Path("stl10_binary/class_names.txt").write_text("airplane\nbird\n")
    for part, n in N.items():
        images, labels = pixels(n, 3, 96, 96), np.arange(n, dtype=np.uint8) % 2 + 1
        images.transpose(0, 1, 3, 2).tofile(f"stl10_binary/{part}_X.bin")
        labels.tofile(f"stl10_binary/{part}_y.bin")
    return "stl-10", images, [("airplane", "bird")[label - 1] for label in labels]


def usps() -> tuple[str, Any, Any]:
    for name, n in (("usps.bz2", N["train"]), ("usps.t.bz2", N["test"])):
        images, labels = pixels(n, 1, 16, 16), np.arange(n) % 10 + 1
        lines = [
            f"{label} " + " ".join(f"{i}:{value:.9f}" for i, value in enumerate(row, 1))
            for label, row in zip(labels, (images + 0.5).reshape(n, -1) / 127.5 - 1, strict=True)
        ]
        Path(name).write_bytes(bz2.compress("\n".join(lines).encode()))
    return "usps", images, [str(label - 1) for label in labels]


def emnist() -> tuple[str, Any, Any]:
    for part, n in N.items():
        images, labels = pixels(n, 1, 28, 28), np.arange(n) % 40
        start = f"EMNIST/raw/emnist-balanced-{part}"
        write_idx(f"{start}-images-idx3-ubyte", images[:, 0].transpose(0, 2, 1))
        write_idx(f"{start}-labels-idx1-ubyte", labels)
    classes = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"
    return "emnist", images, [classes[label] for label in labels]


def kmnist() -> tuple[str, Any, Any]:
    for part, n in (("train", N["train"]), ("t10k", N["test"])):
        images, labels = pixels(n, 1, 28, 28), np.arange(n) % 10
        write_idx(f"KMNIST/raw/{part}-images-idx3-ubyte", images[:, 0])
        write_idx(f"KMNIST/raw/{part}-labels-idx1-ubyte", labels)
    classes = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]
    return "kmnist", images, [classes[label] for label in labels]


WRITERS = [cifar_10, cifar_10_python_3, cifar_100, svhn, stl_10, usps, emnist, kmnist]


@pytest.fixture(autouse=True)
def _own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentune.objectives.data.preparation.splits._splits", {})


@pytest.mark.parametrize("write", WRITERS)
def test_the_test_part_is_what_the_files_hold(write: Callable[[], tuple[str, Any, Any]]) -> None:
    name, images, labels = write()
    data = TensorData(name, data_dir=".")
    test = data.splits.test
    assert [len(part) for part in data.splits[:3]] == [36, 4, 12]
    np.testing.assert_array_equal(test.inputs, images)
    assert [data.spec.classes[label] for label in test.targets] == labels
    assert test.inputs.dtype == torch.uint8
    assert data.spec.pixel_maximum == 255


def test_a_set_is_searched_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    cifar_10()
    monkeypatch.setenv("LATENTUNE_DATA", ".")
    study = latentune.search("conv-ae", "cifar-10", trials=1, epochs=1, only="bird")
    assert study.study_name == "conv-ae-cifar-10"


@pytest.mark.parametrize("name", FILES)
def test_the_message_of_a_missing_set_says_where_it_was_looked_for(
    name: str, cli: Callable[..., Any]
) -> None:
    known = {"CIFAR10": "cifar-10", "CIFAR100": "cifar-100", "STL10": "stl-10"}
    answer = cli("show", known.get(name, name.lower()), "--data-dir", "mine")
    assert answer.code == 2
    missing = f"latentune: {name} is not under mine, which has no {FILES[name].names[0]}: "
    assert answer.err.startswith(missing)
    assert f"torchvision.datasets.{name} downloads it" in answer.err
    assert not Path("mine").exists()


class Evil:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("ran"),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"labels": [0] * 8, "data": Evil()}, "Path.* is not part of an array of bytes"),
        ({"labels": [0] * 8, "data": np.zeros(3)}, "an array of f8 was found"),
        ({"labels": [0] * 8, "data": np.array([{}])}, "an array of O8 was found"),
        ([1], "does not hold a dictionary"),
        ({}, "'data'"),
    ],
)
def test_no_pickle_runs_code(content: Any, message: str) -> None:
    cifar_10()
    Path("cifar-10-batches-py/data_batch_2").write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=f"CIFAR10 under . cannot be read: .*{message}"):
        TensorData("cifar-10", data_dir=".")
    assert not Path("ran").exists()


def test_a_cut_file_is_refused_in_one_line(refused: Callable[..., str]) -> None:
    for write in (svhn, stl_10, usps, emnist):
        name, *_ = write()
        path = Path(
            next(
                file
                for known in FILES.values()
                for file in known.names
                if Path(file).exists() and known.read.__name__.endswith(write.__name__)
            )
        )
        path.write_bytes(path.read_bytes()[:-9])
        assert "cannot be read: " in refused("show", name, "--data-dir", ".")
