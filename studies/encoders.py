"""Studies on the encoder of another study: finding it, putting a space on it, and its lineage."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import optuna
import pytorch_lightning as pl
from optuna.trial import BaseTrial

from ..models.autoencoder import ConvAutoencoder
from ..models.blocks import Shape
from ..objectives.codes import CodeData, labelled
from ..objectives.data import ImageData
from ..search_spaces.common import Space
from ..storage.checkpoint import file_hash, read_checkpoint
from ..storage.runs import Runs
from .catalog import Entry
from .errors import StudyError
from .recipe import Recipe
from .results import build, find, load_model, split_source


@dataclass(frozen=True)
class OnEncoder:
    """A space that takes a trained model too, as one that takes a trial and a shape alone.

    Attributes:
        space: The space as it was written.
        codec: Makes the model whose encoder it is put on, for images of a shape.
        classes: Returns the number of classes.
        unfreeze: Whether the encoder is trained too.
    """

    space: Callable[..., pl.LightningModule]
    codec: Callable[[Shape], pl.LightningModule]
    classes: Callable[[], int]
    unfreeze: bool

    def __call__(self, trial: BaseTrial, input_shape: Shape) -> pl.LightningModule:
        """Builds the model on a fresh copy of the encoder."""
        return self.space(
            trial,
            input_shape,
            codec=self.codec(input_shape),
            classes=self.classes(),
            unfreeze=self.unfreeze,
        )


def on_encoder(
    recipe: Recipe,
    space: Callable[..., pl.LightningModule],
    images: Callable[[], ImageData],
    runs: Runs,
    trained: Mapping[str, Any] | None,
) -> tuple[OnEncoder, Callable[[], Any]]:
    """Returns the space and the data of a study on an encoder.

    Args:
        recipe: The study's recipe.
        space: The space as it was written.
        images: Makes the images; a frozen encoder is trained on its codes of them instead.
        runs: The folder whose studies may name the module of the encoder.
        trained: The configuration in a checkpoint, to rebuild the network from that alone.

    Raises:
        StudyError: If no encoder is named.
    """
    if trained is not None:
        inner, names = trained["encoder"], trained["classes"]
        put = OnEncoder(
            space, lambda shape: build(inner, runs), lambda: len(names), recipe.unfreeze
        )
        return put, images
    if recipe.encoder is None:
        raise StudyError(
            f"{recipe.model} is put on a trained encoder: name its study by `encoder=`"
        )
    path = Path(recipe.encoder)

    def load(input_shape: Shape) -> pl.LightningModule:
        if (found := file_hash(path)) != recipe.encoder_hash:
            raise StudyError(
                f"the encoder {path} has been trained anew (it was {recipe.encoder_hash}, it is "
                f"{found}): search it as a new study by `name=`"
            )
        return read_encoder(path, input_shape, runs)

    def codes() -> CodeData:
        cache = path.with_name(f"codes-{recipe.encoder_hash}")
        return CodeData(images(), load, cache, recipe.batch_size)

    put = OnEncoder(space, load, lambda: len(labelled(images()).classes), recipe.unfreeze)
    return put, images if recipe.unfreeze else codes


def untrained_space(entry: Entry, name: str) -> Space:
    """Returns a space of the catalogue, on an encoder with new weights if it needs one."""
    space: Callable[..., pl.LightningModule] = resolve_name(entry.spaces[name])
    if not entry.on_encoder:
        return space
    return OnEncoder(space, ConvAutoencoder, lambda: 10, unfreeze=True)


def find_encoder(source: str, runs: Runs, storage: str | None = None) -> Path:
    """Returns the checkpoint that a study's name, its best.toml or a path of a checkpoint means.

    Raises:
        StudyError: If there is no such study, it has no complete trial, or it was not trained.
        StorageError: If a file or the database cannot be read.
    """
    if source.endswith(".ckpt"):
        return Path(os.path.realpath(source))
    best = find(source, runs, storage)
    is_file = source.endswith(".toml")
    path = runs.final(best.study, None if is_file else split_source(source)[1]) / "model.ckpt"
    if is_file and (beside := Path(source).with_name("model.ckpt")).exists():
        path = beside
    if not path.exists():
        raise StudyError(f"{source} has no trained network yet: latentune train {source}")
    if is_file and read_checkpoint(path)[0].get("trial") != best.trial:
        raise StudyError(f"{path} is not of trial {best.trial}: latentune train {source}")
    return Path(os.path.realpath(path))


def read_encoder(path: Path, input_shape: Shape, runs: Runs) -> pl.LightningModule:
    """Loads a trained network whose encoder reads images of a shape.

    Raises:
        StudyError: If it has no encoder, or reads images of another shape.
        StorageError: If the file cannot be read.
    """
    model = load_model(path, runs.root)
    if not hasattr(model, "encode"):
        raise StudyError(f"{path} holds a {type(model).__name__}, which has no encode")
    theirs = read_checkpoint(path)[0]["input_shape"]
    if tuple(theirs) != input_shape:
        sides = ["x".join(map(str, shape)) for shape in (theirs, input_shape)]
        raise StudyError(f"{path} reads images of {sides[0]}, but the data has {sides[1]}")
    return model


def parent(recipe: Recipe, runs: Runs) -> dict[str, Any]:
    """Returns where the encoder of a study comes from: its study, trial, file and hash."""
    assert recipe.encoder is not None
    configuration, _ = read_checkpoint(Path(recipe.encoder))
    return {
        "study": configuration["study"],
        "trial": configuration["trial"],
        "checkpoint": runs.inside(Path(recipe.encoder)),
        "hash": recipe.encoder_hash,
    }


def is_stale(study: optuna.Study, runs: Runs) -> bool:
    """Whether the encoder that a study was put on is gone, or has been trained anew."""
    origin = study.user_attrs.get("parent")
    if origin is None:
        return False
    path = runs.root / origin["checkpoint"]
    return not path.exists() or file_hash(path) != origin["hash"]
