"""The header of a checkpoint: everything that its network is built from."""

from typing import Any

from pydantic import field_validator

from ..models.data_spec import DataSpec
from .record import Record
from .study_record import RecipeTable


class AnomalyThreshold(Record):
    """The score above which an item is an anomaly.

    Attributes:
        quantile: Share of the validation part below the threshold, from 0 to 1.
        threshold: The L2 norm of a reconstruction error.
        items: Number of items in the validation part.
    """

    quantile: float
    threshold: float
    items: int


class CheckpointHeader(Record):
    """The facts that `train` adds to the weights in a checkpoint.

    Attributes:
        study: Name of the study.
        trial: Number of the trial; None if the configuration is that of no trial.
        recipe: The options of the user for the study.
        params: The value of each parameter of the search space.
        data: The table of the `DataSpec`.
        streamed: Whether images were read lazily, so that the network has seen their centers.
        anomaly: The threshold for anomalies, if the network reconstructs its input.
        encoder: The header of the encoder's checkpoint, or its architecture in torchvision.
    """

    study: str
    trial: int | None = None
    recipe: RecipeTable
    params: dict[str, Any]
    data: dict[str, Any]
    streamed: bool = False
    anomaly: AnomalyThreshold | None = None
    encoder: "CheckpointHeader | str | None" = None

    @field_validator("data")
    @classmethod
    def _check_data(cls, table: dict[str, Any]) -> dict[str, Any]:
        DataSpec.from_table(table)
        return table

    @property
    def data_spec(self) -> DataSpec:
        """The shape and kind of an item."""
        return DataSpec.from_table(self.data)
