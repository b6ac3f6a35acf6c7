"""Pictures of a page as data URIs: PNG files become WebP, which is smaller."""

import base64
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

MAX_PICTURES = 24
"""Maximum number of pictures of a study on a page."""
MAX_SIDE = 1400
"""Maximum width and height in pixels; larger pictures are scaled down."""
MAX_PIXELS = 2**26
"""Maximum number of pixels of a file; larger files are not read."""
QUALITY = 82


class Picture(NamedTuple):
    """A picture.

    Attributes:
        uri: The data URI.
        width: Width in pixels.
        height: Height in pixels.
        caption: What the picture shows.
        words: The words of the command that made it, without `latentune`.
    """

    uri: Markup
    width: int
    height: int
    caption: str
    words: Sequence[str]


def read_picture(path: Path, caption: str, words: Sequence[str]) -> Picture | None:
    """Returns the picture in a PNG file; None if the file cannot be read or is too large."""
    from PIL import Image

    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=("PNG",)) as file:
            if file.width * file.height > MAX_PIXELS:
                return None
            image = file.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    content = io.BytesIO()
    image.save(content, "WEBP", quality=QUALITY, method=4)
    uri = f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"
    return Picture(Markup(uri), image.width, image.height, caption, words)  # noqa: S704 - base64
