"""Plots of predictions: confusion matrix, precision and recall, calibration, and numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from .figure import (
    add_legend_outside,
    choose_marker_area,
    estimate_text_width,
    open_axes,
    open_figure,
    set_integer_ticks,
    shorten_labels,
)

MAX_CURVES = 12
N_WORST_CLASSES = 5
"""Number of classes whose curves are plotted if there are more than `MAX_CURVES` classes."""
MAX_POINTS = 500
"""Maximum number of points of a curve."""
MAX_COUNTED_CLASSES = 30
"""Maximum number of classes for which counts are written into the cells of a matrix."""
CELL_INCHES, SMALL_CELL_INCHES = 0.55, 0.22
"""Side of a cell that contains a count, and side of an empty cell, in inches."""
MIN_SIZE_INCHES, MAX_SIZE_INCHES = 2.2, 20.0
"""Minimum and maximum side of a matrix in inches."""
MAX_LABELS = 150
"""Maximum number of classes for which each row of a matrix has a label."""
MAX_HORIZONTAL_LENGTH = 4
"""Maximum number of characters of a label that fits below a column without rotation."""


def plot_confusion_matrix(
    counts: NDArray[np.int64], classes: Sequence[str], title: str, path: Path
) -> None:
    """Plots a confusion matrix with shape (K, K).

    `counts` has the number of items of each true class (rows) and predicted class (columns).
    """
    k, labels = len(classes), shorten_labels(classes)
    has_counts = k <= MAX_COUNTED_CLASSES
    cell = min(
        max(CELL_INCHES if has_counts else SMALL_CELL_INCHES, MIN_SIZE_INCHES / k),
        MAX_SIZE_INCHES / k,
    )
    step = -(-k // MAX_LABELS)
    font_size = min(11.0, 72 * 0.75 * cell * step)
    digits, longest = len(str(counts.max(initial=0))), max(labels, key=len)
    rotation = 0 if has_counts and len(longest) <= MAX_HORIZONTAL_LENGTH else 90
    margin = estimate_text_width(longest, font_size)
    with open_figure(path, k * cell + 1.8 + margin, k * cell + 1.1 + margin) as figure:
        figure.set_layout_engine("compressed")
        axes = figure.subplots()
        sns.heatmap(
            counts / np.maximum(counts.sum(1, keepdims=True), 1),
            annot=counts if has_counts else False,
            fmt="d",
            cmap="Blues",
            vmin=0,
            vmax=1,
            square=True,
            xticklabels=False,
            yticklabels=False,
            annot_kws={"size": min(8.0, 72 * cell / (0.7 * digits))},
            cbar_kws={"label": "share of the true class"},
            ax=axes,
        )
        ticks = np.arange(0, k, step)
        axes.set_xticks(ticks + 0.5, labels[::step], rotation=rotation, fontsize=font_size)
        axes.set_yticks(ticks + 0.5, labels[::step], rotation=0, fontsize=font_size)
        axes.set(title=title, xlabel="predicted", ylabel="true")


def plot_precision_recall(
    curves: Mapping[str, NDArray[np.float32]], average: Mapping[str, float], path: Path
) -> None:
    """Plots the precision-recall curve of each class against all other classes.

    If there are more than twelve classes, it plots the mean of all curves, and the curves of the
    five classes with the smallest average precision.

    Args:
        curves: The curve of each class, with shape (M, 2): recall and precision, from 0 to 1.
        average: The average precision of each class.
        path: The file that is written.
    """
    mean = float(np.mean([average[name] for name in curves]))
    labels = dict(zip(curves, shorten_labels(curves), strict=True))
    classes = list(curves)
    if len(classes) > MAX_CURVES:
        classes = sorted(classes, key=lambda name: average[name])[:N_WORST_CLASSES]
    with open_axes(path, 8, 5) as axes:
        palette = sns.color_palette("tab10" if len(classes) <= 10 else "tab20", len(classes))
        lines = [
            _draw_curve(
                axes, curves[name], labels[name], average[name], linewidth=1.2, color=color
            )
            for name, color in zip(classes, palette, strict=True)
        ]
        if len(classes) < len(curves):
            recall = np.linspace(0.01, 1, 100)
            precisions = [c[np.searchsorted(c[:, 0], recall), 1] for c in curves.values()]
            curve = np.stack([recall, np.mean(precisions, axis=0)], 1)
            label = f"mean of {len(curves)} classes"
            lines.append(_draw_curve(axes, curve, label, mean, linewidth=2.5, color="black"))
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01))
        axes.set_title(f"Mean average precision {mean:.3f}")
        # Explicit handles, because matplotlib leaves out labels that begin with `_`.
        add_legend_outside(axes, handles=lines, title="average precision")


def _draw_curve(
    axes: Axes, curve: NDArray[np.float32], name: str, average: float, **style: Any
) -> Line2D:
    chosen = np.linspace(0, len(curve) - 1, min(len(curve), MAX_POINTS)).astype(int)
    label = f"{name} ({average:.3f})"
    # Steps, because linear interpolation of precision is too optimistic.
    (line,) = axes.plot(*curve[chosen].T, drawstyle="steps-pre", label=label, **style)
    return line


def plot_calibration(bins: pd.DataFrame, error: float, path: Path) -> None:
    """Plots a calibration curve: accuracy against confidence, and the number of items below.

    `bins` has a row for each bin of confidence, with columns `chance` (confidence), `right`
    (accuracy) and `items`. The title has `error`, the expected calibration error.
    """
    with open_figure(path, 5, 5.5) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        above.plot([0, 1], [0, 1], ":", color="0.6", label="calibrated")
        above.plot(bins["chance"], bins["right"], "o-", label="the network", clip_on=False)
        above.set(ylabel="share that is right", ylim=(0, 1.02))
        above.set_title(f"Calibration error {error:.3f}")
        above.legend(frameon=False)
        below.bar(bins["chance"], bins["items"], width=0.04)
        below.set(xlabel="probability of the answer", ylabel="items", xlim=(0, 1.02))
        set_integer_ticks(below.yaxis)


def plot_predicted_vs_true(
    true: NDArray[np.float32], predicted: NDArray[np.float32], title: str, path: Path
) -> None:
    """Plots predicted numbers against true ones, both of shape (N,).

    Items with a number that is not finite are left out.
    """
    finite = np.isfinite(true) & np.isfinite(predicted)
    pairs = np.stack([true[finite], predicted[finite]]).astype(float)
    with open_axes(path, 5.5, 5) as axes:
        if pairs.size:
            axes.plot(*[[pairs.min(), pairs.max()]] * 2, ":", color="0.6")
        axes.scatter(
            pairs[0], pairs[1], s=choose_marker_area(pairs.shape[1]), alpha=0.6, linewidth=0
        )
        axes.set(xlabel="true", ylabel="predicted", title=title)
