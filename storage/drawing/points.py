"""Pictures of points: codes beside sampled ones, and compromises between objectives."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import seaborn as sns
from numpy.typing import NDArray

from .figure import figure_at


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
    with figure_at(path, 9, 4.2) as figure:
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
    with figure_at(path, 7, 4.5) as figure:
        axes = figure.subplots()
        axes.scatter(*zip(*(v[:2] for v in complete), strict=True), color="0.7", label="trials")
        axes.plot(*zip(*front, strict=True), "o-", color="C0", label="Pareto front")
        axes.set_xlabel(names[0])
        axes.set_ylabel(names[1])
        axes.set_title(f"{len(best)} of {len(complete)} trials that no other beats")
        axes.legend(frameon=False)
        sns.despine(figure)
