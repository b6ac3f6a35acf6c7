"""Embedders: networks that map items of the same class to nearby latent codes."""

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any, Unpack

import torch
from torch import Tensor

from .data_spec import DataSpec
from .learner import Batch, Learner, Training, check_above_zero, check_choice, check_least
from .networks.lenet import SiameseEncoder
from .pixels import to_float

Triplets = tuple[Tensor, Tensor, Tensor]
"""Three tensors of indices (M,): anchors, items of the same class, items of another class."""


class Embedder(Learner):
    """Siamese or triplet network, trained on distances between the latent codes of items.

    Each batch of labeled items is grouped into pairs or triplets, at random in each epoch. A
    triplet is an anchor, another item of its class, and an item of another class. A pair is an
    anchor and one of the two other items; half of the pairs are of one class.

    The loss is logged as `*_loss`. It depends on `margin`, so use a metric callback, such as
    `NearestNeighbor`, to measure how good the codes are.

    Args:
        data: Images of at least two classes.
        latent_dim: Length of the latent code, at least 1.
        loss: `contrastive` moves pairs of one class together and other pairs apart. `triplet`
            makes an anchor nearer to its class than to another class.
        margin: The distance between codes at which items of different classes are far enough
            apart; above 0.
        miner: Which items an anchor is compared with: `random`, `semihard` or `hard` ones.
        width: Factor that multiplies the published width of each layer, above 0.
        lr: Initial learning rate.
        training: Other options of `Learner`.

    Raises:
        ValueError: If an option is out of range or not one of its choices, or there are fewer
            than two classes.

    References:
        Dimensionality Reduction by Learning an Invariant Mapping (Hadsell, Chopra, LeCun, 2006)
        FaceNet: A Unified Embedding for Face Recognition and Clustering (Schroff, Kalenichenko,
        Philbin, 2015)
        In Defense of the Triplet Loss for Person Re-Identification (Hermans, Beyer, Leibe, 2017)

    Example:
        >>> data = latentune.DataSpec((1, 28, 28), classes=("cat", "dog"))
        >>> sum(p.numel() for p in latentune.Embedder(data).parameters())
        350016
    """

    def __init__(
        self,
        data: DataSpec,
        latent_dim: int = 128,
        loss: str = "contrastive",
        margin: float = 1.0,
        miner: str = "random",
        width: float = 1.0,
        lr: float = 1e-3,
        **training: Unpack[Training],
    ) -> None:
        super().__init__(lr, **training)
        if len(data.classes) < 2:
            raise ValueError(f"classes (={data.classes}) must be at least 2.")
        check_least(1, latent_dim=latent_dim)
        check_above_zero(margin=margin, width=width)
        check_choice("loss", loss, LOSSES)
        check_choice("miner", miner, MINERS)
        self.uses_pairs, self.miner = loss == "contrastive", MINERS[miner](margin)
        self.distance_loss = LOSSES[loss](margin)
        self.encoder = SiameseEncoder(data, latent_dim, width)
        self.to(memory_format=torch.channels_last)  # the faster layout of convolutions

    def encode(self, x: Tensor) -> Tensor:
        """Maps images x, with shape (N, C, H, W), to latent codes, with shape (N, latent_dim).

        Pixels are floats in [0, 1], or bytes.
        """
        code: Tensor = self.encoder(to_float(x))
        return code

    forward = encode

    def sample_groups(self, labels: Tensor) -> Tensor:
        """Returns the indices of random triplets (M, 3), or of random pairs (M, 2).

        Pairs of one class and pairs of two classes alternate.
        """
        anchors, same, other = random_triplets(labels)
        if not self.uses_pairs:
            return torch.stack([anchors, same, other], 1)
        both = torch.stack([torch.stack([anchors, same], 1), torch.stack([anchors, other], 1)], 1)
        return both.flatten(0, 1)

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        codes, labels = self.encode(batch[0]), batch[1]
        triplets = self.miner(codes, labels) if self.training else random_triplets(labels)
        if not len(triplets[0]):  # a batch of one class, or without two items of a class
            return {"loss": 0 * codes.sum()}
        return {"loss": self.distance_loss(codes, labels, triplets)}

    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        return terms["loss"]


def random_triplets(labels: Tensor) -> Triplets:
    """Returns for each item, as an anchor, a random item of its class and one of another class.

    An anchor is left out if there is no such item. `labels` (N,) are class numbers.
    """
    same = labels[:, None] == labels
    other = ~same
    same = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    scores = torch.rand(same.shape, device=labels.device) + 1  # masked items have a score of 0
    (anchors,) = torch.where(same.any(1) & other.any(1))
    return anchors, (scores * same)[anchors].argmax(1), (scores * other)[anchors].argmax(1)


def _make_loss_or_miner(name: str, *args: Any, **options: Any) -> Any:
    """Returns a loss or miner of pytorch-metric-learning that uses Euclidean distances."""
    from pytorch_metric_learning.distances import LpDistance

    distance = LpDistance(normalize_embeddings=False)
    return resolve_name(f"pytorch_metric_learning.{name}")(*args, distance=distance, **options)


LOSSES: dict[str, Callable[[float], Any]] = {
    "contrastive": lambda margin: _make_loss_or_miner(
        "losses:ContrastiveLoss", pos_margin=0, neg_margin=margin
    ),
    "triplet": lambda margin: _make_loss_or_miner("losses:TripletMarginLoss", margin),
}
MINERS: dict[str, Callable[[float], Any]] = {
    "random": lambda margin: lambda codes, labels: random_triplets(labels),
    "semihard": lambda margin: _make_loss_or_miner(
        "miners:TripletMarginMiner", margin, type_of_triplets="semihard"
    ),
    "hard": lambda margin: _make_loss_or_miner("miners:BatchHardMiner"),
}
