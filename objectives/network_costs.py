"""The costs of a network, which a study can limit or minimize: weights, memory, work and time."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from pkgutil import resolve_name
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytorch_lightning import LightningModule

    from ..models.data_spec import DataSpec

MEASURES = "latentune.objectives.cost_measures"
NUMBERS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
BYTES = {"": 1.0, "B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}
MILLISECONDS = {"": 1.0, "ms": 1.0}


@dataclass(frozen=True)
class Cost:
    """A number that says what a network costs. Less is better.

    Attributes:
        summary: What is counted or measured.
        measure: The function that returns the cost of a model for data of a `DataSpec`, written as
            `module:function`.
        units: The factor of each unit that a user may write after a number.
        example: A limit as a user writes it.
        needs_weights: Whether it takes a network with weights, on the device of its training.
            Other costs are known on PyTorch's meta device.
    """

    summary: str
    measure: str
    units: Mapping[str, float]
    example: str
    needs_weights: bool = False


COSTS = {
    "params": Cost(
        "trained weights", f"{MEASURES}:count_trained_weights", NUMBERS, example="100k"
    ),
    "bytes": Cost(
        "bytes of all weights in float32, also of a frozen encoder, and of the buffers",
        f"{MEASURES}:count_bytes",
        BYTES,
        example="2MB",
    ),
    "macs": Cost(
        "multiplications of the network for one item, as PyTorch's FlopCounterMode counts them",
        f"{MEASURES}:count_macs",
        NUMBERS,
        example="10M",
    ),
    "ms": Cost(
        "milliseconds of the network for a batch of one item on the device of the trial, the "
        "median of 30 runs",
        f"{MEASURES}:time_one_item",
        MILLISECONDS,
        example="5",
        needs_weights=True,
    ),
}
"""All costs by name."""


def parse_limit(name: str, limit: str | float) -> float:
    """Returns a limit that a user gives as a number or as text, such as `100k` or `2MB`.

    Raises:
        ValueError: If the text is not a positive number with a unit of the cost.

    Example:
        >>> parse_limit("params", "100k")
        100000
    """
    cost = COSTS[name]
    match = re.fullmatch(r"([0-9.]+(?:e[+-]?[0-9]+)?)\s*([a-zA-Z]*)", str(limit).strip())
    try:
        number = float(match[1]) * cost.units[match[2]] if match else 0.0
    except (ValueError, KeyError):
        number = 0.0
    if not number > 0 or not isfinite(number):
        raise ValueError(f"{limit!r} is not a limit of {name} such as {cost.example}")
    return int(number) if number.is_integer() else number


def format_cost(name: str, value: float) -> str:
    """Returns a cost as text, such as `50,057 params`.

    Example:
        >>> format_cost("ms", 1.23456)
        '1.23 ms'
    """
    return f"{value:,.0f} {name}" if float(value).is_integer() else f"{value:,.3g} {name}"


def format_limits(limits: Mapping[str, float]) -> str:
    """Returns limits as text.

    Example:
        >>> format_limits({"params": 30000, "ms": 2})
        'at most 30,000 params, at most 2 ms'
    """
    return ", ".join(f"at most {format_cost(name, limit)}" for name, limit in limits.items())


def describe_excess(costs: Mapping[str, float], limits: Mapping[str, float]) -> str:
    """Returns the costs that exceed their limits, and these limits; empty if none does.

    Example:
        >>> describe_excess({"params": 50057, "ms": 0.5}, {"params": 30000, "ms": 2})
        '50,057 params, limit 30,000'
    """
    return "; ".join(
        f"{format_cost(name, costs[name])}, limit {limit:,}"
        for name, limit in limits.items()
        if name in costs and costs[name] > limit
    )


def measure_costs(
    names: Iterable[str], model: "LightningModule", data: "DataSpec"
) -> dict[str, float]:
    """Returns the named costs of a model. Its modes and the random generators stay as they are.

    Args:
        names: Names of costs.
        model: The model. Some costs are known without weights, on PyTorch's meta device.
        data: The description of its data.

    Raises:
        CostError: If the network cannot be run on an item.
    """
    return {name: resolve_name(COSTS[name].measure)(model, data) for name in names}
