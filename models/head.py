"""A classifier on the codes of an encoder: a small head, trained alone or with the encoder."""

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from .blocks import Shape
from .optimise import annealed_adam


class HeadClassifier(pl.LightningModule):
    """Two linear layers on the codes of an encoder, which is frozen unless `unfreeze` is set.

    A frozen encoder makes the same codes in every epoch, so the head is then trained on batches
    of codes in place of images; `forward` takes images either way.

    Args:
        input_shape: Shape of one image, (C, H, W).
        codec: The model whose `encode` makes codes, with shape (N, D), of images.
        classes: Number of classes, at least 2.
        lin_dim: Width of the hidden layer, at least 1.
        lr: Learning rate of Adam for the head at the start; it falls to 0 along a cosine.
        l2: Weight decay of Adam.
        unfreeze: Whether the encoder is trained too, on images.
        encoder_lr: Learning rate of Adam for an encoder that is trained too.

    Raises:
        ValueError: If there are fewer than 2 classes or `lin_dim` is below 1.
    """

    def __init__(
        self,
        input_shape: Shape,
        codec: pl.LightningModule,
        classes: int,
        lin_dim: int = 64,
        lr: float = 1e-2,
        l2: float = 0.0,
        unfreeze: bool = False,
        encoder_lr: float = 1e-3,
    ) -> None:
        super().__init__()
        if classes < 2:
            raise ValueError(f"classes (={classes}) must be at least 2.")
        if lin_dim < 1:
            raise ValueError(f"lin_dim (={lin_dim}) must be at least 1.")
        self.save_hyperparameters(ignore="codec")
        self.lr, self.l2, self.encoder_lr, self.frozen = lr, l2, encoder_lr, not unfreeze
        self.codec: Any = codec.requires_grad_(unfreeze)
        with torch.no_grad():
            width = self.encode(torch.zeros(1, *input_shape)).shape[1]
        self.hidden = nn.Sequential(nn.Linear(width, lin_dim), nn.ReLU())
        self.output = nn.Linear(lin_dim, classes)
        self._train_loss: list[Tensor] = []

    def encode(self, x: Tensor) -> Tensor:
        """Maps images x, with shape (N, C, H, W), to codes, with shape (N, D)."""
        code: Tensor = self.codec.encode(x)
        return code.flatten(1)

    def classify(self, codes: Tensor) -> Tensor:
        """Maps codes, with shape (N, D), to logits, with shape (N, classes)."""
        logits: Tensor = self.output(self.hidden(codes))
        return logits

    def features(self, x: Tensor) -> Tensor:
        """Maps images x, with shape (N, C, H, W), to the hidden layer, (N, lin_dim)."""
        hidden: Tensor = self.hidden(self.encode(x))
        return hidden

    def forward(self, x: Tensor) -> Tensor:
        """Maps images x, with shape (N, C, H, W), to logits, with shape (N, classes)."""
        return self.classify(self.encode(x))

    def logits(self, batch: Tensor) -> Tensor:
        """Maps what training sees, images or a frozen encoder's codes, to logits."""
        return self.classify(batch if self.frozen else self.encode(batch))

    def train(self, mode: bool = True) -> "HeadClassifier":
        super().train(mode)
        if self.frozen:
            self.codec.eval()
        return self

    def training_step(self, batch: Sequence[Tensor], batch_idx: int) -> Tensor:
        """Returns the cross-entropy of a batch (images or codes, labels)."""
        loss = cross_entropy(self.logits(batch[0]), batch[1])
        self._train_loss.append(loss.detach())
        return loss

    def on_train_epoch_start(self) -> None:
        self._train_loss = []

    def on_train_epoch_end(self) -> None:
        """Logs `train_loss`, once an epoch."""
        self.log("train_loss", torch.stack(self._train_loss).mean())

    def validation_step(self, batch: Sequence[Tensor], batch_idx: int) -> None:
        """Logs `val_loss` and `val_accuracy`."""
        self._log("val", batch)

    def test_step(self, batch: Sequence[Tensor], batch_idx: int) -> None:
        """Logs `test_loss` and `test_accuracy`."""
        self._log("test", batch)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Returns Adam over the head and, with a rate of its own, the encoder if it is trained."""
        head = [*self.hidden.parameters(), *self.output.parameters()]
        groups: list[dict[str, Any]] = [{"params": head, "lr": self.lr, "weight_decay": self.l2}]
        if not self.frozen:
            encoder = {"params": self.codec.parameters(), "lr": self.encoder_lr}
            groups.append(encoder | {"weight_decay": self.l2})
        return annealed_adam(self, groups)

    def _log(self, part: str, batch: Sequence[Tensor]) -> None:
        logits, labels = self.logits(batch[0]), batch[1]
        accuracy = (logits.argmax(1) == labels).float().mean()
        self.log(f"{part}_loss", cross_entropy(logits, labels), batch_size=len(labels))
        self.log(f"{part}_accuracy", accuracy, batch_size=len(labels))
