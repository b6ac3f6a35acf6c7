"""Predictors: a class or a number for each item, from any network or from a trained encoder."""

from typing import Any, Unpack

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchmetrics.classification import MulticlassStatScores

from .data_spec import DataSpec
from .learner import Batch, Learner, ParameterGroups, Training
from .networks.backbones import BACKBONES, BackboneShape
from .networks.dense import ACTIVATIONS
from .prediction_metrics import balanced_accuracy, r2_score


class Predictor(Learner):
    """A network with a linear layer on it, under cross-entropy or, of numbers, squared error.

    What comes before the last layer is a network of its own, its *body*, or the encoder of
    another model. A frozen encoder makes the same codes in every epoch, so the rest is then
    trained on batches of codes in place of items; `forward` takes items either way.

    What it logs has no option in it. Of classes that is `*_loss`, the cross-entropy; `*_accuracy`;
    and in validation and test `*_balanced_accuracy`, the mean of the accuracies of the classes
    that the part has. Of numbers it is `*_mse`, in the unit of the target squared, and `*_r2`, the
    share of the variance of the part's targets that is explained. Numbers are answered and
    compared in float64, and learned in deviations of the training part's targets.

    Args:
        data: Data of two classes at least, or with numbers as targets.
        network: A name in `BACKBONES`, if there is no `codec`.
        hidden: Units of each of its hidden layers, at least 1; of `cnn`, of the first linear one.
        layers: Number of hidden layers of a `dense` body, or of those of a recurrent one.
        activation: What follows a hidden layer of a `dense` body, a key of `ACTIVATIONS`.
        codec: The model whose `encode` makes codes, with shape (N, D), of items.
        unfreeze: Whether the codec is trained too, on items.
        lin_dim: Units of a hidden layer behind the body or the codec; 0 for none.
        smoothing: Share of each target that is spread over all classes, from 0 to below 1.
        balance: How much rare classes count: 0 each item alike, 1 each class alike.
        lr: Learning rate at the start.
        encoder_lr: Learning rate of a codec that is trained too.
        training: Further options of `Learner`.

    Raises:
        ValueError: If an option is out of range, the body is not made for such data, or there is
            nothing to predict.

    References:
        Rethinking the Inception Architecture for Computer Vision (Szegedy et al., 2016): smoothing

    Example:
        >>> data = latentune.DataSpec((1, 8, 8), classes=("cat", "dog"))
        >>> latentune.Predictor(data, "lstm", hidden=8)(torch.zeros(3, 1, 8, 8)).shape
        torch.Size([3, 2])
        >>> head = latentune.Predictor(data, codec=latentune.Autoencoder(data), lin_dim=8)
        >>> head(torch.zeros(3, 1, 8, 8)).shape
        torch.Size([3, 2])
    """

    def __init__(
        self,
        data: DataSpec,
        network: str = "dense",
        hidden: int = 256,
        layers: int = 1,
        activation: str = "relu",
        codec: nn.Module | None = None,
        unfreeze: bool = False,
        lin_dim: int = 0,
        smoothing: float = 0.0,
        balance: float = 0.0,
        lr: float = 3e-3,
        encoder_lr: float = 1e-3,
        **training: Unpack[Training],
    ) -> None:
        super().__init__(lr, **training)
        if data.target is None and len(data.classes) < 2:
            raise ValueError(f"classes (={data.classes}) must be at least 2.")
        if hidden < 1 or layers < 0 or lin_dim < 0:
            raise ValueError(
                f"hidden (={hidden}) must be at least 1, layers (={layers}) and lin_dim "
                f"(={lin_dim}) at least 0."
            )
        if not 0 <= smoothing < 1 or not 0 <= balance <= 1:
            raise ValueError(
                f"smoothing (={smoothing}) must be from 0 to below 1, balance (={balance}) to 1."
            )
        self.target, self.smoothing, self.encoder_lr = data.target, smoothing, encoder_lr
        self.frozen = codec is not None and not unfreeze
        self.codec: Any = None if codec is None else codec.requires_grad_(unfreeze)
        if codec is None:
            self.backbone: Any = _build_backbone(
                network, data, BackboneShape(hidden, layers, activation)
            )
        features: int = self.backbone.features if codec is None else _code_length(codec, data)
        self.hidden = nn.Sequential()
        if lin_dim:
            self.hidden = nn.Sequential(nn.Linear(features, lin_dim), nn.ReLU())
        self.output = nn.Linear(lin_dim or features, len(data.classes) or 1)
        self.weights: Tensor | None
        self.register_buffer("weights", _class_weights(data, balance), persistent=False)
        self._class_counts: MulticlassStatScores | None = None
        if data.target is None:
            self._class_counts = MulticlassStatScores(len(data.classes), average=None)
        self._regression_pairs: list[Tensor] = []
        self.train()  # all but a frozen codec, which may come as it was last used

    def encode(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to codes, with shape (N, D)."""
        code: Tensor = self.backbone(x) if self.codec is None else self.codec.encode(x)
        return code.flatten(1)

    def features(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to what the last layer sees, (N, D)."""
        hidden: Tensor = self.hidden(self.encode(x))
        return hidden

    def predict_codes(self, codes: Tensor) -> Tensor:
        """Maps codes, with shape (N, D), to logits, with shape (N, classes), or numbers (N, 1)."""
        answer: Tensor = self.output(self.hidden(codes))
        if self.target is None:
            return answer
        mean, std = self.target
        return mean + std * answer.double()

    def forward(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to logits (N, classes), or numbers (N, 1)."""
        return self.predict_codes(self.encode(x))

    def answer(self, batch: Tensor) -> Tensor:
        """Maps what training sees, items or a frozen encoder's codes, to logits or numbers."""
        return self.predict_codes(batch if self.frozen else self.encode(batch))

    def train(self, mode: bool = True) -> "Predictor":
        super().train(mode)
        if self.frozen:
            self.codec.eval()
        return self

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        answer, targets = self.answer(batch[0]), batch[1]
        if self._class_counts is None:
            assert self.target is not None
            mean, std = self.target
            predicted, true = (
                (numbers.double() - mean) / std for numbers in (answer[:, 0], targets)
            )
            squared = (predicted - true).square().mean()
            if self.training:
                return {"mse": squared * std**2, "r2": 1 - squared}
            self._regression_pairs.append(torch.stack([predicted, true]))
            return {"mse": squared * std**2}
        if not self.training:
            self._class_counts.update(answer, targets)
        accuracy = (answer.argmax(1) == targets).float().mean()
        terms = {"loss": cross_entropy(answer, targets), "accuracy": accuracy}
        if self.training and (self.smoothing or self.weights is not None):
            terms["weighted"] = cross_entropy(
                answer, targets, self.weights, label_smoothing=self.smoothing
            )
        return terms

    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        if self.target is not None:  # in deviations, so that a rate means the same in any unit
            return terms["mse"] / self.target[1] ** 2
        return terms.get("weighted", terms["loss"])

    def on_validation_epoch_end(self) -> None:
        """Logs `val_balanced_accuracy` or `val_r2`."""
        self._log_epoch_metrics("val")

    def on_test_epoch_end(self) -> None:
        """Logs `test_balanced_accuracy` or `test_r2`."""
        self._log_epoch_metrics("test")

    def parameter_groups(self) -> ParameterGroups:
        """Returns what is trained; an encoder that is trained too has a rate of its own."""
        if self.codec is None:
            return super().parameter_groups()
        own = {"params": [*self.hidden.parameters(), *self.output.parameters()]}
        if self.frozen:
            return [own]
        return [own, {"params": list(self.codec.parameters()), "lr": self.encoder_lr}]

    def _log_epoch_metrics(self, part: str) -> None:
        """Logs what a whole part has, and no mean over its batches."""
        if self._class_counts is None:
            predictions, targets = torch.cat(self._regression_pairs, 1)
            self._regression_pairs = []
            self.log(f"{part}_r2", r2_score(predictions, targets))
            return
        correct, *_, items = self._class_counts.compute().T
        self._class_counts.reset()
        self.log(f"{part}_balanced_accuracy", balanced_accuracy(correct, items))


def _build_backbone(network: str, data: DataSpec, shape: BackboneShape) -> nn.Module:
    if network not in BACKBONES:
        raise ValueError(f"network (={network!r}) must be one of {', '.join(BACKBONES)}.")
    if shape.activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ValueError(f"activation (={shape.activation!r}) must be one of {known}.")
    if data.kind not in BACKBONES[network].kinds:
        raise ValueError(f"network (={network!r}) is not made for a {data.kind}.")
    return BACKBONES[network].make(data, shape)


def _code_length(codec: Any, data: DataSpec) -> int:
    """Returns how many values a code has."""
    codec.eval()  # or one item would count among the statistics of its layers
    with torch.no_grad():
        codes: Tensor = codec.encode(torch.zeros(1, *data.shape)).flatten(1)
    return codes.shape[1]


def _class_weights(data: DataSpec, balance: float) -> Tensor | None:
    """Returns what an item of each class counts, such that all items count 1 in the mean."""
    if not balance or not data.shares:
        return None
    shares = torch.tensor(data.shares)
    weights = shares.where(shares > 0, 1.0) ** -balance  # an absent class weighs nothing below
    return weights / (weights * shares).sum()
