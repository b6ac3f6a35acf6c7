"""Plots a contact sheet: rows of images with captions, such as an item and its neighbors."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from .figure import open_axes, shorten_label
from .image_grids import image_size_in_inches, shrink_images

IMAGE_INCHES = 0.9
CAPTION_INCHES = 0.32
GAP_INCHES = 0.14
FONT_SIZE = 7
MAX_CAPTION_LENGTH = 16
MAX_SIDE = 160
"""Maximum side in pixels of an image."""
DIFFERENT_COLOR = "tab:red"


class SheetRow(NamedTuple):
    """A row of a contact sheet.

    Attributes:
        images: The images, with shape (n, C, H, W) and values in [0, 1].
        captions: The two lines below each image.
        is_different: Whether the caption of each image is red.
    """

    images: Tensor
    captions: Sequence[tuple[str, str]]
    is_different: Sequence[bool]


def plot_contact_sheet(rows: Sequence[SheetRow], title: str, path: Path) -> None:
    """Plots rows of images, all of one shape. A gap is after the first image of each row."""
    height, width = image_size_in_inches(rows[0].images, IMAGE_INCHES)
    column = max(width, IMAGE_INCHES) + GAP_INCHES
    line = height + CAPTION_INCHES + GAP_INCHES
    right = column * max(len(row.images) for row in rows) + GAP_INCHES
    bottom = line * len(rows)
    with open_axes(path, right, bottom + 0.5) as axes:
        for number, row in enumerate(rows):
            top = line * number
            for position, image in enumerate(shrink_images(row.images.float(), MAX_SIDE)):
                left = column * position + GAP_INCHES * (position > 0)
                pixels = image.permute(1, 2, 0).expand(-1, -1, 3).numpy()
                axes.imshow(pixels, extent=(left, left + width, top + height, top))
                lines = (
                    shorten_label(text, MAX_CAPTION_LENGTH) for text in row.captions[position]
                )
                axes.text(
                    left + width / 2,
                    top + height + 0.03,
                    "\n".join(lines),
                    size=FONT_SIZE,
                    color=DIFFERENT_COLOR if row.is_different[position] else "black",
                    ha="center",
                    va="top",
                )
        axes.set(title=title, xlim=(0, right), ylim=(bottom, 0))
        axes.set_axis_off()
