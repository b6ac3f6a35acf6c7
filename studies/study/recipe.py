"""The recipe of a study: the model, data and options, from which the study can be built again."""

import json
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_type_hints

from ...models.networks.architectures import ARCHITECTURES
from ...objectives.data.sources.builtin_datasets import DATASETS
from ...search_spaces.catalog.candidates import AUTO
from ...search_spaces.catalog.models import MODELS
from .option_fields import describe_options, options_of
from .study_error import StudyError, check_known
from .study_options import StudyOptions

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from ...storage.runs_folder import Runs

ALWAYS_RECORDED = ("space", "seed")
"""Recipe entries that are written to files even with default values, because people read them."""


def resolve_model_and_data(model: str, data: str | None) -> tuple[str, str | None]:
    """Returns the names of the model and the data.

    If `data` is None and `model` is the name of data, returns `auto` and that name.
    """
    if data is not None or model in MODELS or ":" in model:
        return model, data
    # A path that does not exist is refused where data are read.
    is_data = model in DATASETS or os.path.exists(model) or bool({".", os.sep} & set(model))
    return (AUTO, model) if is_data else (model, None)


@describe_options(StudyOptions)
@dataclass(frozen=True)
class Recipe(StudyOptions):
    """The model, the data and the options of a study, as plain words and numbers.

    A recipe is recorded on the study, in best.toml and in checkpoints. The same study can be built
    from it.

    Args:
        model: A key of the catalog, `auto`, or `module:NAME` of a `StudySpec`.
        data: A known data set, a file or a folder; None for a `StudySpec`, which has its own.
        models: If the model is `auto`: the models of the catalog to choose among.
        encoder_hash: Hash of the encoder's weights when the recipe was made.

    Raises:
        StudyError: If the value of an option is not allowed.
    """

    model: str
    data: str | None = None
    models: tuple[str, ...] = ()
    encoder_hash: str | None = None

    @property
    def has_own_encoder(self) -> bool:
        """Whether the recipe has an encoder that is a checkpoint, and not one of torchvision."""
        return self.encoder is not None and self.encoder not in ARCHITECTURES

    @classmethod
    def create(cls, model: str, data: str | None, options: StudyOptions) -> Self:
        """Returns a recipe from what a user typed. Paths of data become absolute."""
        if data is not None and data not in DATASETS and os.path.exists(data):
            data = os.path.abspath(data)
        return cls(model, data, **vars(options)).at(options.data_dir)

    @classmethod
    def from_table(
        cls, table: Mapping[str, Any], runs: "Runs", storage: str | None = None
    ) -> Self:
        """Returns a recipe from the result of `to_table`.

        Args:
            table: The entries, from a study, a file or a checkpoint.
            runs: The runs folder. The path of an encoder in the table is relative to it.
            storage: Optuna URL of the database, if it is not in the runs folder.

        Raises:
            StudyError: If an entry is unknown, missing or not allowed, or the model is a module
                that is not trusted.
            StorageError: If the path of the encoder leads out of the runs folder.
        """
        from .module_trust import check_module_trust

        recipe = cls.parse(table, runs)
        check_module_trust(recipe.model, storage or runs.database)
        return recipe

    @classmethod
    def parse(cls, table: Mapping[str, Any], runs: "Runs") -> Self:
        """Returns a recipe from the result of `to_table`.

        Unlike `from_table`, this does not check whether the model is a trusted module.
        """
        types = get_type_hints(cls)
        for name in table:
            check_known(name, types, f"a recipe has no entry {name!r}")
        entries = {name: _read_entry(name, value, types[name]) for name, value in table.items()}
        if "model" not in entries:
            raise StudyError("a recipe needs a model")
        if not re.fullmatch(r"\w*", entries.get("encoder_hash") or ""):  # it is part of a path
            raise StudyError(f"encoder_hash = {table['encoder_hash']!r} in a recipe is not a hash")
        recipe = cls(**entries)
        if not recipe.has_own_encoder:
            return recipe
        return replace(recipe, encoder=os.path.realpath(runs.resolve(recipe.encoder)))

    def to_table(self, runs: "Runs") -> dict[str, Any]:
        """Returns the recipe as a dictionary for TOML and JSON.

        Entries with default values are left out, except `ALWAYS_RECORDED`. The path of an encoder
        becomes relative to the runs folder, so the folder can be moved.

        Raises:
            StorageError: If the encoder is a checkpoint outside of the runs folder.
        """
        table = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self._non_default_entries(ALWAYS_RECORDED).items()
        }
        if self.encoder is not None and self.has_own_encoder:
            table["encoder"] = runs.inside(Path(self.encoder))
        return table

    def at(self, data_dir: str | Path | None) -> Self:
        """Returns the recipe with another data folder; with None, returns the recipe unchanged."""
        return self if data_dir is None else replace(self, data_dir=os.path.abspath(data_dir))

    def check_custom_study(self) -> None:
        """Raises StudyError if an option is set that does not apply to custom studies."""
        options = options_of(StudyOptions).items()
        fitting = {"model", *(name for name, one in options if one.option.fits_custom_study)}
        for name in self._non_default_entries():
            if name not in fitting:
                raise StudyError(
                    f"{self.model} brings its own data and objective: leave out `{name}=`"
                )

    def definition_entries(self) -> dict[str, str]:
        """Returns those entries of a study's definition that come from the recipe."""
        entries = {"model": self.model, "space": self.space, "seed": str(self.seed)}
        if self.model == AUTO:
            del entries["model"]  # it is a searched parameter
        options = options_of(StudyOptions)
        entries |= {
            name: ", ".join(value) if isinstance(value, tuple) else str(value)
            for name, value in self._non_default_entries().items()
            if name in options and options[name].option.in_definition
        }
        if self.encoder is not None:
            name = "" if self.has_own_encoder else f"{self.encoder} "
            entries["encoder"] = f"{name}{self.encoder_hash}{', trained too' * self.unfreeze}"
        return entries

    def _non_default_entries(self, also: Collection[str] = ()) -> dict[str, Any]:
        """Returns the entries that differ from their defaults, and always the entries `also`."""
        return {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default or field.name in also
        }


def _read_entry(name: str, value: Any, kind: Any) -> Any:
    """Returns a recipe entry from a file, after checking that it has the type `kind`.

    Raises:
        StudyError: If the value has another type.
    """
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_json(json.dumps(value), strict=True)
    except (ValidationError, TypeError):
        raise StudyError(f"{name} = {value!r} in a recipe has the wrong type") from None


@cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
