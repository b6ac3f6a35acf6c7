"""Pictures of what a predictor answers: which classes it takes for which, and how surely."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from .axis_scales import set_integer_ticks
from .figure import legend_outside, marker_area, saved_figure
from .label_text import shorten_labels

CURVES = 12  # in one picture
WORST = 5  # which are shown of more, beside the mean
POINTS = 500  # of a curve; more cannot be told apart


def plot_precision_recall(
    curves: Mapping[str, NDArray[np.float32]], average: Mapping[str, float], path: Path
) -> None:
    """Draws how precisely each class is told from all others, for each share that is found.

    Of more than twelve classes it draws the mean and the five that are told worst.

    Args:
        curves: Recall, from 0 to 1, and precision of each class that has items, of shape (M, 2).
        average: Average precision of each of them.
        path: The file to write.
    """
    mean = float(np.mean([average[name] for name in curves]))
    named = dict(zip(curves, shorten_labels(curves), strict=True))
    shown = list(curves)
    if len(shown) > CURVES:
        shown = sorted(shown, key=lambda name: average[name])[:WORST]
    with saved_figure(path, 8, 5) as figure:
        axes = figure.subplots()
        palette = sns.color_palette("tab10" if len(shown) <= 10 else "tab20", len(shown))
        lines = [
            _curve(axes, curves[name], named[name], average[name], linewidth=1.2, color=color)
            for name, color in zip(shown, palette, strict=True)
        ]
        if len(shown) < len(curves):
            recalled = np.linspace(0.01, 1, 100)
            each = [c[np.searchsorted(c[:, 0], recalled), 1] for c in curves.values()]
            whole = np.stack([recalled, np.mean(each, axis=0)], 1)
            of = f"mean of {len(curves)} classes"
            lines.append(_curve(axes, whole, of, mean, linewidth=2.5, color="black"))
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01))
        axes.set_title(f"Mean average precision {mean:.3f}")
        # Named one by one: a legend of its own accord leaves out names that begin with `_`.
        legend_outside(axes, handles=lines, title="average precision")
        sns.despine(figure)


def _curve(
    axes: Axes, curve: NDArray[np.float32], name: str, average: float, **style: Any
) -> Line2D:
    few = np.linspace(0, len(curve) - 1, min(len(curve), POINTS)).astype(int)
    # What is found with one item more, is found with that precision: a line would promise more.
    label = f"{name} ({average:.3f})"
    (line,) = axes.plot(*curve[few].T, drawstyle="steps-pre", label=label, **style)
    return line


def reliability(bins: pd.DataFrame, error: float, path: Path) -> None:
    """Draws how often a classifier is right, for how sure it is, above how many items that holds.

    Args:
        bins: Columns `chance`, `right`, both from 0 to 1, and `items`.
        error: The mean distance between the first two.
        path: The file to write.
    """
    with saved_figure(path, 5, 5.5) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        above.plot([0, 1], [0, 1], ":", color="0.6", label="calibrated")
        above.plot(bins["chance"], bins["right"], "o-", label="the network", clip_on=False)
        above.set(ylabel="share that is right", ylim=(0, 1.02))
        above.set_title(f"Calibration error {error:.3f}")
        above.legend(frameon=False)
        below.bar(bins["chance"], bins["items"], width=0.04)
        below.set(xlabel="probability of the answer", ylabel="items", xlim=(0, 1.02))
        set_integer_ticks(below.yaxis)
        sns.despine(figure)


def plot_predicted_vs_true(
    true: NDArray[np.float32], predicted: NDArray[np.float32], title: str, path: Path
) -> None:
    """Draws predicted against true numbers, both with shape (N,), and where they would agree.

    Numbers that are not finite are left out.
    """
    finite = np.isfinite(true) & np.isfinite(predicted)
    pairs = np.stack([true[finite], predicted[finite]]).astype(float)
    with saved_figure(path, 5.5, 5) as figure:
        axes = figure.subplots()
        if pairs.size:
            axes.plot(*[[pairs.min(), pairs.max()]] * 2, ":", color="0.6")
        axes.scatter(pairs[0], pairs[1], s=marker_area(pairs.shape[1]), alpha=0.6, linewidth=0)
        axes.set(xlabel="true", ylabel="predicted", title=title)
        sns.despine(figure)
