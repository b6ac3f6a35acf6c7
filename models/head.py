"""A classifier on the codes of an encoder: a small head, trained alone or with the encoder."""

from typing import Any, Unpack

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from .data_spec import DataSpec
from .learner import Batch, Learner, Training


class HeadClassifier(Learner):
    """Two linear layers on the codes of an encoder, which is frozen unless `unfreeze` is set.

    A frozen encoder makes the same codes in every epoch, so the head is then trained on batches
    of codes in place of items; `forward` takes items either way.

    Args:
        data: Data of two classes at least.
        codec: The model whose `encode` makes codes, with shape (N, D), of items.
        lin_dim: Width of the hidden layer, at least 1.
        lr: Learning rate of the head at the start.
        unfreeze: Whether the encoder is trained too, on items.
        encoder_lr: Learning rate of an encoder that is trained too.
        training: Further options of `Learner`.

    Raises:
        ValueError: If there are fewer than 2 classes or `lin_dim` is below 1.

    Example:
        >>> data = latentune.DataSpec((1, 8, 8), classes=("cat", "dog"))
        >>> head = latentune.HeadClassifier(data, latentune.Autoencoder(data), lin_dim=8)
        >>> head(torch.zeros(3, 1, 8, 8)).shape
        torch.Size([3, 2])
    """

    def __init__(
        self,
        data: DataSpec,
        codec: pl.LightningModule,
        lin_dim: int = 64,
        lr: float = 1e-2,
        unfreeze: bool = False,
        encoder_lr: float = 1e-3,
        **training: Unpack[Training],
    ) -> None:
        super().__init__(lr, **training)
        if len(data.classes) < 2:
            raise ValueError(f"classes (={data.classes}) must be at least 2.")
        if lin_dim < 1:
            raise ValueError(f"lin_dim (={lin_dim}) must be at least 1.")
        self.encoder_lr, self.frozen = encoder_lr, not unfreeze
        self.codec: Any = codec.requires_grad_(unfreeze)
        with torch.no_grad():
            width = self.encode(torch.zeros(1, *data.shape)).shape[1]
        self.hidden = nn.Sequential(nn.Linear(width, lin_dim), nn.ReLU())
        self.output = nn.Linear(lin_dim, len(data.classes))

    def encode(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to codes, with shape (N, D)."""
        code: Tensor = self.codec.encode(x)
        return code.flatten(1)

    def classify(self, codes: Tensor) -> Tensor:
        """Maps codes, with shape (N, D), to logits, with shape (N, classes)."""
        logits: Tensor = self.output(self.hidden(codes))
        return logits

    def features(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to the hidden layer, (N, lin_dim)."""
        hidden: Tensor = self.hidden(self.encode(x))
        return hidden

    def forward(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to logits, with shape (N, classes)."""
        return self.classify(self.encode(x))

    def logits(self, batch: Tensor) -> Tensor:
        """Maps what training sees, items or a frozen encoder's codes, to logits."""
        return self.classify(batch if self.frozen else self.encode(batch))

    def train(self, mode: bool = True) -> "HeadClassifier":
        super().train(mode)
        if self.frozen:
            self.codec.eval()
        return self

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        logits, labels = self.logits(batch[0]), batch[1]
        accuracy = (logits.argmax(1) == labels).float().mean()
        return {"loss": cross_entropy(logits, labels), "accuracy": accuracy}

    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        return terms["loss"]

    def groups(self) -> list[dict[str, Any]]:
        """Returns the head and, with a rate of its own, the encoder if it is trained."""
        head = {"params": [*self.hidden.parameters(), *self.output.parameters()]}
        if self.frozen:
            return [head]
        return [head, {"params": list(self.codec.parameters()), "lr": self.encoder_lr}]
