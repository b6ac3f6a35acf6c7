"""A folder of images as a data set, loaded whole into memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .splits import DataError, Dataset, Labelled, hold_out

if TYPE_CHECKING:
    from torch import Tensor

# Images of more pixels than this, or of other sizes than each other, are scaled to it.
FOLDER_SIDE = 64


def read_folder(folder: Path, image_size: int | None) -> Dataset:
    """Reads a folder of images: `train/` and `test/` if it has both, else a fixed fifth for tests.

    The folders within a part are its classes; images that lie beside each other have none.

    Args:
        folder: The folder, which exists.
        image_size: Side in pixels that the images are scaled and cropped to. If None, keep
            their own size if they share one of at most 64x64, else use 64.

    Raises:
        DataError: If it holds too few images, a broken one, or a class for tests alone.
    """
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
