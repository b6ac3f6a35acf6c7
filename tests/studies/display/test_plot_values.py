"""Figures of any values: scales, histograms, bars, and labels that differ."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from latentune.studies.display.plots.figure import (
    replace_missing_glyphs,
    shorten_label,
    shorten_labels,
)
from latentune.studies.display.plots.latent_map import plot_code_histograms
from latentune.studies.display.plots.metric_plots import plot_pareto_front
from latentune.studies.display.plots.prediction_quality import (
    plot_calibration,
    plot_predicted_vs_true,
)
from latentune.studies.display.plots.score_distributions import (
    plot_accuracies,
    plot_score_distributions,
)

Drawn = Callable[..., Figure]


RNG = np.random.default_rng(0)


LONG = "what people call a class of things in a data set of their own, {}"


def labels(axis: Axis) -> list[str]:
    low, high = sorted(axis.get_view_interval())
    ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
    return [label.get_text() for place, label in ticks if low <= place <= high]


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e30])
def test_numbers_of_any_size_can_be_drawn(drawn: Drawn, scale: float) -> None:
    numbers = np.random.default_rng(0).normal(size=(200, 2)) * scale
    drawn(plot_predicted_vs_true, *numbers.T, "Test MSE 1")
    drawn(plot_predicted_vs_true, numbers[:1, 0], numbers[:1, 0], "Test MSE 0")
    drawn(plot_predicted_vs_true, np.array([scale, math.inf]), numbers[0], "Test MSE inf")
    drawn(
        plot_code_histograms, numbers, numbers * 2, "latent dimension", "Real codes and a mixture"
    )
    drawn(plot_code_histograms, numbers * [0, 1], numbers[:1], "latent dimension", "One is dead")
    front = [(scale, 0.1), (scale * 100, 0.9)]
    axes = drawn(
        plot_pareto_front,
        [*front, (math.inf, 1)],
        front,
        ["mse", "accuracy"],
        are_losses=[True, False],
    ).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")


SETS = {"inliers": "digits", "outliers": LONG}


@pytest.mark.parametrize(
    ("inside", "outside", "scale"),
    [
        (RNG.random(50) + 1, RNG.random(40) + 2, "linear"),
        (RNG.random(50) + 1, RNG.lognormal(6, 1, 40), "log"),
        (np.ones(9), np.ones(5), "linear"),
        (np.zeros(9), np.zeros(5), "linear"),
        (np.append(RNG.random(50), 0), RNG.lognormal(6, 1, 40), "linear"),
        (np.ones(1), np.full(1, 2.0), "linear"),
        (RNG.random(50) * 1e-20, RNG.random(40) * 1e-20, "linear"),
        (RNG.random(50) * 1e30, RNG.random(40) * 1e30, "linear"),
    ],
)
def test_histograms_contain_all_scores(
    drawn: Drawn, inside: np.ndarray, outside: np.ndarray, scale: str
) -> None:
    sets = ["inliers"] * len(inside) + ["outliers"] * len(outside)
    scores = pd.DataFrame({"set": sets, "score": np.append(inside, outside)})
    thresholds = {"quantile 0.99": float(inside.max()), "logistic regression": 1.5}
    figure = drawn(plot_score_distributions, scores, SETS, thresholds, "error")
    assert figure.axes[1].get_xscale() == scale
    for bars in figure.axes[1].patches:
        heights = {tuple(point) for point in bars.get_path().vertices}
        assert max(y for _, y in heights) <= 100.001
    assert labels(figure.axes[0].yaxis) == ["digits", shorten_label(LONG)]


def test_bars_and_calibration(drawn: Drawn) -> None:
    draws = pd.DataFrame({name: RNG.random(3) for name in ("codes", "pca", LONG)})
    axes = drawn(plot_accuracies, draws, f"1 label on {LONG}").axes[0]
    assert labels(axes.xaxis)[0] == f"codes\n{draws['codes'].mean():.3f}"
    bins = pd.DataFrame({"chance": [0.7, 0.9], "right": [0.5, 1.0], "items": [1, 2]})
    below = drawn(plot_calibration, bins, 0.1).axes[1]
    assert labels(below.yaxis) == ["0", "1", "2"]
    drawn(plot_pareto_front, [], [], ["mse", "kid"], are_losses=[True, True])


def test_shortened_labels_differ() -> None:
    assert shorten_labels(["setosa", "a\tb"]) == ["setosa", "a b"]
    same = shorten_labels(
        [LONG.format("a" * 40 + end) for end in ("x" + "b" * 40, "y" + "b" * 40)]
    )
    assert len(set(same)) == 2
    assert all(len(name) <= 27 for name in same)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("setosa $x_1$", "setosa $x_1$"),
        ("собака é", "собака é"),
        ("e\u0301", "é"),
        ("𝒜ﬁ①", None),
        ("猫", "\\u732b"),
        ("🦖", "\\U0001f996"),
        ("❤\ufe0f", None),
        ("a\u200b\u00a0b\x07", "a b "),
    ],
)
def test_missing_glyphs_are_replaced(
    monkeypatch: pytest.MonkeyPatch, text: str, right: str | None
) -> None:
    from latentune.studies.display.plots import figure

    monkeypatch.setattr(figure, "list_font_families", lambda: [figure.FONT])
    figure._code_points.cache_clear()
    found = replace_missing_glyphs(text)
    assert (
        found == right if right else all(ord(letter) in figure._code_points() for letter in found)
    )
    figure._code_points.cache_clear()
