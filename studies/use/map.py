"""The verb `map`: latent codes in two dimensions."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ...models.projections import PROJECTIONS, TITLES
from ...objectives.progress import progress
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.latent_map import plot_latent_map
from ..study.defaults import MAP_SIZE, RUNS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_at_least, check_seed
from .folder_result import FolderResult
from .map_items import MapItems
from .trained_network import load_trained_network


@dataclass(frozen=True, repr=False)
class LatentMaps(FolderResult):
    """Maps of latent codes in two dimensions.

    Attributes:
        folder: The folder with a figure and a table for `pca`, `tsne` and, if umap-learn is
            installed, `umap`. The tables have a row for each item: the columns `item`, `row`,
            `part`, the columns of the data that are not features, `class` or `target`, the column
            of the colors, and the coordinates `x` and `y`.
    """


@public_api
def map(
    source: str | Path,
    *,
    n: int = MAP_SIZE,
    color: str | None = None,
    seed: int = SEED,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> LatentMaps:
    """Plots the codes of training items in two dimensions, colored by class or another value.

    Args:
        source: `STUDY`, `STUDY:17` or path of a model.ckpt, trained by `train` before.
        n: Number of items, at least 4; all of them if there are fewer.
        color: The values that color the points: a column of the data, which may be a feature, the
            target, or a column that was dropped; or `FILE.csv:COLUMN` of a file that names the
            items in a column called `item`, `row` or like an id column of the data. Numbers get a
            color bar, other values a legend. If None, it is the class, or the number to predict.
        seed: Seed that chooses the items and initializes t-SNE and UMAP.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.

    Raises:
        StudyError: If the model has no `encode`, codes have fewer than 2 dimensions, there is no
            such column, or the file does not name the items.
        StorageError: If it has not been trained yet, or a file cannot be written.

    Example:
        >>> [path.name for path in latentune.map("conv-ae-digits", n=30).figures][:2]
        ['pca.png', 'tsne.png']
    """
    check_at_least("n", n, 4)
    check_seed(seed)
    network = load_trained_network(source, runs, data_dir)
    codes, targets = network.codes("train", seed)
    codes, targets = codes[:n], None if targets is None else targets[:n]
    if codes.shape[1] < 2:
        raise StudyError("a map needs codes of at least 2 dimensions: these have 1")
    if not codes.std(0).any():
        raise StudyError("all codes are the same: train another trial, or for longer")
    items = MapItems.of(network, len(codes), targets, seed)
    values = items.color(color)
    table = items.table(values)
    result = LatentMaps(network.folder / "maps")
    with result.replace_folder(network.runs) as folder:
        for name, reduce in PROJECTIONS.items():
            if name == "umap" and find_spec("umap") is None:
                continue
            with progress(f"reducing {len(codes):,} codes by {TITLES[name]}"):
                points = reduce(codes, seed)
            write_csv(table.assign(x=points[:, 0], y=points[:, 1]), folder / f"{name}.csv")
            title = f"{TITLES[name]} of {len(points):,} codes"
            plot_latent_map(points, values, title, folder / f"{name}.png")
    return result
