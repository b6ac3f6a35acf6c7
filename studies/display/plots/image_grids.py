"""Pictures of images: grids of them, beside each other or in rows of classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from matplotlib.axes import Axes
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.utils import make_grid

from .figure import DPI, saved_figure
from .label_text import shorten_label, shorten_labels

COLUMNS = 10
SIDE = 0.7
"""Inches of the longer side of an image, in a grid."""
NARROW = 0.25
"""Inches of the shorter one, unless the longer one would be twice as long then."""
LINES = 200
"""Rows of images in a picture, at most; more would be too high for a file."""


def shrink_images(images: Tensor, side: int) -> Tensor:
    """Returns images of shape (N, C, H, W) with at most `side` pixels either way."""
    height, width = images.shape[2:]
    scale = min(1.0, side / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return interpolate(images, size, mode="area").clamp(0, 1)


def _inches(images: Tensor, side: float = SIDE) -> tuple[float, float]:
    """Returns the height and the width that images of shape (..., H, W) have in a picture."""
    height, width = images.shape[-2:]
    scale = side / max(height, width)
    scale *= min(max(1, NARROW / (scale * min(height, width))), 2)
    return height * scale, width * scale


def _show(axes: Axes, images: Tensor, per_row: int, side: float = SIDE) -> None:
    grid = make_grid(images.float(), nrow=per_row, padding=1, pad_value=1).clamp(0, 1)
    # Pixels stay sharp squares where there is room for them.
    sharp = _inches(images, side)[0] * DPI >= images.shape[-2]
    axes.imshow(grid.permute(1, 2, 0).numpy(), interpolation="nearest" if sharp else "auto")
    axes.set_xticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _label_size(height: float) -> float:
    """Returns the size in points of names beside rows of images of some inches."""
    return min(11.0, 72 * 0.8 * height)


def plot_reconstructions(originals: Tensor, drawn: Tensor, path: Path) -> None:
    """Draws originals above their reconstructions; both have shape (N, C, H, W)."""
    n, cell = len(originals), originals.shape[2] + 1
    height, width = _inches(originals, 0.8)
    with saved_figure(path, 1.5 + width * n, 0.2 + 2 * height) as figure:
        axes = figure.subplots()
        _show(axes, torch.cat([originals.cpu(), drawn.cpu()]), per_row=n, side=0.8)
        axes.set_yticks([cell / 2, cell * 1.5], ["original", "reconstruction"])
        axes.tick_params(left=False, labelsize=_label_size(height))


def plot_image_grid(images: Tensor, title: str, path: Path) -> None:
    """Draws images of shape (N, C, H, W), ten in a row."""
    columns = min(len(images), COLUMNS)
    height, width = _inches(images)
    with saved_figure(path, width * columns, 0.5 + height * -(-len(images) // COLUMNS)) as figure:
        axes = figure.subplots()
        _show(axes, images.cpu(), per_row=COLUMNS)
        axes.set_yticks([])
        axes.set_title(title)


def plot_labeled_grid(rows: Mapping[str, Tensor], title: str, path: Path) -> None:
    """Draws a row of images, with shape (N, C, H, W), for each name; ten images at most in a line.

    Args:
        rows: Images by the name of their class; a name without images is not drawn.
        title: Title of the picture.
        path: The file to write.
    """
    names = shorten_labels(rows)
    lines = [
        (name, line)
        for name, images in zip(names, rows.values(), strict=True)
        for line in torch.split(images, COLUMNS)
        if len(line)
    ]
    if len(lines) > LINES:
        lines, title = lines[:LINES], f"{title}; the first {LINES} of {len(lines)} rows"
    columns = max(len(line) for _, line in lines)
    blank = torch.ones(columns, *lines[0][1].shape[1:])
    whole = torch.cat([torch.cat([line, blank[len(line) :]]) for _, line in lines])
    height, width = _inches(whole)
    with saved_figure(path, 2.5 + width * columns, 0.6 + height * len(lines)) as figure:
        axes = figure.subplots()
        _show(axes, whole, per_row=columns)
        step = whole.shape[2] + 1
        axes.set_yticks([step * (n + 0.5) for n in range(len(lines))], [n for n, _ in lines])
        axes.tick_params(left=False, labelsize=_label_size(height))
        axes.set_title(title, fontsize="small")


def plot_image_groups(
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
    height, width = _inches(images, 1.2)
    with saved_figure(path, max(width, 1.4) * groups, (height + 0.6) * members) as figure:
        table = figure.subplots(members, groups, squeeze=False)
        for column in range(groups):
            for row in range(members):
                axes = table[row, column]
                _show(axes, images[column, row][None], per_row=1, side=1.2)
                axes.set_yticks([])
                distance = f"\nat {apart[column][row - 1]:.3g}" if row else ""
                name = shorten_label(names[column][row], 16)
                axes.set_title(f"{name}{distance}", fontsize="small")
