"""The built-in data sets, each loaded whole into memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from ....models.data_spec import DataSpec
from ..data_error import DataError
from ..parts import LoadedDataset, Part, hold_out


def digits(data_dir: Path | None) -> LoadedDataset:
    """Real 8x8 digits: 1,797 images that ship with scikit-learn; a fixed fifth is the test part.

    References:
        Optical Recognition of Handwritten Digits (Alpaydin, Kaynak, 1998)
    """
    import torch
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = torch.from_numpy(bunch.images).float().unsqueeze(1) / 16
    whole = Part(images, torch.from_numpy(bunch.target).long())
    classes = tuple(str(digit) for digit in range(10))
    spec = DataSpec((1, 8, 8), classes=classes, pixel_maximum=16)
    return LoadedDataset(*hold_out(whole, 0.2, seed=0), spec)


def fashion_mnist(data_dir: Path | None) -> LoadedDataset:
    """Real 28x28 pictures of clothes: 60,000 to train on, 10,000 to test on.

    References:
        Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms
        (Xiao, Rasul, Vollgraf, 2017)
    """
    return _torchvision("FashionMNIST", data_dir)


def mnist(data_dir: Path | None) -> LoadedDataset:
    """Real 28x28 handwritten digits: 60,000 to train on, 10,000 to test on.

    References:
        Gradient-Based Learning Applied to Document Recognition
        (LeCun, Bottou, Bengio, Haffner, 1998)
    """
    return _torchvision("MNIST", data_dir)


def wine(data_dir: Path | None) -> LoadedDataset:
    """Real analyses of 178 wines: 13 features, 3 growers; a fixed fifth is the test part.

    References:
        Comparison of Classifiers in High Dimensional Settings (Aeberhard, Coomans, de Vel, 1992)
    """
    from sklearn.datasets import load_wine

    return _table(load_wine())


def breast_cancer(data_dir: Path | None) -> LoadedDataset:
    """Cell nuclei of 569 real tumours: 30 features, 2 classes; a fixed fifth is the test part.

    References:
        Nuclear Feature Extraction for Breast Tumor Diagnosis (Street, Wolberg, Mangasarian, 1993)
    """
    from sklearn.datasets import load_breast_cancer

    return _table(load_breast_cancer())


DATASETS: dict[str, Callable[[Path | None], LoadedDataset]] = {
    "digits": digits,
    "fashion-mnist": fashion_mnist,
    "mnist": mnist,
    "wine": wine,
    "breast-cancer": breast_cancer,
}


def data_root(data_dir: str | Path | None) -> Path:
    """Returns the folder where torchvision's data lies, or will."""
    known = data_dir or os.environ.get("LATENTUNE_DATA")
    return Path(known or Path.home() / ".cache" / "latentune")


def _table(bunch: Any) -> LoadedDataset:
    import torch

    whole = Part(torch.from_numpy(bunch.data), torch.from_numpy(bunch.target).long())
    names, classes = map(str, bunch.feature_names), map(str, bunch.target_names)
    spec = DataSpec((whole.inputs.shape[1],), "table", tuple(classes), features=tuple(names))
    return LoadedDataset(*hold_out(whole, 0.2, seed=0), spec)


def _torchvision(name: str, data_dir: Path | None) -> LoadedDataset:
    from torchvision import datasets

    root, dataset = data_root(data_dir), getattr(datasets, name)
    if not (root / name / "raw").is_dir():
        _download(dataset, root)
    parts = []
    for train in (True, False):
        try:
            part = dataset(root, train=train)
        except (RuntimeError, OSError, ValueError, AssertionError) as error:
            raise DataError(f"{name} under {root} cannot be read: {error}") from error
        parts.append(Part(part.data.unsqueeze(1), part.targets.long()))
    shape, classes = tuple(parts[0].inputs.shape[1:]), tuple(part.classes)
    spec = DataSpec(shape, classes=classes, pixel_maximum=255)
    return LoadedDataset(parts[0], parts[1], spec)


def _download(dataset: type, root: Path) -> None:
    # Into a folder of its own first, so that a broken download leaves nothing behind.
    name = dataset.__name__
    place = root / f".{name}-{os.getpid()}"
    try:
        place.mkdir(parents=True, exist_ok=True)
        for left in root.glob(f".{name}-*"):  # by a process that was killed
            number = left.name.removeprefix(f".{name}-")
            if number.isdecimal() and not psutil.pid_exists(int(number)):
                shutil.rmtree(left, ignore_errors=True)
        dataset(place, download=True)
        (place / name).rename(root / name)
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{dataset.__name__} is not under {root} and could not be downloaded ({error}); "
            "name the folder that holds it by LATENTUNE_DATA or `data_dir=`"
        ) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)
        with suppress(OSError):  # unless it holds something
            root.rmdir()
