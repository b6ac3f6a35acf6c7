"""Narrow charts in the rows of tables: an interval, values of seeds, shares."""

from collections.abc import Sequence

from .charts import Chart, Marks, Pixel, bars, dots, rings, segment
from .parameter_charts import STRIP_ENDS, STRIP_MIDDLE, STRIP_SIZE
from .scales import Scale


def share_bar(share: float, low: float, high: float, largest: float) -> Chart:
    """Returns a bar of a share, with its interval as a thin line.

    `largest` is the largest end of an interval in the table, the right end of all bars.
    """
    scale = Scale(0, largest or 1, *STRIP_ENDS)
    middle = STRIP_MIDDLE
    return _strip(
        f"{share:.2f}, from {low:.2f} to {high:.2f}",
        Marks("bar", segment((scale(0), middle), (scale(share), middle))),
        Marks("line whisker", _interval(scale, low, high)),
    )


def seed_strip(values: Sequence[float], search_value: float, scale: Scale) -> Chart:
    """Returns the values of a configuration on several seeds as dots, and their mean as a line.

    The ring is its value in the search.
    """
    marks = [
        Marks("line rule", segment((STRIP_ENDS[0], STRIP_MIDDLE), (STRIP_ENDS[1], STRIP_MIDDLE))),
        Marks("ring pruned", rings([_at(scale, search_value)], 4)),
        Marks("dot complete", dots(_at(scale, value) for value in values)),
    ]
    if values:
        mean = sum(values) / len(values)
        marks.append(Marks("line strongmark", bars([_at(scale, mean)], 16)))
    return _strip(f"{search_value:.4g} in the search; {len(values)} seeds", *marks)


def interval_strip(
    value: float, interval: tuple[float, float] | None, reference: float | None, scale: Scale
) -> Chart:
    """Returns a score as a dot on its interval, beside the score of a baseline as a line."""
    marks = [
        Marks("line rule", segment((STRIP_ENDS[0], STRIP_MIDDLE), (STRIP_ENDS[1], STRIP_MIDDLE)))
    ]
    if reference is not None:
        marks.append(Marks("line strongmark", bars([_at(scale, reference)], 16)))
    if interval is not None:
        marks.append(Marks("line whisker", _interval(scale, *interval)))
    marks.append(Marks("dot winner", dots([_at(scale, value)])))
    beside = "" if reference is None else f", beside {reference:.4g}"
    return _strip(f"{value:.4g}{beside}", *marks)


def state_bar(counts: Sequence[tuple[str, int]]) -> Chart:
    """Returns a bar with a piece for each state of trials, as long as its share."""
    total, start, marks = sum(count for _, count in counts) or 1, 0.0, []
    for look, count in counts:
        end = start + STRIP_SIZE[0] * count / total
        marks.append(Marks(f"piece {look}", segment((start, 5), (end, 5))))
        start = end
    words = ", ".join(f"{count:,} {state}" for state, count in counts)
    return Chart(words, marks, None, None, (0, 0, STRIP_SIZE[0], 10), STRIP_SIZE[0], 10)


def strip_scale(values: Sequence[float]) -> Scale:
    """Returns a linear scale of a strip on which all values lie."""
    return Scale.fit(values, *STRIP_ENDS, log=False)


def _at(scale: Scale, value: float) -> Pixel:
    return scale(value), STRIP_MIDDLE


def _interval(scale: Scale, low: float, high: float) -> str:
    ends = _at(scale, low), _at(scale, high)
    return segment(*ends) + bars(ends, 6)


def _strip(description: str, *marks: Marks) -> Chart:
    return Chart(description, marks, None, None, (0, 0, *STRIP_SIZE), *STRIP_SIZE)
