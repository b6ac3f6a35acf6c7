"""A metric callback: the kernel distance of generated images from real ones."""

import pytorch_lightning as pl
import torch
from torch import Tensor

from ...models.predictor import Predictor
from ...models.roles import Decodes, HasPrior
from ..data.batches import apply_in_batches
from ..data.data_error import DataError
from .feature_network import feature_network
from .image_quality import kernel_distance
from .sampler_rating import unratable_reason

N_IMAGES = 2000


class KernelDistance(pl.Callback):
    """Logs `val_kid` and `test_kid`: the squared kernel distance of generated from real images.

    Up to 2,000 images are generated from the model's prior, from the same codes each time. The
    features of a classifier of the same data are compared, so the data must be labeled images.

    References:
        Demystifying MMD GANs (Binkowski, Sutherland, Arbel, Gretton, 2018)
    """

    def __init__(self) -> None:
        self._network: Predictor | None = None

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._log("val", trainer, pl_module)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._log("test", trainer, pl_module)

    def _log(self, part: str, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        assert isinstance(model, Decodes)
        assert isinstance(model, HasPrior)
        # Lightning sets it if a data module is used, but does not declare it.
        data = trainer.datamodule  # type: ignore[attr-defined]
        if reason := unratable_reason(data, N_IMAGES):
            raise DataError(f"images of {data.name} cannot be rated: {reason}")
        if self._network is None:
            self._network = feature_network(data)
        network = self._network

        def generated_features(z: Tensor) -> Tensor:
            return network.features(model.decode(z.to(model.device)).cpu())

        real = getattr(data.splits, part).inputs[:N_IMAGES]
        codes = torch.from_numpy(model.prior().sample(len(real)))
        distance, _ = kernel_distance(
            apply_in_batches(network.features, real), apply_in_batches(generated_features, codes)
        )
        model.log(f"{part}_kid", distance)
