"""Reads the files of torchvision's data sets that torchvision reads only if they are complete.

Each function takes the folder that the files are in, and returns images of shape (N, C, H, W) as
bytes, their labels of shape (N,), and the names of the classes.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .array_pickle import read_array_pickle

Array = NDArray[Any]
Labeled = tuple[Array, Array]

CIFAR_10, CIFAR_100 = "cifar-10-batches-py", "cifar-100-python"
CIFAR_10_TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
STL_10 = "stl10_binary"
EMNIST_SPLIT = "balanced"
EMNIST_FILES = {
    part: f"EMNIST/raw/emnist-{EMNIST_SPLIT}-{part}-{{}}-ubyte" for part in ("train", "test")
}
DIGITS = tuple(map(str, range(10)))


class ImageParts(NamedTuple):
    """The images and labels of the training and of the test part, and the names of the classes."""

    train: Labeled
    test: Labeled
    classes: Sequence[str]


def check_labels(part: Labeled, classes: Sequence[str]) -> None:
    """Raises ValueError if images are not bytes, or do not have one of the classes each."""
    images, labels = part
    if images.dtype != np.uint8 or labels.shape != images.shape[:1]:
        raise ValueError(f"it has {len(images)} images and {len(labels)} labels")
    if not np.isin(labels, range(len(classes))).all():
        raise ValueError(f"it has other labels than those of its {len(classes)} classes")


class DatasetFiles(NamedTuple):
    """The files of a data set.

    Attributes:
        names: Paths of the files relative to the folder of torchvision's data.
        read: A function that takes this folder, and returns the data.
    """

    names: Sequence[str]
    read: Callable[[Path], ImageParts]


def _read_cifar_10(root: Path) -> ImageParts:
    folder = root / CIFAR_10
    batches = [_read_cifar_batch(folder / name, "labels") for name in CIFAR_10_TRAIN]
    images, labels = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    classes = read_array_pickle(folder / "batches.meta")["label_names"]
    return ImageParts(
        (images, labels), _read_cifar_batch(folder / "test_batch", "labels"), classes
    )


def _read_cifar_100(root: Path) -> ImageParts:
    folder = root / CIFAR_100
    train, test = (_read_cifar_batch(folder / part, "fine_labels") for part in ("train", "test"))
    return ImageParts(train, test, read_array_pickle(folder / "meta")["fine_label_names"])


def _read_cifar_batch(path: Path, key: str) -> Labeled:
    batch = read_array_pickle(path)
    return batch["data"].reshape(-1, 3, 32, 32), np.array(batch[key])


def _read_svhn(root: Path) -> ImageParts:
    from scipy.io import loadmat

    def read(part: str) -> Labeled:
        content = loadmat(root / f"{part}_32x32.mat", variable_names=("X", "y"))
        labels = content["y"].flatten() % 10  # the digit 0 has the label 10
        return content["X"].transpose(3, 2, 0, 1), labels

    return ImageParts(read("train"), read("test"), DIGITS)


def _read_stl_10(root: Path) -> ImageParts:
    folder = root / STL_10

    def read(part: str) -> Labeled:
        images = np.fromfile(folder / f"{part}_X.bin", np.uint8).reshape(-1, 3, 96, 96)
        return images.transpose(0, 1, 3, 2), np.fromfile(folder / f"{part}_y.bin", np.uint8) - 1

    classes = (folder / "class_names.txt").read_text(encoding="utf-8").split()
    return ImageParts(read("train"), read("test"), classes)


def _read_emnist(root: Path) -> ImageParts:
    from torchvision.datasets import EMNIST
    from torchvision.datasets.mnist import read_image_file, read_label_file

    def read(part: str) -> Labeled:
        name = str(root / EMNIST_FILES[part])
        images = read_image_file(name.format("images-idx3")).numpy()
        labels = read_label_file(name.format("labels-idx1")).numpy()
        return images.transpose(0, 2, 1)[:, None], labels  # the files hold rows as columns

    return ImageParts(read("train"), read("test"), EMNIST.classes_split_dict[EMNIST_SPLIT])


def _read_usps(root: Path) -> ImageParts:
    from torchvision.datasets import USPS

    train, test = USPS(root, train=True), USPS(root, train=False)
    parts = [(part.data[:, None], np.array(part.targets)) for part in (train, test)]
    return ImageParts(parts[0], parts[1], DIGITS)


FILES = {
    "CIFAR10": DatasetFiles(
        [f"{CIFAR_10}/{name}" for name in ("batches.meta", *CIFAR_10_TRAIN, "test_batch")],
        _read_cifar_10,
    ),
    "CIFAR100": DatasetFiles(
        [f"{CIFAR_100}/{name}" for name in ("meta", "train", "test")], _read_cifar_100
    ),
    "SVHN": DatasetFiles(["train_32x32.mat", "test_32x32.mat"], _read_svhn),
    "STL10": DatasetFiles(
        [f"{STL_10}/{part}_{name}.bin" for part in ("train", "test") for name in "Xy"]
        + [f"{STL_10}/class_names.txt"],
        _read_stl_10,
    ),
    "EMNIST": DatasetFiles(
        [
            EMNIST_FILES[part].format(kind)
            for part in ("train", "test")
            for kind in ("images-idx3", "labels-idx1")
        ],
        _read_emnist,
    ),
    "USPS": DatasetFiles(["usps.bz2", "usps.t.bz2"], _read_usps),
}
"""The files of each data set, by the name of its class in torchvision."""
