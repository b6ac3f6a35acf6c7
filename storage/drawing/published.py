"""The picture of a reproduction: errors beside the published ones."""

from pathlib import Path

import pandas as pd
import seaborn as sns

from .axes import set_log_scale
from .figure import figure_at, legend_beside


def beside_published(errors: pd.DataFrame, path: Path) -> None:
    """Draws errors in units of the published ones, a line for each row.

    Args:
        errors: Columns `row`, `which` and `error`, above 0.
        path: The file to write.
    """
    rows = errors["row"].nunique()
    with figure_at(path, 9, 1.4 + 0.4 * rows) as figure:
        axes = figure.subplots()
        axes.axvline(1, color="0.5", linewidth=1)
        sns.scatterplot(errors, x="error", y="row", hue="which", style="which", s=80, ax=axes)
        set_log_scale(axes.xaxis, errors["error"])
        axes.set(xlabel="error, in published ones (left of 1 is better)", ylabel="")
        axes.margins(y=0.5 / rows)
        axes.grid(axis="y", color="0.9")
        legend_beside(axes)
        sns.despine(figure, left=True)
