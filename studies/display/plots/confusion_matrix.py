"""The picture of a confusion matrix: which classes are taken for which."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import seaborn as sns
from numpy.typing import NDArray

from .figure import LETTER, saved_figure
from .label_text import shorten_labels

NUMBERED = 30
"""Classes, at most, whose counts are written; of more they would be specks."""
CELL, SMALL_CELL = 0.55, 0.22
"""Inches of a cell with its count, and of one without."""
SMALLEST, LARGEST = 2.2, 20.0
"""Inches of the matrix, at least and at most."""
LABELLED = 150
"""Classes, at most, of which each has its name; of more, every second has, or fewer."""
FLAT = 4
"""Letters of a name, at most, that fits below its column without being turned."""


def confusion(counts: NDArray[np.int64], classes: Sequence[str], title: str, path: Path) -> None:
    """Draws how many items of each class, a row each, were taken for which, with shape (K, K)."""
    k, names = len(classes), shorten_labels(classes)
    cell = min(max(CELL if k <= NUMBERED else SMALL_CELL, SMALLEST / k), LARGEST / k)
    every = -(-k // LABELLED)
    size = min(11.0, 72 * 0.75 * cell * every)
    digits, longest = len(str(counts.max(initial=0))), max(map(len, names))
    turn = 90 if longest > FLAT or k > NUMBERED else 0
    beside = longest * LETTER * size / 72  # inches of the names
    with saved_figure(path, k * cell + 1.8 + beside, k * cell + 1.1 + beside) as figure:
        figure.set_layout_engine("compressed")
        axes = figure.subplots()
        sns.heatmap(
            counts / np.maximum(counts.sum(1, keepdims=True), 1),
            annot=counts if k <= NUMBERED else False,
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
        places = np.arange(0, k, every)
        axes.set_xticks(places + 0.5, names[::every], rotation=turn, fontsize=size)
        axes.set_yticks(places + 0.5, names[::every], rotation=0, fontsize=size)
        axes.set(title=title, xlabel="predicted", ylabel="true")
