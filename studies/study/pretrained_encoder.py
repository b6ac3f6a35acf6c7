"""Encoders that others have trained: networks of torchvision, with weights from it or a file."""

from pathlib import Path

import torch

from ...models.data_spec import DataSpec
from ...models.networks.architectures import ARCHITECTURES
from ...models.networks.pretrained_backbone import PretrainedBackbone
from ...storage.checkpoint_file import file_hash, read_state_dict
from ...storage.runs_folder import StorageError
from .study_error import StudyError

RANDOM_WEIGHTS = "none"
"""What is said in place of weights to begin with new ones."""


def weights_hash(weights: str | None) -> str:
    """Returns what tells weights from any others.

    Args:
        weights: A file, `none`, or None for those of torchvision.

    Raises:
        StorageError: If the file cannot be read.
    """
    if weights is None:
        return "torchvision"
    return RANDOM_WEIGHTS if weights == RANDOM_WEIGHTS else file_hash(Path(weights))


def check_weights(encoder: str | None, weights: str | None) -> None:
    """Checks that weights go with an encoder that has none of its own.

    Raises:
        StudyError: If they do not.
    """
    if weights is not None and encoder not in ARCHITECTURES:
        raise StudyError(
            f"`weights=` are for a network of torchvision as `encoder=`, not {encoder}: "
            f"{', '.join(ARCHITECTURES)}"
        )


class PretrainedEncoder:
    """Makes the body of an architecture, with its weights; they are read once.

    Args:
        architecture: A key of `ARCHITECTURES`.
        weights: A file, `none`, or None for those of torchvision.
        expected_hash: What `weights_hash` gave when they were chosen.
        seed: Seed of new weights.
    """

    def __init__(
        self, architecture: str, weights: str | None, expected_hash: str | None, seed: int
    ) -> None:
        self.architecture, self.weights, self.expected_hash, self.seed = (
            architecture,
            weights,
            expected_hash,
            seed,
        )
        self._body: PretrainedBackbone | None = None

    def __call__(self, data: DataSpec) -> PretrainedBackbone:
        if self._body is None:
            if (now := weights_hash(self.weights)) != self.expected_hash:
                raise StudyError(
                    f"the weights {self.weights} have changed (they were {self.expected_hash}, "
                    f"they are {now}): search them as a new study by `name=`"
                )
            self._body = self._load_body()
        return self._body

    def _load_body(self) -> PretrainedBackbone:
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            backbone = PretrainedBackbone(self.architecture)
        if self.weights is None:
            try:
                backbone.load_published_weights()
            except OSError as error:
                raise StudyError(
                    f"the weights of {self.architecture} could not be downloaded ({error}); name "
                    f"a file that holds them by `weights=`, or {RANDOM_WEIGHTS!r} for new ones"
                ) from error
        elif self.weights != RANDOM_WEIGHTS:
            try:
                backbone.load_weights(read_state_dict(Path(self.weights)))
            except RuntimeError as error:
                raise StorageError(
                    f"{self.weights} holds weights of another architecture than "
                    f"{self.architecture}: {str(error).splitlines()[-1].strip()}"
                ) from error
        return backbone.eval()
