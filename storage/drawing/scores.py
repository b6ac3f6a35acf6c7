"""Pictures of scores: how badly items are drawn, and how often codes say the right class."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import seaborn as sns

from .figure import figure_at

BOXES: dict[str, Any] = {
    "patch_artist": True,
    "widths": 0.7,
    "flierprops": {"markersize": 2},
    "medianprops": {"color": "0.2"},
}


def score_distributions(
    scores: pd.DataFrame, names: Mapping[str, str], thresholds: Mapping[str, float], path: Path
) -> None:
    """Draws how scores are distributed in each set, as boxes and as histograms.

    Args:
        scores: Columns `set` and `score`, from 0.
        names: What each set is called.
        thresholds: Scores to mark, by what they are called.
        path: The file to write.
    """
    sets, score = scores["set"].map(names), scores["score"]
    wide = bool(score.max() > 20 * score.median())
    with figure_at(path, 8, 5.5) as figure:
        boxes, bars = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2))
        of_sets = [score[sets == name] for name in names.values()]
        drawn = boxes.boxplot(of_sets[::-1], orientation="horizontal", **BOXES)
        for box, colour in zip(drawn["boxes"], ("C1", "C0"), strict=True):
            box.set_facecolor(colour)
        boxes.set_yticks([2, 1], names.values())
        shown = {"element": "step", "stat": "percent", "common_norm": False, "legend": False}
        sns.histplot(x=score, hue=sets, log_scale=wide, ax=bars, **shown)
        for (rule, threshold), line in zip(thresholds.items(), ("--", ":"), strict=False):
            boxes.axvline(threshold, color="0.2", linestyle=line)
            label = f"{rule}: {threshold:.3g}"
            bars.axvline(threshold, color="0.2", linestyle=line, label=label)
        bars.legend(frameon=False)
        bars.set(xlabel="reconstruction error (L2 norm)", ylabel="share of the set (%)")
        sns.despine(figure)


def accuracies(draws: pd.DataFrame, title: str, path: Path) -> None:
    """Draws accuracies, a column each: the mean as a bar, and a point for each draw."""
    with figure_at(path, 1.5 + 1.2 * draws.shape[1], 4) as figure:
        axes = figure.subplots()
        long = draws.melt(var_name="of", value_name="accuracy")
        sns.barplot(long, x="of", y="accuracy", color="0.85", errorbar=None, ax=axes)
        sns.stripplot(long, x="of", y="accuracy", hue="of", size=5, alpha=0.8, ax=axes)
        for place, mean in enumerate(draws.mean()):
            axes.text(place, 0.02, f"{mean:.3f}", ha="center")
        axes.set(title=title, xlabel="", ylabel="test accuracy", ylim=(0, 1))
        sns.despine(figure)
