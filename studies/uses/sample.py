"""Sampling: densities over the codes of a trained autoencoder, decoded to new images."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from sklearn.decomposition import PCA

from ...models.autoencoder import Codec
from ...models.kde import Codes, LatentKDE
from ...models.mixture import LatentMixture
from ...models.vae import VAE
from ...objectives.data import ImageData, in_batches
from ...objectives.quality import Quality, quality
from ...search_spaces.watch import did_you_mean
from ...storage.runs import Runs, replaced_folder
from ..defaults import RUNS, SAMPLES, SEED
from ..errors import StudyError
from ..pictures import codes_beside, image_grid
from .features import feature_network
from .trained import load_trained

# Up to this many latent dimensions, two principal components say nothing new.
FEW_DIMENSIONS = 3
SHOWN = 100
RECONSTRUCTED = "reconstructed"
"""Stands beside the methods: how far the decoder alone is from real images."""


class Density(Protocol):
    """What codes are drawn from."""

    def sample(self, n: int, seed: int = 0) -> Codes:
        """Draws n codes, with shape (n, D)."""

    def save(self, path: Path) -> None:
        """Writes an .npz file."""


# Each fits a density to codes, with shape (N, D), by a seed.
METHODS: dict[str, Callable[[Codes, int], Density]] = {
    "prior": lambda codes, seed: LatentMixture.standard(codes.shape[1]),
    "kde": lambda codes, seed: LatentKDE.fit(codes, seed=seed),
    "pca-kde": lambda codes, seed: LatentKDE.fit(codes, n_components=2, seed=seed),
    "gaussian": lambda codes, seed: LatentMixture.fit(codes, n_components=1, seed=seed),
    "mixture": lambda codes, seed: LatentMixture.fit(codes, seed=seed),
}
TITLES = {
    "prior": "the prior",
    "kde": "a kernel density",
    "pca-kde": "a kernel density of two principal components",
    "gaussian": "a Gaussian",
    "mixture": "a mixture of Gaussians",
}


class Samples(NamedTuple):
    """What `sample` made.

    Attributes:
        folder: Where the files are.
        densities: The density of each method.
        qualities: How far the images of each method, and reconstructions, are from the test
            images; empty for data without labels, on which no features can be learnt.
    """

    folder: Path
    densities: dict[str, Density]
    qualities: dict[str, Quality]


def sample(
    source: str,
    *,
    methods: Sequence[str] = (),
    n: int = SAMPLES,
    seed: int = SEED,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
) -> Samples:
    """Samples the latent space of a trained autoencoder, and compares ways to do so.

    Densities are fitted to the codes of the training images. For each method, the folder
    `samples` of the final training then holds the density, the sampled codes, a grid of decoded
    samples, and 2-D histograms of real and sampled codes side by side.

    Args:
        source: `STUDY` or `STUDY:17`, trained by `train` before.
        methods: Names in `METHODS`. If empty, all that fit: `prior` needs a variational
            autoencoder, `pca-kde` more than three latent dimensions.
        n: Number of codes to sample, at least 1.
        seed: Seed of the fits and of the samples.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.

    Raises:
        StudyError: If the model has no `encode` and `decode`, or a method does not fit it.
        StorageError: If it was not trained yet, or a file cannot be written.
    """
    if n < 1:
        raise StudyError(f"n must be at least 1, not {n}")
    if not 0 <= seed < 2**32:
        raise StudyError(f"seed must be from 0 to {2**32 - 1}, not {seed}")
    trained = load_trained(source, runs, data_dir)
    model = trained.model
    if not isinstance(model, Codec):
        raise StudyError(f"a {type(model).__name__} has no encode and decode to sample with")
    real, _ = trained.codes("train", seed)
    chosen = _check(methods, model, real.shape[1])
    densities = {name: METHODS[name](real, seed) for name in chosen}
    drawn = {name: density.sample(n, seed) for name, density in densities.items()}
    qualities = _qualities(model, trained.data, drawn, Runs(Path(runs)), seed)
    with replaced_folder(trained.folder / "samples") as folder:
        for name, density in densities.items():
            density.save(folder / f"{name}.npz")
            np.savez_compressed(folder / f"{name}-codes.npz", codes=drawn[name])
            _draw(model, name, real, drawn[name], folder)
        table = {name: found._asdict() for name, found in qualities.items()}
        (folder / "quality.json").write_text(json.dumps(table, indent=2) + "\n")
    return Samples(trained.folder / "samples", densities, qualities)


def _check(methods: Sequence[str], model: Codec, latent_dim: int) -> list[str]:
    for name in methods:
        if name not in METHODS:
            raise StudyError(f"there is no method {name!r}; {did_you_mean(name, list(METHODS))}")
    unfit = {}
    if not isinstance(model, VAE):
        unfit["prior"] = f"a {type(model).__name__} has no prior"
    if latent_dim <= FEW_DIMENSIONS:
        unfit["pca-kde"] = f"{latent_dim} latent dimensions are too few for it"
    for name in methods:
        if name in unfit:
            raise StudyError(f"method {name!r} does not fit: {unfit[name]}")
    return list(dict.fromkeys(methods)) or [name for name in METHODS if name not in unfit]


def _qualities(
    model: Codec, data: object, drawn: dict[str, Codes], runs: Runs, seed: int
) -> dict[str, Quality]:
    if not isinstance(data, ImageData) or len(data.classes) < 2:
        return {}
    if min(len(codes) for codes in drawn.values()) < 4:
        return {}  # a covariance of fewer says nothing
    network = feature_network(data, runs)
    test = data.splits.test.images
    real = in_batches(network.features, test)
    sets = {name: in_batches(model.decode, torch.from_numpy(z)) for name, z in drawn.items()}
    sets[RECONSTRUCTED] = in_batches(lambda x: model.decode(model.encode(x)), test)
    return {
        name: quality(real, in_batches(network.features, images), seed)
        for name, images in sets.items()
    }


def _draw(model: Codec, name: str, real: Codes, drawn: Codes, folder: Path) -> None:
    images = in_batches(model.decode, torch.from_numpy(drawn[:SHOWN]))
    title = TITLES[name]
    image_grid(images, f"Decoded samples of {title}", folder / f"{name}-samples.png")
    if real.shape[1] < 2:
        return
    axis = "latent dimension"
    if real.shape[1] > 2:
        axis = "principal component"
        plane = PCA(2).fit(real)
        real, drawn = plane.transform(real), plane.transform(drawn)
    codes_beside(real, drawn, axis, f"Real codes and {title}", folder / f"{name}-codes.png")
