"""Plot of the Pareto front of a study with several objectives."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .figure import open_axes, set_log_scale, spans_decades
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
    points, front = _finite_pairs(complete), _finite_pairs(best)
    front = front[:, front[0].argsort()]
    with open_axes(path, 7, 4.5) as axes:
        axes.scatter(*points, color="0.7", label="trials")
        # With three objectives the front is a surface: a line would connect unrelated trials.
        axes.plot(
            *front,
            "o-" if len(names) == 2 else "o",
            label="Pareto front",
        )
        for axis, name, values, is_loss in zip(
            (axes.xaxis, axes.yaxis), names, points, are_losses, strict=False
        ):
            axis.set_label_text(shorten_label(name, 40))
            if is_loss and spans_decades(values):
                set_log_scale(axis, values)
        which = "" if len(names) == 2 else f", by 2 of {len(names)} objectives"
        axes.set_title(f"{len(best)} of {len(complete)} trials are on the Pareto front{which}")
        axes.legend(frameon=False)


def _finite_pairs(trials: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Returns the first two values of each trial that has finite ones, with shape (2, N)."""
    pairs = np.array([values[:2] for values in trials], dtype=float).reshape(-1, 2)
    return pairs[np.isfinite(pairs).all(axis=1)].T
