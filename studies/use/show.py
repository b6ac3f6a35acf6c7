"""Looking at data: what they were taken for, the items of each class, and pictures of some."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch

from ...objectives.data.parts import to_float
from ...objectives.data.preparation.labels import target_candidates
from ...objectives.data.preparation.splits import PART_NAMES, describe_splits
from ...objectives.data.sources.table_options import TableOptions
from ...objectives.data.tensor_cache import flush_cache
from ...objectives.data.tensor_data import TensorData
from ...search_spaces.catalog.candidates import find_fitting_models
from ...storage.runs_folder import Runs, replace_folder
from ..display.plots.image_grids import plot_labeled_grid
from ..study.defaults import RUNS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_seed
from .split_folder import split_folder

SHOWN = 10  # of each class; ten times as many where there are none
MOST_CLASSES = 10
LETTERS = 80  # of the names of features


@dataclass(frozen=True)
class DataSummary:
    """What data hold.

    Attributes:
        line: What they were taken for.
        counts: A row for each class, a column for each part: how many items it has.
        pictures: The picture that was drawn, if items can be.
        lists: The files that name the images of each part, if these were split.
        candidates: Columns that could be the target, if none is known to be it.
        searchable: Whether a model of the catalog learns from such data.
    """

    line: str
    counts: pd.DataFrame
    pictures: tuple[Path, ...]
    lists: tuple[Path, ...] = ()
    candidates: tuple[str, ...] = ()
    searchable: bool = True

    def __repr__(self) -> str:
        return f"{self.line}\n{self.counts}"


@public_api
def show(
    data: str,
    *,
    image_size: int | None = None,
    seed: int = SEED,
    data_dir: str | None = None,
    target: str | None = None,
    header: str | None = None,
    decimal: str | None = None,
    drop: Sequence[str] = (),
    text: str | None = None,
    as_category: Sequence[str] = (),
    as_number: Sequence[str] = (),
    numbers: bool = False,
    runs: str | Path = RUNS,
    split: Sequence[float] | None = None,
    out: str | Path | None = None,
) -> DataSummary:
    """Counts the items of each class and part, and draws some training images with their labels.

    Args:
        data: Name or path of a data set; see `TensorData`.
        image_size: Side in pixels that images are scaled to. If None, see `TensorData`.
        seed: Seed of the split, and of the images that are drawn.
        data_dir: Where torchvision data lies, if not in the usual places.
        target: The column of a table that is to be predicted, if it is not recognized; `none` for
            no target.
        header: `first` if the first line of a file holds the names of its columns, `none` if it
            has no names. If None, it is decided by looking.
        decimal: The decimal mark of numbers that may be thousands or fractions: `.` or `,`.
        drop: Columns of a file that are left out.
        text: The column of texts, if it is not recognized.
        as_category: Columns whose values are names of categories or classes.
        as_number: Columns whose values are numbers, and are kept if they number the rows.
        numbers: Whether targets are to be numbers; else they are classes, unless they are
            fractions.
        runs: The folder with all studies; the picture is `shown/DATA/images.png` in it.
        split: Shares of train, validation and test in per cent, such as (60, 10, 30), by which the
            images of a folder are split; what is shown is then the split.
        out: The folder for `train.csv`, `valid.csv` and `test.csv`, which name the images of each
            part, and `classes.csv`. From then on, it is data too.

    Raises:
        DataError: If the data is missing or broken, or has no classes to split.
        StudyError: If the shares are not three above 0 that add to 100, or have no folder.
        StorageError: If a file cannot be written, or a list is there already.

    Example:
        >>> print(latentune.show("digits").line)
        1,797 images 1x8x8, 10 classes, train 1,294 / val 144 / test 359
    """
    check_seed(seed)
    place = Runs(Path(runs))
    if (split is None) != (out is None):
        raise StudyError("`split=` and `out=` go together: what to write, and where")

    def read(name: str) -> TensorData:
        return TensorData(
            name,
            data_dir,
            image_size,
            seed=seed,
            cache=place.cache,
            numbers=numbers,
            table=TableOptions(
                target=target,
                header=header,
                decimal=decimal,
                drop=tuple(drop),
                text=text,
                as_category=tuple(as_category),
                as_number=tuple(as_number),
            ),
        )

    def look(name: str) -> DataSummary:
        whole = read(name)
        return replace(
            _shown(whole, place, seed), searchable=bool(find_fitting_models(whole.spec))
        )

    if split is None or out is None:
        return look(data)
    with split_folder(data, split, Path(out), seed) as lists:
        return replace(look(str(out)), lists=tuple(lists))


def _shown(whole: TensorData, place: Runs, seed: int) -> DataSummary:
    splits = whole.splits
    place.make()
    flush_cache()
    parts = dict(zip(PART_NAMES, splits[:3], strict=True))
    names = splits.spec.classes or ("all",)
    counts = {}
    for name, part in parts.items():
        targets = part.targets if splits.spec.classes else None
        of = torch.zeros(len(part), dtype=torch.long) if targets is None else targets
        counts[name] = of.bincount(minlength=len(names)).tolist()
    table = pd.DataFrame(counts, index=pd.Index(names, name="class"))
    line, features = describe_splits(splits), ", ".join(splits.spec.features)
    if 0 < len(features) <= LETTERS:
        line = f"{line}; features: {features}"
    if splits.spec.kind != "image":
        unknown = splits.train.targets is None and whole.source.table.target is None
        candidates = target_candidates(whole) if unknown else ()
        return DataSummary(line, table, (), candidates=tuple(candidates))
    order = torch.randperm(len(splits.train), generator=torch.Generator().manual_seed(seed))
    targets = splits.train.targets
    if targets is None or not splits.spec.classes:
        rows = {"": order[: SHOWN * MOST_CLASSES]}
    else:
        rows = {
            name: order[targets[order] == number][:SHOWN]
            for number, name in enumerate(names[:MOST_CLASSES])
        }
    folder = place.shown(str(whole.name))
    with replace_folder(folder, place) as new:
        images = {name: to_float(splits.train.inputs[chosen]) for name, chosen in rows.items()}
        title = f"{whole.name}: {line}"
        plot_labeled_grid(images, title, new / "images.png")
    return DataSummary(line, table, (folder / "images.png",))
