"""The result of `similar`: a table of items, with a contact sheet if the items are images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd
import torch
from rich.console import RenderableType

from ...objectives.metrics.neighbor_index import Neighbors
from ..display.plots.contact_sheet import SheetRow
from ..display.result import FolderResult, frame_table, rows_to_json
from ..study.defaults import MAX_PRINTED_ROWS_BESIDE_FILE
from .coded_items import CodedItems

TABLE = "table.csv"
MAX_SHEET_ROWS = 20
MAX_SHEET_NEIGHBORS = 10
DISTANCE, PIXEL_DIFFERENCE, RATIO = "distance", "pixel_difference", "ratio"


class Findings(NamedTuple):
    """What `similar` has found.

    Attributes:
        table: The table of `SimilarItems`.
        printed: The columns of the table that are printed.
        notes: The notes of `SimilarItems`.
        title: The title of the contact sheet.
        sheet: The rows of the contact sheet; empty if the items are not images.
    """

    table: pd.DataFrame
    printed: Sequence[str]
    notes: tuple[str, ...]
    title: str
    sheet: Sequence[SheetRow]


@dataclass(frozen=True, repr=False)
class SimilarItems(FolderResult):
    """Similar items.

    Attributes:
        folder: The folder with `table.csv` and, if the items are images, the contact sheet
            `images.png`: an item at the left, similar items beside it.
        table: For neighbors of given items, a row for each neighbor: the item in the column
            `input`, its `input_class` if it is known, the `rank` of the neighbor from 1, the
            neighbor in the columns `item`, `row`, `part`, `class` or `target`, other columns of
            the data that are not features, and the `distance` of the codes.

            For near-duplicates, a row for each pair: `item`, `row`, `part` and `class` or `target`
            of one, the same with the prefix `other_` of the other, the `distance` of their codes
            and, for images, the `pixel_difference`: the mean absolute difference of pixel values,
            which are from 0 to 1.

            For doubtful labels, a row for each item: `item`, `row`, `part`, `class`, the class
            `suggested` by most neighbors, the shares of neighbors that have the label
            (`agreeing`) and the suggested class (`suggesting`), and the `ratio` of the distances
            to the nearest five items of either class.
        notes: Sentences about the table.
        unreadable: The reason why an item could not be read. The keys are the names of the items.
        printed: The columns that are printed, if the table has them.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]
    unreadable: Mapping[str, str]
    printed: tuple[str, ...] = field(default=())

    def lines(self) -> list[RenderableType]:
        """Returns the first rows of the table, and the notes."""
        formats = {name: "{:.4g}".format for name in (DISTANCE, PIXEL_DIFFERENCE, RATIO)}
        shares = dict.fromkeys(("agreeing", "suggesting"), "{:.0%}".format)
        columns = [name for name in self.printed if name in self.table]
        rows = self.table[columns].head(MAX_PRINTED_ROWS_BESIDE_FILE)
        lines: list[RenderableType] = [frame_table(rows, formats | shares)] if len(rows) else []
        if more := len(self.table) - len(rows):
            lines.append(f"and {more:,} more; all are in {self.folder / TABLE}")
        return [*lines, *self.notes]

    def to_json(self) -> str:
        """Returns the table as a JSON array with an object for each row."""
        return rows_to_json(self.table)


def make_sheet(items: CodedItems, neighbors: Neighbors, others: CodedItems) -> list[SheetRow]:
    """Returns the rows of a contact sheet: the first 20 items, each beside at most 10 neighbors.

    Below an item are its name and its class. Below a neighbor are its class, or its name without
    classes, and the distance of the codes. This is red if its class differs from that of the item.

    Args:
        items: The items, N.
        neighbors: Their neighbors, with shape (N, k).
        others: The items that the indices of `neighbors` refer to.
    """
    labels = items.labels or [""] * len(items.codes)
    other_labels, captions = others.labels, others.labels or others.names
    rows = []
    for number in range(min(len(items.codes), MAX_SHEET_ROWS)):
        distances, indices = (part[number][:MAX_SHEET_NEIGHBORS] for part in neighbors)
        images = torch.cat([items.read(number), *map(others.read, indices.tolist())])
        texts = [(captions[i], f"{d:.3g}") for i, d in zip(indices, distances, strict=True)]
        is_different = [
            bool(labels[number]) and other_labels is not None and other_labels[i] != labels[number]
            for i in indices
        ]
        first = items.names[number], labels[number]
        rows.append(SheetRow(images, [first, *texts], [False, *is_different]))
    return rows
