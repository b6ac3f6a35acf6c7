"""Builds studies from recipes, and networks from checkpoints.

Both are in one file because they call each other: a study on an encoder needs a network from a
checkpoint, and the network is built from the recipe of another study.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytorch_lightning as pl
from torch import nn

from ...models.autoencoder import Autoencoder
from ...models.data_spec import DataSpec
from ...models.networks.architectures import ARCHITECTURES
from ...models.networks.pretrained_backbone import PretrainedBackbone
from ...models.predictor import Predictor
from ...models.roles import Encodes
from ...models.types import Space
from ...objectives.data.encoded_data import EncodedData
from ...objectives.data.preparation.labels import require_labels
from ...objectives.data.sources.builtin_datasets import DATASETS
from ...objectives.data.sources.source import TableOptions
from ...objectives.data.tensor_data import TensorData
from ...objectives.objective import Objective
from ...search_spaces.batch_size import BATCH_SIZE, BatchSizeSpace
from ...search_spaces.catalog.candidates import AUTO
from ...search_spaces.catalog.entry import PUBLISHED, CatalogEntry
from ...search_spaces.catalog.models import MODELS
from ...search_spaces.head_spaces import EncoderSpace
from ...search_spaces.ranges import RangedSpace
from ...search_spaces.suggestions import check_memory, replay
from ...storage.checkpoint_file import (
    CheckpointHeader,
    file_hash,
    load_weights,
    read_checkpoint,
    read_header,
)
from ...storage.runs_folder import Runs
from .catalog_recipe import catalog_entry, objective_metrics
from .custom_study import import_spec
from .encoder_loader import EncoderLoader, check_weights, pretrained_encoder
from .recipe import Recipe
from .study_error import StudyError, check_choice
from .study_spec import StudySpec

MIN_PREDICTOR_ROWS = 8
"""The least number of rows of a table in a batch of a predictor, if it is chosen by default."""


def build_spec(
    recipe: Recipe, runs: Runs, encoder: CheckpointHeader | str | None = None
) -> StudySpec:
    """Returns the study that a recipe describes, without loading the data.

    Args:
        recipe: The recipe.
        runs: The runs folder.
        encoder: The header of the encoder's checkpoint, or the name of a torchvision architecture.
            If given, the encoder has initial weights, and no file is read.

    Raises:
        StudyError: If the model, space or objective does not exist, or an option does not fit.
    """
    if ":" in recipe.model:
        recipe.check_custom_study()
        spec = import_spec(recipe.model)
    else:
        spec = _catalog_spec(recipe, runs, encoder)
    changes: dict[str, Any] = {
        "max_epochs": recipe.epochs,
        "repeats": recipe.repeats if recipe.repeats > 1 else None,
        "folds": recipe.folds,
        "limits": recipe.limits,
        "precision": recipe.precision if recipe.precision != Recipe.precision else None,
        "seed": recipe.seed,
    }
    if recipe.ranges:
        changes["model"] = RangedSpace(spec.objective.model, dict(recipe.ranges))
    given = {name: value for name, value in changes.items() if value is not None}
    return replace(spec, objective=replace(spec.objective, **given))


def build_network(header: CheckpointHeader, runs: Runs) -> pl.LightningModule:
    """Returns the network that the header of a checkpoint describes, with initial weights."""
    recipe = Recipe.from_table(header.recipe.to_table(), runs)
    spec = build_spec(recipe, runs, header.encoder)
    build = partial(replay, spec.objective.model, header.params, header.data_spec)
    check_memory(build)
    return build()


def load_network(path: Path, runs: Runs) -> pl.LightningModule:
    """Returns the network in the checkpoint at `path`, on the CPU and in eval mode."""
    header, weights = read_checkpoint(path)
    model = build_network(header, runs)
    load_weights(model, weights, path)
    if header.calibration is not None and isinstance(model, Predictor):
        model.temperature = header.calibration.temperature
    return model.eval()


def load_encoder(path: Path, data: DataSpec, runs: Runs) -> pl.LightningModule:
    """Returns the network in the checkpoint at `path`, after checking that it can encode the data.

    Raises:
        StudyError: If the network has no `encode`, or takes items of another shape than `data`.
        StorageError: If the checkpoint cannot be read.
    """
    model = load_network(path, runs)
    if not isinstance(model, Encodes):
        raise StudyError(f"{path} holds a {type(model).__name__}, which has no encode()")
    trained_on = read_header(path).data_spec
    if trained_on.shape != data.shape:
        raise StudyError(f"{path} encodes items of {trained_on}, but the data has {data}")
    return model


def describe_encoder(recipe: Recipe) -> CheckpointHeader | str:
    """Returns the header of the checkpoint that a recipe names as its encoder.

    If the encoder is one of torchvision, returns the name of its architecture.
    """
    assert recipe.encoder is not None
    return read_header(Path(recipe.encoder)) if recipe.has_own_encoder else recipe.encoder


def untrained_space(entry: CatalogEntry, name: str) -> Space:
    """Returns the search space called `name` of a catalog entry.

    If the entry's models need an encoder, an untrained encoder is used.
    """
    space: Callable[..., Any] = resolve_name(entry.spaces[name])
    return EncoderSpace(space, Autoencoder, unfreeze=True) if entry.needs_encoder else space


def _catalog_spec(recipe: Recipe, runs: Runs, encoder: CheckpointHeader | str | None) -> StudySpec:
    entry = catalog_entry(recipe)
    assert recipe.data is not None
    if recipe.model == AUTO and not recipe.models:
        raise StudyError(f"a recipe of {AUTO} needs the models that it chooses among")
    metrics = objective_metrics(recipe, entry)
    space: Callable[..., Any] = resolve_name(entry.spaces[recipe.space])
    if recipe.model == AUTO:
        space = space(recipe.models)
    data: Callable[[], Any] = data_reader(recipe, entry, runs)
    if entry.predicts is not None:
        data = partial(_read_data_with_targets, recipe.model, entry.predicts, data)
    check_weights(recipe.encoder, recipe.weights)
    if entry.needs_encoder:
        space, data = _add_encoder(recipe, space, data, runs, encoder)
    if BATCH_SIZE in (recipe.ranges or {}):
        space = BatchSizeSpace(space)
    objective = Objective(
        model=space,
        data=data,
        metrics=metrics,
        metric_callbacks=[
            resolve_name(factory)
            for name, factory in entry.metric_callbacks.items()
            if f"val_{name}" in metrics
        ],
        max_epochs=entry.epochs,
    )
    path = Path(recipe.data.removesuffix(".gz"))
    of_data = recipe.data if recipe.data in DATASETS else path.stem
    return StudySpec(f"{recipe.model}-{of_data}", objective, entry.trials)


def data_reader(recipe: Recipe, entry: CatalogEntry, runs: Runs) -> Callable[[], TensorData]:
    """Returns a function that reads the data of a recipe in the form that `entry` needs."""
    assert recipe.data is not None
    if recipe.binarize and not entry.bernoulli:
        models = ", ".join(name for name, other in MODELS.items() if other.bernoulli)
        raise StudyError(
            f"{recipe.model} has no Bernoulli likelihood, which `binarize=` needs; use {models}"
        )
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
        min_rows=2 if entry.predicts is None else MIN_PREDICTOR_ROWS,
        seed=recipe.seed,
        cache=runs.cache,
        table=TableOptions.of(recipe),
        # With `auto`, the data decide whether numbers are predicted.
        numbers=entry.predicts == "number" and recipe.model != AUTO,
        balanced=recipe.balanced,
        augment=recipe.augment,
        binarize=recipe.binarize,
        only=recipe.only,
        deduplicate=recipe.deduplicate,
    )


def _read_data_with_targets(
    model: str, wanted: str, items: Callable[[], TensorData]
) -> TensorData:
    """Returns `items()`, after checking that the data have the targets that a model predicts.

    `wanted` is what the model predicts, `class` or `number`.

    Raises:
        StudyError: If the targets of the data are of the other kind.
        DataError: If the data have no targets.
    """
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


def _add_encoder(
    recipe: Recipe,
    suggest: Callable[..., dict[str, Any]],
    items: Callable[[], TensorData],
    runs: Runs,
    encoder: CheckpointHeader | str | None,
) -> tuple[EncoderSpace, Callable[[], Any]]:
    """Returns the search space and the data of a study whose models use an encoder.

    The data are returned as a function that reads them. If the encoder is frozen, the function
    returns encoded items.
    """
    if encoder is not None:
        return EncoderSpace(
            suggest, partial(_build_encoder, encoder, runs), recipe.unfreeze
        ), items
    if recipe.encoder is None:
        raise StudyError(f"{recipe.model} needs a trained encoder: name its study by `encoder=`")
    encoder_hash = recipe.encoder_hash
    if recipe.has_own_encoder:
        path = Path(recipe.encoder)
        cache = path.with_name(f"codes-{encoder_hash}")
        load = EncoderLoader(
            lambda data: load_encoder(path, data, runs),
            path,
            partial(file_hash, path),
            encoder_hash,
        )
    else:
        cache = runs.cache / "codes" / f"{recipe.encoder}-{encoder_hash}-{recipe.seed}"
        load = pretrained_encoder(recipe.encoder, recipe.weights, encoder_hash, recipe.seed)
    on_encoder = EncoderSpace(suggest, load, recipe.unfreeze)
    if recipe.unfreeze:
        return on_encoder, items
    return on_encoder, lambda: EncodedData(items(), load, cache, recipe.batch_size)


def _build_encoder(encoder: CheckpointHeader | str, runs: Runs, data: DataSpec) -> nn.Module:
    """Returns the encoder that a header or an architecture describes, with initial weights."""
    if isinstance(encoder, str):
        check_choice("encoder", encoder, ARCHITECTURES)
        return PretrainedBackbone(encoder)
    return build_network(encoder, runs)
