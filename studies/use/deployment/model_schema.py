"""The facts beside an exported network: its inputs and outputs, and the names that they need."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ....models.data_spec import DataSpec
from ....objectives.data.sources.column_types import FEATURE_ROLES, missing_value_words
from ....objectives.data.sources.plain_text import to_plain_text
from ....objectives.metrics.anomaly_scores import describe_error_unit, score_to_mse
from ..trained_network import TrainedNetwork
from .deployed_network import DeployedNetwork
from .raw_items import Array, Port

LATIN_END = 0x2100
"""Below this code are the letters and marks that have another spelling in plain text."""


def output_ports(deployed: DeployedNetwork, example: Array) -> list[Port]:
    """Returns the outputs of a deployed network, given at least two raw items."""
    with torch.inference_mode():
        outputs = deployed.outputs(deployed.prepare(torch.from_numpy(example)))
    return [
        Port(name, _numpy_type(value), tuple(value.shape[1:]), _meaning(name, deployed.data))
        for name, value in outputs.items()
    ]


def make_schema(network: TrainedNetwork, taken: Port, given: Sequence[Port]) -> dict[str, Any]:
    """Returns the facts about an exported network that programs need, as JSON can hold them.

    Entries without a value are left out.

    Args:
        network: The trained network.
        taken: The input of the file.
        given: The outputs of the file.
    """
    header, spec = network.header, network.header.data_spec
    columns = [
        {**kind.to_entry(), "missing": missing_value_words(kind)}
        for kind in spec.columns
        if kind.role in FEATURE_ROLES and taken.name == "columns"
    ]
    schema = {
        "study": header.study,
        "trial": header.trial,
        "kind": spec.kind,
        "inputs": [taken._asdict()],
        "outputs": [port._asdict() for port in given],
        "classes": spec.classes,
        "targets": spec.target_names,
        "columns": columns,
        "features": spec.features,
        "letters": spec.letters,
        "spellings": _spellings() if spec.letters else {},
        "pixel_maximum": spec.pixel_maximum,
    }
    if header.anomaly is not None:
        threshold = score_to_mse(header.anomaly.threshold, spec)
        schema["anomaly"] = header.anomaly.to_table() | {"threshold": threshold}
    return {name: value for name, value in schema.items() if value or name == "trial"}


def _numpy_type(value: Tensor) -> str:
    return str(value.dtype).removeprefix("torch.")


def _meaning(name: str, data: DataSpec) -> str:
    """Returns what the values of an output are, in words."""
    pixels = "pixels from 0 (black) to 1 (white)"
    items = pixels if data.kind == "image" else "the features of a row"
    return {
        "class": "position in `classes`, from 0",
        "probabilities": "probability of each class",
        "number": ", ".join(data.target_names) or "the predicted number",
        "reconstruction": items,
        "error": describe_error_unit(data),
        "anomaly": "whether the error is above the threshold",
        "item": items,
        "codes": "latent code",
    }[name]


def _spellings() -> dict[str, str]:
    """Returns the plain spelling of each letter and mark that has another one."""
    letters = map(chr, range(0x80, LATIN_END))
    return {one: plain for one in letters if (plain := to_plain_text(one)) not in (one, "")}
