"""DeployedNetwork: a trained network from raw items to all that its roles give, as one module."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

from torch import Tensor, nn

from ....models.data_spec import DataSpec
from ....models.networks.standardize import cast_input, error_scale
from ....models.roles import Encodes, Predicts, Reconstructs
from ..prediction_functions import predict_raw
from ..trained_network import encode_items


class DeployedNetwork(nn.Module):
    """Maps raw items to the outputs of a trained network, as `predict` and `encode` give them.

    A network that only decodes takes latent codes instead of items.

    Args:
        model: The network, on the CPU and in eval mode.
        data: The description of its data.
        prepare: The layer that prepares raw items as in training.
        threshold: The anomaly score above which an item is an anomaly; None if none was saved.
    """

    unit: Tensor

    def __init__(
        self, model: nn.Module, data: DataSpec, prepare: nn.Module, threshold: float | None
    ) -> None:
        super().__init__()
        self.model, self.prepare, self.data, self.threshold = model, prepare, data, threshold
        self.classifies = isinstance(model, Predicts) and bool(data.classes)
        self.register_buffer("unit", error_scale(data))

    def forward(self, items: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.outputs(self.prepare(items)).values())

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """Returns the outputs for prepared items (N, *data.shape), or for latent codes, by name.

        What the roles of the network give: `class` (N,) and `probabilities` (N, K); or `number`
        (N, targets); or `reconstruction`, `error` (N,) and `anomaly` (N,); or `item`, which is
        decoded from latent codes. A network that encodes gives `codes` (N, D) as well.
        """
        model: Any = self.model
        x = cast_input(model, x)
        if not isinstance(model, Encodes):
            return self._predict(model, x)
        codes = model.encode(x)
        with _reuse_codes(model, x, codes):
            predictions = self._predict(model, x)
            return predictions | {"codes": encode_items(model, x)}

    def _predict(self, model: Any, x: Tensor) -> dict[str, Tensor]:
        if self.classifies:
            probabilities = predict_raw(model, x).softmax(1)
            return {"class": probabilities.argmax(1), "probabilities": probabilities}
        if isinstance(model, Predicts):
            return {"number": predict_raw(model, x).flatten(1)}
        if isinstance(model, Reconstructs):
            return self._reconstruct(model, x)
        return {} if isinstance(model, Encodes) else {"item": model.decode(x)}

    def _reconstruct(self, model: Any, x: Tensor) -> dict[str, Tensor]:
        reconstruction = model.reconstruct(x)
        squares = ((reconstruction - x) / self.unit).flatten(1).square().sum(1)
        outputs = {"reconstruction": reconstruction, "error": squares / prod(self.data.shape)}
        if self.threshold is not None:
            outputs["anomaly"] = squares.sqrt() > self.threshold
        return outputs


@contextmanager
def _reuse_codes(model: Any, x: Tensor, codes: Tensor) -> Iterator[None]:
    """Makes `model.encode(x)` return `codes`, so that no file holds the encoder twice."""
    encode: Any = model.encode
    vars(model)["encode"] = lambda items: codes if items is x else encode(items)
    try:
        yield
    finally:
        del vars(model)["encode"]
