"""Prediction functions: classes, numbers, errors or neighbors, depending on the network."""

from collections.abc import Callable, Sequence
from functools import partial
from math import ceil, isfinite, log10
from typing import Any

import pandas as pd
import pytorch_lightning as pl
import torch
from lightning_utilities.core.overrides import is_overridden
from torch import Tensor

from ...models.data_spec import DataSpec
from ...models.networks.standardize import cast_input
from ...models.roles import Encodes, Predicts, Reconstructs
from ...objectives.data.tensor_data import TensorData
from ...objectives.metrics.anomaly_scores import anomaly_scores, score_to_mse
from ...objectives.metrics.nearest_neighbors import distances
from ...storage.checkpoint_file import AnomalyThreshold
from ..study.study_error import StudyError
from .trained_network import TrainedNetwork, encode_items

PredictBatch = Callable[[Tensor], pd.DataFrame]
"""A function that returns a table of predictions, with a row for each item of a batch."""

RANK_NAMES = ("nearest", "second", "third")
DIGITS = 6
MAX_SIGNIFICANT_DIGITS = 17
"""Number of digits with which any two different floats have different texts."""


def round_significant(value: float, unit: float = 0.0) -> float:
    """Returns `value` rounded to six significant digits, or to more if it is larger than `unit`.

    Digits down to about a millionth of `unit` are then kept. The unit is a typical difference
    between values, such as the standard deviation, or 0 if it is not known.

    Example:
        >>> round_significant(1_000_000_123.4567891, unit=100.0), round_significant(0.123456789)
        (1000000123.4568, 0.123457)
    """
    digits = DIGITS
    if unit > 0 and value and isfinite(value):
        digits = min(MAX_SIGNIFICANT_DIGITS, max(DIGITS, DIGITS + ceil(log10(abs(value) / unit))))
    return float(f"{value:.{digits}g}")


def choose_prediction_function(
    network: TrainedNetwork, data: DataSpec, anomaly: AnomalyThreshold | None
) -> PredictBatch:
    """Returns the function that makes the predictions of a network.

    `anomaly` is the threshold of reconstruction errors, if the network has one.

    Raises:
        StudyError: If the network neither predicts, reconstructs nor encodes items.
    """
    model = network.model
    if isinstance(model, Predicts) and data.classes:
        return partial(_predict_classes, model, data.classes)
    if isinstance(model, Predicts):
        return partial(_predict_numbers, model, data)
    if isinstance(model, Reconstructs):
        threshold = None if anomaly is None else anomaly.threshold
        return partial(_predict_error, model, data, threshold)
    if isinstance(model, Encodes):
        return _make_neighbor_function(network)
    raise StudyError(
        f"a {type(model).__name__} neither predicts, reconstructs nor encodes: predictions need "
        "one of these"
    )


def _round_values(values: Tensor, unit: float = 0.0) -> list[float]:
    return [round_significant(value, unit) for value in values.tolist()]


def predict_raw(model: Any, items: Tensor) -> Tensor:
    """Returns the logits or numbers that a network predicts for items.

    If the network has no `forward`, its `predict_batch` is called.
    """
    items = cast_input(model, items)
    has_forward = is_overridden("forward", model, pl.LightningModule)
    output: Tensor = model(items) if has_forward else model.predict_batch(items)
    return output


def _predict_classes(model: Predicts, classes: Sequence[str], items: Tensor) -> pd.DataFrame:
    probabilities, indices = predict_raw(model, items).softmax(1).topk(min(3, len(classes)))
    columns: dict[str, Any] = {}
    for rank, name in enumerate(("class", *RANK_NAMES[1:])[: indices.shape[1]]):
        columns[name] = [classes[index] for index in indices[:, rank].tolist()]
        columns[f"{name}_probability" if rank else "probability"] = _round_values(
            probabilities[:, rank]
        )
    return pd.DataFrame(columns)


def _predict_numbers(model: Predicts, data: DataSpec, items: Tensor) -> pd.DataFrame:
    names = data.target_names if data.n_targets > 1 else ("number",)
    units = (data.target or (0.0,))[-len(names) :]
    columns = predict_raw(model, items)[:, : len(names)].T
    numbers = zip(names, columns, units, strict=True)
    return pd.DataFrame({name: _round_values(column, unit) for name, column, unit in numbers})


def _predict_error(
    model: Reconstructs, data: DataSpec, threshold: float | None, items: Tensor
) -> pd.DataFrame:
    scores = anomaly_scores(model, data, items)
    errors = [round_significant(score_to_mse(score, data)) for score in scores.tolist()]
    table = pd.DataFrame({"error": errors})
    return table if threshold is None else table.assign(anomaly=(scores > threshold).tolist())


def _make_neighbor_function(network: TrainedNetwork) -> PredictBatch:
    """Returns a function that finds the nearest training items of items, by their latent codes.

    References:
        Nearest Neighbor Pattern Classification (Cover, Hart, 1967)
    """
    model, data = network.model, network.data
    assert isinstance(model, Encodes)
    if not isinstance(data, TensorData) or not data.spec.classes:
        raise StudyError(
            f"predictions of a {type(model).__name__} compare codes, which needs data with "
            "classes: latentune encode writes the codes"
        )
    train, targets = data.splits.train.inputs, data.splits.train.targets
    assert targets is not None
    train_codes = torch.from_numpy(network.kept_codes("train"))
    names = list(range(len(train_codes))) if isinstance(train, Tensor) else train.names
    classes = data.spec.classes

    def predict(items: Tensor) -> pd.DataFrame:
        nearest, indices = distances(encode_items(model, items), train_codes).topk(
            min(len(RANK_NAMES), len(train_codes)), largest=False
        )
        neighbors = targets[indices]
        # Of several classes that are equally frequent, the class of the nearest item wins.
        votes = (neighbors[:, :, None] == neighbors[:, None]).sum(2)
        winners = neighbors.gather(1, votes.argmax(1, keepdim=True))[:, 0]
        columns: dict[str, Any] = {"class": [classes[winner] for winner in winners]}
        for rank, name in enumerate(RANK_NAMES[: indices.shape[1]]):
            columns[name] = [names[index] for index in indices[:, rank].tolist()]
            columns[f"{name}_class"] = [classes[n] for n in neighbors[:, rank].tolist()]
            columns[f"{name}_distance"] = _round_values(nearest[:, rank])
        return pd.DataFrame(columns)

    return predict
