"""Plot of real and sampled latent codes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .figure import open_figure


def plot_code_histograms(
    real: NDArray[np.float32], sampled: NDArray[np.float32], axis: str, title: str, path: Path
) -> None:
    """Plots 2-D histograms of real and sampled codes, both of shape (N, 2), side by side.

    `axis` names the two dimensions, such as `latent dimension`.
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
            axes.set_title(f"{name} codes (n = {len(codes):,})")
            axes.set_xlabel(f"{axis} 1")
        panels[0].set_ylabel(f"{axis} 2")
        figure.colorbar(image, ax=panels, label="share of codes per cell (%)")
