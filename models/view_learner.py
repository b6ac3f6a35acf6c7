"""ViewLearner: codes that are learned without labels, from two random views of each item."""

from collections.abc import Callable
from typing import Any, Unpack

from torch import Tensor, nn

from .data_spec import DataSpec
from .learner import Batch, Learner, Training, check_above_zero, check_choice, check_least
from .networks.network_tables import NETWORKS, find_network
from .pixels import to_float
from .random_views import RandomViews

MIN_BATCH = 2


class ViewLearner(Learner):
    """An encoder that learns to give two random views of an item similar codes.

    The loss compares projections of the codes, which are forgotten after the training. It is
    logged as `*_loss` and depends on the options, so use the metric callback `NeighborProbe` to
    measure how good the codes are.

    Args:
        data: The description of the data, images or a table.
        latent_dim: Length of the latent code, at least 1.
        loss: `ntxent` (SimCLR) tells the views of an item from those of all others. `vicreg` keeps
            the views together, and the dimensions of projections varied and uncorrelated.
        network: A key of `NETWORKS`, whose encoder is used.
        width: Factor that multiplies the published width of each layer, above 0.
        projection: Number of units of the projection, at least 1.
        temperature: Divisor of the similarities in `ntxent`, above 0.
        strength: How strong the random changes of items are, from 0 to 1.
        flip: Whether half of the images are mirrored.
        lr: Initial learning rate.
        training: Other options of `Learner`.

    Raises:
        ValueError: If an option is out of range or not one of its choices.

    References:
        A Simple Framework for Contrastive Learning of Visual Representations (Chen, Kornblith,
        Norouzi, Hinton, 2020): SimCLR
        VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning (Bardes,
        Ponce, LeCun, 2022)

    Example:
        >>> model = latentune.ViewLearner(latentune.DataSpec((1, 8, 8)), latent_dim=16)
        >>> model.encode(torch.rand(5, 1, 8, 8)).shape
        torch.Size([5, 16])
    """

    def __init__(
        self,
        data: DataSpec,
        latent_dim: int = 64,
        loss: str = "ntxent",
        network: str = "conv",
        width: float = 1.0,
        projection: int = 128,
        temperature: float = 0.2,
        strength: float = 0.5,
        flip: bool = False,
        lr: float = 1e-3,
        **training: Unpack[Training],
    ) -> None:
        super().__init__(lr, **training)
        check_least(1, latent_dim=latent_dim, projection=projection)
        check_above_zero(width=width, temperature=temperature)
        check_choice("loss", loss, LOSSES)
        if not 0 <= strength <= 1:
            raise ValueError(f"strength (={strength}) must be from 0 to 1.")
        self.encoder = find_network(NETWORKS, network, data).encoder(data, latent_dim, width)
        self.projector = nn.Sequential(
            nn.Linear(latent_dim, projection),
            nn.BatchNorm1d(projection),
            nn.ReLU(),
            nn.Linear(projection, projection),
        )
        self.view_loss, self.views = LOSSES[loss](temperature), RandomViews(data, strength, flip)

    def encode(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to latent codes (N, latent_dim).

        Pixels are floats in [0, 1], or bytes.
        """
        code: Tensor = self.encoder(to_float(x))
        return code

    forward = encode

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        if len(batch[0]) < MIN_BATCH:  # there is nothing to compare an item with
            return {"loss": 0 * self.encode(batch[0]).sum()}
        first, second = (self.projector(self.encode(self.views(batch[0]))) for _ in range(2))
        return {"loss": self.view_loss(first, second)}

    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        return terms["loss"]


def _make_ntxent(temperature: float) -> Any:
    # With a single positive, the supervised contrastive loss is NT-Xent. The class NTXentLoss
    # compares each pair with all pairs, and needs seconds for a batch of 256.
    from pytorch_metric_learning.losses import SelfSupervisedLoss, SupConLoss

    return SelfSupervisedLoss(SupConLoss(temperature))


def _make_vicreg(temperature: float) -> Any:
    from pytorch_metric_learning.losses import VICRegLoss

    loss = VICRegLoss()
    return lambda first, second: loss(first, ref_emb=second)


LOSSES: dict[str, Callable[[float], Any]] = {"ntxent": _make_ntxent, "vicreg": _make_vicreg}
"""Functions by name, which return a loss of two projections (N, D), given the temperature."""
