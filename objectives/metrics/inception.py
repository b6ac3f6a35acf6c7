"""The Inception network of published FIDs, whose weights a user brings."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from ...models.data_spec import DataSpec
from ...storage.checkpoint_file import read_state_dict
from ...storage.storage_error import StorageError
from ..data.data_error import DataError

INCEPTION_FEATURES = 2048
COLOR_CHANNELS = 3


def load_inception(path: Path, data: DataSpec) -> Callable[[Tensor], Tensor]:
    """Returns a function that maps images (N, C, H, W) to the 2,048 features of Inception.

    The file has the layout of the packages pytorch-fid and torchmetrics. Gray images become color
    images, pixels are rounded to 256 steps, and the network scales images to 299 x 299 pixels.

    Raises:
        DataError: If the images are neither gray nor of three colors, or torch-fidelity is not
            installed.
        StorageError: If the file has no weights of this network.

    References:
        Rethinking the Inception Architecture for Computer Vision (Szegedy et al., 2016)
    """
    if data.shape[0] not in (1, COLOR_CHANNELS):
        raise DataError(f"Inception takes 1 or 3 channels, but the images have {data.shape[0]}")
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ImportError as error:
        raise DataError(
            "features of Inception need torch-fidelity: pip install 'latentune[fid]'"
        ) from error
    weights = read_state_dict(path)
    with tempfile.TemporaryDirectory() as folder:
        # The class would unpickle what is in the file; this file holds tensors only.
        safe = Path(folder, "weights.pt")
        torch.save(weights, safe)
        try:
            network = FeatureExtractorInceptionV3(
                "inception-v3-compat",
                [str(INCEPTION_FEATURES)],
                feature_extractor_weights_path=str(safe),
            )
        except RuntimeError as error:
            raise StorageError(
                f"{path} holds no Inception network in the layout of pytorch-fid: "
                f"{str(error).splitlines()[-1].strip()[:200]}"
            ) from error

    def compute(images: Tensor) -> Tensor:
        pixels = images.clamp(0, 1).mul(255).round().to(torch.uint8)
        (features,) = network(pixels.expand(-1, COLOR_CHANNELS, -1, -1))
        found: Tensor = features
        return found

    return compute
