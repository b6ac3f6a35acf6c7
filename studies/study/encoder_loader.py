"""Loads the encoder of a study, after checking that the encoder's weights have not changed."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from ...models.data_spec import DataSpec
from ...models.networks.architectures import ARCHITECTURES
from ...models.networks.pretrained_backbone import PretrainedBackbone
from ...storage.checkpoint_file import file_hash, read_state_dict
from ...storage.storage_error import StorageError
from .study_error import StudyError

RANDOM_WEIGHTS = "none"
"""The value of the option `weights` for random weights."""


def weights_hash(weights: str | None) -> str:
    """Returns the hash of a file with weights; a fixed word for random or published weights.

    Args:
        weights: Path of the file; `none` for random weights, None for published weights.

    Raises:
        StorageError: If the file cannot be read.
    """
    if weights is None:
        return "torchvision"
    return RANDOM_WEIGHTS if weights == RANDOM_WEIGHTS else file_hash(Path(weights))


def check_weights(encoder: str | None, weights: str | None) -> None:
    """Raises StudyError if `weights` is given and the encoder is not one of torchvision."""
    if weights is not None and encoder not in ARCHITECTURES:
        raise StudyError(
            f"`weights=` are for a network of torchvision as `encoder=`, not {encoder}: "
            f"{', '.join(ARCHITECTURES)}"
        )


class EncoderLoader:
    """Returns an encoder when called. The first call loads the encoder, after checking its hash.

    Args:
        load: Function that loads the encoder for data of a given shape and kind.
        weights: The name of the weights, for error messages.
        read_hash: Function that returns the present hash of the weights.
        expected_hash: Hash of the weights when the study was created.

    Raises:
        StudyError: If the present hash at the first call is not the expected hash.
    """

    def __init__(
        self,
        load: Callable[[DataSpec], nn.Module],
        weights: object,
        read_hash: Callable[[], str],
        expected_hash: str | None,
    ) -> None:
        self.load, self.weights = load, weights
        self.read_hash, self.expected_hash = read_hash, expected_hash
        self._encoder: nn.Module | None = None

    def __call__(self, data: DataSpec) -> nn.Module:
        if self._encoder is None:
            if (now := self.read_hash()) != self.expected_hash:
                raise StudyError(
                    f"the encoder {self.weights} was trained again or replaced (its hash was "
                    f"{self.expected_hash} and is now {now}): start a new study by `name=`"
                )
            # The random numbers of a trial do not depend on whether it loads the encoder.
            with torch.random.fork_rng(devices=[]):
                self._encoder = self.load(data)
        return self._encoder


def pretrained_encoder(
    architecture: str, weights: str | None, expected_hash: str | None, seed: int
) -> EncoderLoader:
    """Returns the loader of an encoder of torchvision.

    Args:
        architecture: Name of the architecture.
        weights: Path of a file; `none` for random weights, None for published weights.
        expected_hash: Hash of the weights when the study was created.
        seed: Seed of the initial weights.
    """
    load = partial(_load_pretrained, architecture, weights, seed)
    return EncoderLoader(load, weights, partial(weights_hash, weights), expected_hash)


def _load_pretrained(
    architecture: str, weights: str | None, seed: int, data: DataSpec
) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        backbone = PretrainedBackbone(architecture)
    if weights is None:
        try:
            backbone.load_published_weights()
        except OSError as error:
            raise StudyError(
                f"the weights of {architecture} could not be downloaded ({error}); name a "
                f"file that holds them by `weights=`, or {RANDOM_WEIGHTS!r} for random ones"
            ) from error
    elif weights != RANDOM_WEIGHTS:
        try:
            backbone.load_weights(read_state_dict(Path(weights)))
        except RuntimeError as error:
            raise StorageError(
                f"{weights} holds weights of another architecture than "
                f"{architecture}: {str(error).splitlines()[-1].strip()}"
            ) from error
    return backbone.eval()
