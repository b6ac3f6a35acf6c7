"""Sampling: densities over the codes of a trained network, decoded to new items."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from sklearn.decomposition import PCA

from ...models.densities.density_table import DENSITIES, MIN_CODES, Density
from ...models.densities.kde import Codes
from ...models.roles import Decodes, Encodes, HasPrior
from ...objectives.data.batches import apply_in_batches
from ...objectives.metrics.feature_network import feature_network
from ...objectives.metrics.sampler_rating import SamplerRatings, rate_samplers, unratable_reason
from ...objectives.progress import progress
from ...search_spaces.space_errors import did_you_mean
from ...storage.json_text import to_strict_json
from ...storage.runs_folder import Runs, replace_folder
from ..display.plots.code_histograms import plot_code_histograms
from ..display.plots.image_grids import plot_image_grid
from ..study.defaults import RUNS, SAMPLE_SIZE, SAMPLING_METHODS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_at_least, check_at_most, check_seed
from .trained_network import load_trained_network

# Up to this many latent dimensions, two principal components say nothing new.
FEW_DIMENSIONS = 3
SHOWN = 100
MOST = 10_000_000

log = logging.getLogger(__name__)


class Samples(NamedTuple):
    """What `sample` made.

    Attributes:
        folder: Where the files are.
        densities: The density of each method.
        ratings: How far the images of each method are from real ones; None if that cannot be
            said.
        unratable_reason: Why it cannot be said, in that case.
    """

    folder: Path
    densities: dict[str, Density]
    ratings: SamplerRatings | None
    unratable_reason: str | None

    def __repr__(self) -> str:
        rows = {} if self.ratings is None else self.ratings.rows
        lines = [
            f"{name}: {density}" + (f", test FID {rows[name].test.fid:.2f}" if rows else "")
            for name, density in self.densities.items()
        ]
        unratable_reason = (
            [] if self.unratable_reason is None else [f"not rated: {self.unratable_reason}"]
        )
        return "\n".join([*lines, *unratable_reason, f"wrote {self.folder}"])


@public_api
def sample(
    source: str,
    *,
    methods: Sequence[str] = (),
    n: int = SAMPLE_SIZE,
    seed: int = SEED,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
) -> Samples:
    """Samples the latent space of a trained network, and compares ways to do so.

    Densities are fitted to the codes of the training images; a network that does not encode has
    its prior alone. For each method, the folder
    `samples` of the final training then holds the density, the sampled codes, a grid of decoded
    samples, and 2-D histograms of real and sampled codes side by side.

    Args:
        source: `STUDY`, `STUDY:17` or path of a model.ckpt, trained by `train` before.
        methods: Names in `DENSITIES`. If empty, all that fit: `prior` needs a model that has
            one, `pca-kde` more than three latent dimensions, and each but the prior a few
            training items (10 for `mixture`, 5 for `kde` and `pca-kde`).
        n: Number of codes to sample, at least 1.
        seed: Seed of the fits and of the samples.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.

    Raises:
        StudyError: If the model has no `decode`, or a method does not fit it.
        StorageError: If it was not trained yet, or a file cannot be written.

    Example:
        >>> samples = latentune.sample("conv-ae-digits", methods=["kde"], n=10)
        >>> list(samples.densities)
        ['kde']
    """
    check_at_least("n", n, 1)
    check_at_most("n", n, MOST)
    check_seed(seed)
    trained = load_trained_network(source, runs, data_dir)
    model = trained.model
    if not isinstance(model, Decodes) or not isinstance(model, Encodes | HasPrior):
        raise StudyError(f"a {type(model).__name__} has no encode and decode to sample with")
    if isinstance(model, Encodes):
        real = trained.codes("train", seed)[0]
    else:  # nothing but the prior is known of its codes
        real = model.prior().sample(n, seed)
    chosen = _check(methods, model, real)
    densities: dict[str, Density] = {}
    with progress(f"fitting {len(chosen)} densities to codes", len(chosen)) as advance:
        for name in chosen:
            densities[name] = DENSITIES[name](model, real, seed)
            advance(1)
    drawn = {name: density.sample(n, seed) for name, density in densities.items()}
    place, why_not = Runs(Path(runs)), unratable_reason(trained.data, n)
    ratings = None
    if not why_not:
        network = feature_network(trained.data)
        ratings = rate_samplers(model, network, trained.data, drawn, seed)
    with replace_folder(trained.folder / "samples", place) as folder:
        for name, density in densities.items():
            density.save(folder / f"{name}.npz")
            np.savez_compressed(folder / f"{name}-codes.npz", codes=drawn[name])
            _draw(model, name, drawn[name], folder)
            if isinstance(model, Encodes):
                _draw_codes(name, real, drawn[name], folder)
        table = {"unrated": why_not} if ratings is None else ratings.to_table()
        (folder / "quality.json").write_text(to_strict_json(table))
    return Samples(trained.folder / "samples", densities, ratings, why_not)


def _check(methods: Sequence[str], model: Decodes, codes: Codes) -> list[str]:
    """Returns the methods to sample by: those that were named, or all that fit."""
    for name in methods:
        if name not in DENSITIES:
            raise StudyError(f"there is no method {name!r}; {did_you_mean(name, list(DENSITIES))}")
    unfit = {}
    if not isinstance(model, Encodes):
        unfit = {name: f"a {type(model).__name__} has no encode" for name in DENSITIES}
        unfit.pop("prior")
    if not isinstance(model, HasPrior):
        unfit["prior"] = f"a {type(model).__name__} has no prior"
    count, latent_dim = codes.shape
    if latent_dim <= FEW_DIMENSIONS:
        unfit["pca-kde"] = f"{latent_dim} latent dimensions are too few for it"
    few = {
        name: f"it needs the codes of {fewest} training items, and there are {count}"
        for name, fewest in MIN_CODES.items()
        if count < fewest and name not in unfit
    }
    for name in methods:
        if name in unfit | few:
            raise StudyError(f"method {name!r} does not fit: {(unfit | few)[name]}")
    fitting = [name for name in DENSITIES if name not in unfit | few]
    if not fitting:
        raise StudyError(f"no method fits the codes of {count} training items")
    if not methods:
        for name, why in few.items():
            log.info("left out the method %s: %s", name, why)
    return list(dict.fromkeys(methods)) or fitting


def _draw(model: Decodes, name: str, drawn: Codes, folder: Path) -> None:
    items = apply_in_batches(model.decode, torch.from_numpy(drawn[:SHOWN]))
    if items.ndim == 4:
        title = f"Decoded samples of {SAMPLING_METHODS[name]}"
        plot_image_grid(items, title, folder / f"{name}-samples.png")


def _draw_codes(name: str, real: Codes, drawn: Codes, folder: Path) -> None:
    if min(real.shape) < 2:
        return
    axis = "latent dimension"
    if real.shape[1] > 2:
        axis = "principal component"
        plane = PCA(2).fit(real)
        real, drawn = plane.transform(real), plane.transform(drawn)
    plot_code_histograms(
        real, drawn, axis, f"Real codes and {SAMPLING_METHODS[name]}", folder / f"{name}-codes.png"
    )
