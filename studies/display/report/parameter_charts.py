"""Charts of parameters: the value of each trial beside a parameter, and places in its range."""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState

from ....search_spaces.distributions import choice_labels, is_same_choice
from .charts import SHADES, Axis, Chart, Marks, Pixel, bars, dots, rings, segment, shade
from .points import Point
from .scales import MARGIN, Scale, Tick, category_positions, format_tick, value_scale

SIZE = 300, 210
FRAME = 52, 26, 290, 172
STRIP_SIZE = 240, 24
STRIP_ENDS = 8, 232
STRIP_MIDDLE = STRIP_SIZE[1] / 2
JITTER = 0.5
"""How far trials with the same choice are spread, as a share of the width of the choice."""
GOLDEN_SHARE = (5**0.5 - 1) / 2
CHARACTER_WIDTH = 7
"""Width in pixels of a character of a label."""
MIN_LABEL_LENGTH = 4
"""Number of characters below which choices are numbered instead, in the order of the range."""

_NOT_A_CHOICE = object()

Place = Callable[[Point], float | None]
"""Returns the horizontal pixel of a trial; None if its value is not in the range any more."""


def slice_chart(
    name: str,
    distribution: Any,
    points: Sequence[Point],
    metric: str,
    sign: int,
    winner: int | None,
) -> Chart:
    """Returns a chart of the metric beside the values of a parameter.

    Args:
        name: Name of the parameter.
        distribution: Its range, an `IntDistribution`, `FloatDistribution` or
            `CategoricalDistribution` of Optuna.
        points: The finished trials.
        metric: Name of the metric.
        sign: 1 if lower values are better, and -1 if higher values are better.
        winner: Number of the best trial, which has a look of its own; None without one.
    """
    known = [p for p in points if p.value is not None]
    y = value_scale([p.value for p in known if p.value is not None], sign, FRAME)
    place, ticks = _horizontal(name, distribution, FRAME[0], FRAME[2])
    known = [p for p in known if name in p.params]

    def pixels(chosen: Sequence[Point]) -> list[Pixel]:
        places = [(place(p), p.value) for p in chosen]
        return [(x, y(value)) for x, value in places if x is not None and value is not None]

    complete = [p for p in known if p.state == TrialState.COMPLETE]
    shades: list[list[Point]] = [[] for _ in range(SHADES)]
    for rank, point in enumerate(complete):
        shades[shade(rank, len(complete))].append(point)
    return Chart(
        f"{metric} of {len(known):,} trials beside {name}.",
        (
            Marks("ring pruned", rings(pixels([p for p in known if not p.is_complete]), 2)),
            *(Marks(f"dot s{number}", dots(pixels(of))) for number, of in enumerate(shades)),
            Marks("ring winner", rings(pixels([p for p in complete if p.number == winner]), 4.5)),
        ),
        Axis(name, ticks),
        Axis(metric, y.ticks(4)),
        FRAME,
        *SIZE,
    )


def range_strip(
    name: str,
    distribution: BaseDistribution,
    points: Sequence[Point],
    best: Sequence[Point],
    winner: int | None,
) -> Chart:
    """Returns a narrow chart of where trials lie in the range of a parameter.

    Thin lines are all trials, dots the best ones, and the ring is the winner.
    """
    place, _ = _horizontal(name, distribution, *STRIP_ENDS, margin=0)

    def pixels(chosen: Sequence[Point]) -> list[Pixel]:
        return [(x, STRIP_MIDDLE) for x in map(place, chosen) if x is not None]

    ends = (STRIP_ENDS[0], STRIP_MIDDLE), (STRIP_ENDS[1], STRIP_MIDDLE)
    return Chart(
        f"{len(best)} best trials in the range of {name}",
        (
            Marks("line rule", segment(*ends) + bars(ends, 10)),
            Marks("line trials", bars(pixels(points), 8)),
            Marks("dot complete", dots(pixels(best))),
            Marks("ring winner", rings(pixels([p for p in best if p.number == winner]), 5)),
        ),
        None,
        None,
        (0, 0, *STRIP_SIZE),
        *STRIP_SIZE,
    )


def _horizontal(
    name: str, distribution: Any, start: float, end: float, margin: float = MARGIN
) -> tuple[Place, Sequence[Tick]]:
    """Returns the pixel of a trial on the axis of a parameter, and the ticks of the axis."""
    if isinstance(distribution, CategoricalDistribution):
        return _categories(name, distribution, start, end)
    ends = distribution.low, distribution.high
    scale = Scale.fit(ends, start, end, log=distribution.log, margin=margin)

    def place(point: Point) -> float | None:
        value = point.params.get(name)
        return scale(value) if isinstance(value, int | float) else None

    return place, scale.ticks(4)


def _categories(
    name: str, distribution: CategoricalDistribution, start: float, end: float
) -> tuple[Place, Sequence[Tick]]:
    words = choice_labels(distribution.choices)
    middles = category_positions(len(words), start, end)
    width = JITTER * (end - start) / len(words)

    def place(point: Point) -> float | None:
        value = point.params.get(name, _NOT_A_CHOICE)
        same = [is_same_choice(choice, value) for choice in words.values()]
        if True not in same:
            return None
        index = same.index(True)
        spread = (point.number * GOLDEN_SHARE) % 1 - 0.5  # evenly, whatever the numbers are
        return round(middles[index] + spread * width, 1)

    room = int((end - start) / len(words) / CHARACTER_WIDTH)
    texts = [word if len(word) <= room else f"{word[: room - 1]}…" for word in words]
    if room < MIN_LABEL_LENGTH and any(len(word) > room for word in words):
        texts = [str(number) for number in range(1, len(words) + 1)]
    return place, [Tick(*pair) for pair in zip(middles, texts, strict=True)]


def format_range(distribution: Any) -> str:
    """Returns a range in words, such as `0.001 to 0.1, logarithmic`."""
    if isinstance(distribution, CategoricalDistribution):
        return ", ".join(choice_labels(distribution.choices))
    low, high = format_tick(distribution.low), format_tick(distribution.high)
    text = low if distribution.single() else f"{low} to {high}"
    return f"{text}, logarithmic" if distribution.log else text


def format_value_of(value: Any) -> str:
    """Returns the value of a parameter as text; a number as on the axes of charts."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return format_tick(value) if is_number and isfinite(value) else str(value)
