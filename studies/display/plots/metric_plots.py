"""Plots of metrics over the epochs of a training, and of the trials of a study."""

from collections.abc import Iterable, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from numpy.typing import NDArray

from .figure import (
    add_legend_outside,
    open_axes,
    open_figure,
    set_integer_ticks,
    set_log_scale,
    shorten_label,
    shorten_labels,
)

MAX_MARKED_EPOCHS = 20
"""Maximum number of epochs for which a curve has a marker at each epoch."""
MIN_LOG_RATIO = 10
"""Minimum ratio of the largest to the smallest loss for a logarithmic axis."""


def plot_loss_curve(
    history: pd.DataFrame, metric: str, best_epoch: int, path: Path, *, is_loss: bool = True
) -> None:
    """Plots the columns `train_METRIC` and `val_METRIC` of `history` against its column `epoch`.

    Epochs start at 1, and `best_epoch` is marked. If the metric is a loss, all values are positive
    and the largest is 10 times the smallest or more, the axis is logarithmic.
    """
    columns = {f"train_{metric}": "training", f"val_{metric}": "validation"}
    table = history[["epoch", *(c for c in columns if c in history)]].rename(columns=columns)
    table = table.replace([np.inf, -np.inf], np.nan)
    long = table.melt("epoch", var_name="part", value_name=metric).dropna()
    with open_axes(path, 7, 4) as axes:
        style = {"hue": "part", "style": "part", "errorbar": None} | _choose_marker_style(long)
        sns.lineplot(long, x="epoch", y=metric, ax=axes, **style)
        axes.axvline(best_epoch, color="0.6", linestyle=":", label=f"best epoch ({best_epoch})")
        axes.set_xlim(_epoch_limits([*history["epoch"], best_epoch]))
        set_integer_ticks(axes.xaxis)
        if is_loss and _spans_decades(long[metric]):
            set_log_scale(axes.yaxis, long[metric])
        axes.set_ylabel(shorten_label(metric))
        axes.legend(title=None, frameon=False)


def _choose_marker_style(history: pd.DataFrame) -> dict[str, Any]:
    few = history["epoch"].nunique() <= MAX_MARKED_EPOCHS
    return {"markers": True, "markeredgewidth": 0} if few else {}


def plot_accuracy_curves(history: pd.DataFrame, path: Path) -> None:
    """Plots the mean accuracy over seeds in each epoch, with its standard deviation.

    There is a panel for each number of labels, and a line for each start. `history` has columns
    `start`, `labels`, `seed`, `epoch` and `accuracy`.
    """
    panels = list(history["labels"].drop_duplicates())
    starts = history["start"].drop_duplicates()
    names = dict(zip(starts, shorten_labels(starts, 32), strict=True))
    with open_figure(path, 3.5 + 4 * len(panels), 4) as figure:
        row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, labels in zip(row, panels, strict=True):
            part = history[history["labels"] == labels].replace({"start": names})
            style = {"hue": "start", "style": "start", "errorbar": "sd"} | _choose_marker_style(
                part
            )
            sns.lineplot(part, x="epoch", y="accuracy", ax=axes, **style)
            axes.set_title(f"{labels} labels")
            axes.set_xlim(_epoch_limits(part["epoch"]))
            set_integer_ticks(axes.xaxis)
            axes.set_ylabel("validation accuracy")
            axes.legend().remove()
        # Explicit handles, because matplotlib leaves out labels that begin with `_`.
        shown = set(names.values())
        add_legend_outside(
            axes, handles=[line for line in axes.lines if line.get_label() in shown]
        )


def plot_pareto_front(
    complete: Sequence[Sequence[float]],
    best: Sequence[Sequence[float]],
    names: Sequence[str],
    path: Path,
    *,
    are_losses: Sequence[bool],
) -> None:
    """Plots the first two values of all complete trials, and marks the Pareto front.

    The axis of a loss is logarithmic if all values are positive and the largest is 10 times the
    smallest or more. Trials with values that are not finite are left out.

    Args:
        complete: The values of each complete trial.
        best: The values of each trial on the Pareto front.
        names: The name of each objective.
        path: The file that is written; its folder is created.
        are_losses: Whether each objective is a loss.
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
            if is_loss and _spans_decades(values):
                set_log_scale(axis, values)
        which = "" if len(names) == 2 else f", by 2 of {len(names)} objectives"
        axes.set_title(f"{len(best)} of {len(complete)} trials are on the Pareto front{which}")
        axes.legend(frameon=False)


def _finite_pairs(trials: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Returns the first two values of each trial, with shape (2, N).

    Trials in which one of these is not finite are left out.
    """
    pairs = np.array([values[:2] for values in trials], dtype=float).reshape(-1, 2)
    finite: NDArray[np.float64] = pairs[np.isfinite(pairs).all(axis=1)]
    return finite.T


def _epoch_limits(epochs: Iterable[int]) -> tuple[float, float]:
    """Returns the limits of an x-axis for `epochs`; a single epoch is in the middle."""
    known = [*epochs]
    first, last = min(known), max(known)
    margin = 0.5 if first == last else 0.03 * (last - first)
    return first - min(margin, 0.5), last + margin  # epoch 0 does not exist


def _spans_decades(values: Iterable[float]) -> bool:
    """Returns True if values are positive and the largest is at least 10 times the smallest.

    Values that are not finite are ignored.
    """
    finite = [value for value in values if isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) >= MIN_LOG_RATIO * min(finite)
