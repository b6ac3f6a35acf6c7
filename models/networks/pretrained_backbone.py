"""Networks of torchvision without their last layer: bodies that others have trained."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import interpolate

from ..data_spec import DataSpec
from .standardize import Standardize

ARCHITECTURES = {
    **dict.fromkeys(("alexnet", "vgg16"), "classifier.6"),
    "googlenet": "fc",
    **dict.fromkeys(("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"), "fc"),
    "squeezenet1_0": "classifier.1",
}
"""The last layer of each, which gives way to that of a predictor."""

SIDE = 224
"""Pixels of a side of the photographs that their weights come from."""
SMALLEST = 64  # pixels of a side; of fewer, some of them leave nothing
IMAGENET = DataSpec((3, SIDE, SIDE), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


class PretrainedBackbone(nn.Module):
    """A network of torchvision that ends before its last layer; it begins with new weights.

    It takes images of any size and values in [0, 1], standardises them as ImageNet was, gives gray
    ones three channels, and enlarges small ones.

    Args:
        architecture: A key of `ARCHITECTURES`.

    Example:
        >>> body = PretrainedBackbone("resnet18").eval()
        >>> body.encode(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 512])
    """

    def __init__(self, architecture: str) -> None:
        from torchvision.models import get_model

        super().__init__()
        self.architecture = architecture
        is_googlenet = architecture == "googlenet"  # its initialisation takes a minute
        options = {"aux_logits": False, "init_weights": False} if is_googlenet else {}
        self.standardize = Standardize(IMAGENET)
        self.network = remove_last_layer(get_model(architecture, **options), architecture)

    def encode(self, x: Tensor) -> Tensor:
        """Maps images x, with shape (N, C, H, W), to features, with shape (N, D)."""
        if x.shape[1] == 1:
            x = x.expand(-1, 3, -1, -1)
        least = min(x.shape[2:])
        if least < SMALLEST:
            scale = SMALLEST / least
            x = interpolate(x, scale_factor=scale, mode="bilinear", antialias=True)
        features: Tensor = self.network(self.standardize(x))
        return features.flatten(1)

    forward = encode

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Takes over the weights of a whole network, as plain torchvision code saves them.

        Args:
            weights: Its `state_dict`; the last layer, of however many classes, is left out.

        Raises:
            RuntimeError: If they are of another architecture.
        """
        last = ARCHITECTURES[self.architecture]
        own = {n: w for n, w in weights.items() if not n.startswith((f"{last}.", "aux"))}
        if len(own) == len(weights):
            raise RuntimeError(f"there is no last layer {last}")
        self.network.load_state_dict(own)

    def load_published_weights(self) -> None:
        """Takes over the weights that torchvision publishes, which it downloads if need be.

        Raises:
            OSError: If they cannot be downloaded.
        """
        from torchvision.models import get_model_weights

        weights: Any = get_model_weights(self.architecture).DEFAULT
        self.load_weights(weights.get_state_dict(check_hash=True))


def remove_last_layer(network: nn.Module, architecture: str) -> nn.Module:
    """Lets a network end before its last layer.

    Args:
        network: A network of torchvision, which is changed.
        architecture: Which of `ARCHITECTURES` it is.
    """
    network.set_submodule(ARCHITECTURES[architecture], nn.Identity())
    return network
