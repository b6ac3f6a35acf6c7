"""Plots of images: grids, reconstructions, rows of classes, and pairs or triplets."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import torch
from matplotlib.axes import Axes
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.utils import make_grid

from .figure import DPI, open_axes, open_figure, shorten_label, shorten_labels

IMAGES_PER_ROW = 10
LONG_SIDE_INCHES = 0.7
"""Length in inches of the longer side of an image in a grid."""
MIN_SHORT_SIDE_INCHES = 0.25
"""Length in inches to which a shorter side is enlarged, by a factor of at most 2."""
MAX_ROWS = 200
"""Maximum number of rows of images in a figure, because the height of a file is limited."""


def shrink_images(images: Tensor, side: int) -> Tensor:
    """Returns images of shape (N, C, H, W), scaled down to at most `side` pixels on each side."""
    height, width = images.shape[2:]
    scale = min(1.0, side / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return interpolate(images, size, mode="area").clamp(0, 1)


def plot_reconstructions(originals: Tensor, reconstructed: Tensor, path: Path) -> None:
    """Plots a row of original images above their reconstructions, both of shape (N, C, H, W)."""
    n, cell = len(originals), originals.shape[2] + 1
    height, width = image_size_in_inches(originals, 0.8)
    with open_axes(path, 1.5 + width * n, 0.2 + 2 * height) as axes:
        _draw_images(axes, torch.cat([originals.cpu(), reconstructed.cpu()]), per_row=n, side=0.8)
        _label_rows(axes, [cell / 2, cell * 1.5], ["original", "reconstruction"], height)


def plot_image_grid(images: Tensor, title: str, path: Path) -> None:
    """Plots images of shape (N, C, H, W), ten per row."""
    columns = min(len(images), IMAGES_PER_ROW)
    height, width = image_size_in_inches(images)
    with open_axes(
        path, width * columns, 0.5 + height * -(-len(images) // IMAGES_PER_ROW)
    ) as axes:
        _draw_images(axes, images.cpu(), per_row=IMAGES_PER_ROW)
        axes.set(title=title, yticks=[])


def plot_labeled_grid(rows: Mapping[str, Tensor], title: str, path: Path) -> None:
    """Plots the images of each label in rows of ten beside the label.

    `rows` has the images of each label, with shape (N, C, H, W). Labels without images are left
    out.
    """
    lines = [
        (label, line)
        for label, images in zip(shorten_labels(rows), rows.values(), strict=True)
        for line in torch.split(images, IMAGES_PER_ROW)
        if len(line)
    ]
    if len(lines) > MAX_ROWS:
        lines, title = lines[:MAX_ROWS], f"{title}; the first {MAX_ROWS} of {len(lines)} rows"
    columns = max(len(line) for _, line in lines)
    blank = torch.ones(columns, *lines[0][1].shape[1:])
    images = torch.cat([torch.cat([line, blank[len(line) :]]) for _, line in lines])
    height, width = image_size_in_inches(images)
    with open_axes(path, 2.5 + width * columns, 0.6 + height * len(lines)) as axes:
        _draw_images(axes, images, per_row=columns)
        centers = [(images.shape[2] + 1) * (n + 0.5) for n in range(len(lines))]
        _label_rows(axes, centers, [label for label, _ in lines], height)
        axes.set_title(title, fontsize="small")


def plot_extreme_images(
    scores: pd.DataFrame,
    names: Mapping[str, str],
    label: str,
    read_image: Callable[[int], Tensor],
    path: Path,
) -> None:
    """Plots, for each set of images, those with the smallest and the largest scores.

    Args:
        scores: A row for each image, with columns `set` and `score`.
        names: The label of each set in the figure.
        label: What the score is.
        read_image: Returns the image of a row of `scores`, with shape (1, C, H, W), given the
            number of the row.
        path: The file that is written.
    """
    rows = {}
    for name, set_scores in scores.groupby("set")["score"]:
        label, ordered = shorten_label(names[str(name)], 16), set_scores.sort_values().index
        count = min(IMAGES_PER_ROW, (len(ordered) + 1) // 2)  # no image is in both rows
        extremes = {"least": ordered[:count], "most": ordered[count:][-count:][::-1]}
        for kind, indices in extremes.items():
            if len(indices):
                rows[f"{label}: {kind}"] = torch.cat([read_image(index) for index in indices])
    plot_labeled_grid(rows, f"Least and most: {label}", path)


def plot_image_groups(
    images: Tensor,
    names: Sequence[Sequence[str]],
    distances: Sequence[Sequence[float]],
    path: Path,
) -> None:
    """Plots groups of images, such as pairs or triplets, one column for each group.

    Args:
        images: The images, with shape (groups, members, C, H, W).
        names: The class names of the members of each group, which are the titles of the images.
        distances: For each group, the distances from the latent code of the first member to those
            of the other members. A title also has the distance.
        path: The file that is written.
    """
    groups, members = images.shape[:2]
    height, width = image_size_in_inches(images, 1.2)
    with open_figure(path, max(width, 1.4) * groups, (height + 0.6) * members) as figure:
        table = figure.subplots(members, groups, squeeze=False)
        for column in range(groups):
            for row in range(members):
                axes = table[row, column]
                _draw_images(axes, images[column, row][None], per_row=1, side=1.2)
                axes.set_yticks([])
                distance = f"\nat {distances[column][row - 1]:.3g}" if row else ""
                name = shorten_label(names[column][row], 16)
                axes.set_title(f"{name}{distance}", fontsize="small")


def image_size_in_inches(images: Tensor, side: float = LONG_SIDE_INCHES) -> tuple[float, float]:
    """Returns the height and width in inches of each image in a figure.

    The images have the shape (..., H, W). The longer side of an image has `side` inches, or more
    if the image is very narrow.
    """
    height, width = images.shape[-2:]
    scale = side / max(height, width)
    scale *= min(max(1, MIN_SHORT_SIDE_INCHES / (scale * min(height, width))), 2)
    return height * scale, width * scale


def _draw_images(axes: Axes, images: Tensor, per_row: int, side: float = LONG_SIDE_INCHES) -> None:
    grid = make_grid(images.float(), nrow=per_row, padding=1, pad_value=1).clamp(0, 1)
    # Pixels stay sharp squares where there is room for them.
    sharp = image_size_in_inches(images, side)[0] * DPI >= images.shape[-2]
    axes.imshow(grid.permute(1, 2, 0).numpy(), interpolation="nearest" if sharp else "auto")
    axes.set_xticks([])
    axes.spines[:].set_visible(False)


def _label_rows(
    axes: Axes, centers: Sequence[float], labels: Sequence[str], height: float
) -> None:
    """Writes a label beside each row of images.

    `centers` are the positions of the rows. `height`, the height of a row in inches, limits the
    font size.
    """
    axes.set_yticks(centers, labels)
    axes.tick_params(left=False, labelsize=min(11.0, 72 * 0.8 * height))
