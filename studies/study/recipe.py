"""The recipe of a study: a few words and numbers from which the study can be made anywhere."""

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from ...models.networks.architectures import ARCHITECTURES
from ...search_spaces.catalog.candidates import AUTO
from ...search_spaces.space_errors import did_you_mean
from ...storage.runs_folder import Runs
from .defaults import AUGMENT, DEFAULT_SPACE, SEED
from .module_trust import check_module_trust
from .study_error import StudyError, check_at_least, check_seed

ENTRY_TYPES: dict[str, type] = {
    "model": str,
    "data": str,
    "models": list,
    "space": str,
    "ranges": Mapping,
    "objectives": list,
    "encoder": str,
    "encoder_hash": str,
    "weights": str,
    "unfreeze": bool,
    "target": str,
    "header": str,
    "decimal": str,
    "drop": list,
    "text": str,
    "as_category": list,
    "as_number": list,
    "balanced": bool,
    "augment": str,
    "normalize": bool,
    "data_dir": str,
}
"""The types of a recipe's entries as a file holds them; the others are whole numbers."""
RENAMED = {"knn": "probe"}
"""What objectives are called now that older files call otherwise."""


@dataclass(frozen=True)
class Recipe:
    """What a user asks for, as plain words and numbers.

    It is kept on the study, in best.toml and in checkpoints, and makes the same study again.

    Attributes:
        model: A key of the catalog, `auto`, or `module:NAME` of a `StudySpec` of your own.
        data: A data set of the list, a file or a folder. None if the model is a `StudySpec`, which
            brings its data.
        models: Keys of the catalog that `auto` chooses among; the data have decided which.
        space: Name of one of the model's search spaces.
        ranges: Ranges that replace the space's own; see `search_spaces.ranges.parse_range`.
        objectives: Names of the metrics to search by, among those of the model. If empty, its
            first; of several, the study looks for the best compromises.
        encoder: Path of the checkpoint whose encoder the model is put on, if it needs one, or an
            architecture of torchvision.
        encoder_hash: What `file_hash` gave for that checkpoint when it was chosen.
        weights: The weights of such an architecture: a file, `none` for new ones, or None for
            those of torchvision.
        unfreeze: Whether that encoder is trained too.
        epochs: Epochs of a training. If None, use the model's.
        repeats: How often each trial is trained, each time with another seed.
        folds: If not None, each trial is trained so often, each time on other parts of the data.
        batch_size: Images in a batch. If None, the data decides.
        image_size: Side that images are scaled to. If None, the data decides.
        normalize: Whether networks standardize what they see. If None, the data decides.
        target: The column of a table that is to be predicted, if it is not recognized; this and
            the next six are `TableOptions`.
        header: Whether the first line of a file holds the names of its columns.
        decimal: The decimal mark of numbers that may be thousands or fractions.
        drop: Columns of a file that are left out.
        text: The column of texts.
        as_category: Columns whose values are names.
        as_number: Columns whose values are numbers.
        balanced: Whether training draws each class equally often.
        augment: How images of the training part are varied; see `TensorData`.
        data_dir: Where torchvision data lies. If None, see `TensorData`.
        seed: Seed of the split, the sampler and the trials.
    """

    model: str
    data: str | None = None
    models: tuple[str, ...] = ()
    space: str = DEFAULT_SPACE
    ranges: Mapping[str, str] = field(default_factory=dict)
    objectives: tuple[str, ...] = ()
    encoder: str | None = None
    encoder_hash: str | None = None
    weights: str | None = None
    unfreeze: bool = False
    epochs: int | None = None
    repeats: int = 1
    folds: int | None = None
    batch_size: int | None = None
    image_size: int | None = None
    normalize: bool | None = None
    target: str | None = None
    header: str | None = None
    decimal: str | None = None
    drop: tuple[str, ...] = ()
    text: str | None = None
    as_category: tuple[str, ...] = ()
    as_number: tuple[str, ...] = ()
    balanced: bool = False
    augment: str = AUGMENT
    data_dir: str | None = None
    seed: int = SEED

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "image_size"):
            if getattr(self, name) is not None:
                check_at_least(name, getattr(self, name), 1)
        check_at_least("repeats", self.repeats, 1)
        if self.folds is not None:
            check_at_least("folds", self.folds, 2)
            if self.repeats > 1:
                raise StudyError("choose one of `repeats=` and `folds=`: folds repeat already")
        check_seed(self.seed)

    @classmethod
    def from_table(cls, table: Mapping[str, Any], runs: Runs, storage: str | None = None) -> Self:
        """Makes a recipe of what `to_table` returned.

        Args:
            table: The entries, from a study, a file or a checkpoint.
            runs: The folder that a relative path of an encoder starts from.
            storage: Optuna URL of its database, if that is not in the folder.

        Raises:
            StudyError: If an entry is unknown, missing or not allowed, or the model is a module
                that nobody here has named.
            StorageError: If the path of the encoder leads out of the runs folder.
        """
        recipe = cls.read(table, runs)
        check_module_trust(recipe.model, storage or runs.database)
        return recipe

    @classmethod
    def read(cls, table: Mapping[str, Any], runs: Runs) -> Self:
        """Makes a recipe as `from_table` does, but one that may be of anybody's module.

        Nothing is to be made of it: it shows that a table is a recipe.
        """
        known = [f.name for f in fields(cls)]
        for name, value in table.items():
            if name not in known:
                raise StudyError(f"a recipe has no entry {name!r}; {did_you_mean(name, known)}")
            kind = ENTRY_TYPES.get(name, int)
            texts = value.values() if isinstance(value, Mapping) else value
            odd = isinstance(value, bool) and kind is not bool  # to Python, it is a number
            if (
                odd
                or not isinstance(value, kind)
                or (kind in (Mapping, list) and not all(isinstance(text, str) for text in texts))
            ):
                raise StudyError(f"{name} = {value!r} in a recipe has the wrong type")
        if "model" not in table:
            raise StudyError("a recipe needs a model")
        if not re.fullmatch(r"\w*", table.get("encoder_hash", "")):  # it names a file
            raise StudyError(f"encoder_hash = {table['encoder_hash']!r} in a recipe is no hash")
        lists = {
            name: tuple(table.get(name, ())) for name, kind in ENTRY_TYPES.items() if kind is list
        }
        lists["objectives"] = tuple(RENAMED.get(name, name) for name in lists["objectives"])
        entries = {**table, **lists}
        if table.get("encoder", next(iter(ARCHITECTURES))) not in ARCHITECTURES:
            entries["encoder"] = os.path.realpath(runs.resolve(table["encoder"]))
        return cls(**entries)

    def to_table(self, runs: Runs) -> dict[str, Any]:
        """Returns the recipe as TOML and JSON can hold it, without what is not asked for.

        The path of an encoder is relative to the runs folder, so that both can be moved.

        Raises:
            StorageError: If the encoder does not lie in the runs folder.
        """
        table = {n: list(v) if isinstance(v, tuple) else v for n, v in asdict(self).items()}
        if self.encoder is not None and self.encoder not in ARCHITECTURES:
            table["encoder"] = runs.inside(Path(self.encoder))
        if self.augment == AUGMENT:
            del table["augment"]
        if self.repeats == 1:
            del table["repeats"]
        return {
            name: value
            for name, value in table.items()
            if value or (isinstance(value, int) and (value is not False or name == "normalize"))
        }

    def at(self, data_dir: str | Path | None) -> Self:
        """Returns the recipe with its data in a folder; None leaves them where they were."""
        if data_dir is None:
            return self
        return replace(self, data_dir=os.path.abspath(data_dir))

    def definition_entries(self) -> dict[str, str]:
        """Returns the part of a study's definition that only the recipe knows."""
        known = {"model": self.model, "space": self.space, "seed": str(self.seed)}
        if self.model == AUTO:
            del known["model"]  # it is a parameter, whose choices say more
        if self.balanced:
            known["sampling"] = "balanced"
        if self.augment != AUGMENT:
            known["augment"] = self.augment
        if self.encoder is not None:
            body = f"{self.encoder} " if self.encoder in ARCHITECTURES else ""
            ways = ", trained too" if self.unfreeze else ""
            known["encoder"] = f"{body}{self.encoder_hash}{ways}"
        return known
