"""The picture of a reproduction: errors beside the published ones."""

from pathlib import Path

import pandas as pd
import seaborn as sns
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from .figure import figure_at


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
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set(xlabel="error, in published ones (left of 1 is better)", ylabel="")
        axes.margins(y=0.5 / rows)
        axes.grid(axis="y", color="0.9")
        axes.legend(title=None, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
        sns.despine(figure, left=True)
