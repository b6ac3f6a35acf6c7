"""Interpolation: what lies between two codes."""

from pathlib import Path

import torch
from torch import Tensor

from ...models.densities.by_name import DENSITIES
from ...models.roles import Codec, HasPrior
from ...objectives.data.batches import in_batches
from ...objectives.progress import progress
from ...storage.pictures import image_grid
from ...storage.runs import Runs, replaced_folder
from ..defaults import RUNS, SAMPLING, SEED
from ..errors import StudyError, check_seed
from ..facade import public
from .trained import load_trained

ROWS, STEPS = 6, 10


@public
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
        source: `STUDY` or `STUDY:17`, trained by `train` before.
        images: Two numbers of validation images, from 0, to go between; None for pairs of random
            codes and pairs of random images.
        seed: Chooses them.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.

    Returns:
        The folder `interpolations` of the final training, with `images.png` and, unless two
        images were named, `codes.png`. Random codes are drawn from the prior of a variational
        autoencoder, and else from a kernel density.

    Raises:
        StudyError: If the model has no `encode` and `decode`, or there is no such image.
        StorageError: If it was not trained yet, or a file cannot be written.

    Example:
        >>> latentune.interpolate("conv-ae-digits", images=(3, 14)).name
        'interpolations'
    """
    check_seed(seed)
    trained = load_trained(source, runs, data_dir)
    model = trained.model
    if not isinstance(model, Codec):
        raise StudyError(f"a {type(model).__name__} has no encode and decode to go between")
    if trained.data.spec.kind != "image":
        raise StudyError(f"{trained.data.name} holds no images that could be drawn")
    found = torch.from_numpy(trained.codes("val", seed)[0])
    chosen = torch.randperm(len(found), generator=torch.Generator().manual_seed(seed))[: 2 * ROWS]
    if images is not None:
        for number in images:
            if not 0 <= number < len(found):
                raise StudyError(
                    f"there is no validation image {number}: they go from 0 to {len(found) - 1}"
                )
        chosen = torch.tensor(images)
    with replaced_folder(trained.folder / "interpolations", Runs(Path(runs))) as folder:
        _draw(model, found[chosen], "images", folder)
        if images is None:
            method = "prior" if isinstance(model, HasPrior) else "kde"
            codes = trained.codes("train", seed)[0]
            with progress(f"fitting {SAMPLING[method]}"):
                density = DENSITIES[method](model, codes, seed)
            _draw(model, torch.from_numpy(density.sample(2 * ROWS, seed)), "codes", folder)
    return trained.folder / "interpolations"


def _draw(model: Codec, ends: Tensor, what: str, folder: Path) -> None:
    """Draws a row for each pair of codes; `ends` has shape (2 * rows, D)."""
    first, last = ends[0::2, None], ends[1::2, None]
    steps = torch.linspace(0, 1, STEPS)[None, :, None]
    codes = torch.lerp(first, last, steps).flatten(0, 1)
    title = f"Between the codes of two {what}" if what == "images" else "Between two random codes"
    image_grid(in_batches(model.decode, codes), title, folder / f"{what}.png")
