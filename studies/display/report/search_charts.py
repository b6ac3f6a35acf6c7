"""Charts of how searches went: the best value over trials and over time."""

from collections.abc import Sequence

from optuna.trial import TrialState

from .charts import Axis, Chart, Label, Marks, Pixel, crosses, dots, rings, steps
from .points import Curve, Point, best_so_far, place, time_unit
from .scales import Scale, value_scale

SIZE = 480, 270
FRAME = 56, 26, 466, 230
"""Left, top, right and bottom of the area with the marks."""
N_COLORS = 6
"""Number of colors that tell studies apart."""
LINE_HEIGHT = 15


def search_chart(points: Sequence[Point], sign: int, metric: str, *, in_time: bool) -> Chart:
    """Returns a chart of the values of all trials, with the best value so far as a line.

    Args:
        points: The finished trials.
        sign: 1 if lower values are better, and -1 if higher values are better.
        metric: Name of the metric.
        in_time: Whether the horizontal axis is the time, and not the number of the trial.
    """
    curve = best_so_far("", points, sign, in_time=in_time)
    x, axis, unit = _horizontal(curve.end, in_time)
    y = value_scale([p.value for p in points if p.value is not None], sign, FRAME)

    def pixels(state: TrialState) -> list[Pixel]:
        found = [p for p in points if p.state == state]
        return [(x(place(p, in_time) / unit), y(p.value)) for p in found if p.value is not None]

    failed = [x(place(p, in_time) / unit) for p in points if p.value is None]
    worst = FRAME[1] + 4 if sign > 0 else FRAME[3] - 4
    line = [(x(at / unit), y(value)) for at, value in curve.points]
    labels, best = [], ""
    if line:
        text = f"{curve.points[-1][1]:.4g}"
        labels = [Label(FRAME[2], line[-1][1] + (16 if sign > 0 else -7), text, "end", "strong")]
        best = f" The best value is {text}."
    return Chart(
        f"{metric} of {len(points):,} finished trials over {axis.title}.{best}",
        (
            Marks("ring pruned", rings(pixels(TrialState.PRUNED))),
            Marks("line failed", crosses((at, worst) for at in failed)),
            Marks("line accent", steps(line, x(curve.end / unit))),
            Marks("dot complete", dots(pixels(TrialState.COMPLETE))),
            Marks("dot winner", dots(line[-1:])),
        ),
        axis,
        Axis(metric, y.ticks()),
        FRAME,
        *SIZE,
        labels,
    )


def comparison_chart(curves: Sequence[Curve], sign: int, metric: str, *, in_time: bool) -> Chart:
    """Returns a chart with the best value so far of several studies, on the same axes.

    The line of each study has its color and, at its end, its number in the order of `curves`.
    """
    x, axis, unit = _horizontal(max(curve.end for curve in curves), in_time)
    y = value_scale([v for curve in curves for _, v in curve.points], sign, FRAME)
    marks, ends = [], []
    for number, curve in enumerate(curves):
        line = [(x(at / unit), y(value)) for at, value in curve.points]
        end = x(curve.end / unit)
        marks.append(Marks(f"line series c{number % N_COLORS}", steps(line, end)))
        marks.append(Marks(f"dot series c{number % N_COLORS}", dots(line[-1:])))
        if line:
            ends.append((line[-1][1], end, number))
    labels, lowest = [], 0.0
    for height, end, number in sorted(ends):  # of equal values, one label below the other
        lowest = max(height, lowest + LINE_HEIGHT)
        look = f"strong c{number % N_COLORS}"
        labels.append(Label(min(end + 5, SIZE[0] - 8), lowest + 4, str(number + 1), "start", look))
    found = "; ".join(
        f"{number}, {curve.name}: {curve.points[-1][1]:.4g}" if curve.points else f"{number}: none"
        for number, curve in enumerate(curves, 1)
    )
    return Chart(
        f"The best {metric} so far over {axis.title}, of each study. At the end: {found}.",
        marks,
        axis,
        Axis(metric, y.ticks()),
        FRAME,
        *SIZE,
        labels,
    )


def front_chart(
    points: Sequence[Sequence[float]], front: Sequence[int], names: Sequence[str]
) -> Chart:
    """Returns a chart of the first two values of complete trials, with the Pareto front.

    Args:
        points: The values of each complete trial.
        front: The indices of those on the front.
        names: The names of the metrics.
    """
    x = Scale.fit([p[0] for p in points], FRAME[0], FRAME[2])
    y = Scale.fit([p[1] for p in points], FRAME[3], FRAME[1])
    pixels = [(x(p[0]), y(p[1])) for p in points]
    return Chart(
        f"{names[1]} beside {names[0]} of {len(points):,} complete trials. "
        f"{len(front)} of them are on the Pareto front.",
        (
            Marks("ring pruned", rings(pixels)),
            Marks("dot winner", dots(pixels[index] for index in front)),
        ),
        Axis(names[0], x.ticks()),
        Axis(names[1], y.ticks()),
        FRAME,
        *SIZE,
    )


def _horizontal(end: float, in_time: bool) -> tuple[Scale, Axis, float]:
    """Returns the scale and the axis from 0 to `end`, and the seconds of its unit."""
    name, unit = time_unit(end) if in_time else ("trial", 1.0)
    scale = Scale(0, max(end / unit, 1), FRAME[0] + 6, FRAME[2] - 6)
    return scale, Axis(name, scale.ticks(5 if in_time else min(5, int(scale.high)))), unit
