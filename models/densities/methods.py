"""The densities by name: how each is fitted, and how many codes it needs."""

from collections.abc import Callable
from typing import Any

from .density import Codes, Density
from .flow import MIN_FLOW_CODES, LatentFlow
from .kernels import N_FOLDS, LatentKDE
from .mixture import MIN_MIXTURE_CODES, LatentMixture

FitDensity = Callable[[Any, Codes, Codes, int], Density]
"""Returns a density, given a model, training codes (N, D), validation codes (M, D) and a seed."""

DENSITIES: dict[str, FitDensity] = {
    "prior": lambda model, codes, _, seed: model.prior(),
    "kde": lambda model, codes, _, seed: LatentKDE.fit(codes, seed=seed),
    "pca-kde": lambda model, codes, _, seed: LatentKDE.fit(codes, n_components=2, seed=seed),
    "gaussian": lambda model, codes, _, seed: LatentMixture.fit(codes, n_components=1, seed=seed),
    "mixture": lambda model, codes, _, seed: LatentMixture.fit(codes, seed=seed),
    "flow": lambda model, codes, val, seed: LatentFlow.fit(codes, val, seed=seed),
}
"""Functions by name, which fit a density of latent codes."""

MIN_CODES = {
    "kde": N_FOLDS,
    "pca-kde": N_FOLDS,
    "gaussian": 2,
    "mixture": MIN_MIXTURE_CODES,
    "flow": MIN_FLOW_CODES,
}
"""The smallest number of codes that each density can be fitted to. A prior needs no codes."""
