"""Scales: where a value lies along an axis of a chart, and the ticks of the axis."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

MARGIN = 0.08
"""Space beyond the smallest and the largest value, as a share of the axis."""
MIN_LOG_RATIO = 4
"""Positive values whose largest is so many times the smallest have a logarithmic axis."""
SHORT_EXPONENTS = range(-3, 5)
"""Powers of ten that are written out as a number."""
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Tick(NamedTuple):
    """A tick of an axis: its position in pixels, and its label."""

    position: float
    label: str


@dataclass(frozen=True)
class Scale:
    """A linear or logarithmic scale from values to pixels.

    Attributes:
        low: The value at the pixel `start`.
        high: The value at the pixel `end`; it is above `low`.
        start: The first pixel.
        end: The last pixel. It is below `start` on a vertical axis.
        log: Whether the scale is logarithmic. Then `low` is positive.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    @classmethod
    def fit(
        cls,
        values: Iterable[float],
        start: float,
        end: float,
        *,
        log: bool | None = None,
        margin: float = MARGIN,
    ) -> "Scale":
        """Returns a scale on which all finite values lie, with some space beyond them.

        Args:
            values: The values. If none is finite, the scale is from 0 to 1.
            start: The first pixel.
            end: The last pixel.
            log: Whether the scale is logarithmic; None decides it by the range of the values.
            margin: The space beyond the values at each end, as a share of the axis.
        """
        found = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
        low, high = min(found), max(found)
        if log is None:
            log = low > 0 and high / low >= MIN_LOG_RATIO
        if low == high:
            low, high = (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
        exact = cls(low, high, start, end, log)
        beyond = margin * (end - start)
        return replace(exact, low=exact._value(start - beyond), high=exact._value(end + beyond))

    def __call__(self, value: float) -> float:
        """Returns the pixel of a value, with one decimal. Values beyond an end lie at that end."""
        low, high, at = map(self._stretch, (self.low, self.high, self._inside(value)))
        return round(self.start + (self.end - self.start) * (at - low) / (high - low), 1)

    def ticks(self, most: int = 5) -> list[Tick]:
        """Returns at most about `most` ticks at round values, from the lowest to the highest."""
        values = _log_values(self.low, self.high, most) if self.log else []
        if len(values) < 2:
            values = _linear_values(self.low, self.high, most)
        return [Tick(self(value), format_tick(value)) for value in values]

    def _inside(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    def _stretch(self, value: float) -> float:
        return math.log(value) if self.log else value

    def _value(self, pixel: float) -> float:
        """Returns the value at a pixel."""
        low, high = self._stretch(self.low), self._stretch(self.high)
        at = low + (high - low) * (pixel - self.start) / (self.end - self.start)
        return math.exp(at) if self.log else at


def value_scale(
    values: Iterable[float], sign: int, frame: tuple[float, float, float, float]
) -> Scale:
    """Returns the vertical scale of a metric in a frame (left, top, right, bottom).

    Metrics to minimize (`sign` 1) may be logarithmic, so that the best values are apart.
    """
    return Scale.fit(values, frame[3], frame[1], log=None if sign > 0 else False)


def category_positions(n: int, start: float, end: float) -> list[float]:
    """Returns the pixels of the middles of `n` equal parts of an axis."""
    return [round(start + (end - start) * (i + 0.5) / n, 1) for i in range(n)]


def format_tick(value: float) -> str:
    """Returns a value with up to four significant digits; far powers of ten have an exponent.

    Example:
        >>> [format_tick(value) for value in (0, 0.05, 12000, 3e-05)]
        ['0', '0.05', '12,000', '3·10⁻⁵']
    """
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)) + 1e-9)
    if exponent in SHORT_EXPONENTS:
        text = f"{float(f'{value:.4g}'):,.{max(3 - exponent, 0)}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    factor = f"{value / 10**exponent:.3g}"
    power = f"10{str(exponent).translate(SUPERSCRIPTS)}"
    return power if factor == "1" else f"{factor}·{power}"


def _linear_values(low: float, high: float, most: int) -> list[float]:
    rough = (high - low) / most
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _log_values(low: float, high: float, most: int) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    choices: list[tuple[int, Sequence[int]]] = [(1, (1, 2, 5)), (1, (1, 3))]
    choices += [(every, (1,)) for every in range(1, last - first + 2)]
    for every, factors in choices:
        powers = range(first + (-first % every), last + 1, every)
        values = [factor * 10.0**power for power in powers for factor in factors]
        inside = [value for value in values if low <= value <= high]
        if len(inside) <= most + 1:
            return inside
    return []
