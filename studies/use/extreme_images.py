"""The items that are least and most like anomalies, side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from torch import Tensor

from ...objectives.data.new_items.new_items import NewItems
from ...objectives.data.parts import to_float
from ..display.plots.image_grids import plot_labeled_grid
from ..display.plots.plot_text import shorten_label

if TYPE_CHECKING:
    from ...objectives.data.parts import Items

INLIERS, OUTLIERS = "inliers", "outliers"
SHOWN = 10


def plot_extreme_images(
    test: "Items",
    others: Sequence[NewItems],
    scores: pd.DataFrame,
    names: Mapping[str, str],
    path: Path,
) -> None:
    """Draws the images of each set that are least and most like anomalies.

    Args:
        test: The inliers, in the order of their scores.
        others: The outliers.
        scores: The `set`, the `item` and the `score` of each; those of the inliers come first.
        names: What the data of each set are called.
        path: The picture.
    """
    places = {name: (one, place) for one in others for place, name in enumerate(one.names)}

    def image(row: "pd.Series[Any]") -> Tensor:
        if row["set"] == INLIERS:
            return to_float(test[[int(str(row.name))]])
        one, place = places[row["item"]]
        return one.read(slice(place, place + 1)).items

    rows = {}
    for name, scored in scores.groupby("set"):
        called, ordered = shorten_label(names[str(name)], 16), scored.sort_values("score")
        few = min(SHOWN, (len(ordered) + 1) // 2)  # no image is among both
        least, most = ordered[:few], ordered[few:][-few:][::-1]
        for which, some in (("least", least), ("most", most)):
            if images := [image(row) for _, row in some.iterrows()]:
                rows[f"{called}: {which}"] = torch.cat(images)
    plot_labeled_grid(rows, "Least and most reconstruction error", path)
