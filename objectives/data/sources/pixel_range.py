"""The range of pixels: which number in an array or an image file stands for 1."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from ..data_error import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BYTE, WORD = 255, 65535
USUAL_MAXIMA = (1, 3, 7, 15, 16, BYTE, 1023, 4095, WORD)
"""What people store as the brightest pixel: bits, the digits of scikit-learn, cameras, bytes.

None is between 16 and 255, or 4,095 and 65,535, because photographs may be that dark.
"""
DIM_RATIO, FAINT_RATIO, BLACK_RATIO = 2, 15, 255
"""How many times darker than their range pixels are noted, doubted, and surely of another one."""
RANGE_HINT = "save them as floats from 0 to 1"


class PixelRange(NamedTuple):
    """Which values some pixels have.

    Attributes:
        low: The least of them.
        high: The largest of them.
        whole: Whether they are whole numbers, whatever their type.
        type_maximum: What stands for 1 in such a type if nothing else is known.
        most: The largest value that the type can hold.
    """

    low: float
    high: float
    whole: bool
    type_maximum: int
    most: float


def array_pixel_range(array: NDArray[Any]) -> PixelRange:
    """Returns which values pixels have, with any shape of at least one value."""
    import numpy as np

    kinds = {np.bool_: (1, 1), np.uint8: (BYTE, BYTE), np.uint16: (WORD, WORD)}
    fraction = array.dtype.kind == "f"
    type_maximum, most = kinds.get(array.dtype.type, (1 if fraction else BYTE, inf))
    whole = not fraction or bool((array == np.floor(array)).all())
    return PixelRange(float(array.min()), float(array.max()), whole, type_maximum, most)


def learn_maximum(parts: Mapping[str, PixelRange], name: str) -> int:
    """Returns the smallest of `USUAL_MAXIMA` that no pixel of the data set exceeds.

    Fractions beyond 1 are taken for bytes that were resized, if the largest is above 127.

    Args:
        parts: The values of each part; `train` is among them.
        name: What the data are called in errors.

    Raises:
        DataError: If there is none, or if another part has another range than the training part.
    """
    train = parts["train"]
    low, high = min(part.low for part in parts.values()), max(part.high for part in parts.values())
    if 0 < FAINT_RATIO * train.high < high:
        raise DataError(
            f"{name} holds pixels up to {train.high:g} in its training part and up to {high:g} in "
            f"another: {RANGE_HINT}, all of one range"
        )
    found = next((usual for usual in USUAL_MAXIMA if high <= usual), None)
    if found != 1 and not all(part.whole for part in parts.values()):
        found = BYTE if BYTE < DIM_RATIO * high <= DIM_RATIO * BYTE else None
    if found is None or not low >= 0:
        raise DataError(
            f"{name} holds pixels from {low:g} to {high:g}, whose range is unknown: {RANGE_HINT}, "
            f"or as bytes from 0 to 255"
        )
    return found if high > 0 else train.type_maximum


def describe_range(train: PixelRange, maximum: int) -> tuple[str, ...]:
    """Returns what a user should know of the range that was learned, if anything."""
    high = f"{train.high:,g}"
    if maximum != train.type_maximum:
        return (f"its pixels, of up to {high}, are divided by {maximum:,}",)
    if 0 < DIM_RATIO * train.high < maximum:
        return (
            f"its brightest pixel is {high} of {maximum:,}: if that stands for white, "
            f"{RANGE_HINT}",
        )
    return ()


def recorded_maximum(train: PixelRange, maximum: int) -> int:
    """Returns what a network is to know of a maximum: 0 if fractions up to 1 say nothing of it."""
    return maximum if maximum > 1 or train.whole else 0


def infer_new_maximum(new: PixelRange, trained: int, darkest: int = FAINT_RATIO) -> int:
    """Returns which number stands for 1 in new pixels: as in training, or as certain as it can be.

    Args:
        new: The values of the new pixels.
        trained: What `recorded_maximum` knows of those of training.
        darkest: How many times darker than the range of training they may be at most.

    Raises:
        DataError: If it is unclear; its message begins behind the name of what holds them.
    """
    low, high = new.low, new.high
    if low >= 0:
        if high <= 1 == new.type_maximum or high == 0:
            return 1
        if high <= trained <= new.most and trained < darkest * high:
            return trained
        if BYTE < FAINT_RATIO * high <= FAINT_RATIO * BYTE and (
            trained <= BYTE or new.most == BYTE
        ):
            return BYTE
        if WORD < FAINT_RATIO * high <= FAINT_RATIO * WORD:
            return WORD
    raise DataError(
        f"holds pixels from {low:,g} to {high:,g}, and those of training went from 0 to "
        f"{trained or 1:,}: {RANGE_HINT}"
    )


def infer_new_file_maximum(new: PixelRange, trained: int) -> int:
    """Returns which number stands for 1 in a new image file, whose format says what it could be.

    Raises:
        DataError: As in `infer_new_maximum`.
    """
    if new.type_maximum == 1:
        return 1
    known = min(trained or new.type_maximum, new.type_maximum)
    return infer_new_maximum(
        new, known, BLACK_RATIO if trained or new.type_maximum == BYTE else FAINT_RATIO
    )


def training_file_maximum(new: PixelRange, trained: int) -> int:
    """Returns which number stands for 1 in an image file of training, which is never refused."""
    return trained if new.high <= trained <= new.most else new.type_maximum


def to_unit_range(array: NDArray[Any], maximum: int) -> NDArray[Any]:
    """Returns pixels in [0, 1] as floats or, where these are as exact, as bytes of 255."""
    import numpy as np

    if array.dtype.kind == "f" and (maximum == 1 or (array != np.floor(array)).any()):
        return np.ascontiguousarray(array / maximum, dtype=np.float32)
    if BYTE % maximum:
        return (array / np.float32(maximum)).astype(np.float32)
    pixels = np.ascontiguousarray(array.astype(np.uint8, copy=False))
    return pixels if maximum == BYTE else pixels * np.uint8(BYTE // maximum)


def file_pixel_range(pixels: NDArray[Any], type_maximum: int) -> PixelRange:
    """Returns which values an image file has.

    Args:
        pixels: Its pixels as bytes, or as floats of which 1 is the largest that the file can hold.
        type_maximum: That largest number: 255, 65,535, or 1 if the file holds floats.
    """
    scale = 1 if pixels.dtype.kind == "u" else type_maximum
    low, high = (round(float(value) * scale, 3) for value in (pixels.min(), pixels.max()))
    return PixelRange(low, high, type_maximum > 1, type_maximum, type_maximum)


def rescale_pixels(pixels: NDArray[Any], type_maximum: int, maximum: int) -> NDArray[Any]:
    """Returns the pixels of image files in the range in which a number stands for 1.

    Args:
        pixels: As `file_pixel_range` takes them.
        type_maximum: Likewise.
        maximum: The number that stands for 1.
    """
    import numpy as np

    if maximum == type_maximum:
        return pixels
    if pixels.dtype.kind == "u":
        return to_unit_range(pixels, maximum)
    words = pixels.astype(np.float64) * type_maximum
    whole = words.round()  # what was not resized is as exact as in an array
    return (np.where(abs(words - whole) < 0.02, whole, words) / maximum).astype(np.float32)
