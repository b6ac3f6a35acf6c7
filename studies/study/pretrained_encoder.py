"""Encoders of torchvision, with published, saved or random weights."""

from pathlib import Path

import torch

from ...models.data_spec import DataSpec
from ...models.networks.architectures import ARCHITECTURES
from ...models.networks.pretrained_backbone import PretrainedBackbone
from ...storage.checkpoint_file import file_hash, read_state_dict
from ...storage.storage_error import StorageError
from .study_error import StudyError

RANDOM_WEIGHTS = "none"
"""The name of random weights, in place of a file."""


def weights_hash(weights: str | None) -> str:
    """Returns a hash of a file of weights; a fixed word for random or for published weights.

    Args:
        weights: Path of the file; `none` for random weights, None for the published ones.

    Raises:
        StorageError: If the file cannot be read.
    """
    if weights is None:
        return "torchvision"
    return RANDOM_WEIGHTS if weights == RANDOM_WEIGHTS else file_hash(Path(weights))


def check_weights(encoder: str | None, weights: str | None) -> None:
    """Raises StudyError if weights are given for an encoder that is not of torchvision."""
    if weights is not None and encoder not in ARCHITECTURES:
        raise StudyError(
            f"`weights=` are for a network of torchvision as `encoder=`, not {encoder}: "
            f"{', '.join(ARCHITECTURES)}"
        )


class PretrainedEncoder:
    """An encoder of torchvision. Its first call reads the weights.

    Args:
        architecture: A key of `ARCHITECTURES`.
        weights: A file, `none`, or None for those of torchvision.
        expected_hash: The result of `weights_hash` when the study was planned.
        seed: Seed of random weights.
    """

    def __init__(
        self, architecture: str, weights: str | None, expected_hash: str | None, seed: int
    ) -> None:
        self.architecture, self.weights, self.seed = architecture, weights, seed
        self.expected_hash = expected_hash
        self._backbone: PretrainedBackbone | None = None

    def __call__(self, data: DataSpec) -> PretrainedBackbone:
        if self._backbone is None:
            if (now := weights_hash(self.weights)) != self.expected_hash:
                raise StudyError(
                    f"the weights {self.weights} have changed (their hash was "
                    f"{self.expected_hash}, it is {now}): search them as a new study by `name=`"
                )
            self._backbone = self._load()
        return self._backbone

    def _load(self) -> PretrainedBackbone:
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            backbone = PretrainedBackbone(self.architecture)
        if self.weights is None:
            try:
                backbone.load_published_weights()
            except OSError as error:
                raise StudyError(
                    f"the weights of {self.architecture} could not be downloaded ({error}); name "
                    f"a file that holds them by `weights=`, or {RANDOM_WEIGHTS!r} for random ones"
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
