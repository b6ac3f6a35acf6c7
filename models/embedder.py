"""Embedders: codes that lie near each other if their items are of one class."""

from collections.abc import Callable
from typing import Any, Unpack

import torch
from torch import Tensor

from .data_spec import DataSpec
from .learner import Batch, Learner, Training
from .networks.siamese import SiameseEncoder

Triplets = tuple[Tensor, Tensor, Tensor]
"""Places of anchors, of items of the same class, and of items of another, each with shape (M,)."""


class Embedder(Learner):
    """Network whose codes are compared, not read: siamese or triplet.

    Each batch of labelled items is compared within itself: an anchor with another item of its
    class and with one of another class. So pairs and triplets are new in each epoch, and half of
    the pairs are similar. The loss, logged as `*_loss`, depends on `margin`; a judge such as
    `NearestNeighbor` says what the codes are worth.

    Args:
        data: Images of two classes at least.
        latent_dim: Length of the code, at least 1.
        loss: A key of `LOSSES`: `contrastive` draws similar pairs together and the others apart,
            `triplet` wants an anchor nearer to its class than to another.
        margin: How far apart, in units of the code, is far enough; above 0.
        miner: Which items an anchor is compared with, a key of `MINERS`: `random` ones, those
            that are `semihard`, or the `hard` ones.
        width: How many times the published width each layer has, above 0.
        lr: Learning rate at the start.
        training: Further options of `Learner`.

    Raises:
        ValueError: If an option is out of range or none of its choices, or there are fewer than
            two classes.

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
        if latent_dim < 1:
            raise ValueError(f"latent_dim (={latent_dim}) must be at least 1.")
        if margin <= 0 or width <= 0:
            raise ValueError(f"margin (={margin}) and width (={width}) must be above 0.")
        for name, value, known in (("loss", loss, LOSSES), ("miner", miner, MINERS)):
            if value not in known:
                raise ValueError(f"{name} (={value!r}) must be one of {', '.join(known)}.")
        self.uses_pairs, self.miner = loss == "contrastive", MINERS[miner](margin)
        self.distance_loss = LOSSES[loss](margin)
        self.encoder = SiameseEncoder(data, latent_dim, width)
        self.to(memory_format=torch.channels_last)  # convolutions are faster so

    def encode(self, x: Tensor) -> Tensor:
        """Maps images x, with shape (N, C, H, W), to codes, with shape (N, latent_dim)."""
        code: Tensor = self.encoder(x)
        return code

    forward = encode

    def sample_groups(self, labels: Tensor) -> Tensor:
        """Draws pairs, by turns similar and not, or triplets.

        Args:
            labels: Numbers of the classes of items, with shape (N,).

        Returns:
            The places of pairs, with shape (M, 2), or of triplets, with shape (M, 3).
        """
        anchors, same, other = random_triplets(labels)
        if not self.uses_pairs:
            return torch.stack([anchors, same, other], 1)
        both = torch.stack([torch.stack([anchors, same], 1), torch.stack([anchors, other], 1)], 1)
        return both.flatten(0, 1)

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        codes, labels = self.encode(batch[0]), batch[1]
        triplets = self.miner(codes, labels) if self.training else random_triplets(labels)
        if not len(triplets[0]):  # all of one class, or none with another of its class
            return {"loss": 0 * codes.sum()}
        return {"loss": self.distance_loss(codes, labels, triplets)}

    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        return terms["loss"]


def random_triplets(labels: Tensor) -> Triplets:
    """Draws for each item another one of its class, and one of another class.

    Args:
        labels: Numbers of the classes of items, with shape (N,).

    Returns:
        Triplets; an item for which there is not both has none.
    """
    same = labels[:, None] == labels
    other = ~same
    same = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    scores = torch.rand(same.shape, device=labels.device) + 1  # above 0, wherever it may be drawn
    (anchors,) = torch.where(same.any(1) & other.any(1))
    return anchors, (scores * same)[anchors].argmax(1), (scores * other)[anchors].argmax(1)


def _euclidean() -> Any:
    from pytorch_metric_learning.distances import LpDistance

    return LpDistance(normalize_embeddings=False)


def _contrastive(margin: float) -> Any:
    from pytorch_metric_learning.losses import ContrastiveLoss

    return ContrastiveLoss(pos_margin=0, neg_margin=margin, distance=_euclidean())


def _triplet(margin: float) -> Any:
    from pytorch_metric_learning.losses import TripletMarginLoss

    return TripletMarginLoss(margin, distance=_euclidean())


def _semihard(margin: float) -> Any:
    from pytorch_metric_learning.miners import TripletMarginMiner

    return TripletMarginMiner(margin, type_of_triplets="semihard", distance=_euclidean())


def _hard(margin: float) -> Any:
    from pytorch_metric_learning.miners import BatchHardMiner

    return BatchHardMiner(distance=_euclidean())


LOSSES: dict[str, Callable[[float], Any]] = {"contrastive": _contrastive, "triplet": _triplet}
MINERS: dict[str, Callable[[float], Any]] = {
    "random": lambda margin: lambda codes, labels: random_triplets(labels),
    "semihard": _semihard,
    "hard": _hard,
}
