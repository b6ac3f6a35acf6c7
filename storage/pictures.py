"""Every picture of the project, in one style. Each function writes one file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter
from numpy.typing import NDArray
from torch import Tensor
from torchvision.utils import make_grid


@contextmanager
def _figure(path: Path, width: float, height: float) -> Iterator[Figure]:
    # A Figure of its own, not pyplot's: nothing stays open, and no setting of the user changes.
    with sns.axes_style("ticks"), sns.plotting_context("notebook"):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        figure.savefig(path, dpi=120)


def reconstructions(originals: Tensor, drawn: Tensor, path: Path) -> None:
    """Draws originals above their reconstructions; both have shape (N, C, H, W)."""
    n, _, height, width = originals.shape
    with _figure(path, 1.2 + 0.8 * n, 0.4 + 1.6 * height / width) as figure:
        axes = figure.subplots()
        _show(axes, torch.cat([originals.cpu(), drawn.cpu()]), per_row=n)
        cell = height + 1
        axes.set_yticks([cell / 2, cell * 1.5], ["original", "reconstruction"])
        axes.tick_params(left=False)


def image_grid(images: Tensor, title: str, path: Path) -> None:
    """Draws images of shape (N, C, H, W), ten in a row."""
    rows = -(-len(images) // 10)
    with _figure(path, 7, 0.5 + 0.7 * rows) as figure:
        axes = figure.subplots()
        _show(axes, images.cpu(), per_row=10)
        axes.set_yticks([])
        axes.set_title(title)


def labelled_grid(rows: Mapping[str, Tensor], title: str, path: Path) -> None:
    """Draws a row of images, with shape (N, C, H, W), for each name; ten images at most in a line.

    Args:
        rows: Images by the name of their class; a name that is empty is not drawn.
        title: Title of the picture.
        path: The file to write.
    """
    lines = [
        (name, line)
        for name, images in rows.items()
        for line in torch.split(images, 10)
        if len(line)
    ]
    height = lines[0][1].shape[2] + 1
    blank = torch.ones(10, *lines[0][1].shape[1:])
    whole = torch.cat([torch.cat([line, blank[len(line) :]]) for _, line in lines])
    with _figure(path, 9.5, 0.6 + 0.7 * len(lines)) as figure:
        axes = figure.subplots()
        _show(axes, whole, per_row=10)
        axes.set_yticks([height * (n + 0.5) for n in range(len(lines))], [n for n, _ in lines])
        axes.tick_params(left=False)
        axes.set_title(title, fontsize="small")


def grouped_images(
    images: Tensor, names: Sequence[Sequence[str]], apart: Sequence[Sequence[float]], path: Path
) -> None:
    """Draws groups of images, a column each, with their classes and distances.

    Args:
        images: Images, with shape (groups, members, C, H, W).
        names: The class of each.
        apart: How far the codes of all but the first member of a group are from that of the first.
        path: The file to write.
    """
    groups, members = images.shape[:2]
    with _figure(path, 1.4 * groups, 1.8 * members) as figure:
        table = figure.subplots(members, groups, squeeze=False)
        for column in range(groups):
            for row in range(members):
                axes = table[row, column]
                _show(axes, images[column, row][None], per_row=1)
                axes.set_yticks([])
                distance = f"\nat {apart[column][row - 1]:.2f}" if row else ""
                axes.set_title(f"{names[column][row]}{distance}", fontsize="small")


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
    with _figure(path, 7, 4) as figure:
        axes = figure.subplots()
        sns.lineplot(long, x="epoch", y=metric, hue="part", style="part", ax=axes)
        axes.axvline(best_epoch, color="0.6", linestyle=":", label=f"best epoch ({best_epoch})")
        if (long[metric].dropna() > 0).all():
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylabel(f"{metric} per pixel" if metric == "mse" else metric)
        axes.legend(title=None, frameon=False)
        sns.despine(figure)


def pareto_front(
    complete: Sequence[Sequence[float]],
    best: Sequence[Sequence[float]],
    names: Sequence[str],
    path: Path,
) -> None:
    """Draws the first two objectives of all complete trials, and the front that none beats.

    Args:
        complete: Values of each complete trial.
        best: Values of those that no other beats.
        names: Names of the objectives.
        path: The file to write; its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    front = sorted((values[0], values[1]) for values in best)
    with _figure(path, 7, 4.5) as figure:
        axes = figure.subplots()
        axes.scatter(*zip(*(v[:2] for v in complete), strict=True), color="0.7", label="trials")
        axes.plot(*zip(*front, strict=True), "o-", color="C0", label="Pareto front")
        axes.set_xlabel(names[0])
        axes.set_ylabel(names[1])
        axes.set_title(f"{len(best)} of {len(complete)} trials that no other beats")
        axes.legend(frameon=False)
        sns.despine(figure)


def codes_beside(
    real: NDArray[np.float32], drawn: NDArray[np.float32], axis: str, title: str, path: Path
) -> None:
    """Draws 2-D histograms of real and sampled codes side by side, both with shape (N, 2).

    Args:
        real: Codes of training images.
        drawn: Codes drawn from a density.
        axis: What the two dimensions are, such as `latent dimension`.
        title: Title of the picture.
        path: The file to write.
    """
    low, high = np.quantile(np.concatenate([real, drawn]), [0.001, 0.999], axis=0)
    box = np.stack([low, high], axis=1)
    bins = int(np.clip(len(real) ** 0.5, 10, 60))
    shares = [
        np.histogram2d(codes[:, 0], codes[:, 1], bins, range=box)[0] * 100 / len(codes)
        for codes in (real, drawn)
    ]
    with _figure(path, 9, 4.2) as figure:
        figure.suptitle(title)
        both = figure.subplots(1, 2, sharex=True, sharey=True)
        for axes, codes, share, name in zip(
            both, (real, drawn), shares, ("real", "sampled"), strict=True
        ):
            image = axes.imshow(
                share.T,
                origin="lower",
                extent=(low[0], high[0], low[1], high[1]),
                aspect="auto",
                cmap="Blues",
                vmax=max(share.max() for share in shares),
            )
            axes.set_title(f"{name} codes (n = {len(codes):,})")
            axes.set_xlabel(f"{axis} 1")
        both[0].set_ylabel(f"{axis} 2")
        figure.colorbar(image, ax=both, label="share of codes per cell (%)")


def scatter(points: pd.DataFrame, title: str, path: Path) -> None:
    """Draws points on a plane.

    Args:
        points: Columns `x`, `y` and, if there are classes, `class`.
        title: Title of the picture.
        path: The file to write.
    """
    hue = "class" if "class" in points else None
    with _figure(path, 7.5 if hue else 6, 5.5) as figure:
        axes = figure.subplots()
        palette = "tab10" if hue and points["class"].nunique() <= 10 else None
        sns.scatterplot(
            points, x="x", y="y", hue=hue, palette=palette, s=12, linewidth=0, alpha=0.8, ax=axes
        )
        if hue:
            axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, markerscale=2)
        axes.set_title(title)
        axes.set(xlabel="", ylabel="", xticks=[], yticks=[])


def confusion(counts: NDArray[np.int64], classes: Sequence[str], title: str, path: Path) -> None:
    """Draws how many items of each class, a row each, were taken for which, with shape (K, K)."""
    few = len(classes) <= 30  # of more, numbers would be specks
    side = min(2.5 + 0.55 * len(classes), 19)
    with _figure(path, side + 0.8, side) as figure:
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


def accuracy_curves(history: pd.DataFrame, path: Path) -> None:
    """Draws accuracy per epoch, mean and spread over seeds, a panel for each number of labels.

    Args:
        history: Columns `start`, `labels`, `seed`, `epoch` and `accuracy`.
        path: The file to write.
    """
    panels = list(history["labels"].drop_duplicates())
    with _figure(path, 1.5 + 4 * len(panels), 4) as figure:
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


def _show(axes: Axes, images: Tensor, per_row: int) -> None:
    grid = make_grid(images.float(), nrow=per_row, padding=1, pad_value=1).clamp(0, 1)
    axes.imshow(grid.permute(1, 2, 0).numpy(), interpolation="nearest")
    axes.set_xticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
