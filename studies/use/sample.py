"""The verb `sample`: samples new items from densities that are fitted to latent codes."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import RenderableType
from rich.table import Table

from ...models.densities.density import Codes, Density
from ...models.densities.methods import DENSITIES, MIN_CODES
from ...models.roles import Decodes, Encodes, HasPrior
from ...objectives.data.batches import apply_in_batches
from ...objectives.metrics.code_quality import COPY_QUANTILE, CodeQuality, code_quality
from ...objectives.metrics.image_features import image_features, unratable_reason
from ...objectives.metrics.image_quality import SamplerRatings, rate_samplers
from ...objectives.progress import progress
from ...storage.folder_replacement import replace_folder
from ...storage.json_text import to_strict_json
from ..display.plots.image_grids import plot_image_grid
from ..display.plots.latent_map import plot_code_histograms
from ..display.result import FolderResult
from ..study.defaults import RUNS, SAMPLE_SIZE, SAMPLING_METHODS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_at_least, check_at_most, check_choice, check_seed
from .class_samples import MIN_PCA_DIMENSIONS, ClassSamples, sample_classes
from .trained_network import PARTS, load_trained_network

MAX_PLOTTED_IMAGES = 100
MAX_SAMPLES = 10_000_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class Samples(FolderResult):
    """Samples from the latent space of a trained network.

    Attributes:
        folder: The folder with densities, sampled codes and figures.
        densities: The density of each method.
        fits: How well each density fits the codes of test items; empty if the network does not
            encode.
        ratings: How far the decoded samples of each method are from real images; None if this was
            not computed.
        unrated: Why `ratings` is None; None if `ratings` was computed.
    """

    densities: Mapping[str, Density]
    fits: Mapping[str, CodeQuality]
    ratings: SamplerRatings | None
    unrated: str | None

    def lines(self) -> list[RenderableType]:
        ratings = self.ratings
        if ratings is None:
            rows = [f"  {name:<16} {density}" for name, density in self.densities.items()]
            return [*rows, *self._fit_table(), f"not rated: {self.unrated}"]
        table = Table("method", "density", "FID, validation", "FID, test", "KID, test", box=None)
        for name, (validation, test) in ratings.rows.items():
            table.add_row(
                name,
                str(self.densities.get(name, "")),
                f"{validation.fid:.2f} ± {validation.fid_std:.2f}",
                f"{test.fid:.2f} ± {test.fid_std:.2f}",
                f"{test.kid:.4f} ± {test.kid_std:.4f}",
            )
        lines: list[RenderableType] = [
            table,
            f"{ratings.size:,} images of each, by features of {ratings.features}",
        ]
        if ratings.size <= ratings.n_features:
            lines.append(f"FID is too large: it needs more than {ratings.n_features:,} images")
        if ratings.winner is not None:
            lines.append(f"{ratings.winner} wins by FID on the validation part")
        elif len(self.densities) > 1:
            lines.append("no winner: the first two differ by less than their spread")
        return [*lines, *self._fit_table()]

    def _fit_table(self) -> Iterator[RenderableType]:
        if not self.fits:
            return
        table = Table(
            "method", "log density of test codes", "distance to training codes", "copies", box=None
        )
        for name, fit in self.fits.items():
            density = "" if fit.log_density is None else f"{fit.log_density:.3f}"
            table.add_row(name, density, f"{fit.distance:.2f}", f"{fit.copies:.1%}")
        yield table
        yield (
            "distances are medians to the nearest code, divided by that of test codes; a copy is "
            f"nearer to a code than {1 - COPY_QUANTILE:.0%} of test codes are"
        )


@public_api
def sample(
    source: str | Path,
    *,
    methods: Sequence[str] = (),
    class_name: str | None = None,
    features: str | Path | None = None,
    n: int = SAMPLE_SIZE,
    seed: int = SEED,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> Samples | ClassSamples:
    """Samples from the latent space of a trained network by several methods, and compares them.

    Each method except `prior` fits a density to the latent codes of the training items. For each
    method, the folder `samples` of the final training then has the density, the sampled codes, a
    grid of decoded samples, and 2-D histograms of real and sampled codes.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        methods: Some of `prior`, `kde`, `pca-kde`, `gaussian`, `mixture` and `flow`; empty for all
            that fit the model. `prior` needs a model with a prior. The others need a model with
            `encode` and some training items: 100 for `flow`, 10 for `mixture`, 5 for `kde` and
            `pca-kde`. `pca-kde` also needs 4 latent dimensions.
        class_name: A class whose training codes the density is fitted to, or `all` for each class
            by itself. Then one method is used: that of `methods`, or of a Gaussian, a mixture and
            kernels the one under which the validation codes of the class are likeliest. The
            samples are in the folder `class-samples`.
        features: A file with the weights of an Inception network, in the layout of pytorch-fid and
            torchmetrics, so that FID and KID are those that papers print. None for features of a
            network that is trained on the same images: a classifier, or an encoder without labels.
        n: Number of codes to sample by each method, from 1 to 10,000,000.
        seed: Seed of the fitted densities and of the samples.
        data_dir: Folder of torchvision data; None for the one that the search used.
        runs: The folder with all studies.

    Raises:
        StudyError: If the model has no `decode`, a method does not fit the model, or there is no
            such class.
        DataError: If `features` do not fit the images.
        StorageError: If the network has not been trained yet, `features` has no weights of
            Inception, or a file cannot be written.

    Example:
        >>> samples = latentune.sample("conv-ae-digits", methods=["kde"], n=10)
        >>> list(samples.densities)
        ['kde']
    """
    check_at_least("n", n, 1)
    check_at_most("n", n, MAX_SAMPLES)
    check_seed(seed)
    network = load_trained_network(source, runs, data_dir)
    if class_name is not None:
        for name in methods:
            check_choice("method", name, DENSITIES)
        return sample_classes(network, class_name, methods, n, seed, features)
    model = network.model
    if not isinstance(model, Decodes) or not isinstance(model, Encodes | HasPrior):
        raise network.missing_method_error(
            "encode() and decode()", "samples are decoded from latent codes"
        )
    unrated, rated_by = unratable_reason(network.data, n), None
    if not unrated:
        rated_by = image_features(network.data, features)
    if isinstance(model, Encodes):
        real, held_out, test = (network.codes(part, seed)[0] for part in PARTS)
    else:
        real = held_out = test = model.prior().sample(n, seed)
    chosen = _choose_methods(methods, model, real)
    densities: dict[str, Density] = {}
    with progress(f"fitting {len(chosen)} densities to codes", len(chosen)) as advance:
        for name in chosen:
            densities[name] = DENSITIES[name](model, real, held_out, seed)
            advance(1)
    sampled = {name: density.sample(n, seed) for name, density in densities.items()}
    fits = code_quality(densities, sampled, real, test) if isinstance(model, Encodes) else {}
    ratings = None
    if rated_by is not None:
        ratings = rate_samplers(model, rated_by, network.data, sampled, seed)
    samples = Samples(network.folder / "samples", densities, fits, ratings, unrated)
    with replace_folder(samples.folder, network.runs) as folder:
        for name, density in densities.items():
            density.save(folder / f"{name}.npz")
            np.savez_compressed(folder / f"{name}-codes.npz", codes=sampled[name])
            _plot_samples(model, name, sampled[name], folder)
            if isinstance(model, Encodes):
                _plot_codes(name, real, sampled[name], folder)
        table = {"unrated": unrated} if ratings is None else ratings.to_table()
        table |= {"codes": {name: fit._asdict() for name, fit in fits.items()}}
        (folder / "quality.json").write_text(to_strict_json(table))
    return samples


def _choose_methods(methods: Sequence[str], model: Decodes, codes: Codes) -> list[str]:
    """Returns `methods` or, if this is empty, all methods that fit the model and its codes.

    Raises:
        StudyError: If one of `methods` does not fit, or no method fits.
    """
    for name in methods:
        check_choice("method", name, DENSITIES)
    count, latent_dim = codes.shape
    unfit, too_few = {}, {}
    for name in DENSITIES:
        if name == "prior" and not isinstance(model, HasPrior):
            unfit[name] = f"{type(model).__name__} has no prior()"
        elif name != "prior" and not isinstance(model, Encodes):
            unfit[name] = f"{type(model).__name__} has no encode()"
        elif name == "pca-kde" and latent_dim < MIN_PCA_DIMENSIONS:
            unfit[name] = f"it needs {MIN_PCA_DIMENSIONS} latent dimensions, not {latent_dim}"
        elif count < MIN_CODES.get(name, 0):
            too_few[name] = (
                f"it needs the codes of {MIN_CODES[name]} training items, and there are {count}"
            )
    for name in methods:
        if reason := (unfit | too_few).get(name):
            raise StudyError(f"method {name!r} does not fit: {reason}")
    fitting = [name for name in DENSITIES if name not in unfit | too_few]
    if not fitting:
        raise StudyError(f"no method fits the codes of {count} training items")
    if not methods:
        for name, reason in too_few.items():
            log.info("left out the method %s: %s", name, reason)
    return list(dict.fromkeys(methods)) or fitting


def _plot_samples(model: Decodes, name: str, codes: Codes, folder: Path) -> None:
    items = apply_in_batches(model.decode, torch.from_numpy(codes[:MAX_PLOTTED_IMAGES]))
    if items.ndim == 4:
        title = f"Decoded samples of {SAMPLING_METHODS[name]}"
        plot_image_grid(items, title, folder / f"{name}-samples.png")


def _plot_codes(name: str, real: Codes, sampled: Codes, folder: Path) -> None:
    from sklearn.decomposition import PCA

    if min(real.shape) < 2:
        return
    axis = "latent dimension"
    if real.shape[1] > 2:
        axis = "principal component"
        pca = PCA(2).fit(real)
        real, sampled = pca.transform(real), pca.transform(sampled)
    title = f"Real codes and {SAMPLING_METHODS[name]}"
    plot_code_histograms(real, sampled, axis, title, folder / f"{name}-codes.png")
