"""Maps: the codes of images, drawn on a plane."""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from ...models.planes import PLANES, TITLES
from ...objectives.progress import progress
from ...storage.drawing.points import scatter
from ...storage.runs import Runs, replaced_folder
from ..defaults import MAPPED, RUNS, SEED
from ..errors import StudyError, check_at_least, check_seed
from ..facade import public
from .trained import load_trained


@public
def draw_maps(
    source: str,
    *,
    n: int = MAPPED,
    seed: int = SEED,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
) -> Path:
    """Draws the codes of training images on a plane, coloured by class.

    Args:
        source: `STUDY`, `STUDY:17` or path of a model.ckpt, trained by `train` before.
        n: Number of images, at least 4; all of them if there are fewer.
        seed: Chooses the images, and where t-SNE and UMAP begin.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.

    Returns:
        The folder `maps` of the final training, with a picture and the coordinates for `pca`,
        `tsne` and, where umap-learn is installed, `umap`.

    Raises:
        StudyError: If the model has no `encode`, or codes of fewer than 2 dimensions.
        StorageError: If it was not trained yet, or a file cannot be written.

    Example:
        >>> latentune.draw_maps("conv-ae-digits", n=30).name
        'maps'
    """
    check_at_least("n", n, 4)
    check_seed(seed)
    trained = load_trained(source, runs, data_dir)
    codes, labels = trained.codes("train", seed)
    codes = codes[:n]
    if codes.shape[1] < 2:
        raise StudyError("codes of one dimension lie on a line: there is no map of them")
    if not codes.std(0).any():
        raise StudyError("all codes are the same: train another trial, or for longer")
    names = trained.data.spec.classes
    classes = [names[label] for label in labels[:n]] if labels is not None and names else None
    with replaced_folder(trained.folder / "maps", Runs(Path(runs))) as folder:
        for name, place in PLANES.items():
            if name == "umap" and find_spec("umap") is None:
                continue
            with progress(f"placing {len(codes):,} codes by {TITLES[name]}"):
                plane = place(codes, seed)
            table = pd.DataFrame(plane, columns=["x", "y"])
            if classes is not None:
                table["class"] = pd.Categorical(classes, names)
            table.to_csv(folder / f"{name}.csv", index=False)
            scatter(table, f"{TITLES[name]} of {len(plane):,} codes", folder / f"{name}.png")
    return trained.folder / "maps"
