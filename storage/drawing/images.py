"""Pictures of images: grids of them, beside each other or in rows of classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from matplotlib.axes import Axes
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.utils import make_grid

from .figure import figure_at


def shrunk(images: Tensor, side: int) -> Tensor:
    """Returns images of shape (N, C, H, W) with at most `side` pixels either way."""
    height, width = images.shape[2:]
    scale = min(1.0, side / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return interpolate(images, size, mode="area").clamp(0, 1)


def _show(axes: Axes, images: Tensor, per_row: int) -> None:
    grid = make_grid(images.float(), nrow=per_row, padding=1, pad_value=1).clamp(0, 1)
    axes.imshow(grid.permute(1, 2, 0).numpy(), interpolation="nearest")
    axes.set_xticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def reconstructions(originals: Tensor, drawn: Tensor, path: Path) -> None:
    """Draws originals above their reconstructions; both have shape (N, C, H, W)."""
    n, _, height, width = originals.shape
    with figure_at(path, 1.2 + 0.8 * n, 0.4 + 1.6 * height / width) as figure:
        axes = figure.subplots()
        _show(axes, torch.cat([originals.cpu(), drawn.cpu()]), per_row=n)
        cell = height + 1
        axes.set_yticks([cell / 2, cell * 1.5], ["original", "reconstruction"])
        axes.tick_params(left=False)


def image_grid(images: Tensor, title: str, path: Path) -> None:
    """Draws images of shape (N, C, H, W), ten in a row."""
    rows = -(-len(images) // 10)
    with figure_at(path, 7, 0.5 + 0.7 * rows) as figure:
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
    with figure_at(path, 9.5, 0.6 + 0.7 * len(lines)) as figure:
        axes = figure.subplots()
        _show(axes, whole, per_row=10)
        axes.set_anchor("E")  # all the room is for the names
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
    with figure_at(path, 1.4 * groups, 1.8 * members) as figure:
        table = figure.subplots(members, groups, squeeze=False)
        for column in range(groups):
            for row in range(members):
                axes = table[row, column]
                _show(axes, images[column, row][None], per_row=1)
                axes.set_yticks([])
                distance = f"\nat {apart[column][row - 1]:.2f}" if row else ""
                axes.set_title(f"{names[column][row]}{distance}", fontsize="small")
