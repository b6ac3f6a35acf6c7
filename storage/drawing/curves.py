"""Pictures of training: what changed epoch by epoch."""

from pathlib import Path

import pandas as pd
import seaborn as sns
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from .figure import figure_at


def loss_curve(history: pd.DataFrame, metric: str, best_epoch: int, path: Path) -> None:
    """Draws a metric per epoch in training and validation.

    Args:
        history: A column `epoch`, counted from 1, and `train_` and `val_` columns.
        metric: Name of the metric behind these prefixes, such as `mse`.
        best_epoch: The epoch to mark.
        path: The file to write.
    """
    columns = {f"train_{metric}": "training", f"val_{metric}": "validation"}
    shown = history[["epoch", *(c for c in columns if c in history)]].rename(columns=columns)
    long = shown.melt("epoch", var_name="part", value_name=metric)
    with figure_at(path, 7, 4) as figure:
        axes = figure.subplots()
        sns.lineplot(long, x="epoch", y=metric, hue="part", style="part", ax=axes)
        axes.axvline(best_epoch, color="0.6", linestyle=":", label=f"best epoch ({best_epoch})")
        if (long[metric].dropna() > 0).all():
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylabel(metric)
        axes.legend(title=None, frameon=False)
        sns.despine(figure)


def accuracy_curves(history: pd.DataFrame, path: Path) -> None:
    """Draws accuracy per epoch, mean and spread over seeds, a panel for each number of labels.

    Args:
        history: Columns `start`, `labels`, `seed`, `epoch` and `accuracy`.
        path: The file to write.
    """
    panels = list(history["labels"].drop_duplicates())
    with figure_at(path, 1.5 + 4 * len(panels), 4) as figure:
        row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, labels in zip(row, panels, strict=True):
            part = history[history["labels"] == labels]
            sns.lineplot(
                part, x="epoch", y="accuracy", hue="start", style="start", errorbar="sd", ax=axes
            )
            axes.set_title(f"{labels} labels")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_ylabel("validation accuracy")
            axes.legend(title=None, frameon=False)
        sns.despine(figure)
