"""Predictors: networks that predict a class or numbers for each item."""

from typing import Any, Unpack

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchmetrics.classification import MulticlassStatScores

from .data_spec import DataSpec
from .growing_tensor import GrowingTensor
from .learner import Batch, Learner, ParameterGroups, Training, check_choice, check_least
from .networks.dense import ACTIVATIONS
from .networks.network_tables import BACKBONES, find_network
from .pixels import to_float


class Predictor(Learner):
    """A linear layer on a backbone or a trained encoder, which predicts classes or numbers.

    Classes are trained by cross-entropy, and numbers by squared error. Before the last layer is a
    new backbone, or the encoder of another model, the `codec`. If the codec is frozen, training
    uses batches of latent codes instead of items, because an item has the same code in every
    epoch. `forward` always takes items.

    The logged values do not depend on options. For classes, they are the cross-entropy `*_loss`,
    and `*_accuracy`. In validation and test, there is also `*_balanced_accuracy`, which is the
    mean accuracy of the classes that occur. For numbers, they are `*_mse`, in the squared unit of
    the target, and `*_r2`, the explained share of the variance of the targets. With several
    targets, they are the means over these targets, and `*_mse` is in squared deviations of each.
    Numbers are predicted and compared in float64. Training standardizes them by the mean and
    deviation of the training part.

    Logits are divided by the attribute `temperature`, which is 1 during the training. `train` sets
    it afterwards, so that the probabilities of classes are calibrated.

    Args:
        data: Description of data with at least two classes, or with numbers as targets.
        network: A key of `BACKBONES`. It is not used if there is a `codec`.
        hidden: Number of units in each hidden layer of the backbone, at least 1. For `cnn`, it is
            the number of units in the first linear layer.
        layers: Number of hidden layers of a `dense` or recurrent backbone.
        activation: Activation of a `dense` backbone, as a key of `ACTIVATIONS`.
        codec: A model with the method `encode`, which maps items to latent codes with shape (N,
            D).
        unfreeze: Whether the codec is trained, too. Then training uses batches of items.
        lin_dim: Number of units in a hidden layer after the backbone or codec; 0 for no such
            layer.
        smoothing: Label smoothing: the share of a target that is spread over all classes, from 0
            to below 1.
        balance: Weight of rare classes. With 0, all items have the same weight. With 1, all
            classes have the same weight.
        lr: Initial learning rate.
        encoder_lr: Initial learning rate of the codec if `unfreeze` is True.
        training: Other options of `Learner`.

    Raises:
        ValueError: If an option is out of range, the backbone does not accept the data, or the
            data have nothing to predict.

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
        check_least(1, hidden=hidden)
        check_least(0, layers=layers, lin_dim=lin_dim)
        if not 0 <= smoothing < 1 or not 0 <= balance <= 1:
            raise ValueError(
                f"smoothing (={smoothing}) must be at least 0 and below 1, and balance "
                f"(={balance}) from 0 to 1."
            )
        self.smoothing, self.encoder_lr = smoothing, encoder_lr
        self.temperature = 1.0
        self.frozen = codec is not None and not unfreeze
        self.codec: Any = None if codec is None else codec.requires_grad_(unfreeze)
        if codec is None:
            backbone = find_network(BACKBONES, network, data)
            check_choice("activation", activation, ACTIVATIONS)
            self.backbone: Any = backbone.make(data, hidden, layers, activation)
        features: int = self.backbone.features if codec is None else _code_length(codec, data)
        self.hidden = nn.Sequential()
        if lin_dim:
            self.hidden = nn.Sequential(nn.Linear(features, lin_dim), nn.ReLU())
        self.output = nn.Linear(lin_dim or features, len(data.classes) or data.n_targets)
        self.weights: Tensor | None
        self.register_buffer("weights", _class_weights(data, balance), persistent=False)
        self._class_counts: MulticlassStatScores | None = None
        self.target_scale: Tensor | None
        self.register_buffer("target_scale", _target_scale(data), persistent=False)
        self._mse_unit = data.target[1] ** 2 if data.target and data.n_targets == 1 else 1.0
        if data.target is None:
            self._class_counts = MulticlassStatScores(len(data.classes), average=None)
        self._regression_pairs = GrowingTensor()
        self.train()  # a frozen codec switches to eval mode, whatever mode it was in

    def encode(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to latent codes, with shape (N, D).

        Pixels are floats in [0, 1], or bytes.
        """
        x = to_float(x)
        code: Tensor = self.backbone(x) if self.codec is None else self.codec.encode(x)
        return code.flatten(1)

    def features(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to the input (N, D) of the last layer."""
        hidden: Tensor = self.hidden(self.encode(x))
        return hidden

    def predict_codes(self, codes: Tensor) -> Tensor:
        """Maps latent codes (N, D) to logits (N, classes), or to numbers (N, targets)."""
        output: Tensor = self.output(self.hidden(codes))
        if self.target_scale is None:
            return output if self.temperature == 1 else output / self.temperature
        mean, std = self.target_scale.unbind()
        return mean + std * output.double()

    def forward(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to logits (N, classes) or numbers.

        Numbers have shape (N, targets).
        """
        return self.predict_codes(self.encode(x))

    def predict_batch(self, batch: Tensor) -> Tensor:
        """Maps a training batch to logits or numbers.

        If the encoder is frozen, the batch holds latent codes; otherwise it holds items.
        """
        return self.predict_codes(batch if self.frozen else self.encode(batch))

    def on_fit_start(self) -> None:
        """Forgets the temperature of an earlier training."""
        self.temperature = 1.0

    def train(self, mode: bool = True) -> "Predictor":
        super().train(mode)
        if self.frozen:
            self.codec.eval()
        return self

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        output, targets = self.predict_batch(batch[0]), batch[1]
        if self._class_counts is None:
            return self._regression_terms(output, targets.reshape(output.shape))
        if not self.training:
            self._class_counts.update(output, targets)
        accuracy = (output.argmax(1) == targets).float().mean()
        terms = {"loss": cross_entropy(output, targets), "accuracy": accuracy}
        if self.training and (self.smoothing or self.weights is not None):
            terms["weighted"] = cross_entropy(
                output, targets, self.weights, label_smoothing=self.smoothing
            )
        return terms

    def _regression_terms(self, numbers: Tensor, targets: Tensor) -> dict[str, Tensor]:
        assert self.target_scale is not None
        mean, std = self.target_scale.unbind()
        predicted, true = ((values.double() - mean) / std for values in (numbers, targets))
        squared = (predicted - true).square().mean()
        if self.training:
            return {"mse": squared * self._mse_unit, "r2": 1 - squared}
        self._regression_pairs.append(torch.stack([predicted, true], 1))
        return {"mse": squared * self._mse_unit}

    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        if self.target_scale is not None:  # a learning rate has the same effect in any unit
            return terms["mse"] / self._mse_unit
        return terms.get("weighted", terms["loss"])

    def on_validation_epoch_end(self) -> None:
        """Logs `val_balanced_accuracy` or `val_r2`."""
        self._log_epoch_metrics("val")

    def on_test_epoch_end(self) -> None:
        """Logs `test_balanced_accuracy` or `test_r2`."""
        self._log_epoch_metrics("test")

    def parameter_groups(self) -> ParameterGroups:
        """Returns the trained parameters; an encoder has a separate learning rate."""
        if self.codec is None:
            return super().parameter_groups()
        head = {"params": [*self.hidden.parameters(), *self.output.parameters()]}
        if self.frozen:
            return [head]
        return [head, {"params": list(self.codec.parameters()), "lr": self.encoder_lr}]

    def _log_epoch_metrics(self, part: str) -> None:
        if self._class_counts is None:
            predictions, targets = self._regression_pairs.rows.unbind(1)
            self._regression_pairs = GrowingTensor()
            scores = [r2_score(*pair) for pair in zip(predictions.T, targets.T, strict=True)]
            self.log(f"{part}_r2", torch.stack(scores).mean())
            return
        correct, *_, items = self._class_counts.compute().T
        self._class_counts.reset()
        self.log(f"{part}_balanced_accuracy", balanced_accuracy(correct, items))


def _code_length(codec: Any, data: DataSpec) -> int:
    """Returns the length of the latent code of an item.

    The codec is in eval mode meanwhile, so that batch norm statistics do not change.
    """
    codec.eval()
    with torch.no_grad():
        codes: Tensor = codec.encode(torch.zeros(1, *data.shape)).flatten(1)
    return codes.shape[1]


def _target_scale(data: DataSpec) -> Tensor | None:
    """Returns the means and the deviations of all targets as float64, with shape (2, targets)."""
    if data.target is None:
        return None
    return torch.tensor(data.target, dtype=torch.float64).reshape(2, -1)


def _class_weights(data: DataSpec, balance: float) -> Tensor | None:
    """Returns the weight of an item of each class; the mean weight of all items is 1."""
    if not balance or not data.shares:
        return None
    shares = torch.tensor(data.shares)
    weights = shares.where(shares > 0, 1.0) ** -balance  # an absent class has no effect below
    return weights / (weights * shares).sum()


def balanced_accuracy(correct: Tensor, items: Tensor) -> Tensor:
    """Returns the mean accuracy of all classes that have items; NaN if no class has items.

    `correct` is the number of correct predictions of each class (K,). `items` is the number of
    items of each class (K,).

    References:
        The Balanced Accuracy and Its Posterior Distribution (Brodersen, Ong, Stephan, Buhmann,
        2010)
    """
    present = items > 0
    return (correct[present] / items[present]).mean()


def r2_score(predictions: Tensor, targets: Tensor) -> Tensor:
    """Returns the share of the variance of targets (N,) that predictions (N,) explain, at most 1.

    If all targets are equal, the result is 1 for exact predictions, and 0 otherwise. With less
    than two targets, it is NaN.
    """
    if len(targets) < 2:
        return targets.new_tensor(torch.nan)
    errors = (predictions - targets).square().sum()
    if targets.min() == targets.max():
        return (errors == 0).to(targets.dtype)
    return 1 - errors / (targets - targets.mean()).square().sum()
