"""Image data sets, loaded whole into memory: built-in ones and any folder of images."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


# Photographs of other sizes than each other, or of more pixels than this, are scaled to it.
FOLDER_SIDE = 64


class DataError(ValueError):
    """Data that is missing, empty or broken."""


class Labelled(NamedTuple):
    """Images with values in [0, 1] and shape (N, C, H, W); labels with shape (N,), if any."""

    images: Tensor
    labels: Tensor | None

    def __len__(self) -> int:
        return len(self.images)


class Dataset(NamedTuple):
    """The part to search and train on, the part that only final training scores, the classes."""

    train: Labelled
    test: Labelled
    classes: tuple[str, ...]


def digits(data_dir: Path | None) -> Dataset:
    """Real 8x8 digits: 1,797 images that ship with scikit-learn; a fixed fifth is the test part.

    References:
        Optical Recognition of Handwritten Digits (Alpaydin, Kaynak, 1998)
    """
    import torch
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = torch.from_numpy(bunch.images).float().unsqueeze(1) / 16
    whole = Labelled(images, torch.from_numpy(bunch.target).long())
    return Dataset(*hold_out(whole, 0.2, seed=0), tuple(str(digit) for digit in range(10)))


def fashion_mnist(data_dir: Path | None) -> Dataset:
    """Real 28x28 pictures of clothes: 60,000 to train on, 10,000 to test on.

    References:
        Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms
        (Xiao, Rasul, Vollgraf, 2017)
    """
    return _torchvision("FashionMNIST", data_dir)


def mnist(data_dir: Path | None) -> Dataset:
    """Real 28x28 handwritten digits: 60,000 to train on, 10,000 to test on.

    References:
        Gradient-Based Learning Applied to Document Recognition
        (LeCun, Bottou, Bengio, Haffner, 1998)
    """
    return _torchvision("MNIST", data_dir)


DATASETS: dict[str, Callable[[Path | None], Dataset]] = {
    "digits": digits,
    "fashion-mnist": fashion_mnist,
    "mnist": mnist,
}


def load(name: str, data_dir: Path | None = None, image_size: int | None = None) -> Dataset:
    """Loads a data set whole.

    Args:
        name: A key of `DATASETS`, or the path of a folder of images.
        data_dir: Where torchvision data lies. If None, use the folder that the variable
            LATENTUNE_DATA names, or a cache in the home folder.
        image_size: Side in pixels that the images of a folder are scaled and cropped to. If
            None, keep their own size if they share one of at most 64x64, else use 64.

    Raises:
        DataError: If there is no such data set, or its files are missing, empty or broken.
    """
    if name in DATASETS:
        if image_size is not None:
            raise DataError(f"{name} has a size of its own: image_size is for folders of images")
        return DATASETS[name](data_dir)
    return _folder(Path(name), image_size)


def hold_out(whole: Labelled, fraction: float, seed: int) -> tuple[Labelled, Labelled]:
    """Splits off a fraction, with the same share of each class where there are labels."""
    kept, held = split_indices(whole.labels, len(whole), fraction, seed)
    images, labels = whole
    if labels is None:
        return Labelled(images[kept], None), Labelled(images[held], None)
    return Labelled(images[kept], labels[kept]), Labelled(images[held], labels[held])


def split_indices(
    labels: Tensor | None, n: int, fraction: float, seed: int
) -> tuple[list[int], list[int]]:
    """Returns the indices to keep and those to hold out, sorted, at least one of each."""
    from sklearn.model_selection import train_test_split

    held_out = max(1, round(fraction * n))
    if labels is not None:
        counts = labels.bincount()
        counts = counts[counts > 0]
        # A class of one image, or more classes than places, cannot be stratified.
        if counts.min() < 2 or len(counts) > min(held_out, n - held_out):
            labels = None
    kept, held = train_test_split(range(n), test_size=held_out, random_state=seed, stratify=labels)
    return sorted(kept), sorted(held)


def _torchvision(name: str, data_dir: Path | None) -> Dataset:
    import torch
    from torchvision import datasets

    root = data_dir or Path(
        os.environ.get("LATENTUNE_DATA") or Path.home() / ".cache" / "latentune"
    )
    dataset = getattr(datasets, name)
    if not (root / name / "raw").is_dir():
        _download(dataset, root)
    parts = []
    for train in (True, False):
        try:
            part = dataset(root, train=train)
        except (RuntimeError, OSError, ValueError, AssertionError) as error:
            raise DataError(f"{name} under {root} cannot be read: {error}") from error
        images = part.data.unsqueeze(1).to(torch.float32) / 255
        parts.append(Labelled(images, part.targets.long()))
    return Dataset(parts[0], parts[1], tuple(part.classes))


def _download(dataset: type, root: Path) -> None:
    # Into a folder of its own first, so that a broken download leaves nothing behind.
    try:
        with tempfile.TemporaryDirectory() as scratch:
            dataset(scratch, download=True)
            root.mkdir(parents=True, exist_ok=True)
            shutil.move(Path(scratch) / dataset.__name__, root / dataset.__name__)
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{dataset.__name__} is not under {root} and could not be downloaded ({error}); "
            "name the folder that holds it by LATENTUNE_DATA or --data-dir"
        ) from error


def _folder(folder: Path, image_size: int | None) -> Dataset:
    """A folder of images: `train/` and `test/` if it has them, else a fixed fifth is for tests.

    The folders within a part are its classes; images that lie beside each other have none.
    """
    if not folder.is_dir():
        known = ", ".join(DATASETS)
        raise DataError(f"{str(folder)!r} is neither a folder of images nor a data set ({known})")
    split = (folder / "train").is_dir() and (folder / "test").is_dir()
    roots = [folder / "train", folder / "test"] if split else [folder]
    paths = [_image_paths(root) for root in roots]
    everything = [path for part in paths for path in part]
    mode, size = _common_form(everything, image_size)
    classes = _classes(roots[0], paths[0])
    parts = [
        Labelled(_read(part, mode, size), _labels(root, part, classes))
        for root, part in zip(roots, paths, strict=True)
    ]
    train, test = parts if split else hold_out(parts[0], 0.2, seed=0)
    return Dataset(train, test, classes)


def _image_paths(root: Path) -> list[Path]:
    from torchvision.datasets.folder import IMG_EXTENSIONS

    paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in IMG_EXTENSIONS)
    if len(paths) < 10:
        raise DataError(
            f"{root} holds {len(paths)} images ({', '.join(IMG_EXTENSIONS)}): "
            "at least 10 are needed to split them"
        )
    return paths


def _common_form(paths: list[Path], image_size: int | None) -> tuple[str, tuple[int, int]]:
    """Returns the mode, L or RGB, and the size (width, height) that all images will have."""
    from PIL import Image, UnidentifiedImageError

    modes, sizes = set(), set()
    for path in paths:
        try:
            with Image.open(path) as image:
                modes.add(image.mode)
                sizes.add(image.size)
        except (OSError, UnidentifiedImageError) as error:
            raise DataError(f"{path} is not an image that can be read") from error
    mode = "L" if modes <= {"1", "L", "LA"} else "RGB"
    if image_size is not None:
        return mode, (image_size, image_size)
    size = sizes.pop()
    if sizes or max(size) > FOLDER_SIDE:
        return mode, (FOLDER_SIDE, FOLDER_SIDE)
    return mode, size


def _read(paths: list[Path], mode: str, size: tuple[int, int]) -> Tensor:
    import numpy as np
    import torch
    from PIL import Image, ImageOps

    images = np.empty((len(paths), size[1], size[0], len(mode)), dtype=np.float32)
    for slot, path in zip(images, paths, strict=True):
        try:
            with Image.open(path) as image:
                fitted = ImageOps.fit(image.convert(mode), size)
        except (OSError, SyntaxError, ValueError) as error:
            raise DataError(f"{path} is broken: {error}") from error
        slot[:] = np.asarray(fitted, dtype=np.float32).reshape(slot.shape) / 255
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()


def _classes(root: Path, paths: list[Path]) -> tuple[str, ...]:
    if any(path.parent == root for path in paths):
        return ()
    return tuple(sorted({path.relative_to(root).parts[0] for path in paths}))


def _labels(root: Path, paths: list[Path], classes: tuple[str, ...]) -> Tensor | None:
    import torch

    if not classes:
        return None
    names = [path.relative_to(root).parts[0] for path in paths]
    unknown = sorted(set(names) - set(classes))
    if unknown:
        raise DataError(f"{root} has a class {unknown[0]!r} that the training part lacks")
    return torch.tensor([classes.index(name) for name in names])
