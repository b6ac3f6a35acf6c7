"""Plots of scores: anomaly scores of two sets, and accuracies with different labeled items."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns

from .figure import open_axes, open_figure, set_log_scale, shorten_label, shorten_labels

BOX_STYLE: dict[str, Any] = {
    "patch_artist": True,
    "widths": 0.7,
    "flierprops": {"markersize": 2},
    "medianprops": {"color": "0.2"},
}
MIN_LOG_RATIO = 20
"""Minimum ratio of the largest score to the median score for a logarithmic axis."""
MAX_BINS = 50


def plot_score_distributions(
    scores: pd.DataFrame,
    names: Mapping[str, str],
    thresholds: Mapping[str, float],
    label: str,
    path: Path,
) -> None:
    """Plots the scores of two sets of items as box plots and histograms, with thresholds as lines.

    Args:
        scores: A row for each item, with columns `set` and `score`.
        names: The label of each set in the figure.
        thresholds: The threshold of each rule.
        label: What the score is.
        path: The file that is written.
    """
    values = [scores["score"][scores["set"] == name].to_numpy(float) for name in names]
    all_values = np.concatenate(values)
    is_log = bool(
        all_values.min() > 0 and all_values.max() > MIN_LOG_RATIO * np.median(all_values)
    )
    edges = _choose_bin_edges(all_values, is_log)
    with open_figure(path, 8, 5.5) as figure:
        boxes, bars = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2))
        artists = boxes.boxplot(values[::-1], orientation="horizontal", **BOX_STYLE)
        for box, color in zip(artists["boxes"], ("C1", "C0"), strict=True):
            box.set_facecolor(color)
        boxes.set_yticks([2, 1], shorten_labels(names.values()))
        for set_scores, color in zip(values, ("C0", "C1"), strict=True):
            weights = np.full(len(set_scores), 100 / max(len(set_scores), 1))
            style = {"histtype": "stepfilled", "alpha": 0.4, "edgecolor": color}
            bars.hist(set_scores, edges, weights=weights, color=color, **style)
        for (rule, threshold), line in zip(thresholds.items(), ("--", ":"), strict=False):
            rule_label = f"{shorten_label(rule)}: {threshold:.3g}"
            for axes in (boxes, bars):
                axes.axvline(threshold, color="0.2", linestyle=line, label=rule_label)
        if is_log:
            set_log_scale(bars.xaxis, all_values)
        location = {"loc": "lower left", "bbox_to_anchor": (0, 1)}
        boxes.legend(frameon=False, fontsize="small", ncols=len(thresholds), **location)
        bars.set(xlabel=label, ylabel="share of the set (%)")


def _choose_bin_edges(scores: "np.ndarray[Any, Any]", is_log: bool) -> "np.ndarray[Any, Any]":
    """Returns the edges of histogram bins for `scores`; equal scores have a single bin."""
    low, high = scores.min(), scores.max()
    if low == high:
        return np.array([low - 0.5, low + 0.5]) if low < 1 else low * np.array([0.9, 1.1])
    count = int(np.clip(len(scores) ** 0.5, 10, MAX_BINS))
    return np.geomspace(low, high, count + 1) if is_log else np.linspace(low, high, count + 1)


def plot_accuracies(draws: pd.DataFrame, title: str, path: Path) -> None:
    """Plots the accuracies in each column of `draws` as points, and their mean as a bar.

    A column has the accuracies by one kind of features. A row has the accuracies with one random
    choice of labeled items.
    """
    names = shorten_labels(draws, 14)
    means = [f"{name}\n{mean:.3f}" for name, mean in zip(names, draws.mean(), strict=True)]
    with open_axes(path, 1.5 + 1.4 * draws.shape[1], 4) as axes:
        long = draws.set_axis(means, axis=1).melt(var_name="features", value_name="accuracy")
        sns.barplot(long, x="features", y="accuracy", color="0.85", errorbar=None, ax=axes)
        sns.stripplot(long, x="features", y="accuracy", hue="features", size=5, alpha=0.8, ax=axes)
        axes.set(title=title, xlabel="", ylabel="test accuracy", ylim=(0, 1.02))
