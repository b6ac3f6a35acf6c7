"""From the words of a recipe to a study, and from a checkpoint back to a network.

A study on an encoder is made of the network of another study, which was made of a recipe too:
that recursion is in this file.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytorch_lightning as pl
import torch
from torch import nn

from ...models.autoencoder import Autoencoder
from ...models.data_spec import DataSpec
from ...models.networks.architectures import ARCHITECTURES
from ...models.networks.pretrained_backbone import PretrainedBackbone
from ...models.roles import Encodes
from ...models.types import Direction, Space
from ...objectives.data.encoded_data import EncodedData
from ...objectives.data.preparation.labels import require_labels
from ...objectives.data.sources.builtin_datasets import DATASETS
from ...objectives.data.sources.table_options import TableOptions
from ...objectives.data.tensor_data import TensorData
from ...objectives.objective import Objective
from ...search_spaces.catalog.candidates import AUTO, join_entries
from ...search_spaces.catalog.entry import PUBLISHED, CatalogEntry
from ...search_spaces.catalog.models import MODELS
from ...search_spaces.encoder_space import EncoderSpace
from ...search_spaces.ranges import RangedSpace
from ...search_spaces.space_errors import did_you_mean
from ...search_spaces.suggestions import check_memory, replay
from ...storage.checkpoint_file import ARCHITECTURE, file_hash, load_weights, read_checkpoint
from ...storage.runs_folder import Runs
from .custom_study import import_spec
from .pretrained_encoder import PretrainedEncoder, check_weights
from .recipe import Recipe
from .study_error import StudyError, check_choice
from .study_spec import StudySpec


def build_spec(recipe: Recipe, runs: Runs, encoder: Mapping[str, Any] | None = None) -> StudySpec:
    """Makes the study that a recipe describes, without loading its data.

    Args:
        recipe: The recipe.
        runs: Whose studies may name the module of the encoder.
        encoder: The configuration of the encoder, if its network is to be rebuilt from that
            alone, without the file that the recipe names.

    Raises:
        StudyError: If there is no such model, space or objective.
    """
    if ":" in recipe.model:
        recipe.check_custom_study()
        spec = import_spec(recipe.model)
    else:
        spec = _catalog_spec(recipe, runs, encoder)
    objective = spec.objective
    if recipe.epochs is not None:
        objective = replace(objective, max_epochs=recipe.epochs)
    if recipe.ranges:
        objective = replace(objective, model=RangedSpace(objective.model, dict(recipe.ranges)))
    if recipe.repeats > 1:
        objective = replace(objective, repeats=recipe.repeats)
    if recipe.folds is not None:
        objective = replace(objective, folds=recipe.folds)
    return replace(spec, objective=replace(objective, seed=recipe.seed))


def build_network(configuration: Mapping[str, Any], runs: Runs) -> pl.LightningModule:
    """Builds the network that a checkpoint's configuration describes, with weights of its own."""
    recipe = Recipe.from_table(configuration["recipe"], runs)
    spec = build_spec(recipe, runs, configuration.get("encoder"))
    data = DataSpec.from_table(configuration["data"])
    build = partial(replay, spec.objective.model, configuration["params"], data)
    check_memory(build)
    return build()


def load_network(path: Path, runs: Runs) -> pl.LightningModule:
    """Loads the network of a checkpoint as `load_model` does."""
    configuration, weights = read_checkpoint(path)
    model = build_network(configuration, runs)
    load_weights(model, weights, path)
    return model.eval()


def load_encoder(path: Path, data: DataSpec, runs: Runs) -> pl.LightningModule:
    """Loads a trained network whose encoder reads items of a shape.

    Raises:
        StudyError: If it has no encoder, or reads items of another shape.
        StorageError: If the file cannot be read.
    """
    model = load_network(path, runs)
    if not isinstance(model, Encodes):
        raise StudyError(f"{path} holds a {type(model).__name__}, which has no encode")
    theirs = DataSpec.from_table(read_checkpoint(path)[0]["data"])
    if theirs.shape != data.shape:
        raise StudyError(f"{path} reads items of {theirs}, but the data has {data}")
    return model


def encoder_configuration(recipe: Recipe) -> dict[str, Any]:
    """Returns what the encoder of a study is rebuilt from, without the file that it came from."""
    assert recipe.encoder is not None
    if recipe.encoder in ARCHITECTURES:
        return {ARCHITECTURE: recipe.encoder}
    return read_checkpoint(Path(recipe.encoder))[0]


def untrained_space(entry: CatalogEntry, name: str) -> Space:
    """Returns a space of the catalog, on an encoder with new weights if it needs one."""
    space: Callable[..., pl.LightningModule] = resolve_name(entry.spaces[name])
    return EncoderSpace(space, Autoencoder, unfreeze=True) if entry.needs_encoder else space


class TrainedEncoder:
    """A trained encoder, whose file is hashed and read once."""

    def __init__(self, path: Path, known: str | None, runs: Runs) -> None:
        self.path, self.known, self.runs = path, known, runs
        self._network: pl.LightningModule | None = None

    def __call__(self, data: DataSpec) -> pl.LightningModule:
        if self._network is None:
            if (now := file_hash(self.path)) != self.known:
                raise StudyError(
                    f"the encoder {self.path} has been trained anew (it was {self.known}, it is "
                    f"{now}): search it as a new study by `name=`"
                )
            # A trial draws the same, whether it is the first of its process or not.
            with torch.random.fork_rng(devices=[]):
                self._network = load_encoder(self.path, data, self.runs)
        return self._network


def _catalog_spec(recipe: Recipe, runs: Runs, encoder: Mapping[str, Any] | None) -> StudySpec:
    entry = _entry(recipe)
    if recipe.space not in entry.spaces:
        raise StudyError(
            f"{recipe.model} has no space {recipe.space!r}; "
            f"{did_you_mean(recipe.space, list(entry.spaces))}"
        )
    if not recipe.data:
        raise StudyError(
            f"{recipe.model} needs data: {', '.join(DATASETS)}, or a folder or file of yours"
        )
    space: Callable[..., Any] = resolve_name(entry.spaces[recipe.space])
    if recipe.model == AUTO:
        if not recipe.models:
            raise StudyError(f"a recipe of {AUTO} needs the models that it chooses among")
        space = space(recipe.models)
    data: Callable[[], Any] = data_reader(recipe, entry, runs)
    if entry.predicts is not None:
        data = partial(_read_data_with_targets, recipe.model, entry.predicts, data)
    check_weights(recipe.encoder, recipe.weights)
    if entry.needs_encoder:
        space, data = _put_on_encoder(recipe, space, data, runs, encoder)
    elif recipe.encoder is not None or recipe.unfreeze:
        raise StudyError(f"{recipe.model} is not put on an encoder: leave out `encoder=`")
    chosen = _objective_metrics(recipe, entry)
    objective = Objective(
        model=space,
        data=data,
        metrics={f"val_{name}": way for name, way in chosen.items()},
        metric_callbacks=[
            resolve_name(entry.metric_callbacks[name])
            for name in chosen
            if name in entry.metric_callbacks
        ],
        max_epochs=entry.epochs,
    )
    of_data = recipe.data if recipe.data in DATASETS else Path(recipe.data).stem
    return StudySpec(f"{recipe.model}-{of_data}", objective, entry.trials)


def _entry(recipe: Recipe) -> CatalogEntry:
    """Returns what the catalog says of a model, or of those that are to be chosen among."""
    if recipe.model != AUTO:
        check_choice("model", recipe.model, [*MODELS, AUTO])
        return MODELS[recipe.model]
    for model in recipe.models:
        check_choice("model", model, MODELS)
    return join_entries(recipe.models)


def data_reader(recipe: Recipe, entry: CatalogEntry, runs: Runs) -> Callable[[], TensorData]:
    """Returns what reads the data of a recipe, as a model needs them."""
    assert recipe.data is not None
    usual, normalize = entry.batch_size, recipe.normalize
    if recipe.space == PUBLISHED and entry.published is not None:
        usual = entry.published.batch_size
        normalize = entry.published.normalize if normalize is None else normalize
    return partial(
        TensorData,
        recipe.data,
        data_dir=recipe.data_dir,
        image_size=recipe.image_size,
        normalize=normalize,
        batch_size=usual if recipe.batch_size is None else recipe.batch_size,
        seed=recipe.seed,
        cache=runs.cache,
        **{name: getattr(recipe, name) for name in TableOptions._fields},
        # Whoever lets the data decide what is predicted has read them as they are.
        numbers=entry.predicts == "number" and recipe.model != AUTO,
        balanced=recipe.balanced,
        augment=recipe.augment,
    )


def _read_data_with_targets(
    model: str, wanted: str, items: Callable[[], TensorData]
) -> TensorData:
    """Returns data that have what a model predicts."""
    data = items()
    found = "class" if data.spec.target is None else "number"
    if found == "class":
        require_labels(data)
    if found != wanted:
        fitting = [name for name, entry in MODELS.items() if entry.predicts == found]
        raise StudyError(
            f"{model} predicts a {wanted}, but the target of {data.name} is a {found}; "
            f"these predict one: {', '.join(fitting)}"
        )
    return data


def _put_on_encoder(
    recipe: Recipe,
    space: Callable[..., pl.LightningModule],
    items: Callable[[], TensorData],
    runs: Runs,
    encoder: Mapping[str, Any] | None,
) -> tuple[EncoderSpace, Callable[[], Any]]:
    """Returns the space and the data of a study on an encoder, frozen or not."""
    if encoder is not None:
        return EncoderSpace(space, partial(_build_encoder, encoder, runs), recipe.unfreeze), items
    if recipe.encoder is None:
        raise StudyError(
            f"{recipe.model} is put on a trained encoder: name its study by `encoder=`"
        )
    known = recipe.encoder_hash
    cache = Path(recipe.encoder).with_name(f"codes-{known}")
    load: Callable[[DataSpec], Any] = TrainedEncoder(Path(recipe.encoder), known, runs)
    if recipe.encoder in ARCHITECTURES:
        cache = runs.cache / "codes" / f"{recipe.encoder}-{known}-{recipe.seed}"
        load = PretrainedEncoder(recipe.encoder, recipe.weights, known, recipe.seed)
    put = EncoderSpace(space, load, recipe.unfreeze)
    if recipe.unfreeze:
        return put, items
    return put, lambda: EncodedData(items(), load, cache, recipe.batch_size)


def _build_encoder(encoder: Mapping[str, Any], runs: Runs, data: DataSpec) -> nn.Module:
    """Builds the encoder that a checkpoint describes, with weights of its own."""
    if ARCHITECTURE in encoder:
        check_choice("encoder", encoder[ARCHITECTURE], ARCHITECTURES)
        return PretrainedBackbone(encoder[ARCHITECTURE])
    return build_network(encoder, runs)


def _objective_metrics(recipe: Recipe, entry: CatalogEntry) -> dict[str, Direction]:
    """Returns the objectives that were asked for, and which way each is better."""
    for name in recipe.objectives:
        if name not in entry.metrics:
            raise StudyError(
                f"{recipe.model} has no objective {name!r}; "
                f"{did_you_mean(name, list(entry.metrics))}"
            )
        if recipe.objectives.count(name) > 1:
            raise StudyError(f"objective {name!r} is named twice")
    return {name: entry.metrics[name] for name in recipe.objectives or [next(iter(entry.metrics))]}
