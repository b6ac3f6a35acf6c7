"""Axes of epochs, with integer ticks, and of losses, which may be logarithmic."""

from collections.abc import Iterable
from math import isfinite, log10

from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

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
