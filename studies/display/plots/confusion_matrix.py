"""Plot of a confusion matrix."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import seaborn as sns
from numpy.typing import NDArray

from .figure import open_figure
from .plot_text import estimate_text_width, shorten_labels

MAX_COUNTED_CLASSES = 30
"""Maximum number of classes for writing the counts into the cells."""
CELL, SMALL_CELL = 0.55, 0.22
"""Inches of a cell with its count, and of one without."""
MIN_SIZE, MAX_SIZE = 2.2, 20.0
"""Limits of the size of the matrix in inches."""
MAX_LABELS = 150
"""Maximum number of classes that are all labeled; of more, every second one is, or fewer."""
HORIZONTAL_LENGTH = 4
"""Maximum length of a label that fits below its column without rotation."""


def plot_confusion_matrix(
    counts: NDArray[np.int64], classes: Sequence[str], title: str, path: Path
) -> None:
    """Plots the number of items of each true class (rows) by predicted class, shape (K, K)."""
    k, labels = len(classes), shorten_labels(classes)
    has_counts = k <= MAX_COUNTED_CLASSES
    cell = min(max(CELL if has_counts else SMALL_CELL, MIN_SIZE / k), MAX_SIZE / k)
    step = -(-k // MAX_LABELS)
    font_size = min(11.0, 72 * 0.75 * cell * step)
    digits, longest = len(str(counts.max(initial=0))), max(labels, key=len)
    rotation = 0 if has_counts and len(longest) <= HORIZONTAL_LENGTH else 90
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
