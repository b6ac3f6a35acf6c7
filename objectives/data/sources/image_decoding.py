"""Image files as numbers: every kind of pixel scaled by its own range, or refused by name."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ...progress import Advance, progress
from ..data_error import DataError
from ..input_limits import check_input_file
from .pixel_range import BYTE, FAINT_RATIO, RANGE_HINT, WORD

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image
    from torch import Tensor

    Fit: TypeAlias = Callable[[Image.Image], Image.Image]

# Images of more pixels than this, or of other sizes than each other, are scaled to it.
DEFAULT_SIDE = 64
IMAGES_PER_TASK = 100  # images that a thread reads at a time

FORMATS = ("JPEG", "PNG", "BMP", "PPM", "TIFF", "WEBP", "GIF")
"""What a file may be, whatever its suffix says; of others, some would start programs."""

GRAY_MODES = ("1", "L", "LA", "La")
COLOR_MODES = ("RGB", "RGBA", "RGBa", "RGBX", "P", "PA", "CMYK", "YCbCr", "HSV")
WORD_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I")  # whole numbers of 16 bits; always gray
HIGH_BIT_MODES = (*WORD_MODES, "F")  # or floats


def mode_maximum(mode: str) -> int:
    """Returns the largest value that the pixels of an image of some mode can have: 1 of floats."""
    return WORD if mode in WORD_MODES else 1 if mode == "F" else BYTE


ORIENTATION = 0x0112  # the EXIF tag that says how the camera was held
TRANSPOSED_ORIENTATIONS = (5, 6, 7, 8)  # those of its values that exchange height and width


class ImageFormat(NamedTuple):
    """What images are brought to.

    Attributes:
        mode: `L` or `RGB`.
        size: Width and height.
        deep: Whether they become floats, because one of them may have more than 8 bits.
    """

    mode: str
    size: tuple[int, int]
    deep: bool


def read_images(paths: Sequence[str], image_size: int | None) -> Tensor:
    """Reads image files, upright, each scaled and cropped to the same size.

    Transparent parts become white, palettes and CMYK the colors that they stand for. All are
    gray if none has colors.

    Args:
        paths: The files, at least one.
        image_size: Side in pixels that they are to have. If None, they keep their own size if
            they share one of at most 64x64, else it is 64.

    Returns:
        Bytes or, if one of them has more than 8 bits, values in [0, 1], with shape (N, C, H, W).

    Raises:
        DataError: If one is no image, is broken or too large, or has values of unknown range.
    """
    import numpy as np
    import torch

    with (
        progress(f"reading {len(paths):,} images", 2 * len(paths)) as advance,
        ignore_pillow_warnings(),
    ):
        form = _common_format(paths, image_size, advance)
        width, height = form.size
        kind = np.float32 if form.deep else np.uint8
        images = np.empty((len(paths), len(form.mode), height, width), dtype=kind)

        def read(start: int) -> None:
            for slot in range(start, min(start + IMAGES_PER_TASK, len(paths))):
                _, images[slot] = read_image(paths[slot], form)
                advance(1)

        # Pillow decodes outside Python's lock, so threads are as good as processes.
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for _ in threads.map(read, range(0, len(paths), IMAGES_PER_TASK)):
                pass  # but for the errors that it raises
    return torch.from_numpy(images)


def read_image(path: str, form: ImageFormat) -> tuple[int, NDArray[Any]]:
    """Returns the largest value that an image file can hold, and its pixels.

    These are bytes or, if they may be deep, values in [0, 1], with shape (C, H, W).

    Raises:
        DataError: If it is no image, is broken or too large, or has values of unknown range.
    """
    import numpy as np
    from PIL import ImageOps

    type_maximum, pixels = decode_image(path, form.mode, partial(ImageOps.fit, size=form.size))
    if form.deep and pixels.dtype == np.uint8:
        pixels = (pixels / 255).astype(np.float32)
    return type_maximum, pixels


def decode_image(
    path: str, mode: str, fit: Fit | None = None, short_side: int = 0
) -> tuple[int, NDArray[Any]]:
    """Returns the largest value that an image file can hold, and its pixels.

    These are bytes or, if the file has more than 8 bits, floats of which 1 is that largest value,
    with shape (C, H, W).

    Args:
        path: The file.
        mode: `L` or `RGB`.
        fit: Scales or crops the image once it is upright, if at all.
        short_side: The side that is needed at least: a JPEG of many more pixels is decoded to
            fewer of them, which is much faster. 0 decodes all.

    Raises:
        DataError: If it is no image, is broken or too large, or has values of unknown range.
    """
    import numpy as np

    with open_image(path) as image:
        type_maximum = mode_maximum(image.mode)
        if short_side:
            image.draft(None, (2 * short_side, 2 * short_side))
        whole = to_upright(image, mode, path)
        pixels = np.array(whole if fit is None else fit(whole))
        low, high = np.min(whole.getextrema()), np.max(whole.getextrema())
        if whole.mode == "F" or FAINT_RATIO * high <= BYTE:
            # To interpolate leaves the range of what is there.
            pixels = pixels.clip(low, high).astype(pixels.dtype)
    if pixels.dtype == np.float32:
        return type_maximum, np.repeat(pixels[None], len(mode), axis=0)
    return type_maximum, pixels.reshape(*pixels.shape[:2], len(mode)).transpose(2, 0, 1)


def _common_format(paths: Sequence[str], image_size: int | None, advance: Advance) -> ImageFormat:
    """Looks at the headers of image files, and returns the form that suits all of them."""
    modes, sizes = set(), set()
    for mode, size in read_image_headers(paths):
        modes.add(mode)
        sizes.add(size)
        advance(1)
    mode = "L" if modes <= {*GRAY_MODES, *HIGH_BIT_MODES} else "RGB"
    size = sizes.pop()
    if sizes or max(size) > DEFAULT_SIDE or image_size is not None:
        size = (image_size or DEFAULT_SIDE,) * 2
    return ImageFormat(mode, size, deep=not modes.isdisjoint(HIGH_BIT_MODES))


def read_image_headers(paths: Iterable[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Gives the mode of each image, and its width and height once it is upright.

    Raises:
        DataError: If one is no image, or has values of unknown range.
    """
    for path in paths:
        with open_image(path) as image:
            turned = image.getexif().get(ORIENTATION) in TRANSPOSED_ORIENTATIONS
            found = image.mode, image.size[::-1] if turned else image.size
        yield found


@contextmanager
def open_image(path: str) -> Iterator[Image.Image]:
    """Opens an image file; whatever goes wrong in the block names the file.

    Raises:
        DataError: If it is no image, is broken or too large, or has values of unknown range.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(check_input_file(path, "image"), formats=FORMATS) as image:
            _check_mode(image.mode, path)
            yield image
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        raise DataError(f"{path} has more than {most:,} pixels: scale it down") from error
    except UnidentifiedImageError as error:
        raise DataError(
            f"{path} is not an image that can be read: it is none of {', '.join(FORMATS)}"
        ) from error
    except Exception as error:  # Pillow raises a dozen classes for files that it cannot read
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} is not an image that can be read: {said}") from error


@contextmanager
def ignore_pillow_warnings() -> Iterator[None]:
    """Silences Pillow's warnings of large photographs and odd metadata, no faults of pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def silence_pillow() -> None:
    """Silences the same warnings in the whole process, because filters are not per thread."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _check_mode(mode: str, path: str) -> None:
    if mode not in (*GRAY_MODES, *COLOR_MODES, *HIGH_BIT_MODES):
        raise DataError(
            f"{path} has pixels of mode {mode}, whose range is unknown: save it with 8 or 16 "
            "bits, or as floats from 0 to 1"
        )


def to_upright(image: Image.Image, mode: str, path: str) -> Image.Image:
    """Returns an image as it was seen, on white where it is transparent.

    Args:
        image: The image as its file holds it.
        mode: `L` or `RGB`; what has more than 8 bits becomes floats in [0, 1] instead, mode `F`:
            of 16 bits, 65,535 becomes 1.
        path: The file, for the error.

    Raises:
        DataError: If it holds numbers of unknown range.
    """
    import numpy as np
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode in HIGH_BIT_MODES:
        values, scale = np.asarray(image), mode_maximum(image.mode)
        if not (values.min() >= 0 and values.max() <= scale):
            raise DataError(
                f"{path} holds pixels from {values.min():g} to {values.max():g}, whose range is "
                f"unknown: {RANGE_HINT}, or with 8 or 16 bits"
            )
        return Image.fromarray((values / scale).astype(np.float32))
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert(mode)
