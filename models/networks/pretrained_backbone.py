"""PretrainedBackbone: torchvision networks without their last layer, with published weights."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import interpolate

from ..data_spec import DataSpec
from .architectures import ARCHITECTURES
from .standardize import Standardize

IMAGENET_SIDE = 224
"""Side in pixels of the photographs that the published weights were trained on."""
SMALLEST_IMAGE_SIDE = 64  # pixels of a side; some architectures reduce smaller images to nothing
IMAGENET = DataSpec(
    (3, IMAGENET_SIDE, IMAGENET_SIDE), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)


class PretrainedBackbone(nn.Module):
    """A torchvision network without its last layer; its weights are random until they are loaded.

    Images may have any size, and have values in [0, 1]. They are standardized by the mean and
    standard deviation of ImageNet. Gray images are repeated to three channels. Small images are
    enlarged.

    Args:
        architecture: A key of `ARCHITECTURES`.

    Example:
        >>> backbone = PretrainedBackbone("resnet18").eval()
        >>> backbone.encode(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 512])
    """

    def __init__(self, architecture: str) -> None:
        from torchvision.models import get_model

        super().__init__()
        self.architecture = architecture
        is_googlenet = architecture == "googlenet"  # its own initialization takes a minute
        options = {"aux_logits": False, "init_weights": False} if is_googlenet else {}
        self.standardize = Standardize(IMAGENET)
        self.network = get_model(architecture, **options)
        self.network.set_submodule(ARCHITECTURES[architecture], nn.Identity())

    def encode(self, x: Tensor) -> Tensor:
        """Maps images x, with shape (N, C, H, W), to features, with shape (N, D)."""
        if x.shape[1] == 1:
            x = x.expand(-1, 3, -1, -1)
        side = min(x.shape[2:])
        if side < SMALLEST_IMAGE_SIDE:
            scale = SMALLEST_IMAGE_SIDE / side
            x = interpolate(x, scale_factor=scale, mode="bilinear", antialias=True)
        features: Tensor = self.network(self.standardize(x))
        return features.flatten(1)

    forward = encode

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Loads the `state_dict` of a complete torchvision network, except for its last layer.

        Raises:
            RuntimeError: If the weights are of another architecture.
        """
        last = ARCHITECTURES[self.architecture]
        backbone = {n: w for n, w in weights.items() if not n.startswith((f"{last}.", "aux"))}
        if len(backbone) == len(weights):
            raise RuntimeError(f"the weights lack the last layer {last}")
        self.network.load_state_dict(backbone)

    def load_published_weights(self) -> None:
        """Loads the weights that torchvision publishes; downloads them if necessary.

        Raises:
            OSError: If they cannot be downloaded.
        """
        from torchvision.models import get_model_weights

        weights: Any = get_model_weights(self.architecture).DEFAULT
        self.load_weights(weights.get_state_dict(check_hash=True))
