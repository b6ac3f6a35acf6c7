"""Pairs of items whose latent codes are nearly the same."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...objectives.data.item_metadata import ITEM_COLUMN, ROW_COLUMN
from ...objectives.metrics.neighbor_index import NeighborIndex, Neighbors
from ..study.study_error import StudyError
from .coded_items import CodedItems
from .data_items import CLASS_COLUMN, PART_COLUMN, TARGET_COLUMN
from .prediction_functions import round_significant
from .similar_items import DISTANCE, PIXEL_DIFFERENCE, Findings, make_sheet
from .trained_network import TrainedNetwork

THRESHOLD = 0.1
"""Largest distance of a pair, as a share of the median distance to the nearest item."""
MAX_PARTNERS = 10
"""Maximum number of partners of an item."""
OTHER = "other_"
COLUMNS = (ITEM_COLUMN, ROW_COLUMN, PART_COLUMN, CLASS_COLUMN, TARGET_COLUMN)
PRINTED = tuple(
    f"{prefix}{name}"
    for prefix in ("", OTHER)
    for name in (ITEM_COLUMN, PART_COLUMN, CLASS_COLUMN)
)


def find_duplicates(network: TrainedNetwork) -> Findings:
    """Returns the pairs of near-duplicates in all parts of the data; see `similar`."""
    items = CodedItems.of_parts(network)
    n, parts = len(items.codes), items.table[PART_COLUMN].to_numpy()
    neighbors = NeighborIndex(items.codes).find_others(min(MAX_PARTNERS, n - 1))
    nearest = neighbors.distances[:, 0]
    if not nearest.any():
        raise StudyError("all codes are the same: train another trial, or for longer")
    median = float(np.median(nearest[nearest > 0]))
    first, second, distances = _list_pairs(neighbors, THRESHOLD * median)
    is_across = parts[first] != parts[second]
    order = np.lexsort((distances, ~is_across))
    first, second, distances = first[order], second[order], distances[order]
    table = _join_pairs(items.table, first, second)
    table[DISTANCE] = [round_significant(value) for value in distances.tolist()]
    is_image = network.data.spec.kind == "image"
    if is_image:
        table[PIXEL_DIFFERENCE] = [
            round_significant((items.read(i) - items.read(j)).abs().mean().item())
            for i, j in zip(first.tolist(), second.tolist(), strict=True)
        ]
    note = (
        f"{len(first):,} pairs of {n:,} items, {is_across.sum():,} of them across parts: their "
        f"distance is at most {THRESHOLD * median:.4g}, {THRESHOLD:.0%} of the median distance to "
        f"the nearest item, {median:.4g}"
    )
    pairs = Neighbors(distances[:, None], second[:, None])
    sheet = make_sheet(items.take(first.tolist()), pairs, items) if is_image else ()
    printed = (*PRINTED, DISTANCE, PIXEL_DIFFERENCE)
    return Findings(table, printed, (note,), "Pairs with the nearest codes", sheet)


def _list_pairs(
    neighbors: Neighbors, threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Returns the indices of both items of each pair, the larger first, and their distances.

    A larger index is that of the part to test or to validate.
    """
    rows, columns = np.nonzero(neighbors.distances <= threshold)
    pairs = np.stack([rows, neighbors.indices[rows, columns]], axis=1)
    pairs.sort(axis=1)
    pairs, kept = np.unique(pairs, axis=0, return_index=True)
    return pairs[:, 1], pairs[:, 0], neighbors.distances[rows, columns][kept]


def _join_pairs(
    table: pd.DataFrame, first: NDArray[np.int64], second: NDArray[np.int64]
) -> pd.DataFrame:
    table = table[[name for name in COLUMNS if name in table]]
    one, other = (table.iloc[numbers].reset_index(drop=True) for numbers in (first, second))
    return pd.concat([one, other.add_prefix(OTHER)], axis=1)
