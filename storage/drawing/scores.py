"""Pictures of what a trained network gets right and wrong."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import seaborn as sns
from numpy.typing import NDArray

from .figure import figure_at


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
