"""ClassCondition: tells an encoder and a decoder the class of each item."""

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from .data_spec import DataSpec

UNKNOWN_SHARE = 0.1
"""Share of the training items whose class is not told."""


class ClassCondition(nn.Module):
    """Adds classes to the inputs of an encoder and of a decoder.

    The encoder sees an item plus a learned item of its class, and the decoder sees a code followed
    by the classes. Classes are a row of K numbers: 1 for the class of the item, or only zeros if
    it is not known. The class of some training items is not told, so that the networks also learn
    to do without.

    Args:
        data: The description of the data, with at least one class.

    Raises:
        ValueError: If the data have no classes.

    References:
        Learning Structured Output Representation using Deep Conditional Generative Models (Sohn,
        Lee, Yan, 2015)
        Classifier-Free Diffusion Guidance (Ho, Salimans, 2022): classes that are not told
    """

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        if not data.classes:
            raise ValueError("the data must have classes for a network that is told them.")
        self.n_classes = len(data.classes)
        self.class_items = nn.Parameter(torch.zeros(self.n_classes, *data.shape))

    def forward(self, labels: Tensor) -> Tensor:
        """Returns classes (N, K) for labels (N,); in training, some rows are zeros."""
        classes = one_hot(labels, self.n_classes).float()
        if not self.training:
            return classes
        return classes * (torch.rand_like(classes[:, :1]) >= UNKNOWN_SHARE)

    def add_to_items(self, x: Tensor, classes: Tensor | None) -> Tensor:
        """Returns the input of the encoder for items x; classes are None if none is known."""
        if classes is None:
            return x
        return x + (classes @ self.class_items.flatten(1)).view_as(x)

    def add_to_codes(self, z: Tensor, classes: Tensor | None) -> Tensor:
        """Returns the input of the decoder for codes z (N, D), with shape (N, D + K)."""
        if classes is None:
            classes = z.new_zeros(len(z), self.n_classes)
        return torch.cat([z, classes.to(z.dtype)], 1)
