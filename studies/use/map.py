"""The verb `map`: plots of latent codes in two dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from ...models.projections import PROJECTIONS, TITLES
from ...objectives.data.tensor_data import TensorData
from ...objectives.progress import progress
from ...storage.folder_replacement import replace_folder
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.latent_map import plot_latent_map
from ..display.result import FolderResult
from ..study.defaults import MAP_SIZE, RUNS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_at_least, check_seed
from .data_items import (
    RESERVED_COLUMNS,
    DataItems,
    equals_target,
    item_folder,
    make_target_column,
)
from .item_values import read_item_values
from .trained_network import TrainedNetwork, load_trained_network

if TYPE_CHECKING:
    from torch import Tensor

COORDINATES = ("x", "y")


@dataclass(frozen=True)
class MapItems:
    """The training items whose codes are on a map.

    Attributes:
        items: The items.
        folder: The folder that paths of items are relative to.
    """

    items: DataItems
    folder: Path

    @classmethod
    def of(cls, network: TrainedNetwork, n: int, targets: Tensor | None, seed: int) -> Self:
        """Returns the first `n` items whose codes `network.codes("train", seed)` returns.

        `targets` are the targets that it returns.
        """
        data = network.data
        if not isinstance(data, TensorData):
            target = make_target_column(data.spec, targets)
            return cls(DataItems(pd.DataFrame(index=range(n)), [], target, "train"), Path())
        part = network.part("train", seed).take(range(n))
        return cls(DataItems.of(data, "train", part), item_folder(data))

    def color(self, name: str | None) -> pd.Series[Any] | None:
        """Returns the values that color the items: the column `name` or, if None, the target."""
        if name is None:
            return self.items.target
        columns = self.items.columns_and_target
        if not self.items.ids and name not in columns:
            raise StudyError(
                "the study brings its own data, whose items have no columns: leave out `color=`"
            )
        return read_item_values(name, columns, self.items.ids, self.folder, "color")

    def table(self, values: pd.Series[Any] | None) -> pd.DataFrame:
        """Returns a table of the items: id columns, part, target, and the color values."""
        table = self.items.table(COORDINATES)
        if values is not None and not equals_target(values, self.items.target):
            name = str(values.name)
            if name not in table or not values.equals(table[name]):
                is_taken = name in (*table, *RESERVED_COLUMNS, *COORDINATES)
                table[f"color {name}" if is_taken else name] = values
        return table


@public_api
def map(
    source: str | Path,
    *,
    n: int = MAP_SIZE,
    color: str | None = None,
    seed: int = SEED,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> FolderResult:
    """Plots latent codes of training items in two dimensions, colored by class or other values.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        n: Number of items, at least 4. If the training part has fewer, all are used.
        color: The values that color the points: a column of the data, also one that is not a
            feature, or `FILE.csv:COLUMN`. The file must have a column `item`, `row` or an id
            column of the data, which tells the item of each row. Numbers get a color bar, other
            values a legend. If None, the values are the classes or the numbers to predict.
        seed: Seed that chooses the items and initializes t-SNE and UMAP.
        data_dir: Folder of torchvision data; None for the one that the search used.
        runs: The folder with all studies.

    Returns:
        The folder with a figure and a table for `pca`, `tsne` and, if umap-learn is installed,
        `umap`. A table has a row for each item. The columns are `item`, `row`, `part`, the columns
        of the data that are not features, `class` or `target`, the values of `color`, and the
        coordinates `x` and `y`.

    Raises:
        StudyError: If the model has no `encode`, codes have fewer than 2 dimensions, `color` does
            not exist, or its file names none of the items.
        StorageError: If the network has not been trained yet, or a file cannot be written.

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
    result = FolderResult(network.folder / "maps")
    with replace_folder(result.folder, network.runs) as folder:
        for name, reduce in PROJECTIONS.items():
            if name == "umap" and find_spec("umap") is None:
                continue
            with progress(f"reducing {len(codes):,} codes by {TITLES[name]}"):
                points = reduce(codes, seed)
            write_csv(table.assign(x=points[:, 0], y=points[:, 1]), folder / f"{name}.csv")
            title = f"{TITLES[name]} of {len(points):,} codes"
            plot_latent_map(points, values, title, folder / f"{name}.png")
    return result
