"""Sampling: densities over the codes of a trained autoencoder, decoded to new images."""

from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from sklearn.decomposition import PCA

from ..models.autoencoder import Codec
from ..models.kde import Codes, LatentKDE
from ..storage.checkpoint import read_checkpoint
from ..storage.runs import Runs, replaced_folder
from .defaults import RUNS, SAMPLES, SEED
from .pictures import codes_beside, image_grid
from .recipe import Recipe, StudyError
from .results import load_model, split_source

# Above this many latent dimensions the density is fitted on two principal components as well.
FEW_DIMENSIONS = 3
SHOWN = 100
TITLES = {"kde": "kernel density", "pca-kde": "kernel density of two principal components"}


def sample(
    source: str,
    *,
    n: int = SAMPLES,
    seed: int = SEED,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
) -> tuple[Path, dict[str, LatentKDE]]:
    """Samples the latent space of a trained autoencoder.

    A kernel density is fitted to the codes of the training images and, above three latent
    dimensions, a second one to their first two principal components. For each, the folder
    `samples` of the final training then holds the density, the sampled codes, a grid of decoded
    samples, and 2-D histograms of real and sampled codes side by side.

    Args:
        source: `STUDY` or `STUDY:17`, trained by `train` before.
        n: Number of codes to sample, at least 1.
        seed: Seed of the bandwidth search and of the samples.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.

    Returns:
        The folder, and the densities by name: `kde`, and `pca-kde` above three latent dimensions.

    Raises:
        StudyError: If the model has no `encode` and `decode`.
        StorageError: If it was not trained yet, or a file cannot be written.
    """
    if n < 1:
        raise StudyError(f"n must be at least 1, not {n}")
    if not 0 <= seed < 2**32:
        raise StudyError(f"seed must be from 0 to {2**32 - 1}, not {seed}")
    final = Runs(Path(runs)).final(*split_source(source))
    model = load_model(source, runs)
    if not isinstance(model, Codec):
        raise StudyError(f"a {type(model).__name__} has no encode and decode to sample with")
    configuration, _ = read_checkpoint(final / "model.ckpt")
    recipe = Recipe.from_table(configuration["recipe"]).at(data_dir)
    data = recipe.spec().objective.data()
    real = _encode(model, data, seed)
    densities = {"kde": LatentKDE.fit(real, seed=seed)}
    if real.shape[1] > FEW_DIMENSIONS:
        densities["pca-kde"] = LatentKDE.fit(real, n_components=2, seed=seed)
    with replaced_folder(final / "samples") as folder:
        for name, density in densities.items():
            drawn = density.sample(n, seed)
            density.save(folder / f"{name}.npz")
            np.savez_compressed(folder / f"{name}-codes.npz", codes=drawn)
            _draw(model, name, density, real, drawn, folder)
    return final / "samples", densities


def _encode(model: Codec, data: pl.LightningDataModule, seed: int) -> Codes:
    """Returns the codes of all training images, with shape (N, D)."""
    data.prepare_data()
    data.setup("fit")
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(seed)  # the batches come in a random order
        batches = [model.encode(batch[0]).flatten(1) for batch in data.train_dataloader()]
    codes: Codes = torch.cat(batches).numpy()
    return codes


def _draw(
    model: Codec,
    name: str,
    density: LatentKDE,
    real: Codes,
    drawn: Codes,
    folder: Path,
) -> None:
    title = f"{TITLES[name]}, bandwidth {density.bandwidth:.2f}"
    with torch.inference_mode():
        images = model.decode(torch.from_numpy(drawn[:SHOWN]))
    image_grid(images, f"Decoded samples of a {title}", folder / f"{name}-samples.png")
    if real.shape[1] < 2:
        return
    axis = "latent dimension"
    if real.shape[1] > 2:
        axis = "principal component"
        plane = PCA(2).fit(real)
        real, drawn = plane.transform(real), plane.transform(drawn)
    codes_beside(real, drawn, axis, f"Real codes and a {title}", folder / f"{name}-codes.png")
