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
    "wine": wine,
    "breast-cancer": breast_cancer,
}


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
    shape, classes = (1, *train.data.shape[1:]), tuple(train.classes)
    spec = DataSpec(shape, classes=classes, pixel_maximum=255)
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
