"""Pixel ranges: finds the pixel value of an array or image file that becomes 1.0.

This value is called the maximum.
"""

from collections.abc import Mapping
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data_error import DataError

BYTE, WORD = 255, 65535
USUAL_MAXIMA = (1, 3, 7, 15, 16, BYTE, 1023, 4095, WORD)
"""Usual maxima: of bits, of the digits of scikit-learn, of cameras, of bytes.

There is none between 16 and 255, and none between 4,095 and 65,535, because a dark photograph may
have its brightest pixel there.
"""
DIM_RATIO, FAINT_RATIO, BLACK_RATIO = 2, 15, 255
"""How many times darker than the maximum pixels must be to have an effect.

DIM: the user gets a note. FAINT: the range is ambiguous. BLACK: the pixels have another range.
"""
RANGE_HINT = "save them as floats from 0 to 1"


class PixelRange(NamedTuple):
    """The smallest and largest of some pixels, and the limits of their type.

    Attributes:
        low: The smallest value.
        high: The largest value.
        are_integers: Whether all values are integers, even if the type is float.
        type_maximum: The maximum for this type if the values do not tell another one.
        type_limit: The largest value that the type can hold.
    """

    low: float
    high: float
    are_integers: bool
    type_maximum: int
    type_limit: float


def array_pixel_range(array: NDArray[Any]) -> PixelRange:
    """Returns the range of an array of any shape, with at least one value."""
    limits = {np.bool_: (1, 1), np.uint8: (BYTE, BYTE), np.uint16: (WORD, WORD)}
    is_float = array.dtype.kind == "f"
    type_maximum, limit = limits.get(array.dtype.type, (1 if is_float else BYTE, inf))
    are_integers = not is_float or bool((array == np.floor(array)).all())
    return PixelRange(float(array.min()), float(array.max()), are_integers, type_maximum, limit)


def file_pixel_range(pixels: NDArray[Any], type_maximum: int) -> PixelRange:
    """Returns the range of the values in an image file, given its decoded pixels.

    A byte of 255 or a float of 1.0 in `pixels` stands for `type_maximum` in the file.
    """
    scale = 1 if pixels.dtype.kind == "u" else type_maximum
    low, high = (round(float(value) * scale, 3) for value in (pixels.min(), pixels.max()))
    return PixelRange(low, high, type_maximum > 1, type_maximum, type_maximum)


def learn_maximum(parts: Mapping[str, PixelRange], name: str) -> int:
    """Returns the maximum of a data set: the smallest of `USUAL_MAXIMA` that no pixel exceeds.

    If there are fractions and the largest value is from 128 to 255, the maximum is 255: the pixels
    are resized bytes.
    """
    train = parts["train"]
    low, high = min(part.low for part in parts.values()), max(part.high for part in parts.values())
    if 0 < FAINT_RATIO * train.high < high:
        raise DataError(
            f"{name} holds pixels up to {train.high:g} in its training part and up to {high:g} in "
            f"another: {RANGE_HINT}, all of one range"
        )
    maximum = next((usual for usual in USUAL_MAXIMA if high <= usual), None)
    if maximum != 1 and not all(part.are_integers for part in parts.values()):
        maximum = BYTE if BYTE < DIM_RATIO * high <= DIM_RATIO * BYTE else None
    if maximum is None or not low >= 0:
        raise DataError(
            f"{name} holds pixels from {low:g} to {high:g}, whose range is unknown: {RANGE_HINT}, "
            "or as bytes from 0 to 255"
        )
    return maximum if high > 0 else train.type_maximum


def describe_range(train: PixelRange, maximum: int) -> tuple[str, ...]:
    """Returns notes for the user on a maximum that may be wrong."""
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
    """Returns the maximum to store with a trained network; 0 if the pixels were floats up to 1."""
    return maximum if maximum > 1 or train.are_integers else 0


def infer_new_maximum(new: PixelRange, trained: int, darkest: int = FAINT_RATIO) -> int:
    """Returns the maximum of new pixels for a trained network.

    The result is `trained`, which `recorded_maximum` returned in training, if it is less than
    `darkest` times the brightest new pixel. Otherwise, it is 255 or 65,535 if one of them fits.

    The message of a DataError lacks the name of the pixels, which the caller puts in front.
    """
    low, high = new.low, new.high
    if low >= 0:
        if high <= 1 == new.type_maximum or high == 0:
            return 1
        if high <= trained <= new.type_limit and trained < darkest * high:
            return trained
        is_byte = BYTE < FAINT_RATIO * high <= FAINT_RATIO * BYTE
        if is_byte and (trained <= BYTE or new.type_limit == BYTE):
            return BYTE
        if WORD < FAINT_RATIO * high <= FAINT_RATIO * WORD:
            return WORD
    raise DataError(
        f"holds pixels from {low:,g} to {high:,g}, and those of training went from 0 to "
        f"{trained or 1:,}: {RANGE_HINT}"
    )


def infer_new_file_maximum(new: PixelRange, trained: int) -> int:
    """Returns the maximum of a new image file for a trained network.

    It is never above the largest value that the format of the file can hold.
    """
    if new.type_maximum == 1:
        return 1
    known = min(trained or new.type_maximum, new.type_maximum)
    darkest = BLACK_RATIO if trained or new.type_maximum == BYTE else FAINT_RATIO
    return infer_new_maximum(new, known, darkest)


def training_file_maximum(file: PixelRange, learned: int) -> int:
    """Returns the maximum of a training image: `learned`, if it fits the pixels and the format.

    Otherwise, the maximum is `file.type_maximum`.
    """
    return learned if file.high <= learned <= file.type_limit else file.type_maximum


def to_unit_range(array: NDArray[Any], maximum: int) -> NDArray[Any]:
    """Returns pixels divided by `maximum` as floats, or as equivalent bytes from 0 to 255.

    The result is bytes if that loses nothing.
    """
    if array.dtype.kind == "f" and (maximum == 1 or (array != np.floor(array)).any()):
        return np.ascontiguousarray(array / maximum, dtype=np.float32)
    if BYTE % maximum:
        return (array / np.float32(maximum)).astype(np.float32)
    pixels = np.ascontiguousarray(array.astype(np.uint8, copy=False))
    return pixels if maximum == BYTE else pixels * np.uint8(BYTE // maximum)


def rescale_pixels(pixels: NDArray[Any], type_maximum: int, maximum: int) -> NDArray[Any]:
    """Returns pixels that were divided by `type_maximum`, now divided by `maximum` instead."""
    if maximum == type_maximum:
        return pixels
    if pixels.dtype.kind == "u":
        return to_unit_range(pixels, maximum)
    words = pixels.astype(np.float64) * type_maximum
    rounded = words.round()  # exact for pixels that were not resized
    return (np.where(abs(words - rounded) < 0.02, rounded, words) / maximum).astype(np.float32)
