"""Factors of items, such as their size or position, and the dimensions that stand for them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from ...models.densities.density import Codes
from ...objectives.metrics.disentanglement import disentanglement, is_number
from ..study.study_error import StudyError
from .data_items import DataItems, item_folder
from .item_values import read_item_values
from .trained_network import PartName, TrainedNetwork

FACTOR_PARTS: tuple[PartName, ...] = ("train", "test")
LEAST_ITEMS = 10
"""The least number of items of a part with a value of a factor."""


def score_factors(
    network: TrainedNetwork, factors: Sequence[str], train_codes: Codes
) -> pd.DataFrame:
    """Returns a row for each factor: how well single dimensions stand for it.

    Args:
        network: The network, whose codes have at least two dimensions.
        factors: Columns of the data, or `FILE.csv:COLUMN`.
        train_codes: The codes of the training part, in its order.

    Returns:
        The columns `kind` (number or category), `items` (test items), `dimension`, `MIG` and
        `SAP`; see `Disentanglement`.

    Raises:
        StudyError: If codes have one dimension, there is no such column, or it has one value.
    """
    if train_codes.shape[1] < 2:
        raise StudyError("a gap between dimensions needs codes of at least two numbers")
    columns = _read_factors(network, factors)
    codes = network.codes("test")[0]
    rows: dict[str, dict[str, Any]] = {}
    for column in columns:
        known, asked = column[: len(train_codes)], column[len(train_codes) :]
        has_known, has_asked = known.notna().to_numpy(), asked.notna().to_numpy()
        _check_values(known[has_known], asked[has_asked])
        found = disentanglement(
            train_codes[has_known],
            known[has_known].to_numpy(),
            codes[has_asked],
            asked[has_asked].to_numpy(),
        )
        rows[str(column.name)] = {
            "kind": "number" if is_number(column.to_numpy()) else "category",
            "items": int(has_asked.sum()),
            "dimension": found.dimension,
            "MIG": found.mig,
            "SAP": found.sap,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("factor")


def _read_factors(network: TrainedNetwork, factors: Sequence[str]) -> "list[pd.Series[Any]]":
    """Returns the values of each factor for the training items, then for the test items."""
    data = network.tensor_data
    parts = [DataItems.of(data, part, network.part(part)) for part in FACTOR_PARTS]
    items = pd.concat([part.columns_and_target for part in parts], ignore_index=True)
    ids, folder = parts[0].ids, item_folder(data)
    return [_to_factor(read_item_values(name, items, ids, folder, "factor")) for name in factors]


def _to_factor(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Returns numbers as floats, and all other values as text; missing values stay missing."""
    if is_numeric_dtype(values) and not is_bool_dtype(values):
        return values.astype(float)
    return values.astype(object).where(values.isna(), values.astype(str))


def _check_values(known: "pd.Series[Any]", asked: "pd.Series[Any]") -> None:
    for part, values in zip(FACTOR_PARTS, (known, asked), strict=True):
        if len(values) < LEAST_ITEMS:
            raise StudyError(
                f"the factor {values.name!r} is known of {len(values)} items of the {part} part: "
                f"{LEAST_ITEMS} are needed"
            )
        if values.nunique() < 2:
            raise StudyError(f"the factor {values.name!r} has one value in the {part} part")
