"""Text that can be drawn: fonts for letters of other scripts, and what stands for the rest."""

import logging
import unicodedata
from collections.abc import Iterable
from functools import cache

from matplotlib import font_manager
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

FONT = "DejaVu Sans"
"""Comes with matplotlib; it has Latin, Greek, Cyrillic, Hebrew and Arabic letters."""
FALLBACKS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC", "Noto Sans JP"),
    *("Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback"),
    *("PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Microsoft YaHei", "Malgun Gothic"),
    *("Noto Sans Devanagari", "Noto Sans Bengali", "Noto Sans Tamil", "Noto Sans Thai"),
    *("Nirmala UI", "Leelawadee UI", "Arial Unicode MS", "Noto Emoji", "Segoe UI Emoji"),
    "Symbola",
)
"""Fonts that people have for other letters, of which those are used that are installed."""

log = logging.getLogger(__name__)


@cache
def font_families() -> list[str]:
    """Returns the fonts that text is drawn in: each letter comes from the first that has it."""
    return [FONT, *(name for name in FALLBACKS if name in font_manager.get_font_names())]


@cache
def _drawable() -> frozenset[int]:
    """Returns the code points of all letters that one of the fonts has."""
    paths = [font_manager.findfont(name, fallback_to_default=False) for name in font_families()]
    return frozenset().union(*(font_manager.get_font(path).get_charmap() for path in paths))


def replace_missing_glyphs(text: str) -> str:
    r"""Returns a text in letters that the fonts have.

    A letter that they lack is drawn as the letters that it is made of, or as its code point;
    marks and selectors without a shape of their own are left out, and control characters are
    spaces.

    Example:
        >>> replace_missing_glyphs("rate \U0001d49c")
        'rate A'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_drawn, unicodedata.normalize("NFC", text)))


def _drawn(letter: str) -> str:
    if letter == "\n" or (ord(letter) in _drawable() and letter.isprintable()):
        return letter
    kind = unicodedata.category(letter)
    if kind in ("Mn", "Me", "Cf"):
        return ""
    if kind in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    parts = unicodedata.normalize("NFKD", letter)
    if parts != letter and all(ord(part) in _drawable() for part in parts):
        return parts
    _tell()
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


@cache
def _tell() -> None:
    """Says, once in a process, what code points in pictures mean."""
    log.info(
        "some letters are in none of the fonts of this machine, and pictures show their code "
        "points: install a font that has them, such as Noto Sans CJK"
    )


def replace_missing_glyphs_in(figure: Figure) -> None:
    """Replaces the letters of all texts in a figure that its fonts lack."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            _relabel(axis)
    for text in figure.findobj(Text):
        text.set_text(replace_missing_glyphs(text.get_text()))


def _relabel(axis: Axis) -> None:
    # What a tick is called comes from its formatter whenever it is drawn.
    labels = [label.get_text() for label in axis.get_ticklabels()]
    if _differ(labels):
        axis.set_ticks(axis.get_ticklocs(), [*map(replace_missing_glyphs, labels)])


def _differ(labels: Iterable[str]) -> bool:
    return any(replace_missing_glyphs(label) != label for label in labels)
