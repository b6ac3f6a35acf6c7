"""Maps: the codes of items, drawn on a plane."""

from importlib.util import find_spec
from pathlib import Path

from ...models.densities.kde import Codes
from ...models.projections import PROJECTIONS, TITLES
from ...objectives.progress import progress
from ...storage.runs_folder import Runs, replace_folder
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.latent_map import plot_latent_map
from ..study.defaults import MAP_SIZE, RUNS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_at_least, check_seed
from .map_items import MapItems
from .trained_network import load_trained_network


@public_api
def map(
    source: str,
    *,
    n: int = MAP_SIZE,
    color: str | None = None,
    seed: int = SEED,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
) -> Path:
    """Draws the codes of training items on a plane, colored by class or by any other value.

    Args:
        source: `STUDY`, `STUDY:17` or path of a model.ckpt, trained by `train` before.
        n: Number of items, at least 4; all of them if there are fewer.
        color: What gives the points their colors: a column of the data, be it a feature, the
            target, or one that was left out; or `FILE.csv:NAME_WIDTH`, of a file that names the
            items
            in a column called `item`, `row` or like an id column of the data. Numbers get a color
            bar, everything else a legend. If None, it is the class, or the number to predict.
        seed: Chooses the items, and where t-SNE and UMAP begin.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.

    Returns:
        The folder `maps` of the final training, with a picture and a table for `pca`, `tsne` and,
        where umap-learn is installed, `umap`. The tables have a row for each item: the columns
        `item`, `row`, `part`, the columns of the data that are not features, `class` or `target`,
        the column of the colors, and the coordinates `x` and `y`.

    Raises:
        StudyError: If the model has no `encode`, or codes of fewer than 2 dimensions, or there is
            no such column, or the file does not name the items.
        StorageError: If it was not trained yet, or a file cannot be written.

    Example:
        >>> latentune.map("conv-ae-digits", n=30).name
        'maps'
    """
    check_at_least("n", n, 4)
    check_seed(seed)
    trained = load_trained_network(source, runs, data_dir)
    codes, labels = trained.codes("train", seed)
    codes, labels = codes[:n], None if labels is None else labels[:n]
    _check(codes)
    items = MapItems.of(trained, len(codes), labels, seed)
    values = items.color(color)
    table = items.table(values)
    with replace_folder(trained.folder / "maps", Runs(Path(runs))) as folder:
        for name, place in PROJECTIONS.items():
            if name == "umap" and find_spec("umap") is None:
                continue
            with progress(f"placing {len(codes):,} codes by {TITLES[name]}"):
                plane = place(codes, seed)
            placed = table.assign(x=plane[:, 0], y=plane[:, 1])
            write_csv(placed, folder / f"{name}.csv")
            title = f"{TITLES[name]} of {len(plane):,} codes"
            plot_latent_map(plane, values, title, folder / f"{name}.png")
    return trained.folder / "maps"


def _check(codes: Codes) -> None:
    if codes.shape[1] < 2:
        raise StudyError("codes of one dimension lie on a line: there is no map of them")
    if not codes.std(0).any():
        raise StudyError("all codes are the same: train another trial, or for longer")
