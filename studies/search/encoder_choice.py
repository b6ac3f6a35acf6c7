"""The encoder that the user has chosen for a study: its file, its hash and its image size."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from ...models.networks.architectures import ARCHITECTURES
from ...models.networks.pretrained_backbone import IMAGENET, IMAGENET_SIDE
from ...objectives.data.sources.load_source import holds_image_files
from ...storage.checkpoint_file import file_hash, read_header
from ...storage.runs_folder import Runs
from ...storage.storage_error import StorageError
from ..study.checkpoint_lookup import find_encoder
from ..study.encoder_loader import RANDOM_WEIGHTS, pretrained_encoder, weights_hash
from ..study.recipe import Recipe
from ..study.study_error import StudyError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EncoderChoice:
    """The encoder of a recipe, as the user has named it.

    Attributes:
        recipe: The recipe, without the encoder.
        encoder: A study, the path of a best.toml or a checkpoint, or an architecture.
        study_name: The default name of the study, without the name of the encoder.
        runs: The runs folder.
        storage: URL of the database.
    """

    recipe: Recipe
    encoder: str
    study_name: str
    runs: Runs
    storage: str

    def resolve(self) -> tuple[Recipe, str]:
        """Returns the recipe with the encoder, and the default name of the study.

        The returned recipe has the encoder, the hash of its file and its image size.

        Raises:
            StudyError: If the encoder is not found.
            StorageError: If the file of the encoder cannot be read.
        """
        image_shape: tuple[int, ...] = (IMAGENET_SIDE, IMAGENET_SIDE)
        if self.encoder in ARCHITECTURES:
            recipe = self._resolve_architecture()
            name = f"{self.study_name}-{self.encoder}"
        else:
            path = self._find_checkpoint()
            recipe = replace(self.recipe, encoder=str(path), encoder_hash=file_hash(path))
            header = read_header(path)
            image_shape = header.data_spec.shape[1:]
            name = f"{recipe.model}-{header.study}"
        recipe = replace(recipe, image_size=self._choose_image_size(image_shape))
        return recipe, f"{name}-unfrozen" if recipe.unfreeze else name

    def _find_checkpoint(self) -> Path:
        try:
            return find_encoder(self.encoder, self.runs, self.storage)
        except (StorageError, StudyError) as error:
            close = get_close_matches(self.encoder, ARCHITECTURES, n=1)
            hint = f"; did you mean {close[0]}, a network of torchvision?" if close else ""
            raise type(error)(f"{error}{hint}") from error

    def _resolve_architecture(self) -> Recipe:
        weights = self.recipe.weights
        if weights not in (None, RANDOM_WEIGHTS):
            weights = os.path.abspath(str(weights))
        known = weights_hash(weights)
        if weights != RANDOM_WEIGHTS:  # raises an error before anything is written
            pretrained_encoder(self.encoder, weights, known, self.recipe.seed)(IMAGENET)
        return replace(self.recipe, weights=weights, encoder_hash=known)

    def _choose_image_size(self, image_shape: Sequence[int]) -> int | None:
        """Returns the image size of the recipe or, if the recipe has none, that of the encoder.

        Returns None if neither has one, or if only the encoder has one and the data are not image
        files.
        """
        size, data = self.recipe.image_size, self.recipe.data
        if size is not None or data is None or not holds_image_files(data):
            return size
        if len(image_shape) != 2 or image_shape[0] != image_shape[1]:
            return None
        log.info("images are scaled to %sx%s, the image size of the encoder", *image_shape)
        return image_shape[0]
