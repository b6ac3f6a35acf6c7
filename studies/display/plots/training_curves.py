"""Pictures of training: what changed epoch by epoch."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns

from .axis_scales import epoch_limits, set_integer_ticks, set_log_scale, spans_decades
from .figure import legend_outside, saved_figure
from .label_text import shorten_label, shorten_labels

FEW_EPOCHS = 20
"""Epochs, at most, that are marked one by one; one alone would be no line."""


def plot_loss_curve(
    history: pd.DataFrame, metric: str, best_epoch: int, path: Path, *, is_loss: bool = True
) -> None:
    """Draws a metric per epoch in training and validation.

    The axis of a loss that is above 0 and spans decades is logarithmic.

    Args:
        history: A column `epoch`, counted from 1, and `train_` and `val_` columns.
        metric: Name of the metric behind these prefixes, such as `mse`.
        best_epoch: The epoch to mark.
        path: The file to write.
        is_loss: Whether less is better; else it may have an upper end, as accuracies have.
    """
    columns = {f"train_{metric}": "training", f"val_{metric}": "validation"}
    shown = history[["epoch", *(c for c in columns if c in history)]].rename(columns=columns)
    shown = shown.replace([np.inf, -np.inf], np.nan)
    long = shown.melt("epoch", var_name="part", value_name=metric).dropna()
    with saved_figure(path, 7, 4) as figure:
        axes = figure.subplots()
        style = {"hue": "part", "style": "part", "errorbar": None} | _marks(long)
        sns.lineplot(long, x="epoch", y=metric, ax=axes, **style)
        axes.axvline(best_epoch, color="0.6", linestyle=":", label=f"best epoch ({best_epoch})")
        axes.set_xlim(epoch_limits([*history["epoch"], best_epoch]))
        set_integer_ticks(axes.xaxis)
        if is_loss and spans_decades(long[metric]):
            set_log_scale(axes.yaxis, long[metric])
        axes.set_ylabel(shorten_label(metric))
        axes.legend(title=None, frameon=False)
        sns.despine(figure)


def _marks(history: pd.DataFrame) -> dict[str, Any]:
    """Returns how single epochs are marked, if there are few of them."""
    few = history["epoch"].nunique() <= FEW_EPOCHS
    return {"markers": True, "markeredgewidth": 0} if few else {}


def plot_accuracy_curves(history: pd.DataFrame, path: Path) -> None:
    """Draws accuracy per epoch, mean and spread over seeds, a panel for each number of labels.

    Args:
        history: Columns `start`, `labels`, `seed`, `epoch` and `accuracy`.
        path: The file to write.
    """
    panels = list(history["labels"].drop_duplicates())
    starts = history["start"].drop_duplicates()
    names = dict(zip(starts, shorten_labels(starts, 32), strict=True))
    with saved_figure(path, 3.5 + 4 * len(panels), 4) as figure:
        row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, labels in zip(row, panels, strict=True):
            part = history[history["labels"] == labels].replace({"start": names})
            style = {"hue": "start", "style": "start", "errorbar": "sd"} | _marks(part)
            sns.lineplot(part, x="epoch", y="accuracy", ax=axes, **style)
            axes.set_title(f"{labels} labels")
            axes.set_xlim(epoch_limits(part["epoch"]))
            set_integer_ticks(axes.xaxis)
            axes.set_ylabel("validation accuracy")
            axes.legend().remove()
        # A legend of its own accord leaves out names that begin with `_`.
        called = set(names.values())
        legend_outside(axes, handles=[line for line in axes.lines if line.get_label() in called])
        sns.despine(figure)
