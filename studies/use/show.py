"""The verb `show`: the kind of data, the number of items of each class, and example images."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from rich.console import Group, RenderableType

from ...models.pixels import to_float
from ...objectives.data.item_metadata import ITEM_COLUMN, item_metadata
from ...objectives.data.preparation.equal_items import find_shared_items
from ...objectives.data.preparation.labels import target_candidates
from ...objectives.data.preparation.splits import PART_NAMES, describe_splits
from ...objectives.data.sources.source import TableOptions
from ...objectives.data.tensor_cache import flush_cache
from ...objectives.data.tensor_data import TensorData
from ...search_spaces.catalog.candidates import find_fitting_models
from ...storage.folder_replacement import replace_folder
from ...storage.runs_folder import Runs
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.image_grids import plot_labeled_grid
from ..display.result import Result, frame_table
from ..study.defaults import RUNS, SEED
from ..study.kept_data import Data, with_kept_data
from ..study.option_fields import describe_options, pick_options
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_seed
from .split_folder import split_folder

IMAGES_PER_CLASS = 10
MAX_PLOTTED_CLASSES = 10
FIGURE, SHARED_ITEMS = "images.png", "shared.csv"
MAX_PRINTED_ITEMS = 5
"""Maximum number of printed items that are in two parts; a file lists all."""
MAX_FEATURES_LENGTH = 80
"""Maximum number of characters of a list with the names of features."""


@dataclass(frozen=True, repr=False)
class DataSummary(Result):
    """A summary of data.

    Attributes:
        line: A line with the kind, number and shape of the items.
        counts: The number of items, with a row for each class and a column for each part.
        figures: The path of a figure with example images; empty if the items are not images.
        lists: The files in `out` that name the images of each part; empty without `split`.
        candidates: Columns that could be the target, if the data have no target.
        searchable: Whether the catalog has a model for such data.
        shared: The validation and test items that are also in the training part, with a row for
            each: `part`, `item`, the equal `training item`, and whether both have the `same
            target`.
        shared_file: A CSV file with the rows of `shared`; None if there are none.
    """

    line: str
    counts: pd.DataFrame
    figures: tuple[Path, ...]
    lists: tuple[Path, ...] = ()
    candidates: tuple[str, ...] = ()
    searchable: bool = True
    shared: pd.DataFrame = field(default_factory=pd.DataFrame)
    shared_file: Path | None = None

    def __repr__(self) -> str:
        return f"{self.line}\n{self.counts}"

    def __rich__(self) -> RenderableType:
        formats = dict.fromkeys(map(str, self.counts), "{:,}".format)
        lines: list[RenderableType] = [self.line, frame_table(self.counts, formats)]
        files = [*self.lists, *self.figures]
        if self.shared_file is not None:
            files.append(self.shared_file)
            lines.append(f"{len(self.shared):,} items are in two parts, such as:")
            lines.append(frame_table(self.shared.head(MAX_PRINTED_ITEMS)))
        return Group(*lines, *(f"wrote {path}" for path in files))


@public_api
@describe_options(TableOptions)
def show(  # noqa: D417 - the rows of the options are made from their fields
    data: Data,
    *,
    image_size: int | None = None,
    seed: int = SEED,
    data_dir: str | Path | None = None,
    target: str | None = None,
    header: str | None = None,
    decimal: str | None = None,
    drop: Sequence[str] = (),
    text: str | None = None,
    as_category: Sequence[str] = (),
    as_number: Sequence[str] = (),
    missing: str = "fill",
    group: str | None = None,
    time_column: str | None = None,
    numbers: bool = False,
    runs: str | Path = RUNS,
    split: Sequence[float] | None = None,
    out: str | Path | None = None,
) -> DataSummary:
    """Counts the items of each class and part of the data, and plots training images.

    Args:
        data: A name, a path or data in memory; see `search`.
        image_size: Side in pixels that images are scaled to. If None, `TensorData` chooses it.
        seed: Seed of the split into parts, and of the choice of images in the figure.
        data_dir: Folder of torchvision data; None for the usual places.
        numbers: Whether targets are always numbers. If False, whole numbers and texts are classes,
            and fractions are numbers.
        runs: The folder with all studies. The figure is its file `shown/DATA/images.png`; items
            that are in two parts are listed in `shown/DATA/shared.csv`.
        split: Shares of train, validation and test in percent, such as (60, 10, 30). If given, the
            images of a folder are split by these shares, and the summary is of the new parts.
        out: The folder for the split: `train.csv`, `valid.csv` and `test.csv` name the images of
            each part, and `classes.csv` counts the images. The folder can be the data of a search.

    Raises:
        DataError: If the data are missing or broken, or have no classes to split.
        StudyError: If `split` is not three shares above 0 that add to 100, or `out` is missing.
        StorageError: If a file cannot be written, or a file of the split exists.

    Example:
        >>> print(latentune.show("digits").line)
        1,797 images 1x8x8, 10 classes, train 1,294 / val 144 / test 359
    """
    arguments = with_kept_data(locals())
    name, table = str(arguments["data"]), pick_options(TableOptions, arguments)
    check_seed(seed)
    place = Runs(Path(runs))
    if (split is None) != (out is None):
        raise StudyError(
            "`split=` and `out=` go together: one gives the shares, the other the folder"
        )
    read = partial(
        TensorData,
        data_dir=data_dir,
        image_size=image_size,
        seed=seed,
        cache=place.cache,
        numbers=numbers,
        table=table,
    )
    if split is None or out is None:
        return _summarize(read(name), place, seed)
    with split_folder(name, split, Path(out), seed) as lists:
        return replace(_summarize(read(str(out)), place, seed), lists=tuple(lists))


def _summarize(data: TensorData, runs: Runs, seed: int) -> DataSummary:
    splits, spec = data.splits, data.splits.spec
    runs.make()
    flush_cache()
    classes = spec.classes or ("all",)
    counts = {}
    for name, part in zip(PART_NAMES, splits[:3], strict=True):
        targets = part.targets if spec.classes else None
        labels = torch.zeros(len(part), dtype=torch.long) if targets is None else targets
        counts[name] = labels.bincount(minlength=len(classes)).tolist()
    line, features = describe_splits(splits), ", ".join(spec.features)
    if 0 < len(features) <= MAX_FEATURES_LENGTH:
        line = f"{line}; features: {features}"
    no_target = splits.train.targets is None and data.source.table.target is None
    is_image, shared = spec.kind == "image", _list_shared_items(data)
    folder = runs.shown(str(data.name))
    if is_image or len(shared):
        with replace_folder(folder, runs) as new:
            if is_image:
                _plot_examples(data, f"{data.name}: {line}", new / FIGURE, seed)
            if len(shared):
                write_csv(shared, new / SHARED_ITEMS)
    return DataSummary(
        line,
        pd.DataFrame(counts, index=pd.Index(classes, name="class")),
        (folder / FIGURE,) if is_image else (),
        candidates=tuple(target_candidates(data)) if no_target and not is_image else (),
        searchable=bool(find_fitting_models(spec)),
        shared=shared,
        shared_file=folder / SHARED_ITEMS if len(shared) else None,
    )


def _list_shared_items(data: TensorData) -> pd.DataFrame:
    """Returns a row for each validation and test item that is also in the training part."""
    train, val, test = data.splits[:3]
    tables = []
    for name, pairs in find_shared_items(train, val, test).items():
        part = getattr(data.splits, name)
        items, copied = part.take(pairs[:, 0].tolist()), train.take(pairs[:, 1].tolist())
        if not len(pairs):
            continue
        rows = {
            "part": name,
            "item": item_metadata(data.source, name, items, data.spec)[ITEM_COLUMN],
            "training item": item_metadata(data.source, "train", copied, data.spec)[ITEM_COLUMN],
        }
        if items.targets is not None:
            is_equal = items.targets == copied.targets
            rows["same target"] = is_equal.reshape(len(items), -1).all(1).numpy()
        tables.append(pd.DataFrame(rows))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _plot_examples(data: TensorData, title: str, path: Path, seed: int) -> None:
    """Plots training images, with a row for each class."""
    train, classes = data.splits.train, data.splits.spec.classes
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    if train.targets is None or not classes:
        rows = {"": order[: IMAGES_PER_CLASS * MAX_PLOTTED_CLASSES]}
    else:
        rows = {
            name: order[train.targets[order] == label][:IMAGES_PER_CLASS]
            for label, name in enumerate(classes[:MAX_PLOTTED_CLASSES])
        }
    images = {name: to_float(train.inputs[chosen]) for name, chosen in rows.items()}
    plot_labeled_grid(images, title, path)
