"""Pictures of scores: how badly items are drawn, and how often codes say the right class."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns

from .axis_scales import set_log_scale
from .figure import saved_figure
from .label_text import shorten_label, shorten_labels

BOX_STYLE: dict[str, Any] = {
    "patch_artist": True,
    "widths": 0.7,
    "flierprops": {"markersize": 2},
    "medianprops": {"color": "0.2"},
}
SKEWED = 20
"""How many times the median the largest score must be for a logarithmic axis."""
BINS = 50


def plot_score_distributions(
    scores: pd.DataFrame, names: Mapping[str, str], thresholds: Mapping[str, float], path: Path
) -> None:
    """Draws how scores are distributed in each of two sets, as boxes and as histograms.

    Args:
        scores: Columns `set` and `score`, from 0.
        names: What each set is called.
        thresholds: Scores to mark, by what they are called.
        path: The file to write.
    """
    of_sets = [scores["score"][scores["set"] == name].to_numpy(float) for name in names]
    every = np.concatenate(of_sets)
    wide = bool(every.min() > 0 and every.max() > SKEWED * np.median(every))
    edges = _edges(every, wide)
    with saved_figure(path, 8, 5.5) as figure:
        boxes, bars = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2))
        drawn = boxes.boxplot(of_sets[::-1], orientation="horizontal", **BOX_STYLE)
        for box, color in zip(drawn["boxes"], ("C1", "C0"), strict=True):
            box.set_facecolor(color)
        boxes.set_yticks([2, 1], shorten_labels(names.values()))
        for values, color in zip(of_sets, ("C0", "C1"), strict=True):
            weights = np.full(len(values), 100 / max(len(values), 1))
            style = {"histtype": "stepfilled", "alpha": 0.4, "edgecolor": color}
            bars.hist(values, edges, weights=weights, color=color, **style)
        for (rule, threshold), line in zip(thresholds.items(), ("--", ":"), strict=False):
            label = f"{shorten_label(rule)}: {threshold:.3g}"
            for axes in (boxes, bars):
                axes.axvline(threshold, color="0.2", linestyle=line, label=label)
        if wide:
            set_log_scale(bars.xaxis, every)
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1)}
        boxes.legend(frameon=False, fontsize="small", ncols=len(thresholds), **place)
        bars.set(xlabel="reconstruction error (L2 norm)", ylabel="share of the set (%)")
        sns.despine(figure)


def _edges(scores: "np.ndarray[Any, Any]", wide: bool) -> "np.ndarray[Any, Any]":
    """Returns the edges of bars for all scores; equal ones are in the middle of one bar."""
    low, high = scores.min(), scores.max()
    if low == high:
        return np.array([low - 0.5, low + 0.5]) if low < 1 else low * np.array([0.9, 1.1])
    count = int(np.clip(len(scores) ** 0.5, 10, BINS))
    return np.geomspace(low, high, count + 1) if wide else np.linspace(low, high, count + 1)


def plot_accuracies(draws: pd.DataFrame, title: str, path: Path) -> None:
    """Draws accuracies, a column each: the mean as a bar, and a point for each draw."""
    names = shorten_labels(draws, 14)
    means = [f"{name}\n{mean:.3f}" for name, mean in zip(names, draws.mean(), strict=True)]
    with saved_figure(path, 1.5 + 1.4 * draws.shape[1], 4) as figure:
        axes = figure.subplots()
        long = draws.set_axis(means, axis=1).melt(var_name="of", value_name="accuracy")
        sns.barplot(long, x="of", y="accuracy", color="0.85", errorbar=None, ax=axes)
        sns.stripplot(long, x="of", y="accuracy", hue="of", size=5, alpha=0.8, ax=axes)
        axes.set(title=title, xlabel="", ylabel="test accuracy", ylim=(0, 1.02))
        sns.despine(figure)
