"""The nearest items of given items, and how often they have the same class."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from ...objectives.data.item_metadata import ITEM_COLUMN
from ...objectives.metrics.baselines import baseline_features
from ...objectives.metrics.neighbor_index import NeighborIndex, Neighbors
from ...objectives.progress import progress
from ..study.study_error import StudyError
from .coded_items import CodedItems
from .data_items import CLASS_COLUMN, TARGET_COLUMN
from .inference import INPUT, PLACE
from .prediction_functions import round_significant
from .similar_items import DISTANCE, Findings, make_sheet
from .trained_network import TrainedNetwork

INPUT_CLASS, RANK, ITEM_PLACE = "input_class", "rank", "item_place"
RESERVED = (INPUT, PLACE, INPUT_CLASS, RANK, ITEM_PLACE, DISTANCE)
"""Columns of the table that have nothing to do with those of the data."""
PRINTED = (INPUT, INPUT_CLASS, RANK, ITEM_COLUMN, CLASS_COLUMN, TARGET_COLUMN, DISTANCE)
MAX_RATED_ITEMS = 1000
"""Maximum number of test items whose neighbors are rated; all of Fashion-MNIST take a minute."""


def take_test_items(network: TrainedNetwork, numbers: Sequence[int]) -> CodedItems:
    """Returns the items of the test part with some numbers.

    Raises:
        StudyError: If there is no item with a number.
    """
    n = len(network.part("test"))
    for number in numbers:
        if not 0 <= number < n:
            raise StudyError(f"there is no test item {number}: they go from 0 to {n - 1}")
    return CodedItems.of_parts(network, ("test",), RESERVED).take(numbers)


def find_nearest(
    network: TrainedNetwork, items: CodedItems, others: CodedItems | None, k: int
) -> Findings:
    """Returns the `k` nearest of other items for each of the `items`.

    If `others` is None, they are the training items, and the neighbors of test items are rated.
    """
    known = CodedItems.of_parts(network, ("train",), RESERVED) if others is None else others
    neighbors = NeighborIndex(known.codes).find(items.codes, k)
    notes = _rate_neighbors(network, k) if others is None else ()
    is_image = network.data.spec.kind == "image"
    title = f"Nearest of {len(known.codes):,} items by the distance of codes; another class is red"
    return Findings(
        _make_table(items, neighbors, known),
        PRINTED,
        tuple(notes),
        title,
        make_sheet(items, neighbors, known) if is_image else (),
    )


def _make_table(items: CodedItems, neighbors: Neighbors, others: CodedItems) -> pd.DataFrame:
    """Returns a row for each neighbor of each item."""
    columns = pd.DataFrame({INPUT: items.names})
    if PLACE in items.table:
        columns[PLACE] = items.table[PLACE]
    if items.labels is not None:
        columns[INPUT_CLASS] = items.labels
    m, k = neighbors.indices.shape
    columns = columns.iloc[np.repeat(np.arange(m), k)].reset_index(drop=True)
    columns[RANK] = np.tile(np.arange(1, k + 1), m)
    found = others.table.iloc[neighbors.indices.ravel()].reset_index(drop=True)
    found = found.rename(columns={INPUT: ITEM_COLUMN, PLACE: ITEM_PLACE})
    found[DISTANCE] = [round_significant(value) for value in neighbors.distances.ravel().tolist()]
    return pd.concat([columns, found], axis=1)


def _rate_neighbors(network: TrainedNetwork, k: int) -> Iterable[str]:
    """Yields the precision at `k` of the neighbors of test items, by codes and simpler features.

    Nothing is yielded if the items have no classes.
    """
    data = network.tensor_data
    train, test = data.splits.train, data.splits.test
    if not data.spec.classes or train.targets is None or test.targets is None:
        return
    codes = network.kept_codes("train"), network.kept_codes("test")
    features = {"codes": codes, **baseline_features(data, codes[0].shape[1])}
    order = np.random.default_rng(0).permutation(len(test))[:MAX_RATED_ITEMS]
    classes, true = train.targets.numpy(), test.targets.numpy()[order]
    yield (
        f"precision at {k}: the share of the {k} nearest training items that have the class of a "
        f"test item, for {len(order):,} test items"
    )
    for name, (known, queries) in features.items():
        with progress(f"rating the neighbors by {name}"):
            precision = NeighborIndex(known).find(queries[order], k).precision(classes, true)
        yield f"  {name:<9} {known.shape[1]:>6,.0f} numbers   {precision:.4f}"
