"""Plots of latent codes: maps in two dimensions, and histograms of real and sampled codes."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from .figure import (
    add_legend_outside,
    choose_marker_area,
    open_axes,
    open_figure,
    shorten_label,
    shorten_labels,
)

MAX_LEGEND_ENTRIES = 20
"""Maximum number of values in a legend, because more colors would look alike."""
TAIL_SHARE = 0.01
"""Share of the numbers that are below the range of the color bar; as many are above it."""
MISSING_COLOR, OTHER_COLOR = "0.85", "0.6"


def plot_latent_map(
    points: NDArray[np.float32], values: "pd.Series[Any] | None", title: str, path: Path
) -> None:
    """Plots points of shape (N, 2), colored by `values`, which has a value for each point.

    If the values are numbers, there is a color bar. Otherwise there is a legend with at most 20
    values, the most frequent ones. The name of `values` is the title of the color bar or legend.
    Points without a value are gray.
    """
    with open_axes(path, 6 if values is None else 7.5, 5.5) as axes:
        axes.set(title=title, xticks=[], yticks=[])
        axes.spines[:].set_visible(True)
        if values is None:
            _draw_points(axes, points)
        elif is_numeric_dtype(values) and not is_bool_dtype(values):
            _color_by_number(axes, points, values)
        else:
            _color_by_category(axes, points, values)


def _draw_points(axes: Axes, points: NDArray[np.float32], **style: Any) -> Any:
    area = choose_marker_area(len(points))
    return axes.scatter(points[:, 0], points[:, 1], s=area, linewidth=0, alpha=0.8, **style)


def _color_by_number(axes: Axes, points: NDArray[np.float32], values: "pd.Series[Any]") -> None:
    numbers = values.to_numpy(float, na_value=np.nan)
    known = np.isfinite(numbers)
    if not known.all():
        label = f"no value ({(~known).sum():,})"
        _draw_points(axes, points[~known], color=MISSING_COLOR, label=label)
        axes.legend(frameon=False, fontsize="small")
    numbers = numbers[known]
    low, high = np.quantile(numbers, [TAIL_SHARE, 1 - TAIL_SHARE], method="nearest")
    if low == high:
        low, high = numbers.min(), numbers.max()
    artist = _draw_points(axes, points[known], c=numbers, vmin=low, vmax=high, cmap="viridis")
    extend = {(True, False): "min", (False, True): "max", (True, True): "both"}
    beyond = bool(numbers.min() < low), bool(numbers.max() > high)
    bar = axes.figure.colorbar(artist, ax=axes, extend=extend.get(beyond, "neither"))
    bar.set_label(shorten_label(values.name, 40))
    if bar.solids is not None:
        bar.solids.set_alpha(1)


def _color_by_category(axes: Axes, points: NDArray[np.float32], values: "pd.Series[Any]") -> None:
    counts = values.value_counts(sort=False)
    if not isinstance(values.dtype, pd.CategoricalDtype):
        counts = counts.sort_index(key=lambda index: index.map(str))
    labels = dict(zip(counts.index, shorten_labels(counts.index), strict=True))
    frequent = counts = counts[counts > 0]
    if len(counts) > MAX_LEGEND_ENTRIES:
        frequent = counts[counts.rank(method="first", ascending=False) < MAX_LEGEND_ENTRIES]
    palette = sns.color_palette("tab10" if len(frequent) <= 10 else "tab20", len(frequent))
    colors: dict[Any, Any] = dict(zip(frequent.index, palette, strict=True))
    entries: list[tuple[str, Any]] = [(labels[value], color) for value, color in colors.items()]
    if others := len(counts) - len(frequent):
        entries.append((f"other ({others} more)", OTHER_COLOR))
        colors |= dict.fromkeys(counts.index.difference(frequent.index), OTHER_COLOR)
    if missing := int(values.isna().sum()):
        entries.append((f"no value ({missing:,})", MISSING_COLOR))
    # In the order of the items, so that no class lies on top of all others.
    _draw_points(axes, points, c=[colors.get(value, MISSING_COLOR) for value in values])
    handles = [
        Line2D([], [], marker="o", linestyle="", color=color, label=label)
        for label, color in entries
    ]
    add_legend_outside(axes, handles=handles, title=shorten_label(values.name))


def plot_code_histograms(
    real: NDArray[np.float32], sampled: NDArray[np.float32], axis: str, title: str, path: Path
) -> None:
    """Plots two 2-D histograms side by side: of real and of sampled codes, of shape (N, 2).

    The labels of the axes are `axis` with 1 and 2, such as `latent dimension 1`.
    """
    low, high = np.quantile(np.concatenate([real, sampled]), [0.001, 0.999], axis=0)
    margin = np.where(high > low, 0, np.maximum(np.abs(low), 1) / 2)  # of a constant dimension
    low, high = low - margin, high + margin
    n_bins = int(np.clip(len(real) ** 0.5, 10, 60))
    ranges = np.stack([low, high], axis=1)
    shares = [
        np.histogram2d(codes[:, 0], codes[:, 1], n_bins, range=ranges)[0] * 100 / len(codes)
        for codes in (real, sampled)
    ]
    with open_figure(path, 9, 4.2) as figure:
        figure.suptitle(title)
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        for axes, codes, share, name in zip(
            panels, (real, sampled), shares, ("real", "sampled"), strict=True
        ):
            image = axes.imshow(
                share.T,
                origin="lower",
                extent=(low[0], high[0], low[1], high[1]),
                aspect="auto",
                cmap="Blues",
                vmax=max(share.max() for share in shares),
            )
            axes.spines[:].set_visible(True)
            axes.set(title=f"{name} codes (n = {len(codes):,})", xlabel=f"{axis} 1")
        panels[0].set_ylabel(f"{axis} 2")
        figure.colorbar(image, ax=panels, label="share of codes per cell (%)")
