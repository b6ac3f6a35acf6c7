"""The Inception network of published FIDs, whose weights a user brings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d

from ...models.data_spec import DataSpec
from ...storage.checkpoint_file import read_state_dict
from ...storage.storage_error import StorageError
from ..data.data_error import DataError

INCEPTION_FEATURES = 2048
N_CLASSES = 1008
SIDE = 299
COLOR_CHANNELS = 3
AVERAGING_BLOCKS = ["5b", "5c", "5d", "6b", "6c", "6d", "6e", "7b"]
"""The blocks that average over neighbors."""


def load_inception(path: Path, data: DataSpec) -> Callable[[Tensor], Tensor]:
    """Returns a function that maps images (N, C, H, W) to the 2,048 features of Inception.

    The file has the layout of the packages pytorch-fid and torchmetrics. Images are scaled to 299
    x 299 pixels, and gray images become color images.

    Raises:
        DataError: If the images are neither gray nor of three colors.
        StorageError: If the file has no weights of this network.

    References:
        Rethinking the Inception Architecture for Computer Vision (Szegedy et al., 2016)
    """
    if data.shape[0] not in (1, COLOR_CHANNELS):
        raise DataError(f"Inception takes 1 or 3 channels, but the images have {data.shape[0]}")
    network, weights = _make_network(), read_state_dict(path)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise StorageError(
            f"{path} holds no Inception network in the layout of pytorch-fid: "
            f"{str(error).splitlines()[-1].strip()[:200]}"
        ) from error
    network.fc = nn.Identity()
    network.eval()

    def compute(images: Tensor) -> Tensor:
        scaled = interpolate(images.clamp(0, 1), (SIDE, SIDE), mode="bilinear")
        features: Tensor = network(2 * scaled.expand(-1, COLOR_CHANNELS, -1, -1) - 1)
        return features

    return compute


def _make_network() -> Any:
    """Returns torchvision's network, changed to the one that the weights are of.

    It averages over those neighbors that exist, and its last block takes their maximum.
    """
    from torchvision.models import inception_v3

    network = inception_v3(
        weights=None, num_classes=N_CLASSES, aux_logits=False, init_weights=False
    )
    for name in AVERAGING_BLOCKS:
        block: Any = getattr(network, f"Mixed_{name}")
        block.branch_pool.register_forward_pre_hook(_average_existing)
    last: Any = network.Mixed_7c
    inputs: list[Tensor] = []
    last.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    last.branch_pool.register_forward_pre_hook(lambda *_: max_pool2d(inputs.pop(), 3, 1, 1))
    return network


def _average_existing(_: nn.Module, given: tuple[Tensor]) -> Tensor:
    """Returns averages without the zeros that stand around a map in the averages given."""
    (averages,) = given
    shares = avg_pool2d(torch.ones_like(averages[:1, :1]), 3, 1, 1)
    return averages / shares
