"""Figure of the images with the least and the most reconstruction error."""

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
from .anomaly_report import INLIERS

if TYPE_CHECKING:
    from ...objectives.data.parts import Items

N_IMAGES = 10


def plot_extreme_images(
    test: "Items",
    others: Sequence[NewItems],
    scores: pd.DataFrame,
    names: Mapping[str, str],
    path: Path,
) -> None:
    """Plots the images of each set with the least and the most reconstruction error.

    The scores have columns `set`, `item` and `score`; first come those of the test part.
    """
    places = {name: (group, index) for group in others for index, name in enumerate(group.names)}

    def read_image(row: "pd.Series[Any]") -> Tensor:
        if row["set"] == INLIERS:
            return to_float(test[[int(str(row.name))]])
        group, index = places[row["item"]]
        return group.read(slice(index, index + 1)).items

    rows = {}
    for name, of_set in scores.groupby("set"):
        label, ordered = shorten_label(names[str(name)], 16), of_set.sort_values("score")
        count = min(N_IMAGES, (len(ordered) + 1) // 2)  # no image is in both rows
        extremes = {"least": ordered[:count], "most": ordered[count:][-count:][::-1]}
        for kind, chosen in extremes.items():
            if images := [read_image(row) for _, row in chosen.iterrows()]:
                rows[f"{label}: {kind}"] = torch.cat(images)
    plot_labeled_grid(rows, "Least and most reconstruction error", path)
