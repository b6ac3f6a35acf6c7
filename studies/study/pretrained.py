"""Encoders that others have trained: networks of torchvision, with weights from it or a file."""

from pathlib import Path

import torch

from ...models.data_spec import DataSpec
from ...models.networks.pretrained import ARCHITECTURES, PretrainedBody
from ...storage.checkpoint import file_hash, read_plain_weights
from ...storage.runs import StorageError
from .errors import StudyError

UNTRAINED = "none"
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
    return UNTRAINED if weights == UNTRAINED else file_hash(Path(weights))


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


class Pretrained:
    """Makes the body of an architecture, with its weights; they are read once.

    Args:
        architecture: A key of `ARCHITECTURES`.
        weights: A file, `none`, or None for those of torchvision.
        known: What `weights_hash` gave when they were chosen.
        seed: Seed of new weights.
    """

    def __init__(
        self, architecture: str, weights: str | None, known: str | None, seed: int
    ) -> None:
        self.architecture, self.weights, self.known, self.seed = architecture, weights, known, seed
        self._body: PretrainedBody | None = None

    def __call__(self, data: DataSpec) -> PretrainedBody:
        if self._body is None:
            if (now := weights_hash(self.weights)) != self.known:
                raise StudyError(
                    f"the weights {self.weights} have changed (they were {self.known}, they are "
                    f"{now}): search them as a new study by `name=`"
                )
            self._body = self._made()
        return self._body

    def _made(self) -> PretrainedBody:
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            body = PretrainedBody(self.architecture)
        if self.weights is None:
            try:
                body.load_default()
            except OSError as error:
                raise StudyError(
                    f"the weights of {self.architecture} could not be downloaded ({error}); name "
                    f"a file that holds them by `weights=`, or {UNTRAINED!r} for new ones"
                ) from error
        elif self.weights != UNTRAINED:
            try:
                body.load_published(read_plain_weights(Path(self.weights)))
            except RuntimeError as error:
                raise StorageError(
                    f"{self.weights} holds weights of another architecture than "
                    f"{self.architecture}: {str(error).splitlines()[-1].strip()}"
                ) from error
        return body.eval()
