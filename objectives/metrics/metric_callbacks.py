"""Callbacks that log, in validation and test, metrics that a model does not compute itself."""

from abc import ABC, abstractmethod
from statistics import fmean
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from ...models.roles import Decodes, Encodes, HasPrior
from ..data.batches import apply_in_batches
from ..data.data_error import DataError
from ..data.preparation.labels import require_labels
from .image_features import ImageFeatures, image_features, unratable_reason
from .image_quality import kernel_distance
from .nearest_neighbors import LABEL_DRAWS, N_LABELS, few_label_accuracies, knn_accuracy

MAX_TRAINING_ITEMS = 10_000
N_GENERATED_IMAGES = 2000


class MetricCallback(pl.Callback, ABC):
    """Base class of callbacks that log a metric after each validation and each test."""

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.log_metric("val", _data_module(trainer), pl_module)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.log_metric("test", _data_module(trainer), pl_module)

    @abstractmethod
    def log_metric(self, part: str, data: Any, model: pl.LightningModule) -> None:
        """Logs the metric of a part of a data module; `part` is `val` or `test`."""


class NeighborProbe(MetricCallback):
    """Logs `val_probe` and `test_probe`: the accuracy of the nearest of 100 labeled items.

    Nearest means the smallest distance between latent codes. The accuracy is the mean over ten
    samples of 100 training items. The model must encode, and the data must have labels.
    """

    def log_metric(self, part: str, data: Any, model: pl.LightningModule) -> None:
        codes = _encode_parts(data, model, part, N_LABELS * LABEL_DRAWS)
        model.log(f"{part}_probe", fmean(few_label_accuracies(*codes)))


class NearestNeighbor(MetricCallback):
    """Logs `val_nearest` and `test_nearest`: the accuracy of the nearest training item's class.

    Nearest means the smallest distance between latent codes. In validation, which follows each
    epoch, only 10,000 training items are used.
    """

    def log_metric(self, part: str, data: Any, model: pl.LightningModule) -> None:
        most = MAX_TRAINING_ITEMS if part == "val" else None
        model.log(f"{part}_nearest", knn_accuracy(*_encode_parts(data, model, part, most)))


class KernelDistance(MetricCallback):
    """Logs `val_kid` and `test_kid`: the squared kernel distance of generated and real images.

    Up to 2,000 images are decoded from samples of the model's prior, which are the same in each
    epoch. The distance is between features of a network that is trained on the same images; see
    `image_features`.

    References:
        Demystifying MMD GANs (Binkowski, Sutherland, Arbel, Gretton, 2018)
    """

    def __init__(self) -> None:
        self._features: ImageFeatures | None = None

    def log_metric(self, part: str, data: Any, model: pl.LightningModule) -> None:
        assert isinstance(model, Decodes)
        assert isinstance(model, HasPrior)
        if reason := unratable_reason(data, N_GENERATED_IMAGES):
            raise DataError(f"images of {data.name} cannot be rated: {reason}")
        features = self._features = self._features or image_features(data)

        def generated_features(z: Tensor) -> Tensor:
            return features.compute(model.decode(z.to(model.device)).cpu())

        real = getattr(data.splits, part).inputs[:N_GENERATED_IMAGES]
        codes = torch.from_numpy(model.prior().sample(len(real)))
        distance, _ = kernel_distance(
            apply_in_batches(features.compute, real), apply_in_batches(generated_features, codes)
        )
        model.log(f"{part}_kid", distance)


def _data_module(trainer: pl.Trainer) -> Any:
    # Lightning sets it if a data module is used, but does not declare it.
    return trainer.datamodule  # type: ignore[attr-defined]


def _encode_parts(
    data: Any, model: pl.LightningModule, part: str, most: int | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Returns latent codes and classes of training items, and of all items of another part.

    At most `most` training items are encoded; if it is None, all.
    """
    assert isinstance(model, Encodes)
    splits = require_labels(data).splits
    known, queries = splits.train, getattr(splits, part)
    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(0))[:most]
    known = known.take(order.tolist())
    assert known.targets is not None

    def encode(x: Tensor) -> Tensor:
        return model.encode(x.to(model.device)).flatten(1).cpu()

    return (
        apply_in_batches(encode, known.inputs),
        known.targets,
        apply_in_batches(encode, queries.inputs),
        queries.targets,
    )
