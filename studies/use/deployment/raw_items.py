"""RawItems: what an exported network takes, and the items that the export is proved with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ....models.data_spec import DataSpec
from ....models.roles import Decodes, Encodes, HasPrior, Predicts, Reconstructs
from ....objectives.data.sources.column_types import FEATURE_ROLES
from ....objectives.data.tensor_data import TensorData
from ...study.study_error import StudyError
from ..trained_network import TrainedNetwork
from .raw_columns import RawColumns, read_raw_columns

Array = NDArray[Any]

N_CODES = 1000
PIXEL_TYPES = {255: "uint8", 65535: "uint16"}
"""The type of pixels up to a maximum, if all pixels are whole numbers."""


class Port(NamedTuple):
    """An input or an output of an exported network.

    Attributes:
        name: Its name in the file.
        dtype: Its NumPy type, such as `uint8`.
        shape: Shape of the value of one item. In the file, the number of items comes first.
        meaning: What the values are, in words.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    meaning: str


class ProofBatch(NamedTuple):
    """Items of the test part.

    Attributes:
        raw: The items as the exported network takes them, with shape (n, *Port.shape).
        prepared: The same items as the trained network takes them, with shape (n, *data.shape).
        targets: Their targets, with shape (n,) or (n, K); None without targets.
    """

    raw: Array
    prepared: Tensor
    targets: Tensor | None


@dataclass(frozen=True)
class RawItems:
    """What an exported network takes.

    Attributes:
        port: The input of the file.
        prepare: The layer that maps raw items to prepared items.
        batches: A function that yields all items of the test part, or random latent codes for a
            network that only decodes.
    """

    port: Port
    prepare: nn.Module
    batches: Callable[[], Iterator[ProofBatch]]


class PixelScale(nn.Module):
    """Divides pixels by the value that stands for white; the result is float32 from 0 to 1."""

    def __init__(self, maximum: int) -> None:
        super().__init__()
        self.maximum = maximum

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels.float() / self.maximum


def raw_items_of(network: TrainedNetwork) -> RawItems:
    """Returns the raw items of a network.

    Raises:
        StudyError: If the network has no role, or only decodes and has no prior.
        DataError: If the data cannot be read.
    """
    model, spec = network.model, network.header.data_spec
    if not isinstance(model, Predicts | Reconstructs | Encodes):
        return _codes_of_prior(network)
    if spec.kind == "image":
        return _pixels(network, spec)
    columns = [kind for kind in spec.columns if kind.role in FEATURE_ROLES]
    if spec.kind == "table" and columns and isinstance(network.data, TensorData):
        source = network.data.source
        rows = read_raw_columns(Path(source.name), source.table, columns)
        rows = rows[network.part("test").row_indices.numpy()]
        meaning = "the columns of a row; missing values are NaN"
        port = Port("columns", "float64", (len(columns),), meaning)
        return RawItems(port, RawColumns(columns, spec.features), lambda: _batches(network, rows))
    if spec.kind == "table":
        port = Port("rows", "float64", spec.shape, "the features of a row")
    else:
        port = Port("letters", "int64", spec.shape, "positions in `letters`, from 1; 0 at the end")
    return RawItems(port, nn.Identity(), lambda: _batches(network))


def _pixels(network: TrainedNetwork, spec: DataSpec) -> RawItems:
    maximum = spec.pixel_maximum or 1
    first = next(iter(network.batches("test")))[0] * maximum
    is_whole = spec.pixel_maximum > 0 and bool((first - first.round()).abs().max() < 1e-3)
    types = [dtype for limit, dtype in PIXEL_TYPES.items() if is_whole and maximum <= limit]
    dtype = next(iter(types), "float32")
    port = Port("images", dtype, spec.shape, f"pixels from 0 (black) to {maximum} (white)")

    def batches() -> Iterator[ProofBatch]:
        for batch in _batches(network):
            pixels = batch.raw * np.float32(maximum)
            yield batch._replace(raw=(pixels.round() if is_whole else pixels).astype(dtype))

    return RawItems(port, PixelScale(maximum), batches)


def _batches(network: TrainedNetwork, rows: Array | None = None) -> Iterator[ProofBatch]:
    """Yields the batches of the test part. `rows` are its raw rows, if they are known."""
    start = 0
    for prepared, *others in network.batches("test"):
        raw, end = prepared.numpy(), start + len(prepared)
        if network.header.data_spec.kind == "table":
            raw = raw.astype(np.float64) if rows is None else rows[start:end]
        yield ProofBatch(raw, prepared, others[0] if others else None)
        start = end


def _codes_of_prior(network: TrainedNetwork) -> RawItems:
    model: Any = network.model
    if not isinstance(model, Decodes):
        raise StudyError(
            f"a {type(model).__name__} neither predicts, reconstructs, encodes nor decodes: an "
            "export needs one of these"
        )
    if not isinstance(model, HasPrior):
        raise network.missing_method_error("prior()", "the length of its codes is not known")
    codes = model.prior().sample(N_CODES)
    port = Port(
        "codes", "float32", codes.shape[1:], "latent codes, sampled from the prior of the network"
    )
    batch = ProofBatch(codes, torch.from_numpy(codes), None)
    return RawItems(port, nn.Identity(), lambda: iter([batch]))
