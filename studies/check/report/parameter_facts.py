"""What the trials of a study say about its parameters: ranges, importances, and slices."""

from collections.abc import Sequence
from typing import NamedTuple

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial

from ....storage.best_toml import Best
from ...display.report.charts import Chart
from ...display.report.interval_strips import share_bar
from ...display.report.parameter_charts import (
    format_range,
    format_value_of,
    range_strip,
    slice_chart,
)
from ...display.report.points import Point
from ...study.importance import Importance, Importances
from ..crowded_ends import best_trials, find_crowded_ends

MAX_SLICES = 12
"""Maximum number of parameters with a chart."""


class RangeRow(NamedTuple):
    """A parameter: its range, the best value in words, where trials lie, and a crowded end."""

    name: str
    range: str
    best: str
    strip: Chart
    crowded: str


def _distributions(trials: Sequence[FrozenTrial]) -> dict[str, BaseDistribution]:
    """Returns the range of each parameter; if it has changed, that of the latest trial."""
    found = {name: of for trial in trials for name, of in trial.distributions.items()}
    return dict(sorted(found.items()))


def range_rows(
    trials: Sequence[FrozenTrial],
    points: Sequence[Point],
    ranked: Sequence[FrozenTrial],
    winner: int | None,
) -> list[RangeRow]:
    """Returns a row for each parameter. `ranked` are the trials from the best to the worst."""
    best = best_trials(ranked)
    crowded = find_crowded_ends(best)
    shown = {trial.number for trial in best or ranked[: max(1, len(ranked) // 3)]}
    top = [point for point in points if point.number in shown or point.number == winner]
    params = next((point.params for point in points if point.number == winner), {})
    rows = []
    for name, distribution in _distributions(trials).items():
        text = ""
        if name in crowded:
            _, end, n = crowded[name]
            text = f"{n} of the best {len(best)} trials are at its {end} end"
        strip = range_strip(name, distribution, points, top, winner)
        value = format_value_of(params[name]) if name in params else "-"
        rows.append(RangeRow(name, format_range(distribution), value, strip, text))
    return rows


def slice_charts(
    trials: Sequence[FrozenTrial],
    points: Sequence[Point],
    metric: str,
    sign: int,
    importances: Importances,
    best: Best | None,
) -> list[Chart]:
    """Returns charts of the metric beside each parameter that varies, the most important first."""
    shares = {row.parameter: row.share for row in importances.rows}
    ranges = {name: of for name, of in _distributions(trials).items() if not of.single()}
    names = sorted(ranges, key=lambda name: -shares.get(name, 0))[:MAX_SLICES]
    winner = None if best is None else best.trial
    return [slice_chart(name, ranges[name], points, metric, sign, winner) for name in names]


def importance_bars(found: Importances) -> list[tuple[Importance, Chart]]:
    """Returns each importance with a bar; all bars have the same scale."""
    largest = max((row.high for row in found.rows), default=1.0)
    largest = max([largest, *(row.share for row in found.rows)])
    return [(row, share_bar(row.share, row.low, row.high, largest)) for row in found.rows]
