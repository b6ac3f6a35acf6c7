"""Charts as geometry: marks in pixels, which a template turns into SVG."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from .scales import Tick

Pixel = tuple[float, float]
DENSE = 400
"""Number of marks above which marks are smaller."""
SHADES = 6
"""Number of shades of the sequential color, from the first trials to the last."""


class Marks(NamedTuple):
    """Marks of one look, drawn by a single SVG path, so that thousands of them stay small.

    Attributes:
        look: The CSS classes of the path.
        path: The data of the path, such as `M1 2h0` for a dot.
    """

    look: str
    path: str


class Label(NamedTuple):
    """A text in a chart: its position in pixels, the text, its anchor, and its CSS classes."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    look: str = ""


@dataclass(frozen=True)
class Axis:
    """An axis of a chart.

    Attributes:
        title: What the values are.
        ticks: The ticks.
    """

    title: str
    ticks: Sequence[Tick] = ()


@dataclass(frozen=True)
class Chart:
    """A chart. All positions are pixels of a drawing of `width` x `height` pixels.

    Attributes:
        description: The chart in words, for those who cannot see it.
        marks: The marks, from the back to the front.
        x: The horizontal axis; None without one.
        y: The vertical axis; None without one.
        frame: Left, top, right and bottom of the area with the marks.
        width: Width of the drawing.
        height: Height of the drawing.
        labels: Texts in the chart.
    """

    description: str
    marks: Sequence[Marks]
    x: Axis | None
    y: Axis | None
    frame: tuple[float, float, float, float]
    width: float
    height: float
    labels: Sequence[Label] = ()

    @property
    def is_dense(self) -> bool:
        """Whether the chart has so many marks that they should be small."""
        return sum(marks.path.count("M") for marks in self.marks) > DENSE


def dots(points: Iterable[Pixel]) -> str:
    """Returns the path of dots: lines of no length, whose round ends are the dots."""
    return "".join(f"M{x:g} {y:g}h0" for x, y in points)


def crosses(points: Iterable[Pixel], size: float = 2.5) -> str:
    """Returns the path of diagonal crosses."""
    side = 2 * size
    return "".join(
        f"M{x - size:g} {y - size:g}l{side:g} {side:g}m{-side:g} 0l{side:g} {-side:g}"
        for x, y in points
    )


def rings(points: Iterable[Pixel], radius: float = 2.5) -> str:
    """Returns the path of rings."""
    arc = f"a{radius:g} {radius:g} 0 1 0"
    return "".join(
        f"M{x - radius:g} {y:g}{arc} {2 * radius:g} 0{arc} {-2 * radius:g} 0" for x, y in points
    )


def bars(points: Iterable[Pixel], length: float) -> str:
    """Returns the path of vertical lines of a length, each around a point."""
    return "".join(f"M{x:g} {y - length / 2:g}v{length:g}" for x, y in points)


def steps(points: Sequence[Pixel], end: float) -> str:
    """Returns the path of a line that keeps the height of each point until the next one.

    The line ends at the horizontal pixel `end`.
    """
    if not points:
        return ""
    line = [f"M{points[0][0]:g} {points[0][1]:g}"]
    line += [f"H{x:g}V{y:g}" for (_, before), (x, y) in pairwise(points) if y != before]
    return "".join([*line, f"H{end:g}"])


def segment(low: Pixel, high: Pixel) -> str:
    """Returns the path of a straight line between two points."""
    return f"M{low[0]:g} {low[1]:g}L{high[0]:g} {high[1]:g}"


def shade(rank: int, n: int) -> int:
    """Returns the shade, from 0 to `SHADES` - 1, of the trial with a rank among `n` trials."""
    return min(SHADES * rank // max(n, 1), SHADES - 1)
