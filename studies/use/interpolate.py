"""Interpolation: what lies between two codes."""

import logging
from pathlib import Path

import torch
from torch import Tensor

from ...models.densities.density_table import DENSITIES, MIN_CODES
from ...models.roles import Decodes, Encodes, HasPrior
from ...objectives.data.batches import apply_in_batches
from ...objectives.progress import progress
from ...storage.runs_folder import Runs, replace_folder
from ..display.plots.image_grids import plot_image_grid
from ..study.defaults import RUNS, SAMPLING_METHODS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_seed
from .trained_network import TrainedNetwork, load_trained_network

ROWS, STEPS = 6, 10

log = logging.getLogger(__name__)


@public_api
def interpolate(
    source: str,
    *,
    images: tuple[int, int] | None = None,
    seed: int = SEED,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
) -> Path:
    """Draws what a network decodes on straight lines between codes.

    Args:
        source: `STUDY`, `STUDY:17` or path of a model.ckpt, trained by `train` before.
        images: Two numbers of validation images, from 0, to go between; None for pairs of random
            codes and pairs of random images.
        seed: Chooses them.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.

    Returns:
        The folder `interpolations` of the final training, with `images.png` if the model encodes
        and, unless two images were named, `codes.png`. Random codes are drawn from the prior of a
        model that has one, and else from a kernel density.

    Raises:
        StudyError: If the model has no `decode`, or there is no such image.
        StorageError: If it was not trained yet, or a file cannot be written.

    Example:
        >>> latentune.interpolate("conv-ae-digits", images=(3, 14)).name
        'interpolations'
    """
    check_seed(seed)
    trained = load_trained_network(source, runs, data_dir)
    model = trained.model
    if not isinstance(model, Decodes) or not isinstance(model, Encodes | HasPrior):
        raise StudyError(f"a {type(model).__name__} has no encode and decode to go between")
    if images is not None and not isinstance(model, Encodes):
        raise StudyError(f"a {type(model).__name__} has no encode: leave out `images=`")
    if trained.data.spec.kind != "image":
        raise StudyError(f"{trained.data.name} holds no images that could be drawn")
    ends = {}
    if isinstance(model, Encodes):
        ends["images"] = _of_images(trained, images, seed)
        if not len(ends["images"]):
            log.info("there is one validation image: left out pairs of images")
            del ends["images"]
    if images is None:
        ends["codes"] = _at_random(trained, seed)
    with replace_folder(trained.folder / "interpolations", Runs(Path(runs))) as folder:
        for what, codes in ends.items():
            _draw(model, codes, what, folder)
    return trained.folder / "interpolations"


def _of_images(trained: TrainedNetwork, images: tuple[int, int] | None, seed: int) -> Tensor:
    """Returns codes of validation images, the named ones or some."""
    found = torch.from_numpy(trained.codes("val", seed)[0])
    if images is None:
        order = torch.randperm(len(found), generator=torch.Generator().manual_seed(seed))
        return found[order[: 2 * min(ROWS, len(found) // 2)]]
    for number in images:
        if not 0 <= number < len(found):
            raise StudyError(
                f"there is no validation image {number}: they go from 0 to {len(found) - 1}"
            )
    return found[torch.tensor(images)]


def _at_random(trained: TrainedNetwork, seed: int) -> Tensor:
    """Returns codes of the prior or, if the model has none, of a density of its codes."""
    if isinstance(trained.model, HasPrior):
        return torch.from_numpy(trained.model.prior().sample(2 * ROWS, seed))
    codes = trained.codes("train", seed)[0]
    if len(codes) < MIN_CODES["kde"]:
        raise StudyError(
            f"{len(codes)} training images are too few to draw random codes from: go between two "
            "of them by `images=`"
        )
    with progress(f"fitting {SAMPLING_METHODS['kde']}"):
        return torch.from_numpy(
            DENSITIES["kde"](trained.model, codes, seed).sample(2 * ROWS, seed)
        )


def _draw(model: Decodes, ends: Tensor, what: str, folder: Path) -> None:
    """Draws a row for each pair of codes; `ends` has shape (2 * rows, D)."""
    first, last = ends[0::2, None], ends[1::2, None]
    steps = torch.linspace(0, 1, STEPS)[None, :, None]
    codes = torch.lerp(first, last, steps).flatten(0, 1)
    title = f"Between the codes of two {what}" if what == "images" else "Between two random codes"
    plot_image_grid(apply_in_batches(model.decode, codes), title, folder / f"{what}.png")
