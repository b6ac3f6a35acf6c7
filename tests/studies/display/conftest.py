"""Figures that are laid out but not written, and a check of their texts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from latentune.studies.display.plots.figure import replace_missing_glyphs

Drawn = Callable[..., Figure]
RNG = np.random.default_rng(0)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Returns the figure that a function draws, laid out as it would be in its file."""
    figures: list[Figure] = []

    def keep(figure: Figure, path: Path, **options: Any) -> None:
        figure.draw_without_rendering()
        figures.append(figure)

    def draw(function: Callable[..., None], *args: Any, **options: Any) -> Figure:
        function(*args, path=Path("picture.png"), **options)
        check_texts(figures[-1])
        return figures[-1]

    monkeypatch.setattr(Figure, "savefig", keep)
    return draw


def check_texts(figure: Figure) -> None:
    """Checks that each text can be drawn, and that none lies on another."""
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    texts = [text for text in texts if is_seen(text)]
    assert [replace_missing_glyphs(text.get_text()) for text in texts] == [
        text.get_text() for text in texts
    ]
    boxes = np.array([text.get_window_extent().extents for text in texts])
    left, low, right, high = boxes.T
    width = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    height = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    upon = np.argwhere(np.triu((width > 1) & (height > 1), 1))
    assert not len(upon), [[texts[n].get_text() for n in pair] for pair in upon[:5]]


def is_seen(text: Text) -> bool:
    """Returns False for the label of a tick beyond the ends of its axis."""
    for axes in text.figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            for tick in ticks:
                if text in (tick.label1, tick.label2):
                    low, high = sorted(axis.get_view_interval())
                    return axes.get_visible() and low <= tick.get_loc() <= high
    return True
