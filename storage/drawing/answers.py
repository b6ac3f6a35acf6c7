"""Pictures of what a predictor answers: which classes it takes for which, and how surely."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from numpy.typing import NDArray

from .figure import figure_at

CURVES = 12  # in one picture
WORST = 5  # which are shown of more, beside the mean
POINTS = 500  # of a curve; more cannot be told apart


def confusion(counts: NDArray[np.int64], classes: Sequence[str], title: str, path: Path) -> None:
    """Draws how many items of each class, a row each, were taken for which, with shape (K, K)."""
    few = len(classes) <= 30  # of more, numbers would be specks
    side = min(2.5 + 0.55 * len(classes), 19)
    with figure_at(path, side + 0.8, side) as figure:
        axes = figure.subplots()
        share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        sns.heatmap(
            share,
            annot=counts if few else False,
            fmt="d",
            cmap="Blues",
            vmin=0,
            vmax=1,
            square=True,
            xticklabels=list(classes),
            yticklabels=list(classes),
            annot_kws={"size": 8},
            cbar_kws={"label": "share of the true class", "shrink": 0.8},
            ax=axes,
        )
        axes.set(title=title, xlabel="predicted", ylabel="true")


def precision_recall(
    curves: Mapping[str, NDArray[np.float32]], average: Mapping[str, float], path: Path
) -> None:
    """Draws how precisely each class is told from all others, for each share that is found.

    Of more than twelve classes it draws the mean and the five that are told worst.

    Args:
        curves: Recall, from 0 to 1, and precision of each class, with shape (M, 2).
        average: Average precision of each of them.
        path: The file to write.
    """
    mean = float(np.mean([average[name] for name in curves]))
    shown = list(curves)
    if len(shown) > CURVES:
        shown = sorted(shown, key=lambda name: average[name])[:WORST]
    with figure_at(path, 8, 5) as figure:
        axes = figure.subplots()
        for name in shown:
            _curve(axes, curves[name], f"{name} ({average[name]:.3f})", linewidth=1.2)
        if len(shown) < len(curves):
            recalled = np.linspace(0.01, 1, 100)
            each = [c[np.searchsorted(c[:, 0], recalled), 1] for c in curves.values()]
            whole = np.stack([recalled, np.mean(each, axis=0)], 1)
            label = f"mean of {len(curves)} classes ({mean:.3f})"
            _curve(axes, whole, label, linewidth=2.5, color="black")
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01))
        axes.set_title(f"Mean average precision {mean:.3f}")
        axes.legend(
            title="average precision",
            frameon=False,
            fontsize="small",
            loc="center left",
            bbox_to_anchor=(1, 0.5),
        )
        sns.despine(figure)


def _curve(axes: Axes, curve: NDArray[np.float32], label: str, **style: Any) -> None:
    few = np.linspace(0, len(curve) - 1, min(len(curve), POINTS)).astype(int)
    # What is found with one item more, is found with that precision: a line would promise more.
    axes.plot(*curve[few].T, drawstyle="steps-pre", label=label, **style)


def reliability(bins: pd.DataFrame, error: float, path: Path) -> None:
    """Draws how often a classifier is right, for how sure it is, above how many items that holds.

    Args:
        bins: Columns `chance`, `right`, both from 0 to 1, and `items`.
        error: The mean distance between the first two.
        path: The file to write.
    """
    with figure_at(path, 5, 5.5) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        above.plot([0, 1], [0, 1], ":", color="0.6", label="calibrated")
        above.plot(bins["chance"], bins["right"], "o-", label="the network")
        above.set(ylabel="share that is right", ylim=(0, 1.02))
        above.set_title(f"Calibration error {error:.3f}")
        above.legend(frameon=False)
        below.bar(bins["chance"], bins["items"], width=0.04)
        below.set(xlabel="probability of the answer", ylabel="items", xlim=(0, 1.02))
        sns.despine(figure)


def predicted_beside_true(
    true: NDArray[np.float32], predicted: NDArray[np.float32], title: str, path: Path
) -> None:
    """Draws predicted against true numbers, both with shape (N,), and where they would agree."""
    ends = [min(true.min(), predicted.min()), max(true.max(), predicted.max())]
    with figure_at(path, 5.5, 5) as figure:
        axes = figure.subplots()
        axes.plot(ends, ends, ":", color="0.6")
        axes.scatter(true, predicted, s=12, alpha=0.6, linewidth=0, rasterized=True)
        axes.set(xlabel="true", ylabel="predicted", title=title)
        sns.despine(figure)
