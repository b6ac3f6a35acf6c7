"""Axes that say what is on them: whole epochs, and logarithms for losses alone."""

from collections.abc import Iterable
from math import isfinite, log10

from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

WIDE = 10
"""How many times the smallest loss the largest must be for a logarithmic axis."""
STEPS = {2: (1, 2, 5), 3: (1, 3)}
"""Where the ticks of each decade are, for so many decades at most; of more, there is one."""


def set_integer_ticks(axis: Axis) -> None:
    """Has ticks at whole numbers alone: there is no epoch 2.5 and no half an item."""
    axis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))


def epoch_limits(epochs: Iterable[int]) -> tuple[float, float]:
    """Returns where an axis of epochs begins and ends: one epoch alone is in the middle."""
    known = [*epochs]
    first, last = min(known), max(known)
    margin = 0.5 if first == last else 0.03 * (last - first)
    return first - min(margin, 0.5), last + margin  # there is no epoch 0


def spans_decades(values: Iterable[float]) -> bool:
    """Says whether numbers are losses for a logarithmic axis: above 0, and far from each other.

    Numbers that are not finite do not count.
    """
    finite = [value for value in values if isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) >= WIDE * min(finite)


def set_log_scale(axis: Axis, values: Iterable[float]) -> None:
    """Makes an axis logarithmic, with ticks that are written out.

    Args:
        axis: The axis of a figure.
        values: What is on it, numbers above 0; those that are not finite do not count.
    """
    finite = [value for value in values if isfinite(value)]
    decades = log10(max(finite)) - log10(min(finite))
    if axis is axis.axes.xaxis:
        axis.axes.set_xscale("log")
    else:
        axis.axes.set_yscale("log")
    steps = next((steps for most, steps in STEPS.items() if decades <= most), (1,))
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())
