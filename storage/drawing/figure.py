"""What all pictures have in common: one style, legends, and a file each."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .glyphs import families, make_drawable

DPI = 120


@contextmanager
def figure_at(path: Path, width: float, height: float) -> Iterator[Figure]:
    """Gives a figure of a size in inches, which is written to a file once the block has drawn."""
    settings: Any = {
        "text.parse_math": False,  # a class may be called $\\pi$
        "font.family": families(),
        "axes.formatter.useoffset": False,  # a tick says its whole number
    }
    # A Figure of its own, not pyplot's: nothing stays open, and no setting of the user changes.
    with sns.axes_style("ticks"), sns.plotting_context("notebook"), rc_context(settings):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        make_drawable(figure)
        figure.savefig(path, dpi=DPI, bbox_inches="tight", pad_inches=0.08)


def legend_beside(axes: Axes, **options: Any) -> None:
    """Puts the legend to the right of the axes, where it hides nothing."""
    axes.legend(
        loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize="small", **options
    )
