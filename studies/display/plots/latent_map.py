"""The picture of a map: codes on a plane, colored by classes, texts or numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from .figure import legend_outside, marker_area, saved_figure
from .label_text import shorten_label, shorten_labels

ENTRIES = 20
"""Values that a legend names, at most; more colors cannot be told apart."""
EDGE = 0.01
"""Share of the numbers, at either end, that may lie beyond the color bar."""
UNKNOWN, REST = "0.85", "0.6"


def plot_latent_map(
    plane: NDArray[np.float32], values: "pd.Series[Any] | None", title: str, path: Path
) -> None:
    """Draws codes on a plane.

    Numbers give a color bar. Everything else gives a legend of at most 20 values; of more, the
    most frequent are named, and the rest is counted. Points without a value are gray.

    Args:
        plane: Where each code lies, with shape (N, 2).
        values: A value for each, under the name of what they are; if None, all have one color.
        title: Title of the picture.
        path: The file to write.
    """
    with saved_figure(path, 6 if values is None else 7.5, 5.5) as figure:
        axes = figure.subplots()
        axes.set_title(title)
        axes.set(xlabel="", ylabel="", xticks=[], yticks=[])
        if values is None:
            axes.scatter(plane[:, 0], plane[:, 1], **_points(plane))
        elif is_numeric_dtype(values) and not is_bool_dtype(values):
            _by_number(figure, axes, plane, values)
        else:
            _by_text(axes, plane, values)


def _points(plane: NDArray[np.float32]) -> dict[str, Any]:
    return {"s": marker_area(len(plane)), "linewidth": 0, "alpha": 0.8}


def _by_number(
    figure: Figure, axes: Axes, plane: NDArray[np.float32], values: "pd.Series[Any]"
) -> None:
    numbers = values.to_numpy(float, na_value=np.nan)
    known = np.isfinite(numbers)
    if not known.all():
        label = f"no value ({(~known).sum():,})"
        style = _points(plane) | {"color": UNKNOWN, "label": label}
        axes.scatter(plane[~known, 0], plane[~known, 1], **style)
        axes.legend(frameon=False, fontsize="small")
    plane, numbers = plane[known], numbers[known]
    low, high = np.quantile(numbers, [EDGE, 1 - EDGE], method="nearest")
    if low == high:
        low, high = numbers.min(), numbers.max()
    style = _points(plane) | {"c": numbers, "vmin": low, "vmax": high, "cmap": "viridis"}
    points = axes.scatter(plane[:, 0], plane[:, 1], **style)
    extend = {(True, False): "min", (False, True): "max", (True, True): "both"}
    beyond = bool(numbers.min() < low), bool(numbers.max() > high)
    bar = figure.colorbar(points, ax=axes, extend=extend.get(beyond, "neither"))
    bar.set_label(shorten_label(values.name, 40))
    if bar.solids is not None:
        bar.solids.set_alpha(1)


def _by_text(axes: Axes, plane: NDArray[np.float32], values: "pd.Series[Any]") -> None:
    counts = values.value_counts(sort=False)
    if not isinstance(values.dtype, pd.CategoricalDtype):
        counts = counts.sort_index(key=lambda index: index.map(str))
    names = dict(zip(counts.index, shorten_labels(counts.index), strict=True))
    named = counts = counts[counts > 0]
    if len(counts) > ENTRIES:
        named = counts[counts.rank(method="first", ascending=False) < ENTRIES]
    palette = sns.color_palette("tab10" if len(named) <= 10 else "tab20", len(named))
    colors: dict[Any, Any] = dict(zip(named.index, palette, strict=True))
    entries = [(names[value], color) for value, color in zip(named.index, palette, strict=True)]
    if rest := len(counts) - len(named):
        entries.append((f"other ({rest} more)", REST))
        colors |= dict.fromkeys(counts.index.difference(named.index), REST)
    if missing := int(values.isna().sum()):
        entries.append((f"no value ({missing:,})", UNKNOWN))
    # In the order of the items, so that no class lies on top of all others.
    style = _points(plane) | {"c": [colors.get(value, UNKNOWN) for value in values]}
    axes.scatter(plane[:, 0], plane[:, 1], **style)
    handles = [
        Line2D([], [], marker="o", linestyle="", color=color, label=name)
        for name, color in entries
    ]
    legend_outside(axes, handles=handles, title=shorten_label(values.name))
