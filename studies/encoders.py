"""Studies on the encoder of another study: finding it, putting a space on it, and its lineage."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import pytorch_lightning as pl
from optuna.trial import BaseTrial

from ..models.blocks import Shape
from ..objectives.codes import CodeData, labelled
from ..objectives.data import ImageData
from ..storage.checkpoint import file_hash, read_checkpoint
from ..storage.runs import Runs
from .recipe import Recipe, StudyError
from .results import build, find, load_model, split_source


@dataclass(frozen=True)
class OnEncoder:
    """A space that takes a trained model too, as one that takes a trial and a shape alone.

    Attributes:
        space: The space as it was written.
        codec: Makes the model whose encoder it is put on, with the shape of its images.
        classes: Returns the number of classes.
        unfreeze: Whether the encoder is trained too.
    """

    space: Callable[..., pl.LightningModule]
    codec: Callable[[], tuple[pl.LightningModule, Shape]]
    classes: Callable[[], int]
    unfreeze: bool

    def __call__(self, trial: BaseTrial, input_shape: Shape) -> pl.LightningModule:
        """Builds the model on a fresh copy of the encoder.

        Raises:
            StudyError: If the encoder reads images of another shape.
        """
        codec, shape = self.codec()
        if shape != input_shape:
            theirs, ours = ("x".join(map(str, side)) for side in (shape, input_shape))
            raise StudyError(f"the encoder reads images of {theirs}, but the data has {ours}")
        return self.space(
            trial, input_shape, codec=codec, classes=self.classes(), unfreeze=self.unfreeze
        )


def on_encoder(
    recipe: Recipe,
    space: Callable[..., pl.LightningModule],
    images: Callable[[], ImageData],
    trained: Mapping[str, Any] | None,
) -> tuple[OnEncoder, Callable[[], Any]]:
    """Returns the space and the data of a study on an encoder.

    Args:
        recipe: The study's recipe.
        space: The space as it was written.
        images: Makes the images; a frozen encoder is trained on its codes of them instead.
        trained: The configuration in a checkpoint, to rebuild the network from that alone.

    Raises:
        StudyError: If no encoder is named.
    """
    if trained is not None:
        inner, names = trained["encoder"], trained["classes"]
        put = OnEncoder(space, partial(_built, inner), partial(len, names), recipe.unfreeze)
        return put, images
    if recipe.encoder is None:
        raise StudyError(
            f"{recipe.model} is put on a trained encoder: name its study by --encoder"
        )
    codec = partial(_loaded, recipe.encoder, recipe.encoder_hash)
    put = OnEncoder(space, codec, partial(_count_classes, images), recipe.unfreeze)
    if recipe.unfreeze:
        return put, images
    cache = Path(recipe.encoder).with_name(f"codes-{recipe.encoder_hash}")
    return put, partial(_codes, images, codec, cache, recipe.batch_size)


def find_encoder(source: str, runs: Runs, storage: str | None = None) -> Path:
    """Returns the checkpoint that a study's name, its best.toml or a path of a checkpoint means.

    Raises:
        StudyError: If there is no such study, it has no complete trial, or it was not trained.
        StorageError: If a file or the database cannot be read.
    """
    if source.endswith(".ckpt"):
        return Path(source).resolve()
    best = find(source, runs, storage)
    is_file = source.endswith(".toml")
    path = runs.final(best.study, None if is_file else split_source(source)[1]) / "model.ckpt"
    if is_file and (beside := Path(source).with_name("model.ckpt")).exists():
        path = beside
    if not path.exists():
        raise StudyError(f"{source} has no trained network yet: latentune train {source}")
    if is_file and read_checkpoint(path)[0].get("trial") != best.trial:
        raise StudyError(f"{path} is not of trial {best.trial}: latentune train {source}")
    return path.resolve()


def parent(recipe: Recipe) -> dict[str, Any]:
    """Returns where the encoder of a study comes from: its study, trial, file and hash."""
    assert recipe.encoder is not None
    configuration, _ = read_checkpoint(Path(recipe.encoder))
    return {
        "study": configuration["study"],
        "trial": configuration["trial"],
        "checkpoint": recipe.encoder,
        "hash": recipe.encoder_hash,
    }


def is_stale(study: optuna.Study) -> bool:
    """Whether the encoder that a study was put on is gone, or has been trained anew."""
    origin = study.user_attrs.get("parent")
    if origin is None:
        return False
    path = Path(origin["checkpoint"])
    return not path.exists() or file_hash(path) != origin["hash"]


def _loaded(path: str, expected: str | None) -> tuple[pl.LightningModule, Shape]:
    found = file_hash(Path(path))
    if found != expected:
        raise StudyError(
            f"the encoder {path} has been trained anew (it was {expected}, it is {found}): "
            "search it as a new study by --name"
        )
    channels, height, width = read_checkpoint(Path(path))[0]["input_shape"]
    model = load_model(path)
    if not hasattr(model, "encode"):
        raise StudyError(f"{path} holds a {type(model).__name__}, which has no encode")
    return model, (channels, height, width)


def _built(configuration: Mapping[str, Any]) -> tuple[pl.LightningModule, Shape]:
    channels, height, width = configuration["input_shape"]
    return build(configuration), (channels, height, width)


def _codes(
    images: Callable[[], ImageData],
    codec: Callable[[], tuple[pl.LightningModule, Shape]],
    cache: Path,
    batch_size: int | None,
) -> CodeData:
    return CodeData(images(), lambda: codec()[0], cache, batch_size)


def _count_classes(images: Callable[[], ImageData]) -> int:
    return len(labelled(images()).classes)
