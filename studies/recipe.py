"""The recipe of a study: a few words and numbers from which the study can be made anywhere."""

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Self

from ..objectives.data import ImageData
from ..objectives.datasets import DATASETS
from ..objectives.objective import Objective
from ..search_spaces.ranges import RangedSpace
from ..search_spaces.watch import did_you_mean
from ..storage.runs import Runs, check_name
from .allowed import check_allowed
from .catalog import MODELS, Direction, Entry
from .defaults import SEED, SPACE
from .errors import StudyError, check_at_least, check_choice, check_seed
from .spec import StudySpec

KINDS: dict[str, type] = {
    "model": str,
    "data": str,
    "space": str,
    "ranges": Mapping,
    "objectives": list,
    "encoder": str,
    "encoder_hash": str,
    "unfreeze": bool,
    "data_dir": str,
}
"""The types of a recipe's entries as a file holds them; the others are whole numbers."""


@dataclass(frozen=True)
class Recipe:
    """What a user asks for, as plain words and numbers.

    It is kept on the study, in best.toml and in checkpoints, and makes the same study again.

    Attributes:
        model: A key of the catalogue, or `module:NAME` of a `StudySpec` of your own.
        data: `digits`, `fashion-mnist`, `mnist`, or a folder of images. None if the model is a
            `StudySpec`, which brings its data.
        space: Name of one of the model's search spaces.
        ranges: Ranges that replace the space's own; see `search_spaces.ranges.narrow`.
        objectives: Names of the metrics to search by, among those of the model. If empty, its
            first; of several, the study looks for the best compromises.
        encoder: Path of the checkpoint whose encoder the model is put on, if it needs one.
        encoder_hash: What `file_hash` gave for that checkpoint when it was chosen.
        unfreeze: Whether that encoder is trained too.
        epochs: Epochs of a trial. If None, use the model's.
        batch_size: Images in a batch. If None, the data decides.
        image_size: Side that the images of a folder are scaled to. If None, the data decides.
        data_dir: Where torchvision data lies. If None, see `ImageData`.
        seed: Seed of the split, the sampler and the trials.
    """

    model: str
    data: str | None = None
    space: str = SPACE
    ranges: Mapping[str, str] = field(default_factory=dict)
    objectives: tuple[str, ...] = ()
    encoder: str | None = None
    encoder_hash: str | None = None
    unfreeze: bool = False
    epochs: int | None = None
    batch_size: int | None = None
    image_size: int | None = None
    data_dir: str | None = None
    seed: int = SEED

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "image_size"):
            if getattr(self, name) is not None:
                check_at_least(name, getattr(self, name), 1)
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
        """
        known = [f.name for f in fields(cls)]
        for name, value in table.items():
            if name not in known:
                raise StudyError(f"a recipe has no entry {name!r}; {did_you_mean(name, known)}")
            kind = KINDS.get(name, int)
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
        check_allowed(table["model"], storage or runs.database)
        entries = {**table, "objectives": tuple(table.get("objectives", ()))}
        if "encoder" in table:
            entries["encoder"] = os.path.join(os.path.realpath(runs.root), table["encoder"])
        return cls(**entries)

    def to_table(self, runs: Runs) -> dict[str, Any]:
        """Returns the recipe as TOML and JSON can hold it, without what is not asked for.

        The path of an encoder in the runs folder is relative to it, so that both can be moved.
        """
        table = {**asdict(self), "objectives": list(self.objectives)}
        if self.encoder is not None:
            table["encoder"] = runs.inside(Path(self.encoder))
        return {
            name: value
            for name, value in table.items()
            if value or (isinstance(value, int) and value is not False)
        }

    def at(self, data_dir: str | Path | None) -> Self:
        """Returns the recipe with its data in a folder; None leaves them where they were."""
        if data_dir is None:
            return self
        return replace(self, data_dir=os.path.abspath(data_dir))

    def identity(self) -> dict[str, str]:
        """Returns the part of a study's definition that only the recipe knows."""
        known = {"model": self.model, "space": self.space, "seed": str(self.seed)}
        if self.encoder is not None:
            known["encoder"] = f"{self.encoder_hash}{', trained too' if self.unfreeze else ''}"
        return known

    def spec(self, runs: Runs, trained: Mapping[str, Any] | None = None) -> StudySpec:
        """Makes the study that the recipe describes, without loading its data.

        Args:
            runs: Whose studies may name the module of the encoder.
            trained: The configuration in a checkpoint, if its network is to be rebuilt without
                the data, and without the encoder that it was once put on.

        Raises:
            StudyError: If there is no such model, space or objective.
        """
        spec = self._own_spec() if ":" in self.model else self._catalogue_spec(runs, trained)
        objective = spec.objective
        if self.epochs is not None:
            objective = replace(objective, max_epochs=self.epochs)
        if self.ranges:
            objective = replace(objective, model=RangedSpace(objective.model, dict(self.ranges)))
        return replace(spec, objective=replace(objective, seed=self.seed))

    def _catalogue_spec(self, runs: Runs, trained: Mapping[str, Any] | None) -> StudySpec:
        check_choice("model", self.model, MODELS)
        entry = MODELS[self.model]
        if self.space not in entry.spaces:
            raise StudyError(
                f"{self.model} has no space {self.space!r}; "
                f"{did_you_mean(self.space, list(entry.spaces))}"
            )
        if not self.data:
            raise StudyError(f"{self.model} needs data: {', '.join(DATASETS)} or a folder")
        data: Callable[[], Any] = partial(
            ImageData,
            self.data,
            data_dir=self.data_dir,
            image_size=self.image_size,
            batch_size=self.batch_size,
            seed=self.seed,
        )
        space: Callable[..., Any] = resolve_name(entry.spaces[self.space])
        name = f"{self.model}-{self.data if self.data in DATASETS else Path(self.data).name}"
        if entry.on_encoder:
            # A study on an encoder is made of another study, which has a recipe of its own.
            from .encoders import on_encoder

            space, data = on_encoder(self, space, data, runs, trained)
        elif self.encoder is not None or self.unfreeze:
            raise StudyError(f"{self.model} is not put on an encoder: leave out `encoder=`")
        (monitor, direction), *also = self._metrics(entry)
        return StudySpec(
            name=name,
            objective=Objective(
                model=space,
                data=data,
                monitor=monitor,
                direction=direction,
                also=tuple(also),
                max_epochs=entry.epochs,
            ),
            trials=entry.trials,
        )

    def _metrics(self, entry: Entry) -> list[tuple[str, Direction]]:
        """Returns what the model logs for each objective, and which way it is better."""
        for name in self.objectives:
            if name not in entry.metrics:
                raise StudyError(
                    f"{self.model} has no objective {name!r}; "
                    f"{did_you_mean(name, list(entry.metrics))}"
                )
            if self.objectives.count(name) > 1:
                raise StudyError(f"objective {name!r} is named twice")
        chosen = self.objectives or (next(iter(entry.metrics)),)
        return [(f"val_{name}", entry.metrics[name]) for name in chosen]

    def _own_spec(self) -> StudySpec:
        for option in (
            "data",
            "batch_size",
            "image_size",
            "data_dir",
            "objectives",
            "encoder",
            "unfreeze",
        ):
            if getattr(self, option):
                raise StudyError(
                    f"{self.model} brings its own data and objective: leave out {option}"
                )
        if self.space != SPACE:
            raise StudyError(f"{self.model} has no space {self.space!r}: it is one itself")
        here = os.getcwd()
        if here not in sys.path:
            sys.path.insert(0, here)
        module, _, name = self.model.partition(":")
        try:
            spec = getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise  # an import inside the user's module failed: that is theirs to see whole
            raise StudyError(f"there is no module {module!r} in {here} or installed") from error
        except AttributeError as error:
            raise StudyError(f"module {module!r} has no {name!r}") from error
        if not isinstance(spec, StudySpec):
            raise StudyError(f"{self.model} is a {type(spec).__name__}, not a StudySpec")
        check_name(spec.name)
        return spec
