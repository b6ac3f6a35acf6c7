"""The verb `interpolate`: images decoded on straight lines between latent codes."""

import logging
from pathlib import Path

import torch
from torch import Tensor

from ...models.densities.kernels import N_FOLDS, LatentKDE
from ...models.roles import Decodes, Encodes, HasPrior
from ...objectives.data.batches import apply_in_batches
from ...objectives.progress import progress
from ...storage.folder_replacement import replace_folder
from ..display.plots.image_grids import plot_image_grid
from ..display.result import FolderResult
from ..study.defaults import RUNS, SAMPLING_METHODS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_seed
from .trained_network import TrainedNetwork, load_trained_network

N_ROWS, N_STEPS = 6, 10

log = logging.getLogger(__name__)


@public_api
def interpolate(
    source: str | Path,
    *,
    images: tuple[int, int] | None = None,
    seed: int = SEED,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> FolderResult:
    """Plots the images that a network decodes on straight lines between latent codes.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        images: Indices, from 0, of two validation images to interpolate between. If None, the
            lines are between random images and between random codes. Random codes are samples of
            the model's prior or, without a prior, of a kernel density of the training codes.
        seed: Seed of the random codes and images.
        data_dir: Folder of torchvision data; None for the one that the search used.
        runs: The folder with all studies.

    Returns:
        The folder of the figures: `images.png` if the model has an encoder, and `codes.png` if
        `images` is None.

    Raises:
        StudyError: If the model has no `decode`, or an index is out of range.
        StorageError: If the network has not been trained yet, or a file cannot be written.

    Example:
        >>> [path.name for path in latentune.interpolate("conv-ae-digits", images=(3, 14)).figures]
        ['images.png']
    """
    check_seed(seed)
    network = load_trained_network(source, runs, data_dir)
    model = network.model
    if not isinstance(model, Decodes) or not isinstance(model, Encodes | HasPrior):
        raise network.missing_method_error(
            "encode() and decode()", "interpolation decodes latent codes"
        )
    if images is not None and not isinstance(model, Encodes):
        raise network.missing_method_error("encode()", "leave out `images=`")
    if network.data.spec.kind != "image":
        raise StudyError(f"{network.data.name} does not hold images: only these are interpolated")
    ends = {}
    if isinstance(model, Encodes):
        ends["images"] = _encode_images(network, images, seed)
        if not len(ends["images"]):
            log.info("left out pairs of images: there is only one validation image")
            del ends["images"]
    if images is None:
        ends["codes"] = _sample_random_codes(network, seed)
    result = FolderResult(network.folder / "interpolations")
    with replace_folder(result.folder, network.runs) as folder:
        for kind, codes in ends.items():
            _plot_rows(model, codes, kind, folder)
    return result


def _encode_images(network: TrainedNetwork, images: tuple[int, int] | None, seed: int) -> Tensor:
    """Returns the codes of two validation images; if `images` is None, of random pairs."""
    codes = torch.from_numpy(network.codes("val", seed)[0])
    if images is None:
        order = torch.randperm(len(codes), generator=torch.Generator().manual_seed(seed))
        return codes[order[: 2 * min(N_ROWS, len(codes) // 2)]]
    for index in images:
        if not 0 <= index < len(codes):
            raise StudyError(
                f"there is no validation image {index}: they go from 0 to {len(codes) - 1}"
            )
    return codes[torch.tensor(images)]


def _sample_random_codes(network: TrainedNetwork, seed: int) -> Tensor:
    """Returns samples of the model's prior or, without a prior, of a density of its codes."""
    model = network.model
    if isinstance(model, HasPrior):
        return torch.from_numpy(model.prior().sample(2 * N_ROWS, seed))
    codes = network.codes("train", seed)[0]
    if len(codes) < N_FOLDS:
        raise StudyError(
            f"{len(codes)} training images are too few for random codes: name two validation "
            "images by `images=`"
        )
    with progress(f"fitting {SAMPLING_METHODS['kde']}"):
        return torch.from_numpy(LatentKDE.fit(codes, seed=seed).sample(2 * N_ROWS, seed))


def _plot_rows(model: Decodes, ends: Tensor, kind: str, folder: Path) -> None:
    """Plots a row of decoded images between each pair of codes; `ends` has shape (2 * rows, D)."""
    steps = torch.linspace(0, 1, N_STEPS)[None, :, None]
    codes = torch.lerp(ends[0::2, None], ends[1::2, None], steps).flatten(0, 1)
    title = f"Between the codes of two {kind}" if kind == "images" else "Between two random codes"
    plot_image_grid(apply_in_batches(model.decode, codes), title, folder / f"{kind}.png")
