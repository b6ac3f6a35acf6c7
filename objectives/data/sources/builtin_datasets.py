"""Built-in data sets of scikit-learn and torchvision."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from ....models.data_spec import DataSpec
from ..data_error import DataError

if TYPE_CHECKING:
    from ..parts import LoadedDataset


def digits(data_dir: Path | None) -> LoadedDataset:
    """1,797 handwritten 8x8 digits of scikit-learn; a fixed fifth is the test part.

    References:
        Optical Recognition of Handwritten Digits (Alpaydin, Kaynak, 1998)
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    classes = tuple(str(digit) for digit in range(10))
    spec = DataSpec((1, 8, 8), classes=classes, pixel_maximum=16)
    return _split(bunch.images[:, None].astype("float32") / 16, bunch.target, spec)


def fashion_mnist(data_dir: Path | None) -> LoadedDataset:
    """28x28 images of clothes: 60,000 to train on, 10,000 to test.

    References:
        Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms
        (Xiao, Rasul, Vollgraf, 2017)
    """
    return _read_torchvision_dataset("FashionMNIST", data_dir)


def mnist(data_dir: Path | None) -> LoadedDataset:
    """Handwritten 28x28 digits: 60,000 to train on, 10,000 to test.

    References:
        Gradient-Based Learning Applied to Document Recognition
        (LeCun, Bottou, Bengio, Haffner, 1998)
    """
    return _read_torchvision_dataset("MNIST", data_dir)


def kmnist(data_dir: Path | None) -> LoadedDataset:
    """28x28 Japanese letters of old books, 10 classes: 60,000 to train on, 10,000 to test.

    References:
        Deep Learning for Classical Japanese Literature (Clanuwat et al., 2018)
    """
    return _read_torchvision_dataset("KMNIST", data_dir)


def emnist(data_dir: Path | None) -> LoadedDataset:
    """28x28 letters and digits, split `balanced`, 47 classes: 112,800 to train, 18,800 to test.

    References:
        EMNIST: an extension of MNIST to handwritten letters (Cohen et al., 2017)
    """
    return _read_torchvision_files("EMNIST", data_dir)


def usps(data_dir: Path | None) -> LoadedDataset:
    """16x16 digits of envelopes: 7,291 to train on, 2,007 to test.

    References:
        A Database for Handwritten Text Recognition Research (Hull, 1994)
    """
    return _read_torchvision_files("USPS", data_dir)


def svhn(data_dir: Path | None) -> LoadedDataset:
    """32x32 photos of the digits of house numbers: 73,257 to train on, 26,032 to test.

    References:
        Reading Digits in Natural Images with Unsupervised Feature Learning (Netzer et al., 2011)
    """
    return _read_torchvision_files("SVHN", data_dir)


def cifar_10(data_dir: Path | None) -> LoadedDataset:
    """32x32 photos of animals and vehicles, 10 classes: 50,000 to train on, 10,000 to test.

    References:
        Learning Multiple Layers of Features from Tiny Images (Krizhevsky, 2009)
    """
    return _read_torchvision_files("CIFAR10", data_dir)


def cifar_100(data_dir: Path | None) -> LoadedDataset:
    """32x32 photos of 100 classes: 50,000 to train on, 10,000 to test.

    References:
        Learning Multiple Layers of Features from Tiny Images (Krizhevsky, 2009)
    """
    return _read_torchvision_files("CIFAR100", data_dir)


def stl_10(data_dir: Path | None) -> LoadedDataset:
    """96x96 photos of animals and vehicles, 10 classes: 5,000 to train on, 8,000 to test.

    References:
        An Analysis of Single-Layer Networks in Unsupervised Feature Learning
        (Coates, Lee, Ng, 2011)
    """
    return _read_torchvision_files("STL10", data_dir)


def wine(data_dir: Path | None) -> LoadedDataset:
    """Analyses of 178 wines: 13 features, 3 growers; a fixed fifth is the test part.

    References:
        Comparison of Classifiers in High Dimensional Settings (Aeberhard, Coomans, de Vel, 1992)
    """
    from sklearn.datasets import load_wine

    return _table(load_wine())


def breast_cancer(data_dir: Path | None) -> LoadedDataset:
    """Cell nuclei of 569 tumors: 30 features, 2 classes; a fixed fifth is the test part.

    References:
        Nuclear Feature Extraction for Breast Tumor Diagnosis (Street, Wolberg, Mangasarian, 1993)
    """
    from sklearn.datasets import load_breast_cancer

    return _table(load_breast_cancer())


DATASETS: dict[str, Callable[[Path | None], LoadedDataset]] = {
    "digits": digits,
    "fashion-mnist": fashion_mnist,
    "mnist": mnist,
    "kmnist": kmnist,
    "emnist": emnist,
    "usps": usps,
    "svhn": svhn,
    "cifar-10": cifar_10,
    "cifar-100": cifar_100,
    "stl-10": stl_10,
    "wine": wine,
    "breast-cancer": breast_cancer,
}


FLOAT_FINGERPRINTS = ("fashion-mnist", "mnist")
"""The data sets of bytes whose fingerprints hash pixels as floats."""


def data_root(data_dir: str | Path | None) -> Path:
    """Returns the folder of torchvision's data: `data_dir`, or the default if it is None."""
    known = data_dir or os.environ.get("LATENTUNE_DATA")
    return Path(known or Path.home() / ".cache" / "latentune")


def _table(bunch: Any) -> LoadedDataset:
    names, classes = map(str, bunch.feature_names), map(str, bunch.target_names)
    shape = (bunch.data.shape[1],)
    return _split(
        bunch.data, bunch.target, DataSpec(shape, "table", tuple(classes), features=tuple(names))
    )


def _split(inputs: Any, targets: Any, spec: DataSpec) -> LoadedDataset:
    import torch

    from ..parts import LoadedDataset, Part
    from ..preparation.hold_out import TEST_FRACTION, hold_out

    whole = Part(torch.from_numpy(inputs), torch.from_numpy(targets).long())
    return LoadedDataset(*hold_out(whole, TEST_FRACTION, seed=0), spec)


def _read_torchvision_dataset(name: str, data_dir: Path | None) -> LoadedDataset:
    from torchvision import datasets

    from ..parts import LoadedDataset, Part

    root, dataset = data_root(data_dir), getattr(datasets, name)
    if not (root / name / "raw").is_dir():
        _download(dataset, root)
    try:
        train, test = dataset(root, train=True), dataset(root, train=False)
    except (RuntimeError, OSError, ValueError, AssertionError) as error:
        raise DataError(f"{name} under {root} cannot be read: {error}") from error
    parts = [Part(part.data.unsqueeze(1), part.targets.long()) for part in (train, test)]
    shape = (1, *train.data.shape[1:])
    classes = tuple(name.partition(" - ")[0] for name in train.classes)  # MNIST has 3 - three
    spec = DataSpec(shape, classes=classes, pixel_maximum=255)
    return LoadedDataset(parts[0], parts[1], spec)


def _read_torchvision_files(name: str, data_dir: Path | None) -> LoadedDataset:
    """Reads a data set that is not downloaded, whose class in torchvision is `name`."""
    import numpy as np
    import torch

    from ..parts import LoadedDataset, Part
    from .torchvision_files import FILES, check_labels

    root, files = data_root(data_dir), FILES[name]
    if missing := [file for file in files.names if not (root / file).is_file()]:
        raise DataError(
            f"{name} is not under {root}, which has no {missing[0]}: name the folder that holds "
            f"it by LATENTUNE_DATA or `data_dir=`; torchvision.datasets.{name} downloads it there"
        )
    try:
        train, test, classes = files.read(root)
        check_labels(train, classes)
        check_labels(test, classes)
    except Exception as error:  # scipy, bz2 and pickle raise many classes of errors
        raise DataError(f"{name} under {root} cannot be read: {error}") from error
    parts = [
        Part(
            torch.from_numpy(np.require(images, requirements=("C", "W"))),
            torch.from_numpy(labels.astype(np.int64)),
        )
        for images, labels in (train, test)
    ]
    spec = DataSpec(tuple(parts[0].inputs.shape[1:]), classes=tuple(classes), pixel_maximum=255)
    return LoadedDataset(parts[0], parts[1], spec)


def _download(dataset: type, root: Path) -> None:
    """Downloads a data set to a temporary folder, and moves it to `root` when it is complete."""
    name = dataset.__name__
    scratch = root / f".{name}-{os.getpid()}"
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        for leftover in root.glob(f".{name}-*"):  # of killed processes
            pid = leftover.name.removeprefix(f".{name}-")
            if pid.isdecimal() and not psutil.pid_exists(int(pid)):
                shutil.rmtree(leftover, ignore_errors=True)
        dataset(scratch, download=True)
        (scratch / name).rename(root / name)
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{name} is not under {root} and could not be downloaded ({error}); name the folder "
            "that holds it by LATENTUNE_DATA or `data_dir=`"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        with suppress(OSError):  # the folder is not empty
            root.rmdir()
