"""What a trained network says of new items, by its role: classes, numbers, errors, neighbors."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import pytorch_lightning as pl
from lightning_utilities.core.overrides import is_overridden
from torch import Tensor

from ...models.data_spec import DataSpec
from ...models.networks.standardize import cast_input
from ...models.roles import Encodes, Predicts, Reconstructs
from ...objectives.data.batches import apply_in_batches
from ...objectives.data.tensor_data import TensorData
from ...objectives.metrics.anomaly_scores import anomaly_scores, score_to_mse
from ...objectives.metrics.nearest_neighbors import distances
from ...objectives.progress import progress
from ..study.study_error import StudyError
from .number_format import round_significant
from .trained_network import TrainedNetwork, encode_items

PredictBatch = Callable[[Tensor], pd.DataFrame]
"""Says something of a batch of items, a row each."""

RANKS = ("nearest", "second", "third")


def prediction_function(
    model: pl.LightningModule,
    data: DataSpec,
    threshold: float | None,
    load: Callable[[], TrainedNetwork],
) -> PredictBatch:
    """Returns what a network answers by.

    Args:
        model: The network, on the CPU and in eval mode.
        data: What an item is.
        threshold: The reconstruction error above which an item is an anomaly, if it is known.
        load: Loads the training data of a network that can but compare.

    Raises:
        StudyError: If there is nothing that it could say.
    """
    if isinstance(model, Predicts) and data.classes:
        return partial(_classes, model, data.classes)
    if isinstance(model, Predicts):
        return partial(_number, model, data.target[1] if data.target else 0.0)
    if isinstance(model, Reconstructs):
        return partial(_errors, model, data, threshold)
    if isinstance(model, Encodes):
        return _neighbors(load())
    raise StudyError(
        f"a {type(model).__name__} neither predicts, reconstructs nor encodes: it has nothing to "
        "say of new input"
    )


def _said(model: Any, items: Tensor) -> Tensor:
    """Returns logits or numbers; `answer` of a head takes codes, and `forward` items."""
    whole, items = is_overridden("forward", model, pl.LightningModule), cast_input(model, items)
    said: Tensor = model(items) if whole else model.predict_batch(items)
    return said


def _classes(model: Predicts, classes: Sequence[str], items: Tensor) -> pd.DataFrame:
    shares, numbers = _said(model, items).softmax(1).topk(min(3, len(classes)))
    columns: dict[str, Any] = {}
    for rank, name in zip(range(numbers.shape[1]), ("class", *RANKS[1:]), strict=False):
        columns[name] = [classes[number] for number in numbers[:, rank].tolist()]
        chances = list(map(round_significant, shares[:, rank].tolist()))
        columns["probability" if rank == 0 else f"{name}_probability"] = chances
    return pd.DataFrame(columns)


def _number(model: Predicts, unit: float, items: Tensor) -> pd.DataFrame:
    numbers = _said(model, items)[:, 0].tolist()
    return pd.DataFrame({"number": [round_significant(number, unit) for number in numbers]})


def _errors(
    model: Reconstructs, data: DataSpec, threshold: float | None, items: Tensor
) -> pd.DataFrame:
    scores = anomaly_scores(model, data, items)
    table = pd.DataFrame(
        {"error": [round_significant(score_to_mse(s, data)) for s in scores.tolist()]}
    )
    return table if threshold is None else table.assign(anomaly=(scores > threshold).tolist())


def _neighbors(trained: TrainedNetwork) -> PredictBatch:
    """Returns what names the training items whose codes are nearest, and what most of them are.

    References:
        Nearest Neighbor Pattern Classification (Cover, Hart, 1967)
    """
    model, data = trained.model, trained.data
    assert isinstance(model, Encodes)
    if not isinstance(data, TensorData) or not data.spec.classes:
        raise StudyError(
            f"a {type(model).__name__} encodes, and there are no classes to compare its codes by: "
            "latentune encode writes them"
        )
    train, targets = data.splits.train.inputs, data.splits.train.targets
    assert targets is not None
    with progress(f"encoding {len(train):,} training items"):
        known = apply_in_batches(partial(encode_items, model), train)
    of = list(range(len(known))) if isinstance(train, Tensor) else train.names

    def answer(items: Tensor) -> pd.DataFrame:
        apart, places = distances(encode_items(model, items), known).topk(
            min(len(RANKS), len(known)), largest=False
        )
        classes = targets[places]
        # Of several classes that are as frequent, that of the nearest item.
        votes = (classes[:, :, None] == classes[:, None]).sum(2)
        first = votes.argmax(1, keepdim=True)
        names = data.spec.classes
        columns: dict[str, Any] = {"class": [names[n] for n in classes.gather(1, first)[:, 0]]}
        for rank, name in zip(range(places.shape[1]), RANKS, strict=False):
            columns[name] = [of[place] for place in places[:, rank].tolist()]
            columns[f"{name}_class"] = [names[n] for n in classes[:, rank].tolist()]
            columns[f"{name}_distance"] = list(map(round_significant, apart[:, rank].tolist()))
        return pd.DataFrame(columns)

    return answer
