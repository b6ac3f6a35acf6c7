"""What all pictures have in common: one style, and a file each."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import seaborn as sns
from matplotlib import rc_context
from matplotlib.figure import Figure


@contextmanager
def figure_at(path: Path, width: float, height: float) -> Iterator[Figure]:
    """Gives a figure of a size in inches, which is written to a file once the block has drawn."""
    # A Figure of its own, not pyplot's: nothing stays open, and no setting of the user changes.
    with (
        sns.axes_style("ticks"),
        sns.plotting_context("notebook"),
        rc_context({"text.parse_math": False}),  # a class may be called $\\pi$
        warnings.catch_warnings(),
    ):
        # The name of a class may have letters of any script; what the font lacks is a box.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        figure.savefig(path, dpi=120)
