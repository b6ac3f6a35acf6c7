"""What all pictures have in common: one style, titles and legends that fit, and a file each."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any

import seaborn as sns
from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from .fonts import font_families, replace_missing_glyphs_in

DPI = 120
NARROWEST = 4.0
"""Inches that a title may take, however narrow the picture is."""
LETTER = 0.55
"""Mean width of a letter, in heights of a letter."""
GAP = 2
"""Letters that fit between two numbers below an axis, at least."""
INSIDE = 0.7
"""Share of the width of a picture that is within its axes, at least."""


@contextmanager
def saved_figure(path: Path, width: float, height: float) -> Iterator[Figure]:
    """Gives a figure of a size in inches, which is written to a file once the block has drawn.

    The file is as large as what is drawn: margins that are left are cut off.
    """
    settings: Any = {
        "text.parse_math": False,  # a class may be called $\\pi$
        "font.family": font_families(),
        "axes.formatter.useoffset": False,  # a tick says its whole number
    }
    # A Figure of its own, not pyplot's: nothing stays open, and no setting of the user changes,
    # nor does one change the picture.
    with rc_context():
        rcdefaults()
        rcParams.update(sns.axes_style("ticks") | sns.plotting_context("notebook") | settings)
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        replace_missing_glyphs_in(figure)
        for axes in figure.axes:
            _thin_out(axes)
        _wrap_titles(figure)
        figure.savefig(path, dpi=DPI, bbox_inches="tight", pad_inches=0.08)


def legend_outside(axes: Axes, **options: Any) -> None:
    """Puts the legend to the right of the axes, where it hides nothing."""
    axes.legend(
        loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize="small", **options
    )


def marker_area(n: int) -> float:
    """Returns the area of each of n points in a picture: the more there are, the smaller."""
    return float(min(max(6000 / max(n, 1), 12), 60))


def _thin_out(axes: Axes) -> None:
    """Has fewer ticks along the bottom if the numbers below them are long."""
    locator, texts = axes.xaxis.get_major_locator(), axes.get_xticklabels()
    if not isinstance(locator, MaxNLocator) or not texts:
        return
    longest = max(len(text.get_text()) for text in texts)
    needed = (longest + GAP) * LETTER * float(texts[0].get_fontsize()) / 72
    most = int(INSIDE * _width(axes) / needed)
    if len(texts) > most:
        locator.set_params(nbins=max(most, 1))


def _width(axes: Axes) -> float:
    """Returns the inches that axes have with all that belongs to them."""
    place, figure = axes.get_subplotspec(), axes.get_figure(root=True)
    assert figure is not None
    return float(figure.get_figwidth()) / (1 if place is None else place.get_gridspec().ncols)


def _wrap_titles(figure: Figure) -> None:
    """Breaks titles into lines that are no wider than what is below them."""
    for axes in figure.axes:
        _wrap(axes.title, _width(axes))
    for title in figure.texts:
        _wrap(title, figure.get_figwidth())


def _wrap(title: Text, width: float) -> None:
    letters = int(72 * max(width, NARROWEST) / (LETTER * float(title.get_fontsize())))
    lines = title.get_text().splitlines()
    title.set_text("\n".join(fill(line, letters) for line in lines))
