"""The encoder of a study: its file, its hash and the image size that it needs."""

import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from ...models.networks.architectures import ARCHITECTURES
from ...models.networks.pretrained_backbone import IMAGENET, SIDE
from ...objectives.data.sources.load_source import holds_image_files
from ...storage.checkpoint_file import file_hash, read_configuration
from ...storage.runs_folder import Runs
from ...storage.storage_error import StorageError
from ..study.checkpoint_lookup import find_encoder
from ..study.pretrained_encoder import RANDOM_WEIGHTS, PretrainedEncoder, weights_hash
from ..study.recipe import Recipe
from ..study.study_error import StudyError

log = logging.getLogger(__name__)


def resolve_encoder(recipe: Recipe, runs: Runs, storage: str) -> tuple[Recipe, str]:
    """Resolves the encoder of a recipe.

    Returns:
        The recipe with the path and hash of the encoder and the image size that it needs, and
        the name of the encoder: its study, or its architecture.

    Raises:
        StudyError: If the encoder is not found.
        StorageError: If its file cannot be read.
    """
    encoder = recipe.encoder
    assert encoder is not None
    if encoder in ARCHITECTURES:
        return _resolve_architecture(recipe, encoder), encoder
    try:
        path = find_encoder(encoder, runs, storage)
    except (StorageError, StudyError) as error:
        close = get_close_matches(encoder, ARCHITECTURES, n=1)
        hint = f"; did you mean {close[0]}, a network of torchvision?" if close else ""
        raise type(error)(f"{error}{hint}") from error
    configuration = read_configuration(path)
    recipe = replace(recipe, encoder=str(path), encoder_hash=file_hash(path))
    return _with_image_size(recipe, configuration["data"]["shape"][1:]), configuration["study"]


def _resolve_architecture(recipe: Recipe, architecture: str) -> Recipe:
    weights = recipe.weights
    if weights not in (None, RANDOM_WEIGHTS):
        weights = os.path.abspath(str(weights))
    known = weights_hash(weights)
    if weights != RANDOM_WEIGHTS:  # raises an error before anything is written
        PretrainedEncoder(architecture, weights, known, recipe.seed)(IMAGENET)
    return _with_image_size(replace(recipe, weights=weights, encoder_hash=known), [SIDE, SIDE])


def _with_image_size(recipe: Recipe, sides: Sequence[int]) -> Recipe:
    """Returns a recipe that reads images of files at the size of the encoder, if it is square."""
    if recipe.image_size is not None or recipe.data is None or not holds_image_files(recipe.data):
        return recipe
    if len(sides) != 2 or sides[0] != sides[1]:
        return recipe
    log.info("images are read at %sx%s, the size of the encoder's", *sides)
    return replace(recipe, image_size=sides[0])
