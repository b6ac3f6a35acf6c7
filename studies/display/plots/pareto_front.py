"""Plot of the Pareto front of a study with several objectives."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import seaborn as sns

from .figure import open_figure, set_log_scale, spans_decades
from .plot_text import shorten_label


def plot_pareto_front(
    complete: Sequence[Sequence[float]],
    best: Sequence[Sequence[float]],
    names: Sequence[str],
    path: Path,
    *,
    are_losses: Sequence[bool],
) -> None:
    """Plots the first two values of all complete trials, and of `best`, their Pareto front.

    The axis of a loss is logarithmic if all values are positive and they span decades.
    Values that are not finite are left out. The folder of the file is created.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    points, front = _finite_pairs(complete), sorted(_finite_pairs(best))
    with open_figure(path, 7, 4.5) as figure:
        axes = figure.subplots()
        axes.scatter(*_columns(points), color="0.7", label="trials")
        # With three objectives the front is a surface: a line would connect unrelated trials.
        axes.plot(*_columns(front), "o-" if len(names) == 2 else "o", label="Pareto front")
        axes.set_xlabel(shorten_label(names[0], 40))
        axes.set_ylabel(shorten_label(names[1], 40))
        for axis, values, is_loss in zip(
            (axes.xaxis, axes.yaxis), _columns(points), are_losses, strict=False
        ):
            if is_loss and spans_decades(values):
                set_log_scale(axis, values)
        which = "" if len(names) == 2 else f", by 2 of {len(names)} objectives"
        axes.set_title(f"{len(best)} of {len(complete)} trials are on the Pareto front{which}")
        axes.legend(frameon=False)
        sns.despine(figure)


def _finite_pairs(trials: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    return [(x, y) for x, y, *_ in trials if isfinite(x) and isfinite(y)]


def _columns(pairs: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in pairs], [y for _, y in pairs]
