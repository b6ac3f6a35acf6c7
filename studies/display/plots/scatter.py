"""Pictures of points: codes beside sampled ones, and compromises between objectives."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import numpy as np
import seaborn as sns
from numpy.typing import NDArray

from .axis_scales import set_log_scale, spans_decades
from .figure import saved_figure
from .label_text import shorten_label


def plot_code_histograms(
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
    margin = np.where(high > low, 0, np.maximum(np.abs(low), 1) / 2)  # of a dead dimension
    low, high = low - margin, high + margin
    box = np.stack([low, high], axis=1)
    bins = int(np.clip(len(real) ** 0.5, 10, 60))
    shares = [
        np.histogram2d(codes[:, 0], codes[:, 1], bins, range=box)[0] * 100 / len(codes)
        for codes in (real, drawn)
    ]
    with saved_figure(path, 9, 4.2) as figure:
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


def plot_pareto_front(
    complete: Sequence[Sequence[float]],
    best: Sequence[Sequence[float]],
    names: Sequence[str],
    path: Path,
    *,
    are_losses: Sequence[bool],
) -> None:
    """Draws the first two objectives of all complete trials, and the front that none beats.

    The axis of a loss that is above 0 and spans decades is logarithmic. Values that are not
    finite are left out.

    Args:
        complete: Values of each complete trial.
        best: Values of those that no other beats.
        names: Names of the objectives.
        path: The file to write; its folder is made.
        are_losses: Of which objectives less is better.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    points, front = _finite_pairs(complete), sorted(_finite_pairs(best))
    with saved_figure(path, 7, 4.5) as figure:
        axes = figure.subplots()
        axes.scatter(*_columns(points), color="0.7", label="trials")
        # The front of three objectives is a surface, on which no line leads from trial to trial.
        line = "o-" if len(names) == 2 else "o"
        axes.plot(*_columns(front), line, color="C0", label="Pareto front")
        axes.set_xlabel(shorten_label(names[0], 40))
        axes.set_ylabel(shorten_label(names[1], 40))
        for axis, values, is_loss in zip(
            (axes.xaxis, axes.yaxis), _columns(points), are_losses, strict=False
        ):
            if is_loss and spans_decades(values):
                set_log_scale(axis, values)
        of = "" if len(names) == 2 else f", by 2 of {len(names)} objectives"
        axes.set_title(f"{len(best)} of {len(complete)} trials that no other beats{of}")
        axes.legend(frameon=False)
        sns.despine(figure)


def _finite_pairs(trials: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    return [(x, y) for x, y, *_ in trials if isfinite(x) and isfinite(y)]


def _columns(pairs: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in pairs], [y for _, y in pairs]
