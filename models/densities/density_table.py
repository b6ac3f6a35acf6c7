"""Densities that the command `sample` fits to codes, by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from .kde import FOLDS, Codes, LatentKDE
from .mixture import MIN_MIXTURE_CODES, LatentMixture


class Density(Protocol):
    """A distribution of codes."""

    def sample(self, n: int, seed: int = 0) -> Codes:
        """Samples n codes, with shape (n, D)."""

    def save(self, path: Path) -> None:
        """Writes an .npz file."""


DENSITIES: dict[str, Callable[[Any, Codes, int], Density]] = {
    "prior": lambda model, codes, seed: model.prior(),
    "kde": lambda model, codes, seed: LatentKDE.fit(codes, seed=seed),
    "pca-kde": lambda model, codes, seed: LatentKDE.fit(codes, n_components=2, seed=seed),
    "gaussian": lambda model, codes, seed: LatentMixture.fit(codes, n_components=1, seed=seed),
    "mixture": lambda model, codes, seed: LatentMixture.fit(codes, seed=seed),
}
"""Returns the density of a model's codes (N, D), given the model, the codes and a seed."""

MIN_CODES = {"kde": FOLDS, "pca-kde": FOLDS, "gaussian": 2, "mixture": MIN_MIXTURE_CODES}
"""The fewest codes that a density can be fitted to; a prior needs none."""
