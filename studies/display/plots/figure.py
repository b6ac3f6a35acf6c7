"""Common parts of all figures: the style, the file, and axes of epochs and losses."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import isfinite, log10
from pathlib import Path
from typing import Any

import seaborn as sns
from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from .plot_text import (
    estimate_text_width,
    list_font_families,
    replace_missing_glyphs_in,
    wrap_title,
)

DPI = 120
AXES_SHARE = 0.7
"""Minimum share of the width of a figure that is within its axes."""


@contextmanager
def open_figure(path: Path, width: float, height: float) -> Iterator[Figure]:
    """Yields a figure of a size in inches, and writes it to `path` when the block ends.

    Margins are cut off. The style is the same whatever settings of matplotlib a user has, and
    these do not change.
    """
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
            wrap_title(axes.title, _width_in_inches(axes))
        for title in figure.texts:
            wrap_title(title, figure.get_figwidth())
        figure.savefig(path, dpi=DPI, bbox_inches="tight", pad_inches=0.08)


@contextmanager
def open_axes(path: Path, width: float, height: float) -> Iterator[Axes]:
    """Yields the axes of a figure that has only these; see `open_figure`."""
    with open_figure(path, width, height) as figure:
        yield figure.subplots()


def add_legend_outside(axes: Axes, **options: Any) -> None:
    """Puts the legend to the right of the axes, where it hides nothing."""
    axes.legend(
        loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize="small", **options
    )


def choose_marker_area(n: int) -> float:
    """Returns the area of each of `n` markers in points squared; more markers are smaller."""
    return float(min(max(6000 / max(n, 1), 12), 60))


def _reduce_x_ticks(axes: Axes) -> None:
    """Reduces the number of ticks along the bottom until their labels fit."""
    locator, labels = axes.xaxis.get_major_locator(), axes.get_xticklabels()
    if not isinstance(locator, MaxNLocator) or not labels:
        return
    longest = max((label.get_text() for label in labels), key=len)
    needed = estimate_text_width(f"{longest}  ", float(labels[0].get_fontsize()))
    most = int(AXES_SHARE * _width_in_inches(axes) / needed)
    if len(labels) > most:
        locator.set_params(nbins=max(most, 1))


def _width_in_inches(axes: Axes) -> float:
    """Returns the width in inches of axes with their labels."""
    cell, figure = axes.get_subplotspec(), axes.get_figure(root=True)
    assert figure is not None
    return float(figure.get_figwidth()) / (1 if cell is None else cell.get_gridspec().ncols)


MIN_RATIO = 10
"""Minimum ratio of the largest to the smallest loss on a logarithmic axis."""
TICKS_PER_DECADE = {2: (1, 2, 5), 3: (1, 3)}
"""Ticks of each decade, by the maximum number of decades; more decades have one tick each."""


def set_integer_ticks(axis: Axis) -> None:
    """Puts ticks at integers only."""
    axis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))


def compute_epoch_limits(epochs: Iterable[int]) -> tuple[float, float]:
    """Returns the limits of an axis of epochs; a single epoch is in the middle."""
    known = [*epochs]
    first, last = min(known), max(known)
    margin = 0.5 if first == last else 0.03 * (last - first)
    return first - min(margin, 0.5), last + margin  # epoch 0 does not exist


def spans_decades(values: Iterable[float]) -> bool:
    """Returns True if the finite values are positive and span at least one decade."""
    finite = [value for value in values if isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) >= MIN_RATIO * min(finite)


def set_log_scale(axis: Axis, values: Iterable[float]) -> None:
    """Makes the axis of positive values logarithmic, with tick labels in plain numbers."""
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
