"""Plots of metrics per epoch."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns

from .figure import (
    add_legend_outside,
    compute_epoch_limits,
    open_axes,
    open_figure,
    set_integer_ticks,
    set_log_scale,
    spans_decades,
)
from .plot_text import shorten_label, shorten_labels

MAX_MARKED_EPOCHS = 20
"""Maximum number of epochs that have markers; a single epoch would not be a line."""


def plot_loss_curve(
    history: pd.DataFrame, metric: str, best_epoch: int, path: Path, *, is_loss: bool = True
) -> None:
    """Plots the columns `train_METRIC` and `val_METRIC` of a history against `epoch`, from 1.

    The axis of a positive loss that spans decades is logarithmic.
    """
    columns = {f"train_{metric}": "training", f"val_{metric}": "validation"}
    table = history[["epoch", *(c for c in columns if c in history)]].rename(columns=columns)
    table = table.replace([np.inf, -np.inf], np.nan)
    long = table.melt("epoch", var_name="part", value_name=metric).dropna()
    with open_axes(path, 7, 4) as axes:
        style = {"hue": "part", "style": "part", "errorbar": None} | _markers(long)
        sns.lineplot(long, x="epoch", y=metric, ax=axes, **style)
        axes.axvline(best_epoch, color="0.6", linestyle=":", label=f"best epoch ({best_epoch})")
        axes.set_xlim(compute_epoch_limits([*history["epoch"], best_epoch]))
        set_integer_ticks(axes.xaxis)
        if is_loss and spans_decades(long[metric]):
            set_log_scale(axes.yaxis, long[metric])
        axes.set_ylabel(shorten_label(metric))
        axes.legend(title=None, frameon=False)


def _markers(history: pd.DataFrame) -> dict[str, Any]:
    few = history["epoch"].nunique() <= MAX_MARKED_EPOCHS
    return {"markers": True, "markeredgewidth": 0} if few else {}


def plot_accuracy_curves(history: pd.DataFrame, path: Path) -> None:
    """Plots accuracy per epoch, its mean and spread over seeds, a panel per number of labels.

    The history has columns `start`, `labels`, `seed`, `epoch` and `accuracy`.
    """
    panels = list(history["labels"].drop_duplicates())
    starts = history["start"].drop_duplicates()
    names = dict(zip(starts, shorten_labels(starts, 32), strict=True))
    with open_figure(path, 3.5 + 4 * len(panels), 4) as figure:
        row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, labels in zip(row, panels, strict=True):
            part = history[history["labels"] == labels].replace({"start": names})
            style = {"hue": "start", "style": "start", "errorbar": "sd"} | _markers(part)
            sns.lineplot(part, x="epoch", y="accuracy", ax=axes, **style)
            axes.set_title(f"{labels} labels")
            axes.set_xlim(compute_epoch_limits(part["epoch"]))
            set_integer_ticks(axes.xaxis)
            axes.set_ylabel("validation accuracy")
            axes.legend().remove()
        # Explicit handles, because matplotlib leaves out labels that begin with `_`.
        shown = set(names.values())
        add_legend_outside(
            axes, handles=[line for line in axes.lines if line.get_label() in shown]
        )
