"""How well densities fit latent codes: the likelihood of other codes, and copies."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...models.densities.density import Codes, Density
from ..progress import progress
from .neighbor_index import NeighborIndex

MAX_QUERIES = 2_000
"""Number of codes, at most, whose nearest training code is searched for."""
MIN_DISTANCE = 1e-12
COPY_QUANTILE = 0.01
"""The share of test codes that count as copies."""


class CodeQuality(NamedTuple):
    """How well a density fits latent codes.

    Attributes:
        log_density: Mean log density of test codes, in nats; None for a density of principal
            components, which cannot be compared.
        distance: Median distance of sampled codes to the nearest training code, divided by that of
            test codes. It is below 1 if samples keep close to the training items.
        copies: Share of sampled codes that are nearer to a training code than 99 % of the test
            codes are. Of real codes it would be 0.01.
    """

    log_density: float | None
    distance: float
    copies: float


def code_quality(
    densities: Mapping[str, Density],
    sampled: Mapping[str, Codes],
    train: Codes,
    test: Codes,
) -> dict[str, CodeQuality]:
    """Returns how well each density fits; all codes have the length D.

    Args:
        densities: The densities by name.
        sampled: Codes that were sampled from each of them.
        train: The codes that the densities were fitted to.
        test: Codes of other items.
    """
    index, found = NeighborIndex(train), {}
    real = _distances(index, test)
    limit, median = np.quantile(real, COPY_QUANTILE), max(np.median(real), MIN_DISTANCE)
    with progress("comparing densities by other codes", len(densities)) as advance:
        for name, density in densities.items():
            has_all_dimensions = getattr(density, "components", None) is None
            logs = density.log_density(test[:MAX_QUERIES]) if has_all_dimensions else None
            distances = _distances(index, sampled[name])
            found[name] = CodeQuality(
                None if logs is None else float(logs.mean()),
                float(np.median(distances) / median),
                float((distances < limit).mean()),
            )
            advance(1)
    return found


def _distances(index: NeighborIndex, codes: Codes) -> NDArray[np.float64]:
    nearest: NDArray[np.float64] = index.find(codes[:MAX_QUERIES], 1).distances[:, 0]
    return nearest
