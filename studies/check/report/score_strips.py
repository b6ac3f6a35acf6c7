"""Strips of scores: a score on its interval, beside its baseline."""

from collections.abc import Iterable

from ...display.report.charts import Chart
from ...display.report.interval_strips import interval_strip, strip_scale
from ...display.report.scales import Scale
from ...training.final_figures import FinalFigure


def score_scale(figures: Iterable[FinalFigure]) -> Scale:
    """Returns a scale from 0 on which scores, their intervals and their baselines lie.

    The scale of shares, such as accuracies, ends at 1.
    """
    known = [0.0]
    for figure in figures:
        known += [1.0] if figure.is_share else []
        known += [figure.value, *(figure.interval or ())]
        known += [] if figure.reference is None else [figure.reference]
    return strip_scale(known)


def score_strip(figure: FinalFigure, scale: Scale) -> Chart | None:
    """Returns the strip of a score; None if the score has nothing to stand beside."""
    if not figure.is_share and figure.interval is None and figure.reference is None:
        return None
    return interval_strip(figure.value, figure.interval, figure.reference, scale)
