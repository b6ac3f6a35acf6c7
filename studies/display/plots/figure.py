"""What all figures share: the style, writing to a file, the scales of axes, labels and titles.

Labels are shortened so that they still differ. Titles are wrapped. Characters that no font has
are replaced.
"""

import logging
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from math import isfinite, log10
from pathlib import Path
from textwrap import fill
from typing import Any

from matplotlib import font_manager, rc_context, rcdefaults, rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

DPI = 120
MIN_AXES_SHARE = 0.7
"""Minimum width of the axes, as a share of the width of the figure."""
TICKS_PER_DECADE = {2: (1, 2, 5), 3: (1, 3)}
"""Ticks in each decade of a logarithmic axis that spans up to 2 or 3 decades.

A longer axis has one tick in each decade.
"""
FONT = "DejaVu Sans"
"""The font of matplotlib, which has Latin, Greek, Cyrillic, Hebrew and Arabic letters."""
FALLBACK_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC", "Noto Sans JP"),
    *("Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback"),
    *("PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Microsoft YaHei", "Malgun Gothic"),
    *("Noto Sans Devanagari", "Noto Sans Bengali", "Noto Sans Tamil", "Noto Sans Thai"),
    *("Nirmala UI", "Leelawadee UI", "Arial Unicode MS", "Noto Emoji", "Segoe UI Emoji"),
    "Symbola",
)
"""Fonts for other scripts. A figure uses those that are installed."""
MAX_LABEL_LENGTH = 24
"""Maximum number of characters of a label."""
CHARACTER_WIDTH = 0.55
"""Mean width of a character divided by the font size."""
MIN_TITLE_WIDTH = 4.0
"""Width in inches that a title may always have, even if the figure is narrower."""

log = logging.getLogger(__name__)


@contextmanager
def open_figure(path: Path, width: float, height: float) -> Iterator[Figure]:
    """Yields a figure of `width` x `height` inches, and writes it to `path` when the block ends.

    Empty margins are cut off. The user's settings of matplotlib are ignored and do not change.
    """
    import seaborn as sns  # slow, and a search of a table plots nothing

    settings: Any = {
        "text.parse_math": False,  # a class may be called $\\pi$
        "font.family": list_font_families(),
        "axes.formatter.useoffset": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with rc_context():
        rcdefaults()
        rcParams.update(sns.axes_style("ticks") | sns.plotting_context("notebook") | settings)
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        replace_missing_glyphs_in(figure)
        for axes in figure.axes:
            _reduce_x_ticks(axes)
            wrap_title(axes.title, _axes_width_in_inches(axes))
        for title in figure.texts:
            wrap_title(title, figure.get_figwidth())
        figure.savefig(path, dpi=DPI, bbox_inches="tight", pad_inches=0.08)


@contextmanager
def open_axes(path: Path, width: float, height: float) -> Iterator[Axes]:
    """Yields the only axes of a new figure, which is written to `path`; see `open_figure`."""
    with open_figure(path, width, height) as figure:
        yield figure.subplots()


def add_legend_outside(axes: Axes, **options: Any) -> None:
    """Adds a legend to the right of the axes; `options` are those of `Axes.legend`."""
    axes.legend(
        loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize="small", **options
    )


def choose_marker_area(n: int) -> float:
    """Returns the area of a marker in points squared, which is smaller for more markers `n`."""
    return float(min(max(6000 / max(n, 1), 12), 60))


def _reduce_x_ticks(axes: Axes) -> None:
    """Reduces the number of ticks on the x-axis if their labels would overlap."""
    locator, labels = axes.xaxis.get_major_locator(), axes.get_xticklabels()
    if not isinstance(locator, MaxNLocator) or not labels:
        return
    longest = max((label.get_text() for label in labels), key=len)
    needed = estimate_text_width(f"{longest}  ", float(labels[0].get_fontsize()))
    most = int(MIN_AXES_SHARE * _axes_width_in_inches(axes) / needed)
    if len(labels) > most:
        locator.set_params(nbins=max(most, 1))


def _axes_width_in_inches(axes: Axes) -> float:
    """Returns the width in inches of axes and their labels: that of a column of the figure."""
    cell, figure = axes.get_subplotspec(), axes.get_figure(root=True)
    assert figure is not None
    return float(figure.get_figwidth()) / (1 if cell is None else cell.get_gridspec().ncols)


def set_integer_ticks(axis: Axis) -> None:
    """Puts the ticks of an axis at integers only."""
    axis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))


def set_log_scale(axis: Axis, values: Iterable[float]) -> None:
    """Makes an axis logarithmic, with tick labels such as 0.01; all `values` are positive."""
    finite = [value for value in values if isfinite(value)]
    decades = log10(max(finite)) - log10(min(finite))
    if axis is axis.axes.xaxis:
        axis.axes.set_xscale("log")
    else:
        axis.axes.set_yscale("log")
    ticks = next((ticks for most, ticks in TICKS_PER_DECADE.items() if decades <= most), (1,))
    axis.set_major_locator(LogLocator(subs=ticks))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def shorten_label(name: object, length: int = MAX_LABEL_LENGTH) -> str:
    """Returns a name in one line; in a name of more than `length` characters, `…` is the middle.

    Example:
        >>> shorten_label("Iris-setosa-from-the-northern-meadow", 16)
        'Iris-set…-meadow'
    """
    text = " ".join(replace_missing_glyphs(str(name)).split())
    if len(text) <= length:
        return text
    tail = (length - 1) // 2
    return f"{text[: length - 1 - tail]}…{text[len(text) - tail :]}"


def shorten_labels(names: Iterable[object], length: int = MAX_LABEL_LENGTH) -> list[str]:
    """Returns shortened names. Equal ones get `#` and their position, so that all differ."""
    short = [shorten_label(name, length) for name in names]
    counts = Counter(short)
    return [
        name if counts[name] == 1 else f"{name} #{number}"
        for number, name in enumerate(short, start=1)
    ]


def estimate_text_width(text: str, font_size: float) -> float:
    """Returns the approximate width of a text in inches, given the font size in points."""
    return len(text) * CHARACTER_WIDTH * font_size / 72


def wrap_title(title: Text, width: float) -> None:
    """Breaks the lines of a title so that each is at most `width` inches wide."""
    length = int(
        max(width, MIN_TITLE_WIDTH) / estimate_text_width("x", float(title.get_fontsize()))
    )
    title.set_text("\n".join(fill(line, length) for line in title.get_text().splitlines()))


@cache
def list_font_families() -> list[str]:
    """Returns the installed fonts; a character is drawn by the first font that has it."""
    return [FONT, *(name for name in FALLBACK_FONTS if name in font_manager.get_font_names())]


@cache
def _code_points() -> frozenset[int]:
    """Returns the code points of all characters that the installed fonts have."""
    paths = [
        font_manager.findfont(name, fallback_to_default=False) for name in list_font_families()
    ]
    return frozenset().union(*(font_manager.get_font(path).get_charmap() for path in paths))


def replace_missing_glyphs(text: str) -> str:
    r"""Returns a text in which characters that no installed font has are replaced.

    Such a character becomes its compatibility decomposition (Unicode's NFKD) or, if no font has
    that either, its code point. Combining marks and format characters are removed, and control
    characters become spaces.

    Example:
        >>> replace_missing_glyphs("rate \U0001d49c")
        'rate A'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_replace_missing_glyph, unicodedata.normalize("NFC", text)))


def _replace_missing_glyph(character: str) -> str:
    if character == "\n" or (ord(character) in _code_points() and character.isprintable()):
        return character
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf"):
        return ""
    if category in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    decomposed = unicodedata.normalize("NFKD", character)
    if decomposed != character and all(ord(part) in _code_points() for part in decomposed):
        return decomposed
    _log_missing_glyphs()
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@cache
def _log_missing_glyphs() -> None:
    """Logs, once per process, why figures contain code points."""
    log.info(
        "figures show the code points of some characters, which no installed font has: install "
        "a font that has them, such as Noto Sans CJK"
    )


def replace_missing_glyphs_in(figure: Figure) -> None:
    """Applies `replace_missing_glyphs` to all labels, titles and other texts of a figure."""
    for axes in figure.axes:
        _replace_tick_labels(axes.xaxis)
        _replace_tick_labels(axes.yaxis)
    for text in figure.findobj(Text):
        text.set_text(replace_missing_glyphs(text.get_text()))


def _replace_tick_labels(axis: Axis) -> None:
    # The formatter would write the old labels again when the figure is drawn.
    labels = [label.get_text() for label in axis.get_ticklabels()]
    replaced = [*map(replace_missing_glyphs, labels)]
    if replaced != labels:
        axis.set_ticks(axis.get_ticklocs(), replaced)
