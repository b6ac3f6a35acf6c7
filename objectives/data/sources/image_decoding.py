"""Decodes image files to pixels in one mode and size, turned upright."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from ...progress import progress
from ..data_error import DataError, check_file
from .pixel_range import BYTE, FAINT_RATIO, RANGE_HINT, WORD

if TYPE_CHECKING:
    from PIL import Image

    Fit: TypeAlias = Callable[[Image.Image], Image.Image]

DEFAULT_SIDE = 64  # of images that are larger than this or of different sizes
IMAGES_PER_TASK = 100
EXAMINED_HEADERS = 32
"""Largest number of files whose headers decide in which format all files are first read."""
FORMATS = ("JPEG", "PNG", "BMP", "PPM", "TIFF", "WEBP", "GIF")
"""The accepted formats, whatever the suffix. For some other formats, Pillow starts programs."""

GRAY_MODES = ("1", "L", "LA", "La")
COLOR_MODES = ("RGB", "RGBA", "RGBa", "RGBX", "P", "PA", "CMYK", "YCbCr", "HSV")
WORD_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I")  # gray, with integers of 16 bits
HIGH_BIT_MODES = (*WORD_MODES, "F")  # or floats
ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")

ORIENTATION = 0x0112  # the EXIF tag of the orientation of the camera
UPRIGHT = 1
METADATA = ("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp")
"""Keys under which Pillow keeps the metadata that may hold an orientation."""
TRANSPOSED_ORIENTATIONS = (5, 6, 7, 8)  # those that exchange height and width


class PackedImage(NamedTuple):
    """An image file within another file: its name for messages, and its bytes."""

    name: str
    content: bytes

    def __str__(self) -> str:
        return self.name


ImageFile: TypeAlias = str | PackedImage
"""The path of an image file, or the file itself."""


class ImageFormat(NamedTuple):
    """A mode (`L` or `RGB`), a width and height, and whether pixels are floats."""

    mode: str
    size: tuple[int, int]
    as_floats: bool


def mode_maximum(mode: str) -> int:
    """Returns the largest pixel value of a Pillow mode; 1 if the pixels are floats."""
    return WORD if mode in WORD_MODES else 1 if mode == "F" else BYTE


class DecodedImage(NamedTuple):
    """The pixels of an image file (C, H, W), its mode, and the size of the upright image."""

    pixels: NDArray[Any]
    mode: str
    size: tuple[int, int]

    @property
    def type_maximum(self) -> int:
        """The largest value that a pixel of the file can have."""
        return mode_maximum(self.mode)


Headers: TypeAlias = set[tuple[str, tuple[int, int]]]
"""Different modes and upright sizes of image files."""


def read_images(paths: Sequence[ImageFile], image_size: int | None) -> torch.Tensor:
    """Returns the pixels of image files, with shape (N, C, H, W).

    The pixels are bytes; if a file has more than 8 bits, they are floats in [0, 1]. The images are
    turned upright, and scaled and cropped to squares of `image_size`. If `image_size` is None,
    images keep their size if all have the same size of at most 64x64; otherwise `image_size` is
    64. Transparent pixels become white. If no image has colors, the result has one channel.
    """
    with ignore_pillow_warnings():
        headers = set(read_image_headers(paths[:: -(-len(paths) // EXAMINED_HEADERS)]))
        images = _read_in_common_format(paths, headers, image_size)
        if images is None:  # some images differ from those that were examined
            images = _read_in_common_format(paths, set(read_image_headers(paths)), image_size)
    assert images is not None
    return images


def _read_in_common_format(
    paths: Sequence[ImageFile], headers: Headers, image_size: int | None
) -> torch.Tensor | None:
    """Returns the pixels of image files in the common format of `headers`.

    The result is None if the headers of all files together have another common format. Reading
    stops as soon as this is known.
    """
    form = _common_format(headers, image_size)
    width, height = form.size
    dtype = np.float32 if form.as_floats else np.uint8
    images = np.empty((len(paths), len(form.mode), height, width), dtype=dtype)
    found = set(headers)

    def is_common_format() -> bool:
        return _common_format(set(found), image_size) == form

    with progress(f"reading {len(paths):,} images", len(paths)) as advance:

        def read(start: int) -> None:
            if not is_common_format():
                return
            stop = min(start + IMAGES_PER_TASK, len(paths))
            for index in range(start, stop):
                image = read_image(paths[index], form)
                images[index] = image.pixels
                found.add((image.mode, image.size))
            advance(stop - start)

        # Pillow decodes without Python's lock. Of small images, the lock takes most of the time.
        is_small = max(max(size) for _, size in headers) <= DEFAULT_SIDE
        with ThreadPoolExecutor(1 if is_small else os.cpu_count()) as threads:
            list(threads.map(read, range(0, len(paths), IMAGES_PER_TASK)))
    return torch.from_numpy(images) if is_common_format() else None


def read_image(path: ImageFile, form: ImageFormat) -> DecodedImage:
    """Returns the content of an image file, with its pixels in the format `form`."""
    from PIL import ImageOps

    def fit(image: Image.Image) -> Image.Image:
        return image if image.size == form.size else ImageOps.fit(image, form.size)

    decoded = decode_image(path, form.mode, fit)
    if form.as_floats and decoded.pixels.dtype == np.uint8:
        return decoded._replace(pixels=(decoded.pixels / 255).astype(np.float32))
    return decoded


def decode_image(
    path: ImageFile, mode: str, fit: Fit | None = None, short_side: int = 0
) -> DecodedImage:
    """Returns the pixels of an image file, with its mode and size.

    The pixels are bytes; if the file has more than 8 bits, they are floats in [0, 1]. `fit` scales
    or crops the upright image. With a `short_side`, a larger JPEG file is decoded at a lower
    resolution, which is much faster.
    """
    with open_image(path) as image:
        file_mode = image.mode
        if short_side:
            image.draft(None, (2 * short_side, 2 * short_side))
        upright = to_upright(image, mode, path)
        fitted = upright if fit is None else fit(upright)
        pixels = np.array(fitted)
        if fitted is not upright:
            low, high = np.min(upright.getextrema()), np.max(upright.getextrema())
            if upright.mode == "F" or FAINT_RATIO * high <= BYTE:
                # Interpolation exceeds the range of the pixels.
                pixels = pixels.clip(low, high).astype(pixels.dtype)
    if pixels.dtype == np.float32:
        pixels = np.repeat(pixels[None], len(mode), axis=0)
    else:
        pixels = pixels.reshape(*pixels.shape[:2], len(mode)).transpose(2, 0, 1)
    return DecodedImage(pixels, file_mode, upright.size)


def _common_format(headers: Headers, image_size: int | None) -> ImageFormat:
    modes, sizes = {mode for mode, _ in headers}, {size for _, size in headers}
    mode = "L" if modes <= {*GRAY_MODES, *HIGH_BIT_MODES} else "RGB"
    size = sizes.pop()
    if sizes or max(size) > DEFAULT_SIDE or image_size is not None:
        size = (image_size or DEFAULT_SIDE,) * 2
    return ImageFormat(mode, size, as_floats=not modes.isdisjoint(HIGH_BIT_MODES))


def read_image_headers(paths: Iterable[ImageFile]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yields the mode of each image file, and the width and height of the upright image."""
    for path in paths:
        with open_image(path) as image:
            is_transposed = _orientation(image) in TRANSPOSED_ORIENTATIONS
            header = image.mode, image.size[::-1] if is_transposed else image.size
        yield header


def _orientation(image: Image.Image) -> int:
    """Returns the orientation of the camera, from the metadata if there are any."""
    if image.format == "PNG":
        image.load()  # metadata may follow the pixels
    if image.format == "TIFF" or image.info.keys().isdisjoint(METADATA):
        return UPRIGHT  # Pillow turns a TIFF itself
    return int(image.getexif().get(ORIENTATION, UPRIGHT))


@contextmanager
def open_image(path: ImageFile) -> Iterator[Image.Image]:
    """Opens an image file in a `with` block; an error in the block becomes a DataError.

    The message of the error has the path of the file.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        if isinstance(path, str):
            check_file(path, "image")
        file = path if isinstance(path, str) else BytesIO(path.content)
        with Image.open(file, formats=FORMATS) as image:
            if image.mode not in (*GRAY_MODES, *COLOR_MODES, *HIGH_BIT_MODES):
                raise DataError(
                    f"{path} has pixels of mode {image.mode}, whose range is unknown: save it "
                    "with 8 or 16 bits, or as floats from 0 to 1"
                )
            yield image
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        raise DataError(f"{path} has more than {limit:,} pixels: scale it down") from error
    except UnidentifiedImageError as error:
        raise DataError(
            f"{path} is not an image that can be read: it is none of {', '.join(FORMATS)}"
        ) from error
    except Exception as error:  # Pillow raises many classes of errors for broken files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} is not an image that can be read: {reason}") from error


@contextmanager
def ignore_pillow_warnings() -> Iterator[None]:
    """Ignores Pillow's warnings about large images and odd metadata in a `with` block.

    Only one thread may run such a block.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def silence_pillow() -> None:
    """Ignores Pillow's warnings in all threads from now on."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


def to_upright(image: Image.Image, mode: str, path: ImageFile) -> Image.Image:
    """Returns an image turned by its EXIF orientation; transparent pixels become white.

    If an image has more than 8 bits, the result has mode `F` and floats in [0, 1]. Otherwise it
    has the mode `mode`.
    """
    from PIL import Image, ImageOps

    image.load()
    if _orientation(image) != UPRIGHT:
        image = ImageOps.exif_transpose(image)
    if image.mode in HIGH_BIT_MODES:
        values, maximum = np.asarray(image), mode_maximum(image.mode)
        if not (values.min() >= 0 and values.max() <= maximum):
            raise DataError(
                f"{path} holds pixels from {values.min():g} to {values.max():g}, whose range is "
                f"unknown: {RANGE_HINT}, or with 8 or 16 bits"
            )
        return Image.fromarray((values / maximum).astype(np.float32))
    if image.mode in ALPHA_MODES or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == mode else image.convert(mode)
